/**
 * What a core has still to do when one of its waits has no earlier signal, for the verdict of queues.ts. There is no data any more: an ldr loads a number
 * that nobody knows, which matters only where it decides how the program goes on; there the foresight ends.
 */
import { remoteSignals } from '../../isa/instructions/destinations.ts';
import type { Instruction } from '../../isa/instructions/table.ts';
import type { DynamicInstruction } from '../walk/sequence.ts';
import { unitNumber, unitOf } from '../walk/units.ts';
import type { QueueItem } from './queues.ts';
import { semaphoreKey } from './tokens.ts';

export interface Foreseen {
  /** In program order. */
  readonly items: readonly QueueItem[];
  /** Why they are not all; undefined when the core ends with them. */
  readonly end: string | undefined;
}

/** Instructions per core that are looked at. */
const LOOKAHEAD = 200_000;

/** The instruction at hand and what the stream, whose ldr load any number, yields after it. */
export function foresee(
  stream: Generator<DynamicInstruction, void>,
  from: IteratorResult<DynamicInstruction, void>,
  core: number,
): Foreseen {
  const items: QueueItem[] = [];
  const unknown = new Set<number>();
  for (let next = from; !next.done; next = stream.next()) {
    const { instruction: i, pc } = next.value;
    if (items.length >= LOOKAHEAD) return { items, end: `core ${core} has more than ${LOOKAHEAD} instructions to go` };
    items.push(queueItem(i, core, pc));
    if (decidedBy(i).some((r) => unknown.has(r)))
      return { items, end: `the ${i.op} at instruction ${pc} of core ${core} depends on what ldr loads` };
    follow(i, unknown);
  }
  return { items, end: undefined };
}

function queueItem(i: Instruction, core: number, pc: number): QueueItem {
  const unit = unitOf(i, core);
  const signals = i.signals.map((s) => semaphoreKey(core, s.semaphore));
  for (const s of remoteSignals(i, core)) signals.push(semaphoreKey(s.core, s.semaphore));
  const waits = i.waits.map((w) => semaphoreKey(core, w));
  return { core, pc, unit: unitNumber(unit), scalar: unit.kind === 'seq', waits, signals };
}

/** Registers that decide what is executed next. */
function decidedBy(i: Instruction): number[] {
  if (i.op === 'skip') return [i.rs];
  return i.op === 'loop' ? [i.times] : [];
}

/** Registers whose values are unknown behind the instruction. */
function follow(i: Instruction, unknown: Set<number>): void {
  if (!('rd' in i)) return;
  const sources = [...('rs' in i ? [i.rs] : []), ...('rt' in i ? [i.rt] : [])];
  if (i.rd !== 0 && (i.op === 'ldr' || sources.some((r) => unknown.has(r)))) unknown.add(i.rd);
  else unknown.delete(i.rd);
}
