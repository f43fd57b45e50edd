/** Sums and products of two codes that are spelled in float32: which become one op, which stay, and that the values do not change. */
import { expect, it } from 'vitest';
import { GraphBuilder } from '../../../compiler/graph/builder.ts';
import { interpret } from '../../../compiler/graph/interpret.ts';
import type { BinaryFunction, Graph, IntegerType, OpAttributes } from '../../../compiler/graph/types.ts';
import { join } from '../../../compiler/passes/join.ts';
import { randomInputs, seeded } from '../../harness/differential.ts';

const U8: IntegerType = { kind: 'int', bits: 8, coding: 'unsigned' };
const S8: IntegerType = { kind: 'int', bits: 8, coding: 'signed' };

interface Form {
  readonly fn?: BinaryFunction;
  /** Between the operation and the quantizer. */
  readonly limit?: 'relu' | { readonly min: number; readonly max: number };
  readonly quantizer?: Partial<OpAttributes['quantize']>;
  readonly aScale?: readonly number[];
  /** The float result is an output too. */
  readonly shared?: boolean;
}

function spelled({ fn = 'add', limit, quantizer, aScale = [0.031], shared = false }: Form): Graph {
  const b = new GraphBuilder('spelled');
  const x = b.input('x', { element: U8, shape: [2, 3, 4, 5] });
  const y = b.input('y', { element: S8, shape: [2, 3, 1, 1] });
  const left = b.add('dequantize', [x], { scale: Float32Array.from(aScale), zeroPoint: Int32Array.of(7), axis: 1 });
  const right = b.add('dequantize', [y], { scale: Float32Array.of(0.017), zeroPoint: Int32Array.of(-9), axis: 0 });
  const float = b.add('binary', [left, right], { fn });
  const limited =
    limit === undefined
      ? float
      : limit === 'relu'
        ? b.add('unary', [float], { fn: 'relu' })
        : b.add('clip', [float], limit);
  const attributes: OpAttributes['quantize'] = {
    ...{ scale: Float32Array.of(0.043), zeroPoint: Float32Array.of(0), axis: 0 },
    ...({ rounding: 'half-even', min: 0, max: 255, order: 'round-then-zero' } as const),
    ...quantizer,
  };
  const codes = b.add('quantize', [limited], attributes, { element: U8, output: 'codes' });
  return b.finish(shared ? [codes, float] : [codes]);
}

function joined(form: Form): string[] {
  const before = spelled(form);
  const after = join(before);
  const inputs = randomInputs(before, seeded(4));
  expect(interpret(after, inputs)).toEqual(interpret(before, inputs));
  return after.nodes.map((n) => n.op);
}

it.each<[string, Form, string]>([
  ['a sum', {}, 'qadd'],
  ['a difference', { fn: 'sub' }, 'qadd'],
  ['a product', { fn: 'mul' }, 'qmul'],
  ['a relu that the lowest code saturates before', { limit: 'relu' }, 'qadd'],
  ['limits beyond the codes', { limit: { min: -1, max: 11 } }, 'qadd'],
  [
    'a zero point that is added first',
    { quantizer: { zeroPoint: Float32Array.of(3), order: 'zero-then-round' } },
    'qadd',
  ],
])('%s becomes one op', (_, form, op) => {
  expect(joined(form)).toEqual([op]);
});

it.each<[string, Form]>([
  ['another function', { fn: 'max' }],
  ['a limit that bites', { limit: { min: 0, max: 5 } }],
  [
    'a relu above the lowest code',
    { limit: 'relu', quantizer: { zeroPoint: Float32Array.of(3), order: 'zero-then-round' } },
  ],
  ['another rounding', { quantizer: { rounding: 'floor' } }],
  ['a zero point that is added last', { quantizer: { zeroPoint: Float32Array.of(3) } }],
  ['fewer codes than the type has', { quantizer: { max: 254 } }],
  ['a scale a channel', { aScale: [0.03, 0.04, 0.05] }],
  ['a float result that someone else reads', { shared: true }],
])('%s stays', (_, form) => {
  expect(joined(form)).toContain('quantize');
});
