import { describe, expect, it } from 'vitest';
import type { Instruction, Ordering } from '../../../isa/instructions/table.ts';
import { NO_TENSOR } from '../../../isa/instructions/table.ts';
import { teach8x8 } from '../../../isa/machine/presets/teach-8x8.ts';
import type { Machine } from '../../../isa/machine/schema.ts';
import type { SemaphoreDeclaration } from '../../../isa/program.ts';
import { execute } from '../../../sim/exec/execute.ts';
import { checkOrder, type OrderFinding } from '../../../sim/order/check.ts';
import { formatFinding } from '../../../sim/order/format.ts';
import { program, semaphore, tile, unit } from '../../harness/program.ts';
import { acc, ins, spad } from '../exec/rig.ts';

const MATRIX = unit('matrix');
const DRAIN = unit('drain');
const WRITE = unit('write');
const VECTOR = unit('vector');
const DMA0 = unit('dma', 0);
const DMA1 = unit('dma', 1);

/** 0 activations, 1 weights, 2 accumulators, 3 codes, 4 and 5 two more vectors, 6 the upper half of 4. */
const TENSORS = [
  spad(0, 8, [2, 4]),
  spad(64, 8, [4, 1]),
  acc(0, [2]),
  spad(128, 8, [2]),
  spad(192, 8, [8]),
  spad(256, 8, [8]),
  spad(196, 8, [4]),
];
const ARRAYS = [tile(4, 1, 8), tile(4, 1, 8, { plane: 1 }), tile(2, 1, 8, { rowStart: 4 })];

type Order = Partial<Ordering>;
const done = (s: number) => ({ semaphore: s, at: 'done' as const });
const release = (s: number) => ({ semaphore: s, at: 'release' as const });
const load = (dst: number, o: Order = {}, channel = 0) => ins('fill', { dst, value: 1, channel, ...o });
const copy = (dst: number, src: number, o: Order = {}, channel = 0) => ins('copy', { dst, src, channel, ...o });
const write = (array: number, o: Order = {}) => ins('ww', { tile: array, src: 1, ...o });
const multiply = (array: number, o: Order = {}) => ins('mm', { dst: 2, src: 0, tile: array, kdims: 1, ...o });
const drain = (o: Order = {}) =>
  ins('rq', { dst: 3, src: 2, params: NO_TENSOR, add: NO_TENSOR, mode: 'saturate', ...o });
const add = (dst: number, a: number, o: Order = {}) => ins('vadd', { dst, a, b: a, ...o });

function check(
  instructions: readonly Instruction[],
  semaphores: readonly SemaphoreDeclaration[],
  machine: Machine = teach8x8,
): OrderFinding[] {
  return checkOrder(program({ instructions, tensors: TENSORS, arrays: ARRAYS, semaphores }), machine);
}

const summary = (findings: readonly OrderFinding[]) =>
  findings.map((f) => [f.kind, f.places.map((p) => p.pc), f.space, f.bytes, f.missing]);

describe('races', () => {
  it('a chain that is ordered at every step has none', () => {
    const s = [
      semaphore(1, DMA0, MATRIX),
      semaphore(2, WRITE, MATRIX),
      semaphore(3, MATRIX, DRAIN),
      semaphore(4, DMA1, WRITE),
      semaphore(5, DRAIN, DMA0),
    ];
    const findings = check(
      [
        load(0, { signals: [done(1)] }),
        load(1, { signals: [done(4)] }, 1),
        write(0, { waits: [4], signals: [done(2)] }),
        multiply(0, { waits: [1, 2], signals: [done(3)] }),
        drain({ waits: [3], signals: [done(5)] }),
        copy(4, 3, { waits: [5] }),
      ],
      s,
    );
    expect(findings).toEqual([]);
  });

  it('read after write: the reader must wait for done', () => {
    const findings = check([load(0), load(1), write(0, {}), multiply(0)], []);
    expect(summary(findings)).toEqual([
      ['race', [1, 2], 'spad', [64, 68], "write must wait for dma0's done"],
      ['race', [0, 3], 'spad', [0, 8], "matrix must wait for dma0's done"],
      ['race', [2, 3], 'array', expect.anything(), "matrix must wait for write's done"],
    ]);
  });

  it("a write is not ordered by its unit's release, only by its done", () => {
    const s = [semaphore(1, DMA0, VECTOR)];
    expect(summary(check([load(4, { signals: [release(1)] }), add(5, 4, { waits: [1] })], s))).toEqual([
      ['race', [0, 1], 'spad', [192, 200], "vector must wait for dma0's done"],
    ]);
    expect(check([load(4, { signals: [done(1)] }), add(5, 4, { waits: [1] })], s)).toEqual([]);
  });

  it("write after read: the reader's release is enough", () => {
    const s = [semaphore(1, DMA0, VECTOR), semaphore(2, VECTOR, DMA0)];
    const code = (o: Order, next: Order) => [
      load(4, { signals: [done(1)] }),
      add(5, 4, { waits: [1], ...o }),
      load(4, next),
    ];
    expect(summary(check(code({}, {}), s))).toEqual([
      ['race', [1, 2], 'spad', [192, 200], "dma0 must wait for vector's release"],
    ]);
    expect(check(code({ signals: [release(2)] }, { waits: [2] }), s)).toEqual([]);
    expect(check(code({ signals: [done(2)] }, { waits: [2] }), s)).toEqual([]);
  });

  it('write after write: the first writer must be done', () => {
    const s = [semaphore(1, DMA0, DMA1)];
    expect(summary(check([load(4), load(6, {}, 1)], s))).toEqual([
      ['race', [0, 1], 'spad', [196, 200], "dma1 must wait for dma0's done"],
    ]);
    expect(check([load(4, { signals: [done(1)] }), load(6, { waits: [1] }, 1)], s)).toEqual([]);
  });

  it('a release carries the reads but not the writes of its unit before it', () => {
    const s = [semaphore(1, DMA0, VECTOR), semaphore(2, VECTOR, DMA1)];
    // vector writes 5, then signals release at its next instruction: 5 may not be visible yet.
    const code = (signals: Ordering['signals']) => [
      load(4, { signals: [done(1)] }),
      add(5, 4, { waits: [1] }),
      add(3, 4, { signals }),
      copy(0, 5, { waits: [2] }, 1),
    ];
    expect(summary(check(code([release(2)]), s))).toEqual([
      ['race', [1, 3], 'spad', [256, 264], "dma1 must wait for vector's done"],
    ]);
    expect(check(code([done(2)]), s)).toEqual([]);
    // But what vector has read before is free to be overwritten.
    expect(check([...code([release(2)]).slice(0, 3), load(4, { waits: [2] }, 1)], s)).toEqual([]);
  });

  it('orders pass through a third unit', () => {
    const s = [semaphore(1, DMA0, MATRIX), semaphore(2, MATRIX, DMA1)];
    const nothing = ins('sync', { unit: 'matrix', waits: [1], signals: [release(2)] });
    expect(check([load(4, { signals: [done(1)] }), nothing, copy(5, 4, { waits: [2] }, 1)], s)).toEqual([]);
  });

  it('and through the sequencer, which dispatches nothing before it has what it waits for', () => {
    const s = [semaphore(1, DMA0, unit('seq'))];
    const wait = ins('sync', { unit: 'seq', waits: [1] });
    expect(check([load(4, { signals: [done(1)] }), wait, add(5, 4)], s)).toEqual([]);
    expect(check([load(4, { signals: [done(1)] }), add(5, 4), wait], s)).toHaveLength(1);
  });

  it('one unit needs no semaphore, and readers need none among themselves', () => {
    expect(check([load(4), load(4), copy(5, 4)], [])).toEqual([]);
    const s = [semaphore(1, DMA0, VECTOR), semaphore(2, DMA0, DMA1)];
    expect(
      check(
        [
          load(4, { signals: [done(1), done(2)] }),
          add(5, 4, { waits: [1] }),
          copy(3, 3, {}, 0),
          copy(0, 4, { waits: [2] }, 1),
        ],
        s,
      ),
    ).toEqual([]);
  });

  it('cells: another plane or other rows are other cells', () => {
    const s = [
      semaphore(1, DMA0, WRITE),
      semaphore(2, WRITE, MATRIX),
      semaphore(3, DMA0, MATRIX),
      semaphore(4, MATRIX, WRITE),
    ];
    const start = [
      load(1, { signals: [done(1)] }),
      load(0, { signals: [done(3)] }),
      write(0, { waits: [1], signals: [done(2)] }),
      multiply(0, { waits: [2, 3] }),
    ];
    expect(check([...start, write(1)], s)).toEqual([]);
    expect(check([...start, write(2)], s)).toEqual([]);
    expect(summary(check([...start, write(0)], s))).toEqual([
      ['race', [3, 4], 'array', expect.anything(), "write must wait for matrix's release"],
    ]);
    expect(
      check([...start.slice(0, 3), multiply(0, { waits: [2, 3], signals: [release(4)] }), write(0, { waits: [4] })], s),
    ).toEqual([]);
  });

  it('are found in any round of a loop, once for each pair of instructions', () => {
    const s = [semaphore(1, DMA0, VECTOR), semaphore(2, VECTOR, DMA0, 1)];
    const body = (give: Ordering['signals']) => [
      ins('loop', { count: 50, length: 2 }),
      load(4, { waits: [2], signals: [done(1)] }),
      add(5, 4, { waits: [1], signals: give }),
    ];
    expect(check(body([release(2)]), s)).toEqual([]);
    const two = [semaphore(1, DMA0, VECTOR), semaphore(2, VECTOR, DMA0, 2)];
    // A second free place that does not exist: the load of round 2 overtakes the add of round 1.
    expect(summary(check(body([release(2)]), two))).toEqual([
      ['race', [2, 1], 'spad', [192, 200], "dma0 must wait for vector's release"],
    ]);
  });

  it('a gather reads any row of its table, whatever its index says', () => {
    const table = spad(320, 8, [3, 2]);
    const tensors = [
      { ...table, dims: [{ count: 1, axis: 0, step: 0 }, table.dims[1]!] },
      spad(400, 8, [1]),
      spad(410, 8, [2]),
      spad(324, 8, [2]),
    ];
    const gather = ins('gather', { dst: 2, src: 0, index: 1, channel: 1 });
    const p = program({ instructions: [ins('fill', { dst: 3, value: 1 }), gather], tensors });
    expect(summary(checkOrder(p, teach8x8))).toEqual([
      ['race', [0, 1], 'spad', [324, 326], "dma1 must wait for dma0's done"],
    ]);
  });

  it('the text names both instructions, the bytes and the missing edge', () => {
    const p = program({ instructions: [load(4), add(5, 4)], tensors: TENSORS });
    const named = {
      ...p,
      symbols: { ...p.symbols, tensorNames: ['', '', '', '', 'in', 'out'], lineOf: [[7, 9]], sourceFile: 'race.qasm' },
    };
    const [finding] = checkOrder(named, teach8x8);
    expect(formatFinding(finding!, named).split('\n')).toEqual([
      'race: dma0 writes and vector reads spad bytes 192 .. 199, and nothing orders them',
      '  line 7: fill.0 in, 1',
      '  line 9: vadd out, in, in',
      "  missing: vector must wait for dma0's done",
    ]);
  });
});

describe('semaphore rules', () => {
  const s = [semaphore(1, DMA0, VECTOR)];
  const texts = (instructions: readonly Instruction[], declared = s) =>
    check(instructions, declared)
      .filter((f) => f.kind === 'semaphore')
      .map((f) => f.message);

  it('one signalling and one waiting unit, as declared', () => {
    expect(texts([load(4, { signals: [done(1)] }, 1), add(5, 5, { waits: [1] })])).toEqual([
      'semaphore 1 is signalled by dma1; its only signalling unit is dma0',
    ]);
    expect(texts([load(4, { signals: [done(1)] }), load(5, { waits: [1] }, 1)])).toEqual([
      'semaphore 1 is waited on by dma1; its only waiting unit is vector',
    ]);
  });

  it('one kind of signal', () => {
    expect(texts([load(4, { signals: [done(1)] }), load(5, { signals: [release(1)] })])).toEqual([
      'semaphore 1 is signalled at release here and at done before; all its signals must be of one kind',
    ]);
  });

  it('declared', () => {
    expect(texts([load(4, { signals: [done(9)] }), add(5, 5, { waits: [8] })])).toEqual([
      'semaphore 9 of core 0 is signalled but not declared',
      'semaphore 8 of core 0 is waited on but not declared',
    ]);
  });
});

describe('deadlocks', () => {
  const s = [semaphore(1, DMA0, VECTOR), semaphore(2, VECTOR, DMA0)];

  it('each waits for the other: deadlock at any depth, with both', () => {
    const code = [load(4, { waits: [2], signals: [done(1)] }), add(5, 5, { waits: [1], signals: [done(2)] })];
    const [finding] = check(code, s);
    expect(finding!.kind).toBe('deadlock');
    expect(finding!.places).toEqual([
      { core: 0, pc: 0 },
      { core: 0, pc: 1 },
    ]);
    expect(finding!.message).toMatch(
      /instruction 0: fill\.0 t4, 1 {2}wait s2 .*waits for semaphore 2, which nothing that can still run will signal/,
    );
    const p = program({ instructions: code, tensors: TENSORS, semaphores: s });
    expect(() => execute(p, teach8x8, new Map())).toThrow(/deadlock: .*waits for semaphore 2/);
  });

  it('a signal too few: deadlock', () => {
    const findings = check([load(4, { signals: [done(1)] }), add(5, 4, { waits: [1] }), add(5, 4, { waits: [1] })], s);
    expect(findings.map((f) => [f.kind, f.places])).toEqual([['deadlock', [{ core: 0, pc: 2 }]]]);
  });

  it('the signal stands later in the program: hangs only if the queues are too short for it', () => {
    // vector waits first; n more adds queue behind it, then the load that signals.
    const code = (n: number) => [
      add(5, 5, { waits: [1] }),
      ...Array.from({ length: n }, () => add(5, 5)),
      load(4, { signals: [done(1)] }),
    ];
    const depth = teach8x8.core.sequencer.queueDepth;
    expect(check(code(depth - 1), s).map((f) => f.kind)).toEqual(['order-law']);
    expect(check(code(depth), s).map((f) => f.kind)).toEqual(['deadlock-at-this-depth']);
    expect(check(code(depth), s)[0]!.message).toMatch(/with queues of 4 the signal is never dispatched/);
    const deeper: Machine = {
      ...teach8x8,
      core: { ...teach8x8.core, sequencer: { ...teach8x8.core.sequencer, queueDepth: depth + 1 } },
    };
    expect(check(code(depth), s, deeper).map((f) => f.kind)).toEqual(['order-law']);
  });

  it('the sequencer waiting for what it has not dispatched hangs at any depth', () => {
    const q = [semaphore(1, DMA0, unit('seq'))];
    expect(
      check([ins('sync', { unit: 'seq', waits: [1] }), load(4, { signals: [done(1)] })], q).map((f) => f.kind),
    ).toEqual(['deadlock']);
  });

  it('an ldr on the way to the signal hangs nothing; a skip that depends on it cannot be foreseen', () => {
    const load1 = ins('ldr', { rd: 3, src: 5 });
    const q = [semaphore(1, unit('seq'), VECTOR)];
    const give = ins('sync', { unit: 'seq', signals: [done(1)] });
    const kindOf = (...between: Instruction[]) => check([add(5, 5, { waits: [1] }), ...between, give], q)[0]!;
    expect(kindOf(load1).kind).toBe('order-law');
    expect(kindOf(load1).message).toMatch(/signalled later in the program/);
    const skip = (rs: number) => ins('skip', { rs, condition: 'zero', length: 1 });
    expect(kindOf(load1, skip(3)).message).toMatch(
      /no earlier instruction signals; .* cannot be foreseen: the skip at instruction 2 .* depends on what ldr loads/,
    );
    const other = ins('addi', { rd: 4, rs: 3, value: 1 });
    expect(kindOf(load1, other, skip(4)).message).toMatch(/cannot be foreseen/);
    expect(kindOf(load1, other, ins('li', { rd: 4, value: 1 }), skip(4)).message).toMatch(/signalled later/);
  });

  it('an initial count stands for signals', () => {
    expect(check([add(5, 5, { waits: [1] })], [semaphore(1, DMA0, VECTOR, 1)])).toEqual([]);
    expect(check([add(5, 5, { waits: [1] })], [semaphore(1, DMA0, VECTOR, 2 ** 32 - 1)])).toEqual([]);
    expect(check([add(5, 5, { waits: [1, 1] })], [semaphore(1, DMA0, VECTOR, 1)]).map((f) => f.kind)).toEqual([
      'deadlock',
    ]);
  });

  it('cores that wait for each other in turn get through', () => {
    const machine = { ...teach8x8, cores: 2 };
    const send = (to: number) => ins('fill', { dst: 4, value: 1, core: to, signalRemote: 1 });
    const base = program({ instructions: [send(2), ins('sync', { unit: 'vector', waits: [1] })], tensors: TENSORS });
    const remote = (core: number): SemaphoreDeclaration => ({
      core,
      index: 1,
      initial: 0,
      producer: unit('dma', 0, 1 - core),
      consumer: unit('vector', 0, core),
    });
    const answer = [ins('sync', { unit: 'vector', waits: [1] }), send(1)];
    const p = { ...base, cores: [base.cores[0]!, { instructions: answer }], semaphores: [remote(0), remote(1)] };
    expect(checkOrder(p, machine)).toEqual([]);
  });
});
