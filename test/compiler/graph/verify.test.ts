import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GraphBuilder } from '../../../compiler/graph/builder.ts';
import { interpret } from '../../../compiler/graph/interpret.ts';
import { accumulatorRange } from '../../../compiler/graph/ranges.ts';
import {
  type Graph,
  type IntegerType,
  integerRange,
  type NodeOf,
  type Tensor,
  type ValueType,
} from '../../../compiler/graph/types.ts';
import { requireVerified, verify } from '../../../compiler/graph/verify.ts';
import { InputError, InternalError } from '../../../isa/base/errors.ts';
import { createRandom } from '../../../isa/base/random.ts';
import { randomGraph } from '../../harness/random-graphs.ts';

const S4: IntegerType = { kind: 'int', bits: 4, coding: 'signed' };
const U8: IntegerType = { kind: 'int', bits: 8, coding: 'unsigned' };

function constant(element: IntegerType, shape: readonly number[], data: readonly number[]): Tensor {
  return { type: { element, shape }, data: Int32Array.from(data) };
}

function product(k = 2, weights: readonly number[] = [1, -2, 3, -4]): Graph {
  const b = new GraphBuilder('product');
  const x = b.input('x', { element: U8, shape: [1, k] });
  const w = b.constant(constant(S4, [k, weights.length / k], weights), 'w');
  return b.finish([b.add('matmul', [x, w], { xZero: 0, wZero: Int32Array.of(0) }, { name: 'fc', output: 'acc' })]);
}

function codes(graph: Graph): string[] {
  return verify(graph).map((d) => d.code);
}

const withNodes = (graph: Graph, nodes: Graph['nodes']): Graph => ({ ...graph, nodes });
const withValue = (graph: Graph, name: string, type: ValueType): Graph => ({
  ...graph,
  values: new Map([...graph.values, [name, type]]),
});

describe('the verifier', () => {
  it('accepts what the builder makes', () => {
    expect(verify(product())).toEqual([]);
    for (let seed = 0; seed < 200; seed++)
      expect(verify(randomGraph(seed)).filter((d) => d.code !== 'E-GRAPH-RANGE')).toEqual([]);
  });

  it('finds operands used before they are defined, repeated names and second definitions', () => {
    const graph = product();
    const [fc1] = graph.nodes as [NodeOf<'matmul'>];
    expect(codes(withNodes(graph, []))).toEqual(['E-GRAPH-VALUE', 'E-GRAPH-VALUE']);
    expect(codes(withNodes(graph, [{ ...fc1, inputs: ['acc', 'w'] }]))).toContain('E-GRAPH-ORDER');
    expect(codes(withNodes(graph, [fc1, fc1]))).toEqual(expect.arrayContaining(['E-GRAPH-NAME', 'E-GRAPH-VALUE']));
  });

  it('finds wrong result types, bad shapes and codes that do not exist', () => {
    const graph = product();
    expect(verify(withValue(graph, 'acc', { element: U8, shape: [1, 2] }))[0]?.message).toContain(
      'declared u8[1,2] but is s32[1,2]',
    );
    expect(codes(withValue(graph, 'x', { element: U8, shape: [1, 0] }))).toContain('E-GRAPH-TYPE');
    expect(
      codes(withValue(graph, 'x', { element: { kind: 'int', bits: 3, coding: 'bipolar' }, shape: [1, 2] })),
    ).toContain('E-GRAPH-TYPE');
    expect(codes(withValue(graph, 'ghost', { element: U8, shape: [1] }))).toEqual(['E-GRAPH-VALUE']);
  });

  it('finds constants with codes outside their type, and a bipolar zero', () => {
    expect(verify(product(2, [1, 2, 3, 9]))[0]?.message).toBe('element 3 is 9, outside -8 .. 7');
    const graph = product();
    const bipolar = constant({ kind: 'int', bits: 1, coding: 'bipolar' }, [2, 2], [1, -1, 0, 1]);
    const changed = { ...withValue(graph, 'w', bipolar.type), constants: new Map([['w', bipolar]]) };
    expect(verify(changed)[0]?.message).toBe('element 2 is 0, outside -1 .. 1 without 0');
  });

  it('finds unsorted thresholds and slices that run out', () => {
    const b = new GraphBuilder('g');
    const x = b.input('x', { element: { kind: 'int', bits: 32, coding: 'signed' }, shape: [4] });
    const spec = {
      mode: 'threshold',
      levels: 3,
      base: Int32Array.of(0),
      descending: Uint8Array.of(0),
      thresholds: Int32Array.of(1, 3, 2),
    } as const;
    const q = b.add('requantize', [x], { spec, axis: 0, relu: false }, { element: U8 });
    const s = b.add('slice', [q], { starts: [2], steps: [1] }, { shape: [3] });
    expect(verify(b.finish([s])).map((d) => d.message)).toEqual([
      'thresholds of channel 0 are not sorted',
      'axis 0 of the slice runs from 2 to 4, outside 0 .. 3',
    ]);
  });

  it('finds sums that may leave 32 bits', () => {
    const wide: IntegerType = { kind: 'int', bits: 16, coding: 'signed' };
    const b = new GraphBuilder('g');
    const x = b.input('x', { element: wide, shape: [1, 4] });
    const w = b.constant(constant(wide, [4, 1], [32767, 32767, 32767, 32767]));
    const graph = b.finish([b.add('matmul', [x, w], { xZero: 0, wZero: Int32Array.of(0) })]);
    expect(verify(graph)[0]).toMatchObject({
      code: 'E-GRAPH-RANGE',
      message: expect.stringContaining('more than 32-bit accumulators hold'),
    });
    expect(() => requireVerified(graph, 'a test')).toThrow(InternalError);
  });
});

describe('ranges of sums', () => {
  it('contain every sum and every partial sum, and are reached', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const random = createRandom(seed);
        const k = random.int(1, 6);
        const n = random.int(1, 3);
        const weights = Array.from({ length: k * n }, () => random.int(-8, 7));
        const graph = product(k, weights);
        const [node] = graph.nodes as [NodeOf<'matmul'>];
        const { min, max } = integerRange(U8);
        const range = accumulatorRange(graph, node, { min, max });
        for (let c = 0; c < n; c++) {
          const column = weights.filter((_, i) => i % n === c);
          const highest = column.map((w) => (w > 0 ? max : min));
          const sum = highest.reduce((s, v, i) => s + v * (column[i] ?? 0), 0);
          expect(range.max[c]).toBe(sum);
          let partial = 0;
          for (const w of column) {
            partial += w * random.int(min, max);
            expect(partial).toBeLessThanOrEqual(range.max[c] ?? 0);
            expect(partial).toBeGreaterThanOrEqual(range.min[c] ?? 0);
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('the interpreter', () => {
  it('checks its inputs and keeps all values when asked', () => {
    const graph = product();
    expect(() => interpret(graph, new Map())).toThrow(InputError);
    expect(() => interpret(graph, new Map([['x', Int32Array.of(1)]]))).toThrow(/has 1 elements, expected 2/);
    expect(() => interpret(graph, new Map([['x', Int32Array.of(1, 256)]]))).toThrow(/x\[1\] = 256 is outside u8/);
    const all = interpret(graph, new Map([['x', Int32Array.of(2, 3)]]), 'all');
    expect([...all.keys()].sort()).toEqual(['acc', 'w', 'x']);
    expect(Array.from(all.get('acc')?.data ?? [])).toEqual([2 + 9, -4 - 12]);
  });
});
