/**
 * Is the program ordered by its semaphores alone? One pass in program order, cores taking turns where one waits for another; clocks say what each unit knows,
 * histories say who touched what. Independent of timing; the rules are in isa/README.md ("Order").
 */

import { InputError } from '../../isa/base/errors.ts';
import { destinationCores, remoteSignals } from '../../isa/instructions/destinations.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import type { Program, SemaphoreDeclaration, UnitRef } from '../../isa/program.ts';
import { partOf, tileIntervals, tileMisfit, touchesOf } from '../walk/accesses.ts';
import { type DynamicInstruction, type LoadScalar, replayLoads, sequence } from '../walk/sequence.ts';
import { type UnitName, unitCount, unitNumber, unitOf, unitText } from '../walk/units.ts';
import { WalkCache } from '../walk/walk.ts';
import { UnitClocks } from './clocks.ts';
import { foresee } from './foresee.ts';
import { formatPlace, type Place } from './format.ts';
import { type Access, IntervalHistory } from './history.ts';
import { deadlockVerdict } from './queues.ts';
import { Tokens } from './tokens.ts';

export { semaphoreKey } from './tokens.ts';

export interface OrderFinding {
  readonly kind: 'race' | 'deadlock' | 'deadlock-at-this-depth' | 'order-law' | 'semaphore';
  readonly message: string;
  /** The two instructions of a race (earlier in the program first), or the blocked ones of a deadlock. */
  readonly places: readonly Place[];
  readonly space?: string;
  /** Bytes (cells for arrays) in conflict, [start, end). */
  readonly bytes?: readonly [number, number];
  /** What would order them. */
  readonly missing?: string;
}

/**
 * All findings, at most 64; an empty list means that no timing can change a value. `loads` are the values of ldr as sim/exec recorded them, needed only
 * by programs that have ldr.
 */
export function checkOrder(
  program: Program,
  machine: Machine,
  loads: readonly (readonly number[])[] = [],
  instructionLimit?: number,
): OrderFinding[] {
  return new OrderCheck(program, machine, loads, instructionLimit).run();
}

const LIMIT = 64;

class OrderCheck {
  readonly #program: Program;
  readonly #machine: Machine;
  readonly #loads: readonly (readonly number[])[];
  readonly #walks: WalkCache;
  readonly #clocks: UnitClocks;
  readonly #names = new Map<number, UnitName>();
  readonly #tokens: Tokens;
  readonly #history = new Map<string, IntervalHistory>();
  readonly #tiles = new Map<number, Float64Array>();
  readonly #findings: OrderFinding[] = [];
  readonly #seen = new Set<string>();

  readonly #limit: number | undefined;
  /** A wait has no signal before it: what follows is looked at without data. */
  #foreseeing = false;

  constructor(program: Program, machine: Machine, loads: readonly (readonly number[])[], limit: number | undefined) {
    this.#limit = limit;
    this.#program = program;
    this.#machine = machine;
    this.#loads = loads;
    this.#walks = new WalkCache(program.tensors);
    this.#clocks = new UnitClocks(unitCount(program.cores.length));
    this.#tokens = new Tokens(program.semaphores);
  }

  run(): OrderFinding[] {
    const streams = this.#program.cores.map((_, core) => {
      const replay = replayLoads(this.#program, core, this.#loads[core] ?? []);
      const load: LoadScalar = (i, registers, pc) => (this.#foreseeing ? 0 : replay(i, registers, pc));
      return sequence(this.#program, core, load, this.#limit);
    });
    const pending = streams.map((s) => s.next());
    for (let moved = true; moved; ) {
      moved = false;
      for (let core = 0; core < streams.length; core++) {
        for (
          let next = pending[core]!;
          !next.done && this.#tokens.available(core, next.value.instruction.waits);
          next = pending[core]!
        ) {
          this.#visit(next.value, core);
          pending[core] = streams[core]!.next();
          moved = true;
          if (this.#findings.length >= LIMIT) return this.#findings;
        }
      }
    }
    if (pending.some((p) => !p.done)) this.#lawBroken(streams, pending);
    return this.#findings;
  }

  #visit(d: DynamicInstruction, core: number): void {
    const name = unitOf(d.instruction, core);
    const unit = unitNumber(name);
    if (!this.#names.has(unit)) this.#names.set(unit, name);
    const number = this.#clocks.begin(unit);
    if (name.kind !== 'seq') this.#clocks.learn(unit, this.#clocks.of(unitNumber({ core, kind: 'seq', channel: 0 })));
    for (const w of d.instruction.waits) this.#take(core, w, name, unit, d.pc);
    this.#accesses(d, core, { unit, number, core, pc: d.pc });
    for (const s of d.instruction.signals) this.#give(core, s.semaphore, s.at, name, unit, d.pc);
    for (const s of remoteSignals(d.instruction, core)) this.#give(s.core, s.semaphore, 'done', name, unit, d.pc);
    // The sequencer goes on when a scalar instruction is done, so whatever it dispatches later comes after it.
    if (name.kind === 'seq') this.#clocks.learn(unit, this.#clocks.token(unit, 'done'));
  }

  #take(core: number, index: number, name: UnitName, unit: number, pc: number): void {
    const { declared, carried } = this.#tokens.take(core, index);
    const at: Place = { core, pc };
    if (declared === undefined)
      return this.#misuse(`semaphore ${index} of core ${core} is waited on but not declared`, at);
    if (!same(declared.consumer, name)) {
      this.#misuse(
        `semaphore ${index} is waited on by ${this.#text(name)}; its only waiting unit is ${this.#text(declared.consumer)}`,
        at,
      );
    }
    if (carried !== undefined) this.#clocks.learn(unit, carried);
  }

  #give(core: number, index: number, at: 'release' | 'done', name: UnitName, unit: number, pc: number): void {
    const place: Place = { core: name.core, pc };
    const { declared, mode } = this.#tokens.give(core, index, at, this.#clocks.token(unit, at));
    if (declared === undefined)
      return this.#misuse(`semaphore ${index} of core ${core} is signalled but not declared`, place);
    if (!same(declared.producer, name)) {
      this.#misuse(
        `semaphore ${index} is signalled by ${this.#text(name)}; its only signalling unit is ${this.#text(declared.producer)}`,
        place,
      );
    }
    if (mode !== at)
      this.#misuse(
        `semaphore ${index} is signalled at ${at} here and at ${mode} before; all its signals must be of one kind`,
        place,
      );
  }

  #accesses(d: DynamicInstruction, core: number, access: Access): void {
    const touches = touchesOf(d.instruction);
    for (const o of touches.operands) {
      const walk = this.#walks.get(o.tensor, d.registers);
      const { space } = walk.descriptor;
      const shared = space === 'dram' || space === 'buffer' || this.#program.cores.length === 1;
      const owners = shared || !o.write ? [core] : destinationCores(d.instruction, core);
      const intervals = walk.shape.intervals(partOf(o, d.instruction, this.#program));
      for (const owner of owners)
        this.#touch(shared ? space : `${space} of core ${owner}`, walk.base, intervals, o.write, access);
    }
    if (touches.tile !== undefined) {
      const name = this.#program.cores.length > 1 ? `array of core ${core}` : 'array';
      this.#touch(name, 0, this.#tile(touches.tile.array), touches.tile.write, access);
    }
  }

  #tile(index: number): Float64Array {
    let cells = this.#tiles.get(index);
    if (cells === undefined) {
      const tile = this.#program.arrays[index];
      const misfit = tile === undefined ? 'a descriptor that exists' : tileMisfit(tile, this.#machine.core.matrix);
      if (tile === undefined || misfit !== undefined) {
        throw new InputError(`array descriptor ${index} needs ${misfit}`, { code: 'E-PROGRAM-DESCRIPTOR' });
      }
      cells = tileIntervals(tile, this.#machine.core.matrix);
      this.#tiles.set(index, cells);
    }
    return cells;
  }

  #touch(space: string, base: number, intervals: Float64Array, write: boolean, access: Access): void {
    let history = this.#history.get(space);
    if (history === undefined) {
      history = new IntervalHistory();
      this.#history.set(space, history);
    }
    history.touch(base, intervals, write, access, (earlier, wrote, start, end) => {
      if (!this.#clocks.knows(access.unit, earlier.unit, earlier.number, wrote))
        this.#race(space, earlier, wrote, access, write, start, end);
    });
  }

  #race(
    space: string,
    earlier: Access,
    wrote: boolean,
    later: Access,
    writes: boolean,
    start: number,
    end: number,
  ): void {
    if (!this.#first(`${space} ${earlier.core}:${earlier.pc}:${wrote} ${later.core}:${later.pc}:${writes}`)) return;
    const producer = this.#text(this.#names.get(earlier.unit)!);
    const consumer = this.#text(this.#names.get(later.unit)!);
    const what = space.startsWith('array') ? 'cells' : 'bytes';
    this.#findings.push({
      kind: 'race',
      message: `${producer} ${wrote ? 'writes' : 'reads'} and ${consumer} ${writes ? 'writes' : 'reads'} ${space} ${what} ${start} .. ${end - 1}, and nothing orders them`,
      places: [
        { core: earlier.core, pc: earlier.pc },
        { core: later.core, pc: later.pc },
      ],
      space,
      bytes: [start, end],
      missing: `${consumer} must wait for ${producer}'s ${wrote ? 'done' : 'release'}`,
    });
  }

  #misuse(message: string, at: Place): void {
    if (this.#first(`${at.core}:${at.pc} ${message}`))
      this.#findings.push({ kind: 'semaphore', message, places: [at] });
  }

  #first(key: string): boolean {
    if (this.#seen.has(key)) return false;
    this.#seen.add(key);
    return true;
  }

  #text(u: UnitName | UnitRef): string {
    return unitText(u, this.#program.cores.length);
  }

  /** Some wait has no earlier signal: the queues tell whether it hangs, and where. */
  #lawBroken(
    streams: readonly Generator<DynamicInstruction, void>[],
    pending: readonly IteratorResult<DynamicInstruction, void>[],
  ): void {
    this.#foreseeing = true;
    const rest = pending.map((p, core) => foresee(streams[core]!, p, core));
    const { queueDepth } = this.#machine.core.sequencer;
    const verdict = deadlockVerdict(
      rest.map((r) => r.items),
      this.#tokens.counts(),
      queueDepth,
    );
    const unforeseen = rest.find((r) => r.end !== undefined)?.end;
    const kind = unforeseen !== undefined && verdict.kind === 'deadlock' ? 'order-law' : verdict.kind;
    const core = pending.findIndex((p) => !p.done);
    const first = pending[core]!.value as DynamicInstruction;
    const missingAt = first.instruction.waits.filter((w) => !this.#tokens.available(core, [w]));
    const here = formatPlace({ core, pc: first.pc }, this.#program);
    const names = `semaphore ${(missingAt.length > 0 ? missingAt : first.instruction.waits).join(', ')}`;
    const message = {
      deadlock: `${here} waits for ${names}, which nothing that can still run will signal`,
      'deadlock-at-this-depth': `${here} waits for ${names}, which is signalled later in the program; with queues of ${queueDepth} the signal is never dispatched`,
      'order-law':
        kind === verdict.kind
          ? `${here} waits for ${names}, which is signalled later in the program; this machine's queues of ${queueDepth} get through, shorter ones may hang`
          : `${here} waits for ${names}, which no earlier instruction signals; whether a later one does cannot be foreseen: ${unforeseen}`,
    }[kind];
    const blocked = verdict.blocked.map((b) => ({ core: b.core, pc: b.pc }));
    const missing = `a signal of ${names} earlier in program order`;
    this.#findings.push({
      kind,
      message,
      places: blocked.length > 0 ? blocked : [{ core, pc: first.pc }],
      missing,
    });
  }
}

function same(a: UnitRef | SemaphoreDeclaration['producer'], b: UnitName): boolean {
  return a.core === b.core && a.kind === b.kind && a.channel === b.channel;
}
