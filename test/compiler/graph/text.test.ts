import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseGraph } from '../../../compiler/graph/text/parse.ts';
import { printGraph } from '../../../compiler/graph/text/print.ts';
import { InputError, QnpuError } from '../../../isa/base/errors.ts';
import { randomGraph } from '../../harness/random-graphs.ts';

const SMALL = `graph "small"
input x : u4[1,3]
const w : s2[3,2] = [1 0 -1 1 0 -1]
acc : s32[1,2] = matmul(x, w) {xZero: 0, wZero: i32[0]} "fc" from "MatMul fc"
y : f32[1,2] = dequantize(acc) {scale: f32[0.1f], zeroPoint: i32[0], axis: 1} "scale" from "MatMul fc" ; a comment
output y
`;

function problems(text: string): InputError {
  try {
    parseGraph(text, 'small.graph');
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
  throw new Error('the text was accepted');
}

describe('text form of a graph', () => {
  it('reads what it prints, for random graphs over every op', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1_000_000 }), (seed) => {
        const graph = randomGraph(seed);
        const text = printGraph(graph);
        const back = parseGraph(text);
        expect(back).toEqual(graph);
        expect(printGraph(back)).toBe(text);
      }),
      { numRuns: 150 },
    );
  });

  it('reads a graph written by hand', () => {
    const graph = parseGraph(SMALL);
    expect(graph.nodes.map((n) => n.op)).toEqual(['matmul', 'dequantize']);
    expect(graph.values.get('acc')).toEqual({ element: { kind: 'int', bits: 32, coding: 'signed' }, shape: [1, 2] });
    expect(graph.nodes[1]?.attributes).toMatchObject({ scale: Float32Array.of(0.1) });
  });

  it('names line and column of every mistake at once', () => {
    const broken = SMALL.replace('u4[1,3]', 'q4[1,3]').replace('matmul(x, w)', 'matmull(x, w)');
    const { diagnostics } = problems(broken);
    expect(diagnostics.map((d) => [d.where, d.line, d.column])).toEqual([
      ['small.graph', 2, 11],
      ['small.graph', 4, 18],
    ]);
    expect(diagnostics[1]?.expected).toContain('matmul');
    expect(diagnostics[0]?.excerpt).toBe('input x : q4[1,3]\n          ^');
  });

  it('refuses missing, unknown and ill-typed attributes', () => {
    expect(problems(SMALL.replace('xZero: 0, ', '')).diagnostics[0]?.message).toBe(
      "matmul needs its attribute 'xZero'",
    );
    expect(problems(SMALL.replace('xZero: 0', 'xZero: 0, foo: 1')).diagnostics[0]?.message).toBe(
      "matmul has no attribute 'foo'",
    );
    expect(problems(SMALL.replace('wZero: i32[0]', 'wZero: [0]')).diagnostics[0]?.expected).toBe('i32[..]');
  });

  it('lets the verifier speak: wrong result types, codes out of range, missing values', () => {
    expect(problems(SMALL.replace('acc : s32[1,2]', 'acc : s32[1,4]')).message).toContain(
      'declared s32[1,4] but is s32[1,2]',
    );
    expect(problems(SMALL.replace('[1 0 -1 1 0 -1]', '[1 0 -1 1 0 -3]')).message).toContain('element 5 is -3');
    expect(problems(SMALL.replace('matmul(x, w)', 'matmul(z, w)')).message).toContain("'z' is not defined");
  });

  it('never throws anything but its own errors on damaged text', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 500 }),
        fc.nat(),
        fc.string({ minLength: 1, maxLength: 3 }),
        (seed, at, noise) => {
          const text = printGraph(randomGraph(seed, { ops: 3 }));
          const i = at % text.length;
          const damaged = text.slice(0, i) + noise + text.slice(i + 1);
          try {
            parseGraph(damaged);
          } catch (error) {
            expect(error).toBeInstanceOf(QnpuError);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
