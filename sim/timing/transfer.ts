/**
 * A DMA or weight-write instruction in time: set-up, then pieces that flow source -> interconnect -> destination. DRAM is asked for row
 * segments, on-chip memories for words; a stage passes words on as they come, and requests in flight are limited. A multicast is read once,
 * passes the links of all that take part in the same cycles, and a piece of it is there when the slowest receiver has it. A piece's parts say
 * where its time went; where pieces overlap, the time between two arrivals is charged to the last parts of the later one.
 */
import { destinationCores, leavesCore } from '../../isa/instructions/destinations.ts';
import type { Space } from '../../isa/tensor.ts';
import type { Cause } from '../result.ts';
import { intervalBytes, type Walk } from '../walk/walk.ts';
import type { BankedPort } from './banked-port.ts';
import { alignUp } from './clock.ts';
import type { ExecutionEvents } from './compute.ts';
import { cutPieces, gatheredIntervals, type Piece, wordsOf } from './pieces.ts';
import type { InstructionRecord } from './record.ts';
import type { Requester } from './server.ts';
import { channelOf, type System } from './system.ts';

/** One end of a transfer on chip. */
interface Port {
  readonly port: BankedPort;
  readonly write: boolean;
  readonly words: number;
  readonly periodPs: number;
  readonly latencyPs: number;
  readonly cause: Cause;
}

/** Something on its way: when its first word was there, and what its time went into. */
interface Flow extends Requester {
  readonly piece: Piece;
  readonly parts: (readonly [Cause, number])[];
  firstWord: number;
}

/** Starts a copy, fill, gather or weight write now; `walks` are those of `touches.operands`. */
export function runTransfer(
  system: System,
  record: InstructionRecord,
  walks: readonly Walk[],
  events: ExecutionEvents,
): void {
  new Transfer(system, record, walks, events).start();
}

class Transfer {
  readonly #system: System;
  readonly #record: InstructionRecord;
  readonly #events: ExecutionEvents;
  readonly #pieces: readonly Piece[];
  readonly #total: number;
  readonly #source: Port | 'dram' | undefined;
  /** Ports of the core, or the cores, that receive; or what has ports of its own. */
  readonly #destination: readonly Port[] | 'dram' | 'arrays';
  /** Cores whose links the data takes; none where it stays within a core. */
  readonly #lanes: readonly number[];
  #issued = 0;
  #inFlight = 0;
  #read = 0;
  #finished = 0;
  #issuing = false;

  constructor(system: System, record: InstructionRecord, walks: readonly Walk[], events: ExecutionEvents) {
    this.#system = system;
    this.#record = record;
    this.#events = events;
    const { operands, tile } = record.entry.touches;
    const { instruction, unit } = record.entry;
    const at = operands.findIndex((o) => o.read && !o.write);
    const to = operands.findIndex((o) => o.write);
    const target = to < 0 ? undefined : walks[to]!;
    const source = at < 0 ? undefined : walks[at]!;
    const readBytes = source === undefined ? undefined : this.#bytesRead(source, target);
    this.#total = Math.max(sum(readBytes), target === undefined ? 0 : intervalBytes(target.intervals));
    const receivers = destinationCores(instruction, unit.core);
    this.#source = source === undefined ? undefined : this.#end(source, readBytes!, unit.core);
    const from = source?.descriptor.space;
    const space = target?.descriptor.space;
    if (space === 'dram') this.#destination = space;
    else if (target === undefined) this.#destination = 'arrays';
    else this.#destination = receivers.map((core) => this.#port(target, target.intervals, core, true));
    const leaves = from === undefined || onCore(from);
    const crossesLink =
      tile !== undefined
        ? from !== undefined && !onCore(from)
        : onCore(space!) !== leaves || (onCore(space!) && leavesCore(instruction, unit.core));
    const inside = space !== undefined && onCore(space) ? receivers : [unit.core];
    this.#lanes = crossesLink ? [...new Set([...(leaves ? [unit.core] : []), ...inside])] : [];
    this.#pieces = cutPieces(
      system,
      this.#total,
      from === 'dram' ? readBytes : undefined,
      space === 'dram' ? target!.intervals : undefined,
    );
  }

  start(): void {
    const { kernel, machine, corePs } = this.#system;
    const setup = this.#destination === 'arrays' ? 0 : machine.core.dma.setupCycles * corePs;
    kernel.at(kernel.now + setup, (now) => {
      this.#record.spend('dma-setup', now);
      if (this.#pieces.length > 0) return this.#issue();
      this.#released();
      this.#done();
    });
  }

  /** Bytes that the source end touches; a gathered table only in as many rows as there are results. */
  #bytesRead(source: Walk, target: Walk | undefined): Float64Array {
    if (this.#record.entry.instruction.op !== 'gather') return source.intervals;
    return gatheredIntervals(source, target?.descriptor.dims[0]?.count ?? 1);
  }

  #end(walk: Walk, bytes: Float64Array, core: number): Port | 'dram' {
    return walk.descriptor.space === 'dram' ? 'dram' : this.#port(walk, bytes, core, false);
  }

  /** The port of a memory on chip. */
  #port(walk: Walk, bytes: Float64Array, core: number, write: boolean): Port {
    const space = walk.descriptor.space as Exclude<Space, 'dram'>;
    const { machine, cores, buffer, corePs, bufferPs } = this.#system;
    const own = cores[core]!;
    switch (space) {
      case 'buffer': {
        const latencyPs = write || this.#system.free === 'core' ? 0 : machine.buffer.latencyCycles * bufferPs;
        const words = wordsOf(bytes, machine.buffer.portBits);
        return { port: buffer, write, words, periodPs: bufferPs, latencyPs, cause: 'buffer-port' };
      }
      case 'spad': {
        const latencyPs = write ? 0 : machine.core.scratchpad.latencyCycles * corePs;
        const words = wordsOf(bytes, machine.core.scratchpad.portBits);
        return { port: own.spad, write, words, periodPs: corePs, latencyPs, cause: 'bank' };
      }
      case 'acc': {
        const words = wordsOf(bytes, machine.core.accumulators.portBits);
        return { port: own.acc, write, words, periodPs: corePs, latencyPs: 0, cause: 'accumulator-port' };
      }
    }
  }

  /** Sends pieces while the channel may have more requests in flight. */
  #issue(): void {
    if (this.#issuing) return;
    this.#issuing = true;
    const { outstanding } = this.#system.machine.core.dma;
    while (this.#issued < this.#pieces.length) {
      const piece = this.#pieces[this.#issued]!;
      if (this.#inFlight > 0 && this.#inFlight + piece.requests > outstanding) break;
      const { id, entry } = this.#record;
      const who = { age: id, unit: entry.unitNumber, part: this.#issued };
      this.#issued += 1;
      this.#inFlight += piece.requests;
      this.#fetch({ ...who, piece, parts: [], firstWord: this.#system.kernel.now });
    }
    this.#issuing = false;
  }

  #fetch(flow: Flow): void {
    const { piece } = flow;
    if (this.#source === 'dram' && piece.read !== undefined) this.#dram(flow, false, () => this.#fetched(flow));
    else if (typeof this.#source === 'object') this.#onChip(flow, [this.#source], () => this.#fetched(flow));
    else this.#fetched(flow);
  }

  #fetched(flow: Flow): void {
    this.#read += 1;
    if (this.#read === this.#pieces.length) this.#released();
    if (this.#lanes.length === 0) return this.#deliver(flow);
    const { kernel, machine, links } = this.#system;
    const { piece, parts, firstWord } = flow;
    const now = kernel.now;
    const words = Math.max(1, Math.ceil(((piece.to - piece.from) * 8) / machine.interconnect.linkBits));
    const served = (start: number, end: number) => {
      this.#passed(parts, 'interconnect', Math.max(0, Math.min(start, end) - now), end - now);
      flow.firstWord = Math.min(end, start + (1 + machine.interconnect.latencyCycles) * this.#system.bufferPs);
      kernel.at(end, () => this.#deliver(flow));
    };
    links.request({ who: flow, lanes: this.#lanes, words, from: firstWord, served });
  }

  #deliver(flow: Flow): void {
    if (this.#destination === 'arrays') this.#inTurn(flow, () => this.#writeArrays(flow));
    else if (this.#destination === 'dram') {
      if (flow.piece.write === undefined) this.#arrived(flow);
      else this.#dram(flow, true, () => this.#arrived(flow));
    } else this.#onChip(flow, this.#destination, () => this.#arrived(flow));
  }

  /** One port, or those of all that receive; they move the same words, and the piece has passed when the last has served it. */
  #onChip(flow: Flow, ends: readonly Port[], next: () => void): void {
    const { piece, parts } = flow;
    const { kernel } = this.#system;
    const { words: total, write, periodPs, latencyPs, cause } = ends[0]!;
    const upTo = (bytes: number) => Math.ceil((total * bytes) / this.#total);
    const words = Math.max(1, upTo(piece.to) - upTo(piece.from));
    const now = kernel.now;
    let left = ends.length;
    let last = { start: 0, finish: -1, waited: 0 };
    const served = (start: number, finish: number, waited: number) => {
      if (finish > last.finish) last = { start, finish, waited };
      left -= 1;
      if (left > 0) return;
      const told = last.finish + latencyPs;
      this.#passed(parts, cause, Math.min(last.waited, told - now), told - now);
      flow.firstWord = Math.min(told, last.start + periodPs + latencyPs);
      kernel.at(told, next);
    };
    for (const { port } of ends)
      port.request({ who: flow, words, write, streams: 1, overCycles: 0, from: flow.firstWord, served });
  }

  #dram(flow: Flow, write: boolean, next: () => void): void {
    const { freeDram } = this.#system;
    const segment = (write ? flow.piece.write : flow.piece.read)!;
    if (freeDram) return next();
    const channel = channelOf(this.#system, segment);
    channel.request({
      who: flow,
      segment,
      write,
      layer: this.#record.entry.layer,
      done: (now, spent) => {
        flow.parts.push(...spent);
        flow.firstWord = now - (segment.bursts - 1) * channel.burstPs;
        next();
      },
    });
  }

  /** The arrays take the data at their own pace, behind what the port still has to write. */
  #writeArrays(flow: Flow): void {
    const { kernel, corePs, cores } = this.#system;
    const { demand, entry } = this.#record;
    const port = cores[entry.unit.core]!.arrayWrites;
    const upTo = (bytes: number) => Math.ceil((demand.busyCycles * bytes) / this.#total);
    const cycles = upTo(flow.piece.to) - upTo(flow.piece.from);
    const now = kernel.now;
    const start = alignUp(Math.max(flow.firstWord, port.freeAt), corePs);
    // The last row is written no earlier than one cycle after it came.
    const end = Math.max(start + cycles * corePs, alignUp(now, corePs) + (cycles > 0 ? corePs : 0));
    const waited = Math.max(0, end - cycles * corePs - now);
    port.freeAt = end;
    if (cycles > 0) port.add(end - cycles * corePs, end, entry.macros);
    flow.parts.push(['array', waited], ['weight-write', end - now - waited]);
    kernel.at(end, () => this.#arrived(flow));
  }

  /** Books the time of a stage: waiting first, moving after. */
  #passed(parts: Flow['parts'], waiting: Cause, waited: number, total: number): void {
    if (waited > 0) parts.push([waiting, waited]);
    parts.push(['transfer', total - waited]);
  }

  #arrived(flow: Flow): void {
    this.#inTurn(flow, () => this.#take(flow));
  }

  /** Arrivals of one instant are taken in order, so that nothing depends on which was told first. */
  #inTurn(flow: Flow, take: () => void): void {
    this.#system.arrivals.push({ who: flow, take });
  }

  #take(flow: Flow): void {
    charge(this.#record, flow.parts, this.#system.kernel.now);
    this.#finished += 1;
    this.#inFlight -= flow.piece.requests;
    if (this.#finished === this.#pieces.length) this.#done();
    else this.#issue();
  }

  /** Sources have been read; units see it at their next clock edge. */
  #released(): void {
    const record = this.#record;
    const tell = (now: number) => {
      record.releasePs = record.freePs = now;
      this.#events.released(record);
      this.#events.freed(record);
    };
    this.#atEdge(tell);
  }

  #done(): void {
    const record = this.#record;
    this.#atEdge((now) => {
      record.spend('transfer', now);
      this.#events.finished(record);
    });
  }

  #atEdge(tell: (now: number) => void): void {
    const { kernel, corePs } = this.#system;
    kernel.at(alignUp(kernel.now, corePs), tell);
  }
}

/** Fills record.spentTo .. now from the end of the piece's parts; what they do not cover waited for a free request slot. */
function charge(record: InstructionRecord, parts: Flow['parts'], now: number): void {
  let left = now - record.spentTo;
  if (left <= 0) return;
  let first = parts.length;
  while (first > 0 && left > 0) {
    first -= 1;
    left -= parts[first]![1];
  }
  if (left > 0) record.spend('outstanding', record.spentTo + left);
  for (let i = first; i < parts.length; i++) {
    const [cause, n] = parts[i]!;
    record.spend(cause, record.spentTo + (i === first && left < 0 ? n + left : n));
  }
}

function onCore(space: Space): boolean {
  return space === 'spad' || space === 'acc';
}

function sum(intervals: Float64Array | undefined): number {
  return intervals === undefined ? 0 : intervalBytes(intervals);
}
