/**
 * The timed run: the same program as sim/exec, without data. Units, memories and DRAM contend for what isa/demand says each instruction needs.
 * Leaves out: values, single accesses, the DRAM command bus. What is approximate stands in sim/README.md.
 */
import { type ActionName, addActions, noActions } from '../../isa/demand/actions.ts';
import { InternalError, SimFault, UnsupportedError } from '../../isa/base/errors.ts';
import { createRandom } from '../../isa/base/random.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import type { Program } from '../../isa/program.ts';
import { destinationCore, touchesOf } from '../walk/accesses.ts';
import { sequence } from '../walk/sequence.ts';
import { unitNumber } from '../walk/units.ts';
import { intervalBytes, WalkCache } from '../walk/walk.ts';
import type { Cause, SimResult } from '../result.ts';
import { criticalPath, cyclesBetween, sumByCause, sumByLayer, unitAccount } from './attribution.ts';
import { runCompute } from './compute.ts';
import { FetchUnit } from './fetch.ts';
import { FrontEnd } from './front.ts';
import { Ledger } from './ledger.ts';
import type { InstructionRecord } from './record.ts';
import { Semaphores } from './semaphores.ts';
import { createSystem, type FreeBoundary, type System } from './system.ts';
import { runTransfer } from './transfer.ts';
import { Unit } from './unit.ts';

export interface SimOptions {
  /** Counterfactual: this boundary at infinite bandwidth and zero latency. */
  readonly free?: FreeBoundary;
  /** Code and descriptors are in the instruction memory already, as far as they fit (every run but the first). */
  readonly warmCode?: boolean;
  /** Shuffles events of one instant; results may not change. */
  readonly shuffleSeed?: number;
  /** What ldr loads, per core, as the run with data recorded it. */
  readonly loads?: readonly (readonly number[])[];
}

export function simulate(program: Program, machine: Machine, options: SimOptions = {}): SimResult {
  refuseUnmodelled(machine);
  return new Run(program, machine, options).result();
}

/** Settings of the schema that this simulator does not model yet are refused, never ignored. */
function refuseUnmodelled(machine: Machine): void {
  const { matrix } = machine.core;
  const code = 'E-SIM-UNMODELLED';
  if (matrix.kind === 'digital-cim' && matrix.writeInterference !== 'none') {
    throw new UnsupportedError(`core.matrix.writeInterference = ${matrix.writeInterference} is not simulated yet: use none`, { code });
  }
  if (matrix.kind === 'systolic' && (matrix.dataflow !== 'weight-stationary' || matrix.preload !== 'overlapped')) {
    throw new UnsupportedError(`a ${matrix.dataflow} systolic array with ${matrix.preload} preload is not simulated yet: use weight-stationary, overlapped`, { code });
  }
  for (const key of ['zeroSkipping', 'compressedWeights'] as const) {
    if (machine.capabilities[key]) throw new UnsupportedError(`capabilities.${key} is not simulated yet: set it to false`, { code });
  }
}

class Run {
  readonly #program: Program;
  readonly #system: System;
  readonly #walks: WalkCache;
  readonly #ledger: Ledger;
  readonly #semaphores: Semaphores;
  readonly #units = new Map<number, Unit>();
  readonly #fronts: FrontEnd[];
  readonly #fetches: FetchUnit[];
  #age = 0;

  constructor(program: Program, machine: Machine, options: SimOptions) {
    this.#program = program;
    const shuffle = options.shuffleSeed === undefined ? undefined : createRandom(options.shuffleSeed);
    const system = createSystem(machine, options.free, shuffle);
    this.#system = system;
    this.#walks = new WalkCache(program.tensors);
    this.#ledger = new Ledger(program, machine, this.#walks);
    this.#semaphores = new Semaphores(program, unitNumber);
    this.#fetches = program.cores.map((_, core) => new FetchUnit(system, program, core, options.warmCode ?? false, () => {
      this.#fronts[core]!.dirty = true;
    }));
    this.#fronts = program.cores.map((_, core) => {
      const recorded = [...(options.loads?.[core] ?? [])];
      const stream = sequence(program, core, () => {
        const value = recorded.shift();
        if (value === undefined) throw new SimFault('ldr in a timed run needs the values that a run with data recorded: run with --values', { code: 'E-SIM-LOADS' });
        return value;
      });
      return new FrontEnd(core, stream, {
        system,
        context: { machine, program },
        semaphores: this.#semaphores,
        fetch: this.#fetches[core]!,
        unit: (n) => this.#unit(n),
        nextAge: () => this.#age++,
        signal: (record, at) => this.#signal(record, at),
      });
    });
  }

  result(): SimResult {
    const { kernel } = this.#system;
    kernel.run((now) => this.#settle(now));
    this.#checkFinished();
    const records = this.#fronts.flatMap((f) => f.records);
    const last = records.reduce<InstructionRecord | undefined>((m, r) => (m === undefined || r.donePs > m.donePs ? r : m), undefined);
    const latencyPs = last?.donePs ?? 0;
    const path = last === undefined ? [] : criticalPath(last);
    checkPath(path, latencyPs);
    const period = this.#system.corePs;
    const counted = this.#count(records);
    return {
      cycles: cyclesBetween(0, latencyPs, period),
      latencyPs,
      units: groupByUnit(records).map((own) => unitAccount(own, latencyPs, period)),
      causes: sumByCause(path, period),
      criticalPath: path,
      layerCycles: sumByLayer(path, period),
      traffic: this.#ledger.rows(),
      actions: counted.total,
      layerActions: counted.layers,
      instructions: records.length,
      events: kernel.events,
      timeline: records.map((r) => ({
        core: r.unit.core, kind: r.unit.kind, channel: r.unit.channel, pc: r.at.pc, layer: r.layer,
        dispatchPs: r.dispatchPs, startPs: r.startPs, releasePs: r.releasePs, freePs: r.freePs, donePs: r.donePs, waitedFor: r.started.cause,
      })),
    };
  }

  /** Units and sequencers decide until nothing moves, then shared resources serve what was asked for. */
  #settle(now: number): void {
    for (let moved = true; moved; ) {
      moved = false;
      for (const n of [...this.#units.keys()].sort((a, b) => a - b)) {
        const unit = this.#units.get(n)!;
        if (unit.dirty) moved = unit.tryStart(now) || moved;
      }
      for (const front of this.#fronts) if (front.dirty) moved = front.tryDispatch(now) || moved;
    }
    this.#system.settle(now);
  }

  #unit(number: number): Unit {
    let unit = this.#units.get(number);
    if (unit === undefined) {
      unit = new Unit({
        walks: this.#walks,
        semaphores: this.#semaphores,
        launch: (record) => this.#launch(record),
        started: (record) => {
          this.#fronts[record.unit.core]!.dirty = true;
        },
        corePs: this.#system.corePs,
        wakeAt: (time, wake) => this.#system.kernel.at(time, wake),
      });
      this.#units.set(number, unit);
    }
    return unit;
  }

  #launch(record: InstructionRecord): void {
    const unit = this.#unit(record.unitNumber);
    const events = {
      released: (now: number) => {
        record.releasePs = now;
        this.#signal(record, 'release');
      },
      freed: (now: number) => {
        record.freePs = now;
        unit.freed();
      },
      done: (now: number) => {
        record.donePs = now;
        unit.done(record);
        this.#signal(record, 'done');
      },
    };
    const i = record.at.instruction;
    if (i.op === 'sync') {
      this.#system.kernel.at(record.startPs + this.#system.corePs, (now) => {
        record.spend('dispatch', now);
        events.released(now);
        events.freed(now);
        events.done(now);
      });
    } else if (record.unit.kind === 'dma' || record.unit.kind === 'write') {
      const touches = touchesOf(i);
      const source = touches.operands.find((o) => o.read && !o.write);
      const destination = touches.operands.find((o) => o.write);
      const walk = (tensor: number | undefined) => (tensor === undefined ? undefined : this.#walks.get(tensor, record.at.registers));
      runTransfer(
        this.#system,
        {
          record,
          core: record.unit.core,
          destinationCore: destinationCore(i, record.unit.core),
          source: walk(source?.tensor),
          destination: walk(destination?.tensor),
          arrayCycles: touches.tile === undefined ? 0 : record.demand.busyCycles,
        },
        events,
      );
    } else runCompute(this.#system, record, record.unit.kind as Cause, events);
  }

  #signal(record: InstructionRecord, at: 'release' | 'done'): void {
    const i = record.at.instruction;
    const now = at === 'release' ? record.releasePs : record.donePs;
    for (const s of i.signals) if (s.at === at) this.#wake(this.#semaphores.signal(record.unit.core, s.semaphore, record, now), record.unit.core);
    if (at === 'done' && 'signalRemote' in i && i.signalRemote > 0) this.#wake(this.#semaphores.signal(i.core - 1, i.signalRemote, record, now), i.core - 1);
  }

  #wake(unit: number | undefined, core: number): void {
    if (unit !== undefined) this.#unit(unit).dirty = true;
    this.#fronts[core]!.dirty = true;
  }

  #checkFinished(): void {
    const stuck = this.#fronts.find((f) => !f.ended);
    const waiting = [...this.#units.values()].flatMap((u) => u.queue.slice(0, 1));
    if (stuck === undefined && waiting.length === 0) return;
    const text = waiting.map((r) => `${r.at.instruction.op} (instruction ${r.at.pc}) waits for semaphore ${r.at.instruction.waits.join(', ')}`);
    throw new SimFault(`deadlock: nothing can move any more; ${text.join('; ') || `dispatch of instruction ${stuck?.waiting?.pc} is blocked`}`, {
      code: 'E-SIM-DEADLOCK',
      diagnostics: [{ code: 'E-SIM-DEADLOCK', message: 'the queues are stuck', hint: 'qnpu sim prints the order check with the missing signal' }],
    });
  }

  /** Actions of all instructions, by layer and in total; transfers are counted from their walks, DRAM from its channels. */
  #count(records: readonly InstructionRecord[]): { total: Record<ActionName, number>; layers: Map<number, Record<ActionName, number>> } {
    const layers = new Map<number, Record<ActionName, number>>();
    for (const r of records) {
      let own = layers.get(r.layer);
      if (own === undefined) {
        own = noActions();
        layers.set(r.layer, own);
      }
      this.#ledger.book(r.at, r.layer);
      addActions(own, r.demand.actions);
      own['seq.instruction'] += 1;
      if (r.unit.kind === 'dma' || r.unit.kind === 'write') this.#countTransfer(own, r);
    }
    const total = noActions();
    for (const own of layers.values()) addActions(total, own);
    this.#countDram(total, layers);
    return { total, layers };
  }

  #countTransfer(own: Record<ActionName, number>, r: InstructionRecord): void {
    const { burstBytes } = this.#system.machine.dram;
    const bounds = { dram: 0, core: 0 };
    for (const o of touchesOf(r.at.instruction).operands) {
      const walk = this.#walks.get(o.tensor, r.at.registers);
      const bits = intervalBytes(walk.intervals) * 8;
      const { space } = walk.descriptor;
      const kinds = (['read', 'write'] as const).filter((k) => o[k]);
      for (const kind of kinds) {
        if (space === 'dram') own[`dram.${kind}Bit`] += burstsOf(walk.intervals, burstBytes) * burstBytes * 8;
        else if (space === 'buffer') own[`buffer.${kind}Bit`] += bits;
        else if (space === 'acc') own[`acc.${kind}Bit`] += bits;
        else if (r.unit.kind === 'dma') own[`spad.${kind}Bit`] += bits;
      }
      if (space === 'dram' || space === 'buffer') bounds.dram += bits;
      else bounds.core += bits;
    }
    const toArrays = r.unit.kind === 'write';
    if (toArrays ? bounds.dram > 0 : bounds.dram > 0 && bounds.core > 0) own['link.bit'] += bounds.dram;
  }

  /** Activations and refreshes are the channels' own; activations go to layers by their share of DRAM bits. */
  #countDram(total: Record<ActionName, number>, layers: ReadonlyMap<number, Record<ActionName, number>>): void {
    const counts = this.#system.channels.map((c) => c.counts);
    total['dram.activate'] = counts.reduce((n, c) => n + c.activations, 0);
    total['dram.refresh'] = counts.reduce((n, c) => n + c.refreshes, 0);
    const fetched = this.#fetches.reduce((n, f) => n + f.bytes, 0);
    total['seq.fetchBit'] = fetched * 8;
    total['dram.readBit'] += fetched * 8;
    this.#ledger.add('dram', 'instructions', -1, fetched, false);
    this.#ledger.add('core', 'instructions', -1, fetched, false);
    const bits = total['dram.readBit'] + total['dram.writeBit'];
    for (const own of layers.values()) {
      own['dram.activate'] = bits === 0 ? 0 : Math.floor((total['dram.activate'] * (own['dram.readBit'] + own['dram.writeBit'])) / bits);
    }
  }
}

function burstsOf(intervals: Float64Array, burstBytes: number): number {
  let n = 0;
  for (let i = 0; i < intervals.length; i += 2) n += Math.ceil(intervals[i + 1]! / burstBytes) - Math.floor(intervals[i]! / burstBytes);
  return n;
}

function groupByUnit(records: readonly InstructionRecord[]): InstructionRecord[][] {
  const groups = new Map<number, InstructionRecord[]>();
  for (const r of records) {
    const own = groups.get(r.unitNumber);
    if (own === undefined) groups.set(r.unitNumber, [r]);
    else own.push(r);
  }
  return [...groups].sort((a, b) => a[0] - b[0]).map(([, g]) => g);
}

function checkPath(path: readonly { startPs: number; endPs: number }[], total: number): void {
  let at = 0;
  for (const p of path) {
    if (p.startPs !== at) throw new InternalError(`the critical path jumps from ${at} to ${p.startPs} ps`);
    at = p.endPs;
  }
  if (at !== total) throw new InternalError(`the critical path ends at ${at} of ${total} ps`);
}
