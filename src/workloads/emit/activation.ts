/** Activations: what requantizing cannot do by its clamp alone is a table over 8-bit (or 16-bit) codes. */
import { applyUnary } from '../../../compiler/graph/ops/unary.ts';
import { type IntegerType, integerRange } from '../../../compiler/graph/types.ts';
import { bellDraw, bellStep, bellValue, codeOf, momentsOf } from '../bell.ts';
import type { Activation } from '../layers.ts';
import { activationType } from '../recipe.ts';
import { type Coded, type EmitContext, keyOf, node } from './context.ts';

type Curve = (x: number, slope: number) => number;

/** `slope` is PReLU's, by channel. */
const CURVES: { readonly [A in Activation]: Curve } = {
  none: (x) => x,
  relu: (x) => Math.max(0, x),
  relu6: (x) => Math.min(6, Math.max(0, x)),
  leaky: (x) => (x < 0 ? 0.1 * x : x),
  prelu: (x, slope) => (x < 0 ? slope * x : x),
  hswish: (x) => (x * Math.min(6, Math.max(0, x + 3))) / 6,
  hsigmoid: (x) => Math.min(6, Math.max(0, x + 3)) / 6,
  swish: (x) => x * applyUnary('sigmoid', x),
  sigmoid: (x) => applyUnary('sigmoid', x),
  tanh: (x) => applyUnary('tanh', x),
  // 0.044715 and sqrt(2 / pi): the usual approximation by tanh.
  gelu: (x) => 0.5 * x * (1 + applyUnary('tanh', 0.7978845608028654 * (x + 0.044715 * x * x * x))),
  relu2: (x) => Math.max(0, x) * Math.max(0, x),
};

/** Whether the clamp of a requantizer does it. */
export function isClamp(act: Activation): boolean {
  return act === 'none' || act === 'relu' || act === 'relu6';
}

/** Whether results are never below zero. */
export function isOneSided(act: Activation): boolean {
  return ['relu', 'relu6', 'hsigmoid', 'sigmoid', 'relu2'].includes(act);
}

/** The activation of a value by table, channel by channel where slopes differ. */
export function emitTable(cx: EmitContext, name: string, x: Coded, act: Activation): Coded {
  const type = activationType(cx.widths.activations, isOneSided(act));
  const scale = resultScale(act, type);
  const slopes = act === 'prelu' ? slopesOf(cx, x.mean.length) : [0];
  const from = integerRange(x.type);
  const to = integerRange(type);
  const code = (c: number, slope: number): number => {
    const y = CURVES[act](c * x.scale, slope);
    return type.coding === 'bipolar' ? (y < 0 ? -1 : 1) : codeOf(y / scale, to.min, to.max);
  };
  const table = Int32Array.from({ length: slopes.length * (from.max - from.min + 1) }, (_, i) => {
    const size = from.max - from.min + 1;
    return code(from.min + (i % size), slopes[Math.floor(i / size)] ?? 0);
  });
  const value = node(cx, 'lut', `${name}.${act}`, [x.value], { table, axis: 1 }, { element: type });
  const spread = Array.from(x.mean, (mean, c) => {
    const deviation = Math.sqrt(x.variance[c] ?? 0);
    return momentsOf((z) => code(codeOf(mean + deviation * z, from.min, from.max), slopes[c] ?? slopes[0] ?? 0));
  });
  return {
    ...x,
    value,
    type,
    scale,
    mean: Float64Array.from(spread, (s) => s.mean),
    variance: Float64Array.from(spread, (s) => s.variance),
  };
}

/** Real value of a code: the range of functions that have one, else the step for values of deviation 1. */
function resultScale(act: Activation, type: IntegerType): number {
  const { min, max } = integerRange(type);
  if (act === 'tanh' || act === 'sigmoid' || act === 'hsigmoid') return 1 / max;
  return type.coding === 'bipolar' ? 1 : bellStep(min, max);
}

/** Around a quarter, as PReLU starts its training. */
function slopesOf(cx: EmitContext, channels: number): number[] {
  const key = keyOf(cx, 'slopes');
  return Array.from({ length: channels }, (_, c) => 0.25 + 0.05 * bellValue(bellDraw(key, c)));
}
