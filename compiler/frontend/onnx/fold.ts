/**
 * Ops on known numbers: exporters leave chains such as Shape, Gather, Unsqueeze, Concat, Reshape before every Reshape, and
 * compute scales at run time. All of it folds here. Floats are rounded to float32 after each op, as a runtime would; int64 is
 * exact to 2^53. An op that is not here, on constants, goes the way of any other op.
 */

import { roundHalfEven } from '../../graph/ops/op.ts';
import { exponential, naturalLogarithm } from '../../graph/ops/transcendental.ts';
import { invalid, refuse } from '../refusal.ts';
import { floatAttribute, intAttribute, intsAttribute, tensorAttribute } from './attributes.ts';
import { allocate, broadcast, generate, type Indexer, indexer, make, size, stridesOf } from './constants.ts';
import { axisOf, type Fold, type FoldContext, need, whole } from './fold-basics.ts';
import { INDEX_FOLDS } from './fold-index.ts';
import { MATH_FOLDS } from './fold-math.ts';
import type { Constant } from './meaning.ts';
import { type DataType, dataTypeOf, isFloatType, type OnnxNode } from './model.ts';
import { elementCountOf, tensorValues } from './values.ts';

export { axisOf, whole } from './fold-basics.ts';

/** Folds one node with constant inputs (undefined = absent); undefined when the op is not folded here. */
export function foldNode(
  node: OnnxNode,
  inputs: readonly (Constant | undefined)[],
  cx: FoldContext,
): Constant | undefined {
  const table = [FOLDS, MATH_FOLDS, INDEX_FOLDS].find((t) => Object.hasOwn(t, node.opType));
  return node.domain === '' ? table?.[node.opType]?.(node, inputs, cx) : undefined;
}

const unary =
  (fn: (x: number) => number): Fold =>
  (_, inputs) => {
    const x = need(inputs, 0);
    return generate(x.dataType, x.shape, (i) => fn(x.data[i] ?? 0));
  };

const binary =
  (fn: (a: number, b: number, whole: boolean) => number, result?: DataType): Fold =>
  (_, inputs) => {
    const a = need(inputs, 0);
    const b = need(inputs, 1);
    const whole = !isFloatType(a.dataType);
    const shape = broadcast(a.shape, b.shape);
    const ia = indexer(a.shape, shape);
    const ib = indexer(b.shape, shape);
    return generate(result ?? a.dataType, shape, (i) => fn(a.data[ia(i)] ?? 0, b.data[ib(i)] ?? 0, whole));
  };

/** One operand or any number of them. */
const variadic =
  (fn: (a: number, b: number) => number): Fold =>
  (node, inputs, cx) =>
    inputs.slice(1).reduce<Constant>((a, b) => binary((x, y) => fn(x, y))(node, [a, b], cx), need(inputs, 0));

const divide = (a: number, b: number, whole: boolean): number => {
  if (!whole) return a / b;
  if (b === 0) invalid('an integer constant is divided by zero');
  return Math.trunc(a / b);
};

/** With the sign of the divisor, or as fmod with that of the dividend. */
function remainder(a: number, b: number, floored: boolean): number {
  if (floored && b === 0) invalid('an integer constant is divided by zero');
  const rest = a % b;
  return floored && rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest;
}

const FOLDS: Readonly<Record<string, Fold>> = {
  Constant: (node, _, cx) => foldConstant(node, cx),
  ConstantOfShape: (node, inputs, cx) => {
    const shape = whole(need(inputs, 0));
    const value = tensorAttribute(node, 'value');
    const fill = value === undefined ? 0 : (tensorValues(value, cx.load)[0] ?? 0);
    elementCountOf(node.name, shape);
    return generate(value?.dataType ?? 'float32', shape, () => fill);
  },
  Identity: (_, inputs) => need(inputs, 0),
  Cast: (node, inputs) =>
    foldCast(need(inputs, 0), dataTypeOf(intAttribute(node, 'to', 0)) ?? invalid('Cast has no type')),
  Shape: (node, inputs) => shapeConstant(node, need(inputs, 0).shape),
  Size: (_, inputs) => make('int64', [], [need(inputs, 0).data.length]),
  Add: binary((a, b) => a + b),
  Sub: binary((a, b) => a - b),
  Mul: binary((a, b) => a * b),
  Div: binary(divide),
  Mod: (node, inputs, cx) =>
    binary((a, b, whole) => remainder(a, b, whole && intAttribute(node, 'fmod', 0) === 0))(node, inputs, cx),
  Min: variadic(Math.min),
  Max: variadic(Math.max),
  Pow: binary((a, b, whole) => (whole ? Math.trunc(power(a, b)) : power(a, b))),
  Equal: binary((a, b) => (a === b ? 1 : 0), 'bool'),
  Neg: unary((x) => -x),
  Abs: unary(Math.abs),
  Floor: unary(Math.floor),
  Ceil: unary(Math.ceil),
  Round: unary(roundHalfEven),
  Sqrt: unary(Math.sqrt),
  Sign: unary(Math.sign),
  Relu: unary((x) => Math.max(x, 0)),
  Clip: (node, inputs, cx) => {
    const x = need(inputs, 0);
    const bound = (i: number, name: string, none: number): number =>
      cx.opset < 11 ? floatAttribute(node, name, none) : (inputs[i]?.data[0] ?? none);
    const low = bound(1, 'min', Number.NEGATIVE_INFINITY);
    const high = bound(2, 'max', Number.POSITIVE_INFINITY);
    return generate(x.dataType, x.shape, (i) => Math.min(high, Math.max(low, x.data[i] ?? 0)));
  },
  Less: binary((a, b) => Number(a < b), 'bool'),
  Greater: binary((a, b) => Number(a > b), 'bool'),
  GreaterOrEqual: binary((a, b) => Number(a >= b), 'bool'),
  LessOrEqual: binary((a, b) => Number(a <= b), 'bool'),
  IsNaN: (_, inputs) => {
    const x = need(inputs, 0);
    return generate('bool', x.shape, (i) => Number(Number.isNaN(x.data[i])));
  },
  And: binary((a, b) => Number(a !== 0 && b !== 0), 'bool'),
  Or: binary((a, b) => Number(a !== 0 || b !== 0), 'bool'),
  Tile: (_, inputs) => {
    const x = need(inputs, 0);
    const times = whole(need(inputs, 1));
    const strides = stridesOf(x.shape);
    const shape = x.shape.map((d, i) => d * (times[i] ?? 1));
    return gatherBy(x, shape, (index) => index.reduce((n, v, i) => n + (v % (x.shape[i] ?? 1)) * (strides[i] ?? 0), 0));
  },
  Reciprocal: unary((x) => 1 / x),
  Xor: binary((a, b) => Number((a !== 0) !== (b !== 0)), 'bool'),
  Not: unary((x) => (x === 0 ? 1 : 0)),
  Where: (_, inputs) => foldWhere(need(inputs, 0), need(inputs, 1), need(inputs, 2)),
  Gather: (node, inputs) => foldGather(need(inputs, 0), need(inputs, 1), intAttribute(node, 'axis', 0)),
  Concat: (node, inputs) =>
    foldConcat(
      inputs.map((_, i) => need(inputs, i)),
      intAttribute(node, 'axis', 0),
    ),
  Reshape: (node, inputs) => {
    const x = need(inputs, 0);
    const target = inputs[1] === undefined ? intsAttribute(node, 'shape') : whole(inputs[1]);
    return {
      ...x,
      shape: reshapeTarget(
        x.shape,
        target ?? invalid('Reshape has no shape'),
        intAttribute(node, 'allowzero', 0) !== 0,
      ),
    };
  },
  Flatten: (node, inputs) => {
    const x = need(inputs, 0);
    return { ...x, shape: flattenTarget(x.shape, intAttribute(node, 'axis', 1)) };
  },
  Unsqueeze: (node, inputs) => {
    const x = need(inputs, 0);
    return { ...x, shape: unsqueezeTarget(x.shape, axesOf(node, inputs[1]) ?? invalid('Unsqueeze has no axes')) };
  },
  Squeeze: (node, inputs) => {
    const x = need(inputs, 0);
    return { ...x, shape: squeezeTarget(x.shape, axesOf(node, inputs[1])) };
  },
  Transpose: (node, inputs) => {
    const x = need(inputs, 0);
    return foldTranspose(x, intsAttribute(node, 'perm') ?? x.shape.map((_, i) => x.shape.length - 1 - i));
  },
  Slice: (node, inputs) => {
    const x = need(inputs, 0);
    const plan = slicePlan(node, x.shape, inputs);
    const strides = stridesOf(x.shape);
    return gatherBy(x, plan.shape, (index) =>
      index.reduce((n, v, i) => n + ((plan.starts[i] ?? 0) + v * (plan.steps[i] ?? 1)) * (strides[i] ?? 0), 0),
    );
  },
  Expand: (_, inputs) => {
    const x = need(inputs, 0);
    const shape = broadcast(x.shape, whole(need(inputs, 1)));
    const from = indexer(x.shape, shape);
    return generate(x.dataType, shape, (i) => x.data[from(i)] ?? 0);
  },
  Range: (_, inputs) => {
    const [start, limit, delta] = [0, 1, 2].map((i) => need(inputs, i).data[0] ?? 0) as [number, number, number];
    if (delta === 0) invalid('Range has a step of zero');
    const count = Math.max(0, Math.ceil((limit - start) / delta));
    return generate(need(inputs, 0).dataType, [count], (i) => start + i * delta);
  },
};

function foldConstant(node: OnnxNode, cx: FoldContext): Constant {
  const tensor = tensorAttribute(node, 'value');
  if (tensor !== undefined)
    return { dataType: tensor.dataType, shape: tensor.dims, data: tensorValues(tensor, cx.load) };
  if (node.attributes.has('value_float')) return make('float32', [], [floatAttribute(node, 'value_float', 0)]);
  if (node.attributes.has('value_int')) return make('int64', [], [intAttribute(node, 'value_int', 0)]);
  const ints = intsAttribute(node, 'value_ints');
  if (ints !== undefined) return make('int64', [ints.length], ints);
  const floats = node.attributes.get('value_floats');
  if (floats?.type === 'floats') return make('float32', [floats.value.length], floats.value);
  return refuse('a Constant without value, value_float, value_int, value_floats or value_ints');
}

/** x^2, square roots and whole powers, each one rounding; other powers by our own logarithm, the same everywhere. */
function power(a: number, b: number): number {
  if (b === 0.5) return Math.sqrt(a);
  if (b === -0.5) return 1 / Math.sqrt(a);
  if (Number.isInteger(b) && Math.abs(b) <= 64) {
    let p = 1;
    for (let i = 0; i < Math.abs(b); i++) p *= a;
    return b < 0 ? 1 / p : p;
  }
  if (a === 0 && b > 0) return 0;
  if (a > 0 && Number.isFinite(b)) return exponential(b * naturalLogarithm(a));
  return refuse(`a constant ${a} to the power ${b}`, {
    expected: 'a constant of at least 0, or a whole exponent of at most 64',
  });
}

/** Numbers of another type, cut towards zero. */
export function foldCast(x: Constant, to: DataType): Constant {
  const values = isFloatType(to)
    ? Array.from(x.data)
    : Array.from(x.data, (v) => (to === 'bool' ? Number(v !== 0) : Math.trunc(v)));
  return make(to, x.shape, values);
}

function foldWhere(condition: Constant, a: Constant, b: Constant): Constant {
  const shape = broadcast(broadcast(condition.shape, a.shape), b.shape);
  const [ic, ia, ib] = [condition, a, b].map((c) => indexer(c.shape, shape)) as [Indexer, Indexer, Indexer];
  return generate(a.dataType, shape, (i) => (condition.data[ic(i)] ? a.data[ia(i)] : b.data[ib(i)]) ?? 0);
}

function foldGather(x: Constant, indices: Constant, rawAxis: number): Constant {
  const axis = axisOf(rawAxis, x.shape.length);
  const extent = x.shape[axis] ?? 0;
  const rank = indices.shape.length;
  const strides = stridesOf(x.shape);
  const own = stridesOf(indices.shape);
  const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
  return gatherBy(x, shape, (index) => {
    const slot = own.reduce((n, s, i) => n + s * (index[axis + i] ?? 0), 0);
    const raw = indices.data[slot] ?? 0;
    const picked = raw < 0 ? raw + extent : raw;
    if (picked < 0 || picked >= extent) invalid(`Gather index ${raw} is outside 0 .. ${extent - 1}`);
    return strides.reduce(
      (n, s, i) => n + s * (i < axis ? (index[i] ?? 0) : i === axis ? picked : (index[i + rank - 1] ?? 0)),
      0,
    );
  });
}

function foldConcat(inputs: readonly Constant[], rawAxis: number): Constant {
  const [first] = inputs;
  if (first === undefined) return invalid('Concat has no inputs');
  const axis = axisOf(rawAxis, first.shape.length);
  const shape = first.shape.map((d, i) => (i === axis ? inputs.reduce((n, x) => n + (x.shape[axis] ?? 0), 0) : d));
  const outer = size(shape.slice(0, axis));
  const inner = size(shape.slice(axis + 1));
  if (inputs.some((x) => x.shape.length !== shape.length)) invalid('Concat joins constants of different rank');
  if (inputs.reduce((n, x) => n + x.data.length, 0) !== size(shape))
    invalid('Concat joins constants whose shapes disagree');
  const data = allocate(first.dataType, shape);
  let at = 0;
  for (let o = 0; o < outer; o++) {
    for (const x of inputs) {
      const run = (x.shape[axis] ?? 0) * inner;
      for (let i = 0; i < run; i++) data[at++] = x.data[o * run + i] ?? 0;
    }
  }
  return { dataType: first.dataType, shape, data };
}

/** Permutes the axes of any constant. */
export function foldTranspose(x: Constant, perm: readonly number[]): Constant {
  checkPermutation(perm, x.shape.length);
  const strides = stridesOf(x.shape);
  return gatherBy(
    x,
    perm.map((p) => x.shape[p] ?? 0),
    (index) => index.reduce((n, v, i) => n + v * (strides[perm[i] ?? 0] ?? 0), 0),
  );
}

export function checkPermutation(perm: readonly number[], rank: number): void {
  const sorted = [...perm].sort((a, b) => a - b);
  if (perm.length !== rank || sorted.some((p, i) => p !== i))
    invalid(`perm [${perm.join(', ')}] does not permute ${rank} axes`);
}

function gatherBy(x: Constant, shape: readonly number[], from: (index: readonly number[]) => number): Constant {
  const index = new Array<number>(shape.length).fill(0);
  return generate(x.dataType, shape, () => {
    const value = x.data[from(index)] ?? 0;
    for (let d = shape.length - 1; d >= 0; d--) {
      index[d] = (index[d] ?? 0) + 1;
      if ((index[d] ?? 0) < (shape[d] ?? 1)) break;
      index[d] = 0;
    }
    return value;
  });
}

export interface SlicePlan {
  readonly starts: readonly number[];
  readonly steps: readonly number[];
  readonly shape: readonly number[];
}

/** Start, step and extent on every axis, from attributes (opset 9 and before) or inputs. */
export function slicePlan(
  node: OnnxNode,
  shape: readonly number[],
  inputs: readonly (Constant | undefined)[],
): SlicePlan {
  const list = (i: number, name: string) => (inputs[i] === undefined ? intsAttribute(node, name) : whole(inputs[i]));
  const rawStarts = list(1, 'starts') ?? invalid('Slice has no starts');
  const rawEnds = list(2, 'ends') ?? invalid('Slice has no ends');
  const axes = list(3, 'axes') ?? rawStarts.map((_, i) => i);
  const rawSteps = list(4, 'steps') ?? rawStarts.map(() => 1);
  const starts = shape.map(() => 0);
  const steps = shape.map(() => 1);
  const result = [...shape];
  axes.forEach((raw, i) => {
    const axis = axisOf(raw, shape.length);
    const extent = shape[axis] ?? 0;
    const step = rawSteps[i] ?? 1;
    if (step === 0) invalid('Slice has a step of zero');
    const bound = (v: number, low: number, high: number) => Math.min(Math.max(v < 0 ? v + extent : v, low), high);
    const start = step > 0 ? bound(rawStarts[i] ?? 0, 0, extent) : bound(rawStarts[i] ?? 0, 0, extent - 1);
    const end = step > 0 ? bound(rawEnds[i] ?? 0, 0, extent) : bound(rawEnds[i] ?? 0, -1, extent - 1);
    starts[axis] = start;
    steps[axis] = step;
    result[axis] = Math.max(0, Math.ceil((end - start) / step));
  });
  return { starts, steps, shape: result };
}

/** Result of Reshape: 0 copies a dim (unless allowZero), one -1 is what is left. */
export function reshapeTarget(shape: readonly number[], target: readonly number[], allowZero: boolean): number[] {
  const dims = target.map((d, i) =>
    d === 0 && !allowZero ? (shape[i] ?? invalid('Reshape copies a dim that is not there')) : d,
  );
  const total = size(shape);
  const known = dims.filter((d) => d !== -1).reduce((n, d) => n * d, 1);
  const result = dims.map((d) => (d === -1 ? total / known : d));
  if (
    dims.filter((d) => d === -1).length > 1 ||
    result.some((d) => !Number.isInteger(d) || d < 0) ||
    size(result) !== total
  ) {
    invalid(`[${shape.join(', ')}] cannot be reshaped to [${target.join(', ')}]`, { expected: `${total} elements` });
  }
  return result;
}

export function flattenTarget(shape: readonly number[], rawAxis: number): number[] {
  const axis = rawAxis === shape.length ? rawAxis : axisOf(rawAxis, shape.length);
  return [size(shape.slice(0, axis)), size(shape.slice(axis))];
}

export function unsqueezeTarget(shape: readonly number[], rawAxes: readonly number[]): number[] {
  const rank = shape.length + rawAxes.length;
  const axes = new Set(rawAxes.map((a) => axisOf(a, rank)));
  if (axes.size !== rawAxes.length) invalid(`axes [${rawAxes.join(', ')}] repeat`);
  let next = 0;
  return Array.from({ length: rank }, (_, i) => (axes.has(i) ? 1 : (shape[next++] ?? 1)));
}

export function squeezeTarget(shape: readonly number[], rawAxes: readonly number[] | undefined): number[] {
  if (rawAxes === undefined) return shape.filter((d) => d !== 1);
  const axes = new Set(rawAxes.map((a) => axisOf(a, shape.length)));
  for (const a of axes)
    if (shape[a] !== 1) invalid(`axis ${a} of [${shape.join(', ')}] is not 1`, { expected: 'axes of extent 1' });
  return shape.filter((_, i) => !axes.has(i));
}

/** Axes of Squeeze and Unsqueeze: an input since opset 13, an attribute before. */
export function axesOf(node: OnnxNode, input: Constant | undefined): readonly number[] | undefined {
  return input === undefined ? intsAttribute(node, 'axes') : whole(input);
}

export function shapeConstant(node: OnnxNode, shape: readonly number[]): Constant {
  const part = shape.slice(
    intAttribute(node, 'start', 0),
    node.attributes.has('end') ? intAttribute(node, 'end', 0) : undefined,
  );
  return make('int64', [part.length], part);
}
