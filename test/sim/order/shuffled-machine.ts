/**
 * A machine for the order check to be held against: units with queues that read and write single bytes, in whatever order a seed says. It
 * shares no code with sim/: its own sequencer, walks and arithmetic (shuffled-effects.ts). Reads of an instruction come one byte at a time, writes too (part
 * of a byte: fetched, then stored), and two instructions of a unit may be under way unless they overlap. What isa/README.md promises is
 * all that holds: starts, releases and dones of a unit are in order, waits and signals count.
 */
import type { Random } from '../../../isa/base/random.ts';
import type { Instruction } from '../../../isa/instructions/table.ts';
import type { Program } from '../../../isa/program.ts';
import { type Effect, effectOf, isCell, ownersOf, scalarOf } from './shuffled-effects.ts';

/** A semaphore by core and number. */
export function signalsOf(i: Instruction, core: number): { readonly key: string; readonly at: 'release' | 'done' }[] {
  const own = i.signals.map((s) => ({ key: `${core}.${s.semaphore}`, at: s.at }));
  if (!('signalRemote' in i) || i.signalRemote === 0) return own;
  return [...own, ...ownersOf(i, core).map((c) => ({ key: `${c}.${i.signalRemote}`, at: 'done' as const }))];
}

export function unitKey(i: Instruction, core: number): string {
  const kind = i.op === 'sync' ? i.unit : UNITS[i.op]!;
  return `${core} ${kind}${kind === 'dma' && 'channel' in i ? i.channel : ''}`;
}

const UNITS: Readonly<Record<string, string>> = {
  ...{
    fill: 'dma',
    copy: 'dma',
    gather: 'dma',
    ww: 'write',
    mm: 'matrix',
    rq: 'drain',
    vadd: 'vector',
    vmax: 'vector',
  },
  ...{ li: 'seq', addi: 'seq', cadd: 'seq', loop: 'seq', ldr: 'seq', halt: 'seq' },
};

/** The sequencer of one core: what comes next, and its registers. */
class Sequencer {
  readonly registers: number[] = new Array<number>(32).fill(0);
  readonly #code: readonly Instruction[];
  readonly #loops: { start: number; end: number; left: number }[] = [];
  #pc = 0;

  constructor(code: readonly Instruction[]) {
    this.#code = code;
  }

  get pc(): number {
    return this.#pc;
  }

  get next(): Instruction | undefined {
    return this.#code[this.#pc];
  }

  /** Steps over the next instruction; `loaded` is what an ldr reads. */
  advance(loaded: number): void {
    const i = this.next!;
    if (i.op === 'li') this.#set(i.rd, i.value);
    if (i.op === 'addi') this.#set(i.rd, this.registers[i.rs]! + i.value);
    if (i.op === 'cadd') this.#set(i.rd, (((this.registers[i.rs]! + i.step) % i.modulus) + i.modulus) % i.modulus);
    if (i.op === 'ldr') this.#set(i.rd, loaded);
    if (i.op === 'loop') this.#loops.push({ start: this.#pc + 1, end: this.#pc + i.length, left: i.count });
    this.#pc = i.op === 'halt' ? this.#code.length : this.#pc + 1;
    for (let loop = this.#loops.at(-1); loop !== undefined && this.#pc > loop.end; loop = this.#loops.at(-1)) {
      loop.left -= 1;
      if (loop.left > 0) {
        this.#pc = loop.start;
        return;
      }
      this.#loops.pop();
    }
  }

  #set(rd: number, value: number): void {
    if (rd !== 0) this.registers[rd] = value;
  }
}

/** An instruction that a unit has, or has had, under way. */
export interface Executed {
  readonly core: number;
  readonly pc: number;
  readonly unit: string;
  readonly instruction: Instruction;
  readonly effect: Effect;
}

interface Flight extends Executed {
  readonly toRead: number[];
  readonly toWrite: number[];
  readonly seen: Map<number, number>;
  results: Map<number, number> | undefined;
  /** A byte that was fetched to be changed in part. */
  fetched: number | undefined;
  released: boolean;
}

interface UnitState {
  readonly queue: Executed[];
  /** At most two, oldest first. */
  readonly flights: Flight[];
}

export interface RunOptions {
  readonly random: Random;
  readonly depth: number;
  /** One instruction after the other, none dispatched before its waits are there. */
  readonly inProgramOrder?: boolean;
}

export interface RunResult {
  /** Memory at the end; of a stuck run, as it stands. */
  readonly memory: Uint8Array;
  readonly stuck: boolean;
  /** In order of dispatch; of a run in program order, the order of execution. */
  readonly trace: readonly Executed[];
  readonly loads: readonly (readonly number[])[];
}

export function runShuffled(program: Program, start: Uint8Array, options: RunOptions): RunResult {
  return new ShuffledRun(program, start, options).run();
}

class ShuffledRun {
  readonly #program: Program;
  readonly #memory: Uint8Array;
  readonly #options: RunOptions;
  readonly #cores: readonly Sequencer[];
  readonly #units = new Map<string, UnitState>();
  readonly #counts = new Map<string, number>();
  readonly #speed = new Map<string, number>();
  readonly #trace: Executed[] = [];
  readonly #loads: number[][];

  constructor(program: Program, start: Uint8Array, options: RunOptions) {
    this.#program = program;
    this.#memory = start.slice();
    this.#options = options;
    this.#cores = program.cores.map((c) => new Sequencer(c.instructions));
    this.#loads = program.cores.map(() => []);
    for (const s of program.semaphores) this.#counts.set(`${s.core}.${s.index}`, s.initial);
  }

  run(): RunResult {
    for (;;) {
      const busy = [...this.#units].flatMap(([key, u]) => this.#moves(key, u));
      const waiting = this.#options.inProgramOrder && busy.length > 0;
      const dispatches = waiting ? [] : this.#cores.flatMap((_, core) => this.#dispatch(core));
      const moves = [...busy, ...(this.#options.inProgramOrder ? dispatches.slice(0, 1) : dispatches)];
      if (moves.length === 0) break;
      this.#pick(moves)();
    }
    const stuck =
      this.#cores.some((c) => c.next !== undefined) ||
      [...this.#units.values()].some((u) => u.queue.length + u.flights.length > 0);
    return { memory: this.#memory, stuck, trace: this.#trace, loads: this.#loads };
  }

  /** One move by weight: every kind of move of every unit has its own speed, some a thousand times another. */
  #pick(moves: readonly Move[]): () => void {
    const { random } = this.#options;
    const speeds = moves.map(({ kind }) => {
      const speed = this.#speed.get(kind) ?? random.pick([0.001, 0.03, 1, 30]);
      this.#speed.set(kind, speed);
      return speed;
    });
    let at = random.real() * speeds.reduce((n, s) => n + s, 0);
    const found = speeds.findIndex((speed) => {
      at -= speed;
      return at < 0;
    });
    return moves[found < 0 ? moves.length - 1 : found]!.act;
  }

  #dispatch(core: number): Move[] {
    const sequencer = this.#cores[core]!;
    const i = sequencer.next;
    if (i === undefined) return [];
    const unit = unitKey(i, core);
    const scalar = unit.endsWith('seq');
    const ready = this.#ready(i, core);
    if (!ready && (scalar || this.#options.inProgramOrder === true)) return [];
    const state = this.#units.get(unit) ?? { queue: [], flights: [] };
    if (!scalar && state.queue.length >= this.#options.depth) return [];
    return [{ kind: `dispatch ${core}`, act: () => this.#issue(i, core, unit, scalar, state) }];
  }

  #issue(i: Instruction, core: number, unit: string, scalar: boolean, state: UnitState): void {
    const sequencer = this.#cores[core]!;
    const effect = effectOf(this.#program, i, core, sequencer.registers);
    const executed = { core, pc: sequencer.pc, unit, instruction: i, effect };
    this.#trace.push(executed);
    if (scalar) {
      this.#take(i, core);
      const t = i.op === 'ldr' ? this.#program.tensors[i.src]! : undefined;
      const loaded = t === undefined ? 0 : scalarOf(t, core, sequencer.registers, (p) => this.#memory[p]!);
      if (t !== undefined) this.#loads[core]!.push(loaded);
      sequencer.advance(loaded);
      this.#signal(executed, 'release');
      this.#signal(executed, 'done');
      return;
    }
    sequencer.advance(0);
    this.#units.set(unit, state);
    state.queue.push(executed);
  }

  /** What a unit can do next. */
  #moves(key: string, { queue, flights }: UnitState): Move[] {
    const moves = flights.flatMap((f, n) => this.#flightMoves(key, f, n, flights));
    const head = queue[0];
    if (
      head !== undefined &&
      flights.length < 2 &&
      this.#ready(head.instruction, head.core) &&
      flights.every((f) => apart(f, head))
    )
      moves.push({ kind: `${key} start`, act: () => this.#start(queue, flights) });
    return moves;
  }

  #start(queue: Executed[], flights: Flight[]): void {
    const next = queue.shift()!;
    this.#take(next.instruction, next.core);
    const { random } = this.#options;
    const toRead = shuffled([...next.effect.reads], random);
    const toWrite = shuffled([...next.effect.writes.keys()], random);
    flights.push({
      ...next,
      toRead,
      toWrite,
      seen: new Map(),
      results: undefined,
      fetched: undefined,
      released: false,
    });
  }

  #flightMoves(key: string, f: Flight, n: number, flights: Flight[]): Move[] {
    if (f.toRead.length > 0)
      return [{ kind: `${key} read`, act: () => f.seen.set(f.toRead[0]!, this.#memory[f.toRead.shift()!]!) }];
    const moves: Move[] = [];
    if (!f.released && (n === 0 || flights[0]!.released))
      moves.push({
        kind: `${key} release`,
        act: () => {
          f.released = true;
          this.#signal(f, 'release');
        },
      });
    if (f.toWrite.length > 0) moves.push({ kind: `${key} write`, act: () => this.#write(f) });
    else if (f.released && n === 0)
      moves.push({
        kind: `${key} done`,
        act: () => {
          flights.shift();
          this.#signal(f, 'done');
        },
      });
    return moves;
  }

  #write(f: Flight): void {
    f.results ??= f.effect.compute((p) => f.seen.get(p)!);
    const place = f.toWrite[0]!;
    const mask = f.effect.writes.get(place)!;
    const partial = !isCell(place) && mask !== 0xff;
    if (partial && f.fetched === undefined) {
      f.fetched = this.#memory[place]!;
      return;
    }
    this.#memory[place] = ((f.fetched ?? 0) & ~mask) | f.results.get(place)!;
    f.fetched = undefined;
    f.toWrite.shift();
  }

  #ready(i: Instruction, core: number): boolean {
    return i.waits.every((w) => (this.#counts.get(`${core}.${w}`) ?? 0) >= i.waits.filter((x) => x === w).length);
  }

  #take(i: Instruction, core: number): void {
    for (const w of i.waits) this.#counts.set(`${core}.${w}`, this.#counts.get(`${core}.${w}`)! - 1);
  }

  #signal({ instruction, core }: Executed, at: 'release' | 'done'): void {
    for (const s of signalsOf(instruction, core))
      if (s.at === at) this.#counts.set(s.key, (this.#counts.get(s.key) ?? 0) + 1);
  }
}

interface Move {
  /** What its speed goes by. */
  readonly kind: string;
  readonly act: () => void;
}

/** Whether two instructions of one unit may be under way together: neither writes what the other touches. */
function apart({ effect: a }: Executed, { effect: b }: Executed): boolean {
  for (const p of a.writes.keys()) if (b.writes.has(p) || b.reads.has(p)) return false;
  for (const p of b.writes.keys()) if (a.reads.has(p)) return false;
  return true;
}

function shuffled(places: readonly number[], random: Random): number[] {
  const out = [...places];
  for (let n = out.length - 1; n > 0; n--) {
    const k = random.int(0, n);
    [out[n], out[k]] = [out[k]!, out[n]!];
  }
  return out;
}
