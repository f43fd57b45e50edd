/**
 * What a timed run gives. Times are picoseconds, cycles are core clocks. Laws: causes add up to `cycles`; each unit's
 * busy + stalls + idle = `cycles`; the critical path is contiguous from 0 to latencyPs; layer cycles add up to `cycles`.
 */
import type { ActionCounts } from '../isa/demand/actions.ts';
import type { UnitKind } from '../isa/instructions/table.ts';
import type { Role } from '../isa/tensor.ts';

/** Why time passed. The first group is work, the rest is waiting. */
export const CAUSES = [
  'matrix',
  'matrix-pipeline',
  'weight-write',
  'drain',
  'vector',
  'transfer',
  'dram-transfer',
  'tier-transfer',
  'dispatch',
  'scalar',
  'dma-setup',
  'dram-latency',
  'dram-activate',
  'dram-turnaround',
  'dram-refresh',
  'tier-latency',
  'interconnect',
  'bank',
  'accumulator-port',
  'buffer-port',
  'outstanding',
  'array',
  'semaphore',
  'operand',
  'queue',
  'fetch',
] as const;
export type Cause = (typeof CAUSES)[number];

/** Causes that count as work of a unit; all others are stalls. */
export const WORK: ReadonlySet<Cause> = new Set(CAUSES.slice(0, CAUSES.indexOf('dma-setup')));

export const BOUNDARIES = ['tier', 'dram', 'core', 'array'] as const;
export type Boundary = (typeof BOUNDARIES)[number];

export interface TrafficRow {
  readonly boundary: Boundary;
  readonly role: Role;
  /** Index into the program's layers, -1 for none. */
  readonly layer: number;
  /** Towards the arrays. */
  readonly readBytes: number;
  /** Away from the arrays. */
  readonly writeBytes: number;
}

export interface UnitResult {
  readonly core: number;
  readonly kind: UnitKind;
  readonly channel: number;
  readonly instructions: number;
  readonly busyCycles: number;
  readonly stallCycles: Readonly<Partial<Record<Cause, number>>>;
  readonly idleCycles: number;
}

export interface PathInterval {
  readonly startPs: number;
  readonly endPs: number;
  readonly cause: Cause;
  readonly core: number;
  readonly kind: UnitKind;
  readonly pc: number;
  readonly layer: number;
}

/** Times of one executed instruction. */
export interface TimelineEntry {
  readonly core: number;
  readonly kind: UnitKind;
  readonly channel: number;
  readonly pc: number;
  readonly layer: number;
  readonly dispatchPs: number;
  readonly startPs: number;
  readonly releasePs: number;
  readonly freePs: number;
  readonly donePs: number;
  /** What dispatch waited for last: fetch, a full queue, a semaphore of the sequencer, or only its turn. */
  readonly dispatchedFor: Cause;
  /** What the start waited for last; `dispatch` where it began as soon as it was dispatched and the unit was free. */
  readonly waitedFor: Cause;
  /** Index in the timeline of the instruction that let it start; -1 where only dispatch did. */
  readonly waitedOn: number;
}

export interface SimResult {
  readonly cycles: number;
  readonly latencyPs: number;
  readonly units: readonly UnitResult[];
  /** Critical-path cycles by cause. */
  readonly causes: Readonly<Partial<Record<Cause, number>>>;
  readonly criticalPath: readonly PathInterval[];
  /** Critical-path cycles by layer index; -1 is what belongs to no layer. */
  readonly layerCycles: ReadonlyMap<number, number>;
  readonly traffic: readonly TrafficRow[];
  readonly actions: ActionCounts;
  /** The same counts by layer; refreshes belong to no layer and are only in `actions`. */
  readonly layerActions: ReadonlyMap<number, ActionCounts>;
  readonly instructions: number;
  readonly events: number;
  readonly timeline: readonly TimelineEntry[];
}
