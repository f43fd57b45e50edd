/**
 * Is the program ordered by its semaphores alone? Vector clocks per unit with two components for each other unit: up to which
 * instruction its sources have been read, and up to which its results can be seen. A signal at release carries the first, a
 * signal at done both. Independent of timing; the rules are in isa/README.md ("Order").
 */
import type { Machine } from '../../isa/machine/schema.ts';
import type { Program, SemaphoreDeclaration } from '../../isa/program.ts';
import { destinationCore, tileIntervals, touchesOf } from '../walk/accesses.ts';
import { type DynamicInstruction, type LoadScalar, sequence } from '../walk/sequence.ts';
import { type UnitName, unitCount, unitNumber, unitOf, unitText } from '../walk/units.ts';
import { WalkCache } from '../walk/walk.ts';
import { type Access, IntervalHistory } from './history.ts';
import { deadlockVerdict, type QueueItem } from './queues.ts';

export interface OrderFinding {
  readonly kind: 'race' | 'deadlock' | 'deadlock-at-this-depth' | 'order-law' | 'semaphore';
  readonly message: string;
  /** The two instructions of a race, or the blocked ones of a deadlock. */
  readonly places: readonly { readonly core: number; readonly pc: number }[];
  readonly space?: string;
  /** Bytes (cells for arrays) in conflict, [start, end). */
  readonly bytes?: readonly [number, number];
  /** What would order them. */
  readonly missing?: string;
}

/** All findings, at most 64; an empty list means that no timing can change a value. */
export function checkOrder(program: Program, machine: Machine, load: LoadScalar = () => 0): OrderFinding[] {
  return new OrderCheck(program, machine, load).run();
}

const LIMIT = 64;

class OrderCheck {
  readonly #program: Program;
  readonly #machine: Machine;
  readonly #load: LoadScalar;
  readonly #walks: WalkCache;
  readonly #units: number;
  /** Per unit: what it knows of the others, reads then writes. */
  readonly #known: Float64Array[];
  readonly #count: Float64Array;
  readonly #names = new Map<number, UnitName>();
  readonly #tokens = new Map<string, (Float64Array | undefined)[]>();
  readonly #declared = new Map<string, SemaphoreDeclaration>();
  readonly #modes = new Map<string, 'release' | 'done'>();
  readonly #history = new Map<string, IntervalHistory>();
  readonly #findings: OrderFinding[] = [];
  readonly #seen = new Set<string>();

  constructor(program: Program, machine: Machine, load: LoadScalar) {
    this.#program = program;
    this.#machine = machine;
    this.#load = load;
    this.#walks = new WalkCache(program.tensors);
    this.#units = unitCount(program.cores.length);
    this.#known = Array.from({ length: this.#units }, () => new Float64Array(2 * this.#units));
    this.#count = new Float64Array(this.#units);
    for (const s of program.semaphores) {
      const key = semaphoreKey(s.core, s.index);
      this.#declared.set(key, s);
      this.#tokens.set(key, new Array<Float64Array | undefined>(s.initial).fill(undefined));
    }
  }

  run(): OrderFinding[] {
    const streams = this.#program.cores.map((_, core) => sequence(this.#program, core, this.#load));
    const pending = streams.map((s) => s.next());
    const rest: QueueItem[] = [];
    for (let moved = true; moved; ) {
      moved = false;
      for (let core = 0; core < streams.length; core++) {
        for (let next = pending[core]!; !next.done && this.#ready(next.value, core); next = pending[core]!) {
          this.#visit(next.value, core);
          pending[core] = streams[core]!.next();
          moved = true;
          if (this.#findings.length >= LIMIT) return this.#findings;
        }
      }
    }
    if (pending.some((p) => !p.done)) this.#lawBroken(streams, pending, rest);
    return this.#findings;
  }

  #ready(d: DynamicInstruction, core: number): boolean {
    const wanted = new Map<number, number>();
    for (const w of d.instruction.waits) wanted.set(w, (wanted.get(w) ?? 0) + 1);
    return [...wanted].every(([w, n]) => (this.#tokens.get(semaphoreKey(core, w))?.length ?? 0) >= n || !this.#declared.has(semaphoreKey(core, w)));
  }

  #visit(d: DynamicInstruction, core: number): void {
    const name = unitOf(d.instruction, core);
    const unit = unitNumber(name);
    this.#names.set(unit, name);
    this.#count[unit] = this.#count[unit]! + 1;
    const known = this.#known[unit]!;
    merge(known, this.#known[unitNumber({ core, kind: 'seq', channel: 0 })]!);
    for (const w of d.instruction.waits) this.#take(core, w, name, d.pc, known);
    this.#accesses(d, core, unit);
    const done = known.slice();
    const released = known.slice();
    released[unit] = done[unit] = this.#count[unit]!;
    done[this.#units + unit] = this.#count[unit]!;
    for (const s of d.instruction.signals) this.#give(core, s.semaphore, s.at, name, d.pc, s.at === 'done' ? done : released);
    const i = d.instruction;
    if ('signalRemote' in i && i.signalRemote > 0) this.#give(i.core - 1, i.signalRemote, 'done', name, d.pc, done);
    if (i.op === 'ldr') merge(known, done);
  }

  #take(core: number, index: number, unit: UnitName, pc: number, known: Float64Array): void {
    const key = semaphoreKey(core, index);
    const declared = this.#declared.get(key);
    if (declared === undefined) {
      this.#report({ kind: 'semaphore', message: `semaphore ${index} of core ${core} is waited on but not declared`, places: [{ core, pc }] });
      return;
    }
    if (unitNumber(declared.consumer) !== unitNumber(unit)) {
      this.#report({ kind: 'semaphore', message: `semaphore ${index} belongs to ${unitText(declared.consumer)} but ${unitText(unit)} waits on it`, places: [{ core, pc }] });
    }
    const token = this.#tokens.get(key)?.shift();
    if (token !== undefined) merge(known, token);
  }

  #give(core: number, index: number, at: 'release' | 'done', unit: UnitName, pc: number, token: Float64Array): void {
    const key = semaphoreKey(core, index);
    const declared = this.#declared.get(key);
    const place = { core: unit.core, pc };
    if (declared === undefined) {
      this.#report({ kind: 'semaphore', message: `semaphore ${index} of core ${core} is signalled but not declared`, places: [place] });
      return;
    }
    if (unitNumber(declared.producer) !== unitNumber(unit)) {
      this.#report({ kind: 'semaphore', message: `semaphore ${index} is signalled by ${unitText(declared.producer)} but ${unitText(unit)} signals it too`, places: [place] });
    }
    const mode = this.#modes.get(key) ?? at;
    this.#modes.set(key, mode);
    if (mode !== at) this.#report({ kind: 'semaphore', message: `semaphore ${index} is signalled at release and at done`, places: [place] });
    this.#tokens.get(key)?.push(token);
  }

  #accesses(d: DynamicInstruction, core: number, unit: number): void {
    const touches = touchesOf(d.instruction);
    const access: Access = { unit, number: this.#count[unit]!, core, pc: d.pc };
    for (const o of touches.operands) {
      const walk = this.#walks.get(o.tensor, d.registers);
      const { space } = walk.descriptor;
      const owner = o.write ? destinationCore(d.instruction, core) : core;
      this.#touch(space === 'dram' || space === 'buffer' ? space : `${space}@core${owner}`, walk.intervals, o.write, access);
    }
    if (touches.tile !== undefined) {
      const tile = this.#program.arrays[touches.tile.array]!;
      this.#touch(`array@core${core}`, tileIntervals(tile, this.#machine.core.matrix), touches.tile.write, access);
    }
  }

  #touch(space: string, intervals: Float64Array, write: boolean, access: Access): void {
    let history = this.#history.get(space);
    if (history === undefined) {
      history = new IntervalHistory();
      this.#history.set(space, history);
    }
    const known = this.#known[access.unit]!;
    const conflict = (earlier: Access, wrote: boolean, start: number, end: number): void => {
      if (known[(wrote ? this.#units : 0) + earlier.unit]! >= earlier.number) return;
      this.#race(space, earlier, wrote, access, write, start, end);
    };
    for (let i = 0; i < intervals.length; i += 2) {
      if (write) history.write(intervals[i]!, intervals[i + 1]!, access, conflict);
      else history.read(intervals[i]!, intervals[i + 1]!, access, conflict);
    }
  }

  #race(space: string, earlier: Access, wrote: boolean, later: Access, writes: boolean, start: number, end: number): void {
    const key = `${space} ${earlier.core}:${earlier.pc} ${later.core}:${later.pc}`;
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    const producer = unitText(this.#names.get(earlier.unit)!, this.#program.cores.length);
    const consumer = unitText(this.#names.get(later.unit)!, this.#program.cores.length);
    const what = space.startsWith('array') ? 'cells' : 'bytes';
    this.#report({
      kind: 'race',
      message: `${place(this.#program, earlier)} ${wrote ? 'writes' : 'reads'} and ${place(this.#program, later)} ${writes ? 'writes' : 'reads'} ${space} ${what} ${start} .. ${end - 1}, and nothing orders them`,
      places: [earlier, later],
      space,
      bytes: [start, end],
      missing: `${consumer} must wait for ${producer}'s ${wrote ? 'done' : 'release'}`,
    });
  }

  #report(finding: OrderFinding): void {
    if (this.#findings.length < LIMIT) this.#findings.push(finding);
  }

  /** Some wait has no earlier signal: collect what is left and let the queues tell whether it hangs. */
  #lawBroken(streams: readonly Generator<DynamicInstruction, void>[], pending: readonly IteratorResult<DynamicInstruction, void>[], rest: QueueItem[]): void {
    const first = pending.findIndex((p) => !p.done);
    const counts = new Map([...this.#tokens].map(([k, t]) => [k, t.length]));
    pending.forEach((p, core) => {
      for (let next = p; !next.done && rest.length < 100_000; next = streams[core]!.next()) rest.push(queueItem(next.value, core));
    });
    const verdict = deadlockVerdict(rest, counts, this.#machine.core.sequencer.queueDepth);
    const blocked = pending[first]!.value as DynamicInstruction;
    const waits = blocked.instruction.waits.filter((w) => (this.#tokens.get(semaphoreKey(first, w))?.length ?? 0) === 0);
    const here = place(this.#program, { core: first, pc: blocked.pc });
    const missing = `a signal of semaphore ${waits.join(', ')} earlier in program order`;
    const message = {
      'deadlock': `${here} waits for semaphore ${waits.join(', ')} and nothing will ever signal it: ${verdict.blocked.map((b) => `${place(this.#program, b)} waits for ${b.waits.join(', ')}`).join('; ')}`,
      'deadlock-at-this-depth': `${here} waits for a signal that comes later in the program and cannot be dispatched behind it: with queues of ${this.#machine.core.sequencer.queueDepth} this hangs`,
      'order-law': `${here} waits for a signal that comes later in the program; it runs on this machine, and would hang with shorter queues`,
    }[verdict.kind];
    this.#report({ kind: verdict.kind, message, places: verdict.blocked.length > 0 ? verdict.blocked : [{ core: first, pc: blocked.pc }], missing });
  }
}

export function semaphoreKey(core: number, index: number): string {
  return `${core}:${index}`;
}

function queueItem(d: DynamicInstruction, core: number): QueueItem {
  const i = d.instruction;
  const signals = i.signals.map((s) => semaphoreKey(core, s.semaphore));
  if ('signalRemote' in i && i.signalRemote > 0) signals.push(semaphoreKey(i.core - 1, i.signalRemote));
  return { core, pc: d.pc, unit: unitNumber(unitOf(i, core)), waits: i.waits.map((w) => semaphoreKey(core, w)), signals };
}

function place(program: Program, at: { readonly core: number; readonly pc: number }): string {
  const line = program.symbols.lineOf[at.core]?.[at.pc] ?? 0;
  const op = program.cores[at.core]?.instructions[at.pc]?.op ?? '?';
  return `${op} (${line > 0 ? `line ${line}` : `instruction ${at.pc}`})`;
}

function merge(into: Float64Array, from: Float64Array): void {
  for (let i = 0; i < into.length; i++) if (from[i]! > into[i]!) into[i] = from[i]!;
}
