/**
 * Small random programs for the order check: overlapping walks of every kind in memories of a few bytes, on all units, with loops, registers and
 * several cores, to which one transfer may go at once; and semaphores for all, most or some of the dependences, now and then of the wrong
 * kind, now and then for nothing.
 */
import type { Random } from '../../../isa/base/random.ts';
import { type Instruction, NO_TENSOR } from '../../../isa/instructions/table.ts';
import type { Program, SemaphoreDeclaration, UnitRef } from '../../../isa/program.ts';
import type { Axis, Dim, Space, TensorDescriptor } from '../../../isa/tensor.ts';
import { dense, program, tile } from '../../harness/program.ts';
import { ins } from '../exec/rig.ts';
import { memoryPlaces, ownersOf } from './shuffled-effects.ts';
import { type Executed, runShuffled } from './shuffled-machine.ts';

/** Every tensor walks this many elements, so any goes with any. */
const COUNT = 4;

interface Pool {
  readonly tensors: TensorDescriptor[];
  /** A tensor of one of the spaces. */
  readonly any: (...spaces: Space[]) => number;
}

function walkOf(random: Random): { axes: Axis[]; dims: Dim[] } {
  const axis = (extent: number, stride: number, modulo = 0, origin = 0): Axis => ({ extent, stride, modulo, origin });
  const whole = (count: number, on: number, step = 1): Dim => ({ count, axis: on, step });
  return random.pick([
    { axes: [axis(4, 1)], dims: [whole(4, 0)] },
    { axes: [axis(2, 2), axis(2, 1)], dims: [whole(2, 0), whole(2, 1)] },
    { axes: [axis(2, 1), axis(2, 3)], dims: [whole(2, 0), whole(2, 1)] },
    { axes: [axis(4, 2)], dims: [whole(4, 0)] },
    { axes: [axis(4, 1, 0, 3)], dims: [whole(4, 0, -1)] },
    { axes: [axis(9, 1, 3, 2)], dims: [whole(4, 0)] },
    { axes: [axis(4, 1, 0, -1)], dims: [whole(4, 0)] },
    { axes: [axis(8, 1, 0, 5)], dims: [whole(2, 0, 2), whole(2, 0)] },
    { axes: [axis(3, 1)], dims: [whole(2, 0, 0), whole(2, 0)] },
  ]);
}

function randomPool(random: Random): Pool {
  const tensors: TensorDescriptor[] = [];
  const add = (space: Space, widthBits: number, coding: 'unsigned' | 'signed') => {
    tensors.push({
      ...dense(space, space === 'acc' ? 4 * random.int(0, 4) : random.int(0, 10), widthBits, [COUNT], { coding }),
      ...walkOf(random),
      baseRegister: space !== 'acc' && random.bool(0.2) ? 1 : 0,
      originRegisters: random.bool(0.15) ? [{ axis: 0, register: 2 }] : [],
    });
  };
  for (let n = 0; n < 5; n++) add('spad', random.pick([4, 8]), random.pick(['unsigned', 'signed']));
  for (let n = 0; n < 2; n++) add('acc', 32, 'signed');
  add(random.pick(['dram', 'buffer']), random.pick([4, 8]), 'unsigned');
  add(random.pick(['dram', 'buffer', 'spad']), 4, 'signed');
  const pool = [...tensors];
  const any = (...spaces: Space[]) => {
    const fit = pool.flatMap((t, n) => (spaces.includes(t.space) ? [n] : []));
    return random.pick(fit);
  };
  return { tensors, any };
}

/** Further descriptors behind the pool, for the instructions with special shapes. */
function addSpecials({ tensors }: Pool, random: Random) {
  const push = (t: TensorDescriptor) => tensors.push(t) - 1;
  const table = dense('spad', random.int(0, 8), 8, [3, 2]);
  return {
    table: push({ ...table, dims: [{ count: 2, axis: 0, step: 0 }, table.dims[1]!] }),
    index: push(dense('spad', random.int(0, 16), 4, [2])),
    scalar: push(dense('spad', random.int(0, 12), random.pick([4, 3]), [1])),
    vectors: push(dense('spad', random.int(0, 10), random.pick([4, 8]), [2, 2])),
    weights: push(dense(random.pick(['spad', 'dram']), random.int(0, 12), 4, [2, 2], { coding: 'signed' })),
  };
}

const ARRAYS = [0, 1, 2, 3, 4, 5].map((n) =>
  tile(n < 4 ? 2 : 1, 2, 4, { plane: n === 3 ? 1 : 0, rowStart: n % 3, ...(n < 4 ? {} : { kStart: 1 }) }),
);

function randomInstruction(
  random: Random,
  pool: Pool,
  special: ReturnType<typeof addSpecials>,
  cores: number,
): Instruction {
  const { any } = pool;
  const dma = () => {
    const dst = any('dram', 'buffer', 'spad', 'acc');
    const far = cores > 1 && random.bool(0.4) ? random.int(1, cores) : 0;
    return { dst, channel: random.int(0, 1), core: far };
  };
  /** To the memories of any of the cores, now and then of several. */
  const spread = () =>
    cores > 1 && random.bool(0.4)
      ? { dst: any('spad', 'acc'), channel: random.int(0, 1), cores: random.int(1, 2 ** cores - 1) }
      : dma();
  const near = () => any('spad', 'acc');
  const makers: (() => Instruction)[] = [
    () => ins('fill', { ...dma(), value: random.int(0, 7) }),
    () => ins('copy', { ...spread(), src: any('dram', 'buffer', 'spad', 'acc'), accumulate: random.bool(0.2) }),
    () => ins('copy', { ...spread(), src: any('dram', 'buffer', 'spad', 'acc') }),
    () => ins('gather', { ...spread(), src: special.table, index: special.index }),
    () => ins('gather', { ...spread(), src: special.table, index: special.index }),
    () => ins('vadd', { dst: near(), a: near(), b: near() }),
    () => ins('vmax', { dst: near(), a: near(), b: near() }),
    () => ins('rq', { dst: near(), src: near(), params: NO_TENSOR, add: NO_TENSOR, mode: 'saturate' }),
    () => ins('ww', { tile: random.int(0, 3), src: special.weights }),
    () =>
      ins('mm', { dst: any('acc'), src: special.vectors, tile: random.int(0, 5), kdims: 1, accumulate: random.bool() }),
    () => ins('li', { rd: random.int(1, 2), value: random.int(0, 2) }),
    () => ins('cadd', { rd: 1, rs: 1, step: random.int(-1, 3), modulus: 4 }),
    () => ins('ldr', { rd: random.int(1, 2), src: special.scalar }),
  ];
  return random.pick(makers)();
}

interface Slot {
  readonly waits: number[];
  readonly signals: { semaphore: number; at: 'release' | 'done' }[];
  /** Semaphore that the instruction signals behind its own remote data, 0 for none. */
  remote: number;
  /** Cores that wait for it. */
  readonly heard: Set<number>;
  /** Cross-core signals that follow, by semaphore of the other core. */
  readonly messages: { core: number; semaphore: number; after: number }[];
}

/** Semaphores as they are needed, and where they stand in the code. */
class Ordering {
  readonly declared: SemaphoreDeclaration[] = [];
  readonly slots: readonly (readonly Slot[])[];

  constructor(code: readonly (readonly Instruction[])[]) {
    this.slots = code.map((c) => c.map(() => ({ waits: [], signals: [], messages: [], remote: 0, heard: new Set() })));
  }

  declare(producer: UnitRef, consumer: UnitRef, initial: number): number | undefined {
    return this.declareAll(producer, [consumer], initial);
  }

  /** The same number in the cores of all consumers. */
  declareAll(producer: UnitRef, consumers: readonly UnitRef[], initial: number): number | undefined {
    const cores = consumers.map((c) => c.core);
    const index = this.declared.reduce((most, s) => (cores.includes(s.core) ? Math.max(most, s.index) : most), 0) + 1;
    if (index > 63) return undefined;
    for (const consumer of consumers) this.declared.push({ core: consumer.core, index, initial, producer, consumer });
    return index;
  }

  /** Lets the cores that receive a multicast hear of it by its own signal, each by one of its units; false where it cannot. */
  #told(from: Executed, to: Executed): boolean {
    const i = from.instruction;
    const source = this.slots[from.core]![from.pc]!;
    if (!('cores' in i) || !ownersOf(i, from.core).includes(to.core) || source.heard.has(to.core)) return false;
    if (source.remote === 0) {
      const idle = ownersOf(i, from.core).map((core): UnitRef => ({ core, kind: 'vector', channel: 0 }));
      source.remote = this.declareAll(refOf(from), idle, 0) ?? 0;
      if (source.remote === 0) return false;
    }
    const at = this.declared.findIndex((s) => s.core === to.core && s.index === source.remote);
    this.declared[at] = { ...this.declared[at]!, consumer: refOf(to) };
    this.slots[to.core]![to.pc]!.waits.push(source.remote);
    source.heard.add(to.core);
    return true;
  }

  /** Instruction `from` before instruction `to`, both static; now and then with two counts at once. */
  order(random: Random, from: Executed, to: Executed, at: 'release' | 'done', initial: number): void {
    const source = this.slots[from.core]![from.pc]!;
    const { waits } = this.slots[to.core]![to.pc]!;
    const spread = 'cores' in from.instruction && from.instruction.cores > 0;
    if (spread && at === 'done' && initial === 0 && this.#told(from, to)) return;
    if (from.core === to.core) {
      const semaphore = this.declare(refOf(from), refOf(to), initial);
      if (semaphore === undefined) return;
      const times = initial === 0 && random.bool(0.1) ? 2 : 1;
      for (let n = 0; n < times; n++) {
        source.signals.push({ semaphore, at });
        waits.push(semaphore);
      }
      return;
    }
    const i = from.instruction;
    const direct = !spread && 'core' in i && i.core === to.core + 1 && source.remote === 0;
    const messenger: UnitRef = direct ? refOf(from) : { core: from.core, kind: 'dma', channel: 0 };
    const semaphore = this.declare(messenger, refOf(to), 0);
    const after = direct ? 0 : this.declare(refOf(from), messenger, 0);
    if (semaphore === undefined || after === undefined) return;
    waits.push(semaphore);
    if (direct) {
      source.remote = semaphore;
      return;
    }
    source.signals.push({ semaphore: after, at });
    source.messages.push({ core: to.core, semaphore, after });
  }
}

function refOf({ core, unit }: Pick<Executed, 'core' | 'unit'>): UnitRef {
  const word = unit.split(' ')[1]!;
  const channel = /^dma([0-9])$/.exec(word)?.[1];
  return channel === undefined
    ? { core, kind: word as UnitRef['kind'], channel: 0 }
    : { core, kind: 'dma', channel: Number(channel) };
}

/** The instruction with its ordering; what does not fit into three slots is carried by syncs of the same unit around it. */
function withOrdering(i: Instruction, unit: UnitRef, slot: Slot, mailbox: number): Instruction[] {
  const pass = (o: Partial<Slot>) =>
    ins('sync', { unit: unit.kind, channel: unit.channel, waits: [], signals: [], ...pick(o) });
  const pick = ({ waits, signals }: Partial<Slot>) => ({ ...(waits && { waits }), ...(signals && { signals }) });
  const waits = chunks(slot.waits);
  const signals = chunks(slot.signals);
  return [
    ...waits.slice(1).map((w) => pass({ waits: w })),
    {
      ...i,
      ...(slot.remote === 0 ? {} : { signalRemote: slot.remote }),
      waits: waits[0] ?? [],
      signals: signals[0] ?? [],
    },
    ...signals.slice(1).map((s) => pass({ signals: s })),
    ...slot.messages.map((m) =>
      ins('fill', {
        dst: mailbox,
        value: 1,
        channel: 0,
        core: m.core + 1,
        signalRemote: m.semaphore,
        waits: [m.after],
      }),
    ),
  ];
}

function chunks<T>(list: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(list.length / 3) }, (_, n) => list.slice(3 * n, 3 * n + 3));
}

export interface RandomSchedule {
  readonly program: Program;
  readonly start: Uint8Array;
  readonly cores: number;
}

export function randomSchedule(random: Random): RandomSchedule {
  const cores = random.bool(0.35) ? random.int(2, 3) : 1;
  const pool = randomPool(random);
  const special = addSpecials(pool, random);
  const mailbox = pool.tensors.push(dense('spad', 120, 8, [1])) - 1;
  const size = random.int(2, 7);
  const code = Array.from({ length: cores }, () =>
    Array.from({ length: size }, () => randomInstruction(random, pool, special, cores)),
  );
  const rounds = code.map(() => (random.bool(0.4) ? random.int(2, 3) : 1));
  const start = Uint8Array.from({ length: memoryPlaces(cores) }, () => random.int(0, 255));
  const build = (bodies: readonly (readonly Instruction[])[], semaphores: readonly SemaphoreDeclaration[]): Program => {
    const looped = bodies.map((b, c) =>
      rounds[c]! > 1 ? [ins('loop', { count: rounds[c]!, length: b.length }), ...b] : [...b],
    );
    const base = program({ instructions: [], tensors: pool.tensors, arrays: ARRAYS, semaphores });
    return { ...base, dramBytes: 256, codeAddress: 256, cores: looped.map((instructions) => ({ instructions })) };
  };
  const bare = runShuffled(build(code, []), start, { random, depth: 1, inProgramOrder: true }).trace;
  const trace = bare.flatMap((e) =>
    e.instruction.op === 'loop' ? [] : [{ ...e, pc: e.pc - (rounds[e.core]! > 1 ? 1 : 0) }],
  );
  const ordering = new Ordering(code);
  orderDependences(random, trace, ordering);
  if (random.bool(0.15)) addNoise(random, trace, ordering);
  const bodies = code.map((c, core) =>
    c.flatMap((i, pc) => {
      const executed = trace.find((e) => e.core === core && e.pc === pc)!;
      return withOrdering(i, refOf(executed), ordering.slots[core]![pc]!, mailbox);
    }),
  );
  return { program: build(bodies, ordering.declared), start, cores };
}

/** A semaphore for each pair of static instructions that depend on each other in the trace, as far as the dice say. */
function orderDependences(random: Random, trace: readonly Executed[], ordering: Ordering): void {
  const keep = random.pick([0, 0.5, 0.9, 1, 1, 1]);
  const wrong = random.bool(0.2) ? 0.1 : 0;
  const seen = new Map<string, { from: Executed; to: Executed; written: boolean }>();
  trace.forEach((to, y) => {
    for (const from of trace.slice(0, y)) {
      if (from.unit === to.unit) continue;
      const written = [...from.effect.writes.keys()].some((p) => to.effect.writes.has(p) || to.effect.reads.has(p));
      if (!written && ![...from.effect.reads].some((p) => to.effect.writes.has(p))) continue;
      const key = `${from.core}.${from.pc} ${to.core}.${to.pc}`;
      seen.set(key, { from, to, written: written || (seen.get(key)?.written ?? false) });
    }
  });
  for (const { from, to, written } of seen.values()) {
    if (!random.bool(keep)) continue;
    const at = written ? (random.bool(wrong) ? 'release' : 'done') : random.pick(['release', 'done'] as const);
    // A dependence on an earlier round: the first round waits for nobody.
    const carried = from.core === to.core && from.pc >= to.pc;
    ordering.order(random, from, to, at, carried ? (random.bool(0.95) ? 1 : 2) : 0);
  }
}

/** Waits and signals for nothing; many break the law. */
function addNoise(random: Random, trace: readonly Executed[], ordering: Ordering): void {
  for (let n = random.int(1, 2); n > 0; n--) {
    const [from, to] = [random.pick(trace), random.pick(trace)];
    if (from.core === to.core)
      ordering.order(random, from, to, random.pick(['release', 'done'] as const), random.int(0, 1));
  }
}
