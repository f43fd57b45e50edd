/** Scales, zero points and axes of quantizers as they come in ONNX: scalars, vectors along an axis, or QONNX's broadcast shapes. */

import { invalid, refuse } from '../../refusal.ts';
import { axisOf } from '../fold.ts';
import type { Constant, Scaling } from '../meaning.ts';

/** Scale and zero point of QuantizeLinear and its relatives: one element, or one per element of `axis`. */
export function linearScaling(
  scale: Constant,
  zero: Constant | undefined,
  shape: readonly number[],
  rawAxis: number,
): Scaling {
  const count = scale.data.length;
  if (zero !== undefined && zero.data.length !== count) {
    invalid(`${zero.data.length} zero points for ${count} scales`, { expected: 'as many zero points as scales' });
  }
  const axis = count === 1 ? 0 : axisOf(rawAxis, shape.length);
  if (scale.shape.length > 1 && count !== 1)
    refuse('blocked quantization (a scale of rank above 1)', { expected: 'one scale, or one per channel' });
  if (count !== 1 && count !== shape[axis]) {
    invalid(`${count} scales for axis ${axis} of [${shape.join(', ')}]`, { expected: `1 or ${shape[axis]} scales` });
  }
  return {
    scale: positive(Float32Array.from(scale.data)),
    zero: shrink(zero === undefined ? new Int32Array(1) : Int32Array.from(zero.data)),
    axis,
  };
}

/** Scale and zero point of QONNX's Quant: any shape that broadcasts to the tensor and varies along one axis at most. */
export function broadcastScaling(scale: Constant, zero: Constant | undefined, shape: readonly number[]): Scaling {
  const scaleAxis = varyingAxis(scale, shape, 'scale');
  const zeroAxis = zero === undefined ? undefined : varyingAxis(zero, shape, 'zero point');
  if (scaleAxis !== undefined && zeroAxis !== undefined && scaleAxis !== zeroAxis)
    refuse('scale and zero point vary along different axes');
  const zeros = zero === undefined ? [0] : Array.from(zero.data);
  for (const z of zeros) if (!Number.isInteger(z)) refuse(`zero point ${z} is not a whole number`);
  return {
    scale: positive(Float32Array.from(scale.data)),
    zero: shrink(Int32Array.from(zeros)),
    axis: scaleAxis ?? zeroAxis ?? 0,
  };
}

/** The one axis along which a broadcast constant varies; undefined for one element. */
export function varyingAxis(c: Constant, shape: readonly number[], what: string): number | undefined {
  if (c.data.length === 1) return undefined;
  const lead = shape.length - c.shape.length;
  if (lead < 0) invalid(`the ${what} has rank ${c.shape.length}, the tensor ${shape.length}`);
  const axes = c.shape.flatMap((d, i) => (d === 1 ? [] : [i + lead]));
  const [axis] = axes;
  if (axes.length > 1 || axis === undefined)
    refuse(`a ${what} that varies along ${axes.length} axes`, { expected: 'one value, or one per channel' });
  if (shape[axis] !== c.data.length)
    invalid(`${what} of shape [${c.shape.join(', ')}] does not fit [${shape.join(', ')}]`);
  return axis;
}

function positive(scale: Float32Array): Float32Array {
  for (const s of scale) {
    if (!(s > 0 && Number.isFinite(s))) invalid(`a scale is ${s}`, { expected: 'positive, finite scales' });
  }
  return scale;
}

/** Equal elements become one. */
function shrink(zero: Int32Array): Int32Array {
  return zero.length > 0 && zero.every((z) => z === zero[0]) ? zero.slice(0, 1) : zero;
}

/** True when two scalings give the same floats for the same codes. */
export function sameScaling(a: Scaling, b: Scaling): boolean {
  const equal = (x: ArrayLike<number>, y: ArrayLike<number>) =>
    x.length === y.length && Array.from(x).every((v, i) => v === y[i]);
  return equal(a.scale, b.scale) && equal(a.zero, b.zero) && (isPerTensor(a) || a.axis === b.axis);
}

export function isPerTensor(s: Scaling): boolean {
  return s.scale.length === 1 && s.zero.length === 1;
}

/** The one zero point; refuses one per channel. */
export function singleZero(s: Scaling, what: string): number {
  if (s.zero.length !== 1) refuse(`${what} has a zero point per channel`, { expected: 'one zero point' });
  return s.zero[0] ?? 0;
}

/** The one scale; refuses one per channel, since a sum over channels cannot take it out. */
export function singleScale(s: Scaling, what: string): number {
  if (s.scale.length !== 1)
    refuse(`${what} has a scale per channel, along the axis that is summed`, {
      expected: 'one scale',
      hint: 'quantize activations per tensor',
    });
  return s.scale[0] ?? 0;
}
