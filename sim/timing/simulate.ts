/**
 * The timed run: the same program as sim/exec, without data. Units, memories and DRAM contend for what isa/demand says each instruction
 * needs. Leaves out: values, single accesses, the DRAM command bus. What is approximate stands in sim/README.md.
 */
import { InputError, SimFault, UnsupportedError } from '../../isa/base/errors.ts';
import { createRandom } from '../../isa/base/random.ts';
import { isMulticast, remoteSignals } from '../../isa/instructions/destinations.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import type { Program } from '../../isa/program.ts';
import type { SimResult, TimelineEntry } from '../result.ts';
import { replayLoads, sequence, ZERO_REGISTERS } from '../walk/sequence.ts';
import { unitNumber } from '../walk/units.ts';
import { WalkCache } from '../walk/walk.ts';
import { Account } from './account.ts';
import { criticalPath, cyclesBetween, sumByCause, sumByLayer } from './attribution.ts';
import { CodeEntry, type ZeroSteps } from './code.ts';
import { runCompute } from './compute.ts';
import { FetchUnit } from './fetch.ts';
import { FrontEnd } from './front.ts';
import { History, NONE } from './history.ts';
import { Ledger } from './ledger.ts';
import type { InstructionRecord } from './record.ts';
import { Semaphores } from './semaphores.ts';
import { createSystem, type FreeBoundary, type System } from './system.ts';
import { runTransfer } from './transfer.ts';
import { Unit } from './unit.ts';
import { unitAccounts } from './unit-accounts.ts';

export interface SimOptions {
  /** Counterfactual: this boundary at infinite bandwidth and zero latency. */
  readonly free?: FreeBoundary;
  /** Code and descriptors are in the instruction memory already, if they fit (every run but the first). */
  readonly warmCode?: boolean;
  /** Shuffles events of one instant; results may not change. */
  readonly shuffleSeed?: number;
  /** What ldr loads, per core, as the run with data recorded it. */
  readonly loads?: readonly (readonly number[])[];
  /** What runs with data counted of skipped steps (zeroSteps of sim/exec); needed where the machine skips zeros. */
  readonly zeroSteps?: ZeroSteps;
}

/**
 * Runs a program in time. Throws UnsupportedError for settings that are not simulated yet, SimFault for a program that gets stuck or
 * misuses its sequencer, InternalError where time does not add up.
 */
export function simulate(program: Program, machine: Machine, options: SimOptions = {}): SimResult {
  refuseUnmodelled(machine, options);
  refuseMulticast(program, machine);
  return new Run(program, machine, options).result();
}

/** Settings of the schema that this simulator does not model, or not without what was measured, are refused, never ignored. */
function refuseUnmodelled({ capabilities }: Machine, { zeroSteps }: SimOptions): void {
  if (capabilities.compressedWeights)
    throw new UnsupportedError('capabilities.compressedWeights is not simulated yet: set it to false', {
      code: 'E-SIM-UNMODELLED',
    });
  if (capabilities.zeroSkipping && zeroSteps === undefined) {
    const message = 'time with zero skipping depends on operands, and none were measured';
    const hint = 'run with data (--values, --input or --statistics), or --set capabilities.zeroSkipping=false';
    const where = 'capabilities.zeroSkipping';
    throw new InputError(message, {
      code: 'E-SKIP-STATISTICS',
      diagnostics: [{ code: 'E-SKIP-STATISTICS', where, message, expected: 'operand statistics', hint }],
    });
  }
}

/** What the interconnect cannot do has no time. */
function refuseMulticast(program: Program, { name, interconnect }: Machine): void {
  if (interconnect.multicast) return;
  program.cores.forEach(({ instructions }, core) => {
    const pc = instructions.findIndex(isMulticast);
    if (pc < 0) return;
    const message = `instruction ${pc} of core ${core} writes to several cores at once, which the interconnect of ${name} cannot do`;
    throw new UnsupportedError(`${message}: --set interconnect.multicast=true`, { code: 'E-SIM-MULTICAST' });
  });
}

class Run {
  readonly #system: System;
  readonly #walks: WalkCache;
  readonly #ledger: Ledger;
  readonly #account: Account;
  readonly #semaphores: Semaphores;
  /** By number; `#order` has those that exist, ascending. */
  readonly #units: (Unit | undefined)[] = [];
  #order: Unit[] = [];
  readonly #fronts: FrontEnd[];
  readonly #fetches: FetchUnit[];
  readonly #history: History;
  /** By core and pc, one core after the other. */
  readonly #entries: readonly CodeEntry[];

  constructor(program: Program, machine: Machine, options: SimOptions) {
    const shuffle = options.shuffleSeed === undefined ? undefined : createRandom(options.shuffleSeed);
    const system = createSystem(machine, options.free, shuffle);
    this.#system = system;
    this.#walks = new WalkCache(program.tensors);
    this.#ledger = new Ledger(program, machine);
    this.#account = new Account(system, this.#walks, this.#ledger);
    this.#semaphores = new Semaphores(program, unitNumber);
    this.#fetches = program.cores.map(
      (_, core) =>
        new FetchUnit(system, program, core, options.warmCode ?? false, () => {
          this.#fronts[core]!.dirty = true;
        }),
    );
    const context = { machine, program, freeArray: options.free === 'array' };
    const zeroSteps = machine.capabilities.zeroSkipping ? options.zeroSteps : undefined;
    let index = 0;
    const code = program.cores.map(({ instructions }, core) =>
      instructions.map((_, pc) => new CodeEntry(context, index++, core, pc, zeroSteps)),
    );
    this.#entries = code.flat();
    this.#history = new History(this.#entries);
    this.#fronts = program.cores.map((_, core) => {
      const stream = sequence(program, core, replayLoads(program, core, options.loads?.[core] ?? []));
      return new FrontEnd(core, code[core]!, stream, {
        system,
        context,
        semaphores: this.#semaphores,
        fetch: this.#fetches[core]!,
        unit: (n) => this.#unit(n),
        history: this.#history,
        dispatched: (record) => {
          if (!record.entry.fixed) this.#account.book(record.entry, record.demand, record.registers, 1);
        },
        signal: (record, at) => this.#signal(record, at),
      });
    });
  }

  result(): SimResult {
    const { kernel, channels, corePs, machine } = this.#system;
    kernel.run((now) => this.#settle(now));
    this.#checkFinished();
    const history = this.#history;
    const last = history.last();
    const latencyPs = last === NONE ? 0 : history.at(last).donePs;
    const path = criticalPath(history, last);
    for (const c of channels) c.end(latencyPs);
    this.#bookFixed();
    const slotPs = machine.core.sequencer.dispatchCycles * corePs;
    let timeline: readonly TimelineEntry[] | undefined;
    return {
      cycles: cyclesBetween(0, latencyPs, corePs),
      latencyPs,
      units: unitAccounts(history, { totalPs: latencyPs, periodPs: corePs, slotPs }),
      causes: sumByCause(path, corePs),
      criticalPath: path,
      layerCycles: sumByLayer(path, corePs),
      actions: this.#account.finish(this.#fetches),
      layerActions: this.#account.layers,
      traffic: this.#ledger.rows(),
      instructions: history.count,
      events: kernel.events,
      // Made when somebody looks: it is by far the largest part of a result.
      get timeline() {
        timeline ??= Array.from({ length: history.count }, (_, id) => timelineEntry(history, id));
        return timeline;
      },
    };
  }

  /** Units and sequencers decide until nothing moves, then shared resources serve what was asked for. */
  #settle(now: number): void {
    for (let moved = true; moved; ) {
      moved = false;
      for (const unit of this.#order) if (unit.dirty && unit.tryStart(now)) moved = true;
      for (const front of this.#fronts) if (front.dirty && front.tryDispatch(now)) moved = true;
    }
    this.#system.settle(now);
  }

  #unit(number: number): Unit {
    let unit = this.#units[number];
    if (unit !== undefined) return unit;
    const { machine, corePs, kernel } = this.#system;
    const sibling = siblingOf(number);
    unit = new Unit(number, {
      machine,
      corePs,
      walks: this.#walks,
      semaphores: this.#semaphores,
      sibling: () => (sibling === undefined ? undefined : this.#units[sibling]),
      launch: (record) => this.#launch(record),
      started: (record) => {
        this.#fronts[record.entry.unit.core]!.dirty = true;
      },
      completed: (record) => {
        this.#history.close(record);
        this.#signal(record, 'done');
      },
      wakeAt: (time, wake) => kernel.at(time, wake),
    });
    this.#units[number] = unit;
    this.#order = this.#units.filter((u) => u !== undefined);
    return unit;
  }

  readonly #events = {
    released: (record: InstructionRecord) => this.#signal(record, 'release'),
    freed: (record: InstructionRecord) => this.#units[record.entry.unitNumber]!.freed(),
    finished: (record: InstructionRecord) =>
      this.#units[record.entry.unitNumber]!.finished(record, this.#system.kernel.now),
  };

  #launch(record: InstructionRecord): void {
    const { instruction, unit } = record.entry;
    if (instruction.op === 'sync') this.#passSync(record);
    else if (unit.kind === 'dma' || unit.kind === 'write') {
      record.walks ??= record.entry.walksAt(this.#walks, record.registers);
      runTransfer(this.#system, record, record.walks, this.#events);
    } else runCompute(this.#system, record, this.#events);
  }

  #passSync(record: InstructionRecord): void {
    const { kernel, corePs } = this.#system;
    kernel.at(record.startPs + corePs, (now) => {
      record.spend('dispatch', now);
      record.releasePs = record.freePs = now;
      this.#events.released(record);
      this.#events.freed(record);
      this.#events.finished(record);
    });
  }

  #signal(record: InstructionRecord, at: 'release' | 'done'): void {
    const { instruction: i, unit } = record.entry;
    const now = at === 'release' ? record.releasePs : record.donePs;
    for (const s of i.signals) if (s.at === at) this.#give(unit.core, s.semaphore, record.id, now);
    if (at === 'done') for (const s of remoteSignals(i, unit.core)) this.#give(s.core, s.semaphore, record.id, now);
  }

  #give(core: number, semaphore: number, by: number, now: number): void {
    const consumer = this.#semaphores.signal(core, semaphore, by, now);
    if (consumer !== undefined && this.#units[consumer] !== undefined) this.#units[consumer].dirty = true;
    const front = this.#fronts[core];
    if (front !== undefined) front.dirty = true;
  }

  #checkFinished(): void {
    const stuck = this.#fronts.find((f) => !f.ended);
    const waiting = this.#order.flatMap((u) => u.queue.slice(0, 1));
    if (stuck === undefined && waiting.length === 0) return;
    const heads = waiting.map(({ entry: e }) => {
      return `${e.instruction.op} (instruction ${e.pc}) waits for semaphore ${e.instruction.waits.join(', ')}`;
    });
    const what = heads.join('; ') || `dispatch of instruction ${stuck?.waiting?.pc} is blocked`;
    throw new SimFault(`deadlock: nothing can move any more; ${what}`, {
      code: 'E-SIM-DEADLOCK',
      diagnostics: [
        {
          code: 'E-SIM-DEADLOCK',
          message: 'the queues are stuck',
          hint: 'qnpu sim prints the order check with the missing signal',
        },
      ],
    });
  }

  /** Books instructions that are the same every time, once with their number of executions. */
  #bookFixed(): void {
    for (const e of this.#entries) {
      if (e.fixed && e.executed > 0) this.#account.book(e, e.demandAt(ZERO_REGISTERS), ZERO_REGISTERS, e.executed);
    }
  }
}

/** Matrix and write unit of a core share the arrays. */
function siblingOf(number: number): number | undefined {
  for (const kind of ['matrix', 'write'] as const) {
    const own = unitNumber({ core: 0, kind, channel: 0 });
    const perCore = unitNumber({ core: 1, kind, channel: 0 }) - own;
    const core = Math.floor(number / perCore);
    if (number - core * perCore !== own) continue;
    return unitNumber({ core, kind: kind === 'matrix' ? 'write' : 'matrix', channel: 0 });
  }
  return undefined;
}

function timelineEntry(history: History, id: number): TimelineEntry {
  const { entry, startedFor, startedAfter, dispatchedFor, dispatchPs, startPs, releasePs, freePs, donePs } =
    history.at(id);
  const { core, kind, channel } = entry.unit;
  const { pc, layer } = entry;
  return {
    ...{ core, kind, channel, pc, layer, dispatchPs, startPs, releasePs, freePs, donePs, dispatchedFor },
    waitedFor: startedFor,
    waitedOn: startedFor === 'dispatch' ? -1 : startedAfter,
  };
}
