/**
 * MultiThreshold, as FINN writes a quantizer with all that lies before it: how many thresholds of its channel a value reaches, times a scale, plus an offset. Behind integer sums the passes
 * make thresholds of integers of it.
 */
import type { IntegerType } from '../../../graph/types.ts';
import { invalid, refuse } from '../../refusal.ts';
import { floatAttribute, stringAttribute } from '../attributes.ts';
import { floatData, type ImportContext } from '../context.ts';
import { Formula } from './formula.ts';

/** Up to so many thresholds are compared one by one, so that the whole is one chain; more are compared side by side. */
const MOST_APART = 15;
const MOST_THRESHOLDS = 255;

export function importMultiThreshold(cx: ImportContext): void {
  const { shape } = cx.typeOf(cx.input(0));
  const given = cx.constantInput(1, 'the thresholds') ?? invalid('MultiThreshold has no thresholds');
  const [rows = 0, count = 0] = given.shape;
  const axis = stringAttribute(cx.node, 'data_layout', 'NCHW').endsWith('C') ? shape.length - 1 : 1;
  const channels = shape[axis] ?? 1;
  if (given.shape.length !== 2 || (rows !== 1 && rows !== channels) || count < 1)
    invalid(`thresholds of shape [${given.shape.join(', ')}]`, { expected: `[${channels}, n] or [1, n]` });
  if (count > MOST_THRESHOLDS) refuse(`${count} thresholds`, { expected: `at most ${MOST_THRESHOLDS}` });
  const thresholds = floatData(given);
  const x = cx.floatInput(0);
  const f = new Formula(cx);
  const [scale, offset] = [floatAttribute(cx.node, 'out_scale', 1), floatAttribute(cx.node, 'out_bias', 0)];
  const behind = shape.slice(axis + 1).map(() => 1);
  if (stringAttribute(cx.node, 'out_dtype', '') === 'BIPOLAR' && count === 1 && scale === 2 && offset === -1) {
    const limit = f.constant(thresholds, rows === 1 ? [] : [rows, ...behind]);
    const id = cx.add('bipolar', [f.binary('sub', x, limit)], {}, { output: `${cx.outputName}.codes` });
    cx.result({
      kind: 'quantized',
      id,
      scaling: { scale: Float32Array.of(1), zero: new Int32Array(1), axis: 0 },
      origin: 'qonnx',
    });
    return;
  }
  // Reached: above the next smaller number.
  const below = thresholds.map(nextBelow);
  const column = (i: number): string =>
    f.constant(
      Float32Array.from({ length: rows }, (_, c) => below[c * count + i] ?? 0),
      rows === 1 ? [] : [rows, ...behind],
    );
  const reached = (difference: string): string => f.unary('relu', f.unary('sign', difference));
  const apart = (): string =>
    Array.from({ length: count }, (_, i) => reached(f.binary('sub', x, column(i)))).reduce((sum, one) =>
      f.binary('add', sum, one),
    );
  const sums =
    count <= MOST_APART
      ? apart()
      : besides(cx, f, x, f.constant(below, rows === 1 ? [count] : [rows, ...behind, count]), reached);
  counted(cx, f, sums, { count, scale, offset });
}

/** All thresholds at once: an axis of them, whose ones are added. */
function besides(cx: ImportContext, f: Formula, x: string, limits: string, reached: (x: string) => string): string {
  const { shape } = cx.builder.typeOf(x);
  const ones = reached(f.binary('sub', f.reshape(x, [...shape, 1]), limits));
  const count = cx.builder.typeOf(ones).shape.at(-1) ?? 1;
  const rows = f.reshape(ones, [shape.reduce((n, d) => n * d, 1), count]);
  return f.reshape(f.product(rows, new Float32Array(count).fill(1), 1), shape);
}

interface Result {
  readonly count: number;
  readonly scale: number;
  readonly offset: number;
}

/** Counts as codes, where the offset is a whole number of steps; else in float32. */
function counted(cx: ImportContext, f: Formula, sums: string, { count, scale, offset }: Result): void {
  const zero = -offset / scale;
  if (!(scale > 0) || !Number.isInteger(zero)) {
    cx.result({ kind: 'float', id: f.binary('add', f.binary('mul', sums, scale), offset) });
    return;
  }
  const element: IntegerType = { kind: 'int', bits: Math.max(1, Math.ceil(Math.log2(count + 1))), coding: 'unsigned' };
  const unit = {
    scale: Float32Array.of(1),
    zeroPoint: new Float32Array(1),
    axis: 0,
    rounding: 'half-even',
    min: 0,
    max: count,
  } as const;
  const id = cx.add(
    'quantize',
    [sums],
    { ...unit, order: 'zero-then-round' },
    { element, output: `${cx.outputName}.codes` },
  );
  cx.quantizers.push({ output: cx.outputName, codes: id });
  cx.result({
    kind: 'quantized',
    id,
    scaling: { scale: Float32Array.of(scale), zero: Int32Array.of(zero), axis: 0 },
    origin: 'qonnx',
  });
}

/** The largest float32 below `x`. */
function nextBelow(x: number): number {
  const bits = new DataView(new ArrayBuffer(4));
  if (x === 0) return -(2 ** -149);
  bits.setFloat32(0, x);
  bits.setInt32(0, bits.getInt32(0) + (x > 0 ? -1 : 1));
  return bits.getFloat32(0);
}
