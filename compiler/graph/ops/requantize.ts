/**
 * Accumulators to codes, three ways. float32: ONNX Runtime's QLinear ops (one IEEE multiply, half to even). fixed-point:
 * TensorFlow Lite's reference kernels (MultiplyByQuantizedMultiplier with double rounding). threshold: counting steps.
 */
import { integerRange, type RequantizeSpec } from '../types.ts';
import { allocate, channelOf, clamp, type OpDefinition, requireThat, roundHalfEven } from './op.ts';

export const requantize: OpDefinition<'requantize'> = {
  doc: 'accumulators to codes',
  arity: [1, 1],
  infer({ spec, axis }, [x], element) {
    requireThat(x !== undefined && x.element.kind === 'int', 'requantize takes integers');
    requireThat(element !== undefined && element.kind === 'int', 'requantize gives integers');
    const channels = channelCount(spec);
    requireThat(
      channels === 1 || channels === x.shape[axis],
      `${channels} requantizer channels for axis ${axis} of [${x.shape}]`,
    );
    return { element, shape: x.shape };
  },
  reference({ spec, axis, relu }, [x], output) {
    const out = allocate(output);
    const range = integerRange(output.element as Extract<typeof output.element, { kind: 'int' }>);
    const low = relu && spec.mode !== 'threshold' ? Math.max(range.min, spec.zeroPoint) : range.min;
    const channel = channelCount(spec) === 1 ? () => 0 : channelOf(output.shape, axis);
    const step = output.element.kind === 'int' && output.element.coding === 'bipolar' ? 2 : 1;
    for (let i = 0; i < out.length; i++) out[i] = clamp(one(spec, x!.data[i]!, channel(i), step), low, range.max);
    return out;
  },
};

export function channelCount(spec: RequantizeSpec): number {
  return spec.mode === 'float32'
    ? spec.scale.length
    : spec.mode === 'fixed-point'
      ? spec.multiplier.length
      : spec.base.length;
}

function one(spec: RequantizeSpec, acc: number, c: number, step: number): number {
  switch (spec.mode) {
    case 'float32':
      return roundHalfEven(Math.fround(Math.fround(acc) * spec.scale[c]!)) + spec.zeroPoint;
    case 'fixed-point':
      return multiplyByQuantizedMultiplier(acc, spec.multiplier[c]!, spec.shift[c]!) + spec.zeroPoint;
    case 'threshold':
      return spec.base[c]! + step * countSteps(spec, acc, c);
  }
}

function countSteps(spec: Extract<RequantizeSpec, { mode: 'threshold' }>, acc: number, c: number): number {
  let steps = 0;
  for (let i = 0; i < spec.levels; i++) {
    const t = spec.thresholds[c * spec.levels + i]!;
    if (spec.descending[c] ? acc <= t : acc >= t) steps += 1;
  }
  return steps;
}

/** gemmlowp: SaturatingRoundingDoublingHighMul, then RoundingDivideByPOT; in BigInt, so nothing can round twice by accident. */
function multiplyByQuantizedMultiplier(x: number, multiplier: number, shift: number): number {
  const left = BigInt(Math.max(shift, 0));
  const right = BigInt(Math.max(-shift, 0));
  const a = BigInt.asIntN(32, BigInt(x) << left);
  const b = BigInt(multiplier);
  const lowest = -(2n ** 31n);
  const product = a * b;
  const nudge = product >= 0n ? 2n ** 30n : 1n - 2n ** 30n;
  const high = a === lowest && b === lowest ? 2n ** 31n - 1n : (product + nudge) / 2n ** 31n;
  const mask = (1n << right) - 1n;
  const remainder = high & mask;
  const threshold = (mask >> 1n) + (high < 0n ? 1n : 0n);
  return Number((high >> right) + (remainder > threshold ? 1n : 0n));
}
