/**
 * A DMA or weight-write instruction in time: set-up, then pieces that flow source -> interconnect -> destination. DRAM is asked for row segments,
 * on-chip memories for words; requests in flight are limited. A piece's parts say where its time went; where pieces
 * overlap, the time between two arrivals is charged to the last parts of the later one.
 */
import type { Space } from '../../isa/tensor.ts';
import { intervalBytes, type Walk } from '../walk/walk.ts';
import type { Cause } from '../result.ts';
import type { ExecutionEvents } from './compute.ts';
import type { Parts } from './dram/channel.ts';
import type { Segment } from './dram/mapping.ts';
import type { InstructionRecord } from './record.ts';
import type { Server } from './server.ts';
import type { System } from './system.ts';

/** On-chip pieces are this long. */
const PIECE_BYTES = 512;

export interface TransferPlan {
  readonly record: InstructionRecord;
  readonly core: number;
  readonly destinationCore: number;
  /** undefined where nothing is read (fill). */
  readonly source: Walk | undefined;
  /** undefined where the destination is the arrays. */
  readonly destination: Walk | undefined;
  /** Cycles that the arrays need to take the data; 0 for DMA. */
  readonly arrayCycles: number;
}

interface Piece {
  readonly bytes: number;
  /** Share of the whole, as bytes done before and after. */
  readonly from: number;
  readonly to: number;
  readonly read: Segment | undefined;
  readonly write: Segment | undefined;
}

type Stage = (piece: Piece, parts: (readonly [Cause, number])[], next: () => void) => void;

export function runTransfer(system: System, plan: TransferPlan, events: ExecutionEvents): void {
  const { record } = plan;
  const total = bytesOf(plan);
  const pieces = cut(system, plan, total);
  const setup = plan.arrayCycles > 0 ? 0 : system.machine.core.dma.setupCycles * system.corePs;
  const { dma } = system.machine.core;
  const window = Math.max(1, pieces.length === 0 ? 1 : Math.floor((dma.outstanding * system.machine.dram.burstBytes) / Math.max(1, pieces[0]!.bytes)));
  const stages = stagesOf(system, plan, total);
  let issued = 0;
  let read = 0;
  let finished = 0;
  const issue = (now: number) => {
    while (issued < pieces.length && issued - read < window) {
      const piece = pieces[issued]!;
      issued += 1;
      const parts: (readonly [Cause, number])[] = [];
      stages.source(piece, parts, () => {
        read += 1;
        if (read === pieces.length) released(system.kernel.now);
        issue(system.kernel.now);
        stages.link(piece, parts, () => stages.destination(piece, parts, () => arrived(parts, now)));
      });
    }
  };
  const released = (now: number) => {
    events.released(now);
    events.freed(now);
  };
  const arrived = (parts: Parts, _issuedAt: number) => {
    const { now } = system.kernel;
    charge(record, parts, now);
    finished += 1;
    if (finished === pieces.length) events.done(now);
  };
  system.kernel.at(system.kernel.now + setup, (now) => {
    record.spend('dma-setup', now);
    if (pieces.length > 0) return issue(now);
    released(now);
    events.done(now);
  });
}

/** Fills record.spentTo .. now from the end of the piece's parts; what they do not cover waited for a free request slot. */
function charge(record: InstructionRecord, parts: Parts, now: number): void {
  let left = now - record.spentTo;
  const kept: (readonly [Cause, number])[] = [];
  for (let i = parts.length - 1; i >= 0 && left > 0; i--) {
    const [cause, n] = parts[i]!;
    const take = Math.min(n, left);
    if (take > 0) kept.unshift([cause, take]);
    left -= take;
  }
  if (left > 0) record.spend('outstanding', record.spentTo + left);
  for (const [cause, n] of kept) record.spend(cause, record.spentTo + n);
}

function bytesOf(plan: TransferPlan): number {
  const source = plan.source === undefined ? 0 : intervalBytes(plan.source.intervals);
  const destination = plan.destination === undefined ? 0 : intervalBytes(plan.destination.intervals);
  return Math.max(source, destination);
}

function cut(system: System, plan: TransferPlan, total: number): Piece[] {
  const { dma } = system.machine.core;
  const limit = Math.max(system.machine.dram.burstBytes, Math.floor((dma.outstanding * system.machine.dram.burstBytes) / 2));
  const fromDram = plan.source?.descriptor.space === 'dram';
  const toDram = plan.destination?.descriptor.space === 'dram';
  const reads = fromDram ? system.map.segments(plan.source!.intervals, limit) : [];
  const writes = toDram ? system.map.segments(plan.destination!.intervals, limit) : [];
  const leading = fromDram ? reads : writes;
  if (leading.length === 0) {
    const count = Math.max(1, Math.ceil(total / PIECE_BYTES));
    if (total === 0) return [];
    return Array.from({ length: count }, (_, i) => {
      const from = Math.floor((total * i) / count);
      const to = Math.floor((total * (i + 1)) / count);
      return { bytes: to - from, from, to, read: undefined, write: undefined };
    });
  }
  const own = leading.reduce((n, s) => n + s.bytes, 0);
  let at = 0;
  const pieces = leading.map((s, i) => {
    const from = at;
    at += s.bytes;
    const scaled = (n: number) => Math.floor((n * total) / own);
    return {
      bytes: s.bytes, from: scaled(from), to: scaled(at),
      read: fromDram ? s.segment : undefined,
      write: fromDram ? (toDram ? writes[i]?.segment : undefined) : s.segment,
    };
  });
  // A DRAM to DRAM copy has as many pieces as its longer side.
  for (const w of fromDram ? writes.slice(leading.length) : []) pieces.push({ bytes: w.bytes, from: total, to: total, read: undefined, write: w.segment });
  return pieces;
}

function stagesOf(system: System, plan: TransferPlan, total: number): { source: Stage; link: Stage; destination: Stage } {
  const from = plan.source?.descriptor.space;
  const to = plan.destination?.descriptor.space;
  const who = { age: plan.record.age, unit: plan.record.unitNumber };
  const onChip = (space: Space) => space === 'spad' || space === 'acc';
  const crosses = plan.destination === undefined ? from !== undefined && !onChip(from) : onChip(to!) !== (from === undefined ? true : onChip(from)) || plan.core !== plan.destinationCore;
  const { linkBits } = system.machine.interconnect;
  const link = system.cores[plan.core]!.link;
  return {
    source: endStage(system, plan.source, plan.core, who, total, false),
    link: crosses
      ? (piece, parts, next) => serve(link, who, Math.ceil((piece.bytes * 8) / linkBits) * system.bufferPs, parts, 'interconnect', 'transfer', system, next)
      : (_piece, _parts, next) => next(),
    destination: plan.destination === undefined ? arrayStage(system, plan, total) : endStage(system, plan.destination, plan.destinationCore, who, total, true),
  };
}

/** One end of the transfer: DRAM by segment, buffer, scratchpad and accumulators by word. */
function endStage(system: System, walk: Walk | undefined, core: number, who: { age: number; unit: number }, total: number, write: boolean): Stage {
  if (walk === undefined) return (_piece, _parts, next) => next();
  const { space } = walk.descriptor;
  if (space === 'dram') return dramStage(system, who, write);
  const { machine } = system;
  const memory = space === 'buffer' ? machine.buffer : space === 'spad' ? machine.core.scratchpad : machine.core.accumulators;
  const server = space === 'buffer' ? system.buffer : space === 'spad' ? system.cores[core]!.spad : system.cores[core]!.acc;
  const period = space === 'buffer' ? system.bufferPs : system.corePs;
  const words = wordsOf(walk, memory.portBits);
  const cause: Cause = space === 'buffer' ? 'buffer-port' : space === 'spad' ? 'bank' : 'accumulator-port';
  return (piece, parts, next) => {
    const share = Math.max(1, Math.ceil((words * piece.to) / total) - Math.ceil((words * piece.from) / total));
    // One word a cycle for one requester; the other banks serve others meanwhile.
    const own = share * period;
    const { now } = system.kernel;
    server.request(who, Math.ceil(own / memory.banks), (start, end) => {
      const finish = Math.max(end, now + own);
      parts.push([cause, start - now], ['transfer', finish - start]);
      if (finish === end) next();
      else system.kernel.at(finish, next);
    });
  };
}

function dramStage(system: System, who: { age: number; unit: number }, write: boolean): Stage {
  return (piece, parts, next) => {
    const segment = write ? piece.write : piece.read;
    if (segment === undefined || system.freeDram) return next();
    system.channels[segment.channel]!.request({
      who,
      segment,
      write,
      done: (_now, spent) => {
        parts.push(...spent);
        next();
      },
    });
  };
}

/** The arrays take the data at their own pace; a weight write has the write port to itself. */
function arrayStage(system: System, plan: TransferPlan, total: number): Stage {
  let freeAt = 0;
  return (piece, parts, next) => {
    const cycles = Math.ceil((plan.arrayCycles * piece.to) / total) - Math.ceil((plan.arrayCycles * piece.from) / total);
    const { now } = system.kernel;
    const end = Math.max(now, freeAt) + cycles * system.corePs;
    freeAt = end;
    system.kernel.at(end, () => {
      parts.push(['weight-write', end - now]);
      next();
    });
  };
}

function serve(server: Server, who: { age: number; unit: number }, durationPs: number, parts: (readonly [Cause, number])[], waiting: Cause, working: Cause, system: System, next: () => void): void {
  const { now } = system.kernel;
  server.request(who, durationPs, (start, end) => {
    parts.push([waiting, start - now], [working, end - start]);
    next();
  });
}

/** Words of a port that a walk touches: each run rounded out to whole words. */
function wordsOf(walk: Walk, portBits: number): number {
  const bytes = portBits / 8;
  let n = 0;
  let last = -1;
  for (let i = 0; i < walk.intervals.length; i += 2) {
    const first = Math.floor(walk.intervals[i]! / bytes);
    const end = Math.ceil(walk.intervals[i + 1]! / bytes);
    n += end - Math.max(first, last);
    last = end;
  }
  return n;
}
