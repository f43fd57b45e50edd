/**
 * Elementwise ops. On float32 they become one float32 op each; Relu and Clip behind an integer kernel wait for the quantizer
 * that may make them superfluous; Add and Mul of two scaled tensors wait for the quantizer that makes them QLinearAdd and
 * QLinearMul; sums of int32 tensors stay integer.
 */
import type { BinaryFunction, UnaryFunction } from '../../../graph/types.ts';
import { invalid, refuse } from '../../refusal.ts';
import { floatAttribute } from '../attributes.ts';
import { at, floatTensor, type ImportContext } from '../context.ts';
import type { Bounds, Meaning } from '../meaning.ts';
import { clipLimits, limitedCodes } from './code-ranges.ts';
import { Formula } from './formula.ts';
import { integerBinary } from './integers.ts';
import { pendingProduct, pendingSum } from './qlinear-binary.ts';
import { isPerTensor } from './scaling.ts';

export const importUnary = (fn: UnaryFunction) => (cx: ImportContext) => {
  cx.result({ kind: 'float', id: cx.add('unary', [cx.floatInput(0)], { fn }, { output: cx.outputName }) });
};

export function importRelu(cx: ImportContext): void {
  const x = cx.input(0);
  if (x.kind === 'codes') {
    cx.result(limitedCodes(cx, x, { low: 0, high: Number.POSITIVE_INFINITY }));
    return;
  }
  const narrowed = narrow(cx, { low: 0, high: Number.POSITIVE_INFINITY });
  if (narrowed === undefined) importUnary('relu')(cx);
  else cx.result(narrowed);
}

export function importClip(cx: ImportContext): void {
  const x = cx.input(0);
  if (x.kind === 'codes') {
    const limits =
      clipLimits(cx, cx.node) ?? refuse('Clip with limits that are not known', { expected: 'constant limits' });
    cx.result(limitedCodes(cx, x, limits));
    return;
  }
  const bounds = { low: bound(cx, 1, 'min', -3.4028234663852886e38), high: bound(cx, 2, 'max', 3.4028234663852886e38) };
  if (bounds.low > bounds.high) invalid(`Clip to [${bounds.low}, ${bounds.high}]`, { expected: 'min <= max' });
  const narrowed = narrow(cx, bounds);
  if (narrowed === undefined) {
    const id = cx.add('clip', [cx.floatInput(0)], { min: bounds.low, max: bounds.high }, { output: cx.outputName });
    cx.result({ kind: 'float', id });
  } else cx.result(narrowed);
}

/** A bound of Clip: an input since opset 11, an attribute before. */
function bound(cx: ImportContext, index: number, name: string, fallback: number): number {
  if (cx.opset < 11) return floatAttribute(cx.node, name, fallback);
  return cx.constantInput(index, name)?.data[0] ?? fallback;
}

/** Bounds added to a pending value that nothing else uses. */
function narrow(cx: ImportContext, bounds: Bounds): Meaning | undefined {
  const x = cx.input(0);
  if (x.kind !== 'pending' || x.moved === true || cx.soleConsumer(cx.node.inputs[0] ?? '') !== cx.node)
    return undefined;
  const both = { low: Math.max(x.bounds.low, bounds.low), high: Math.min(x.bounds.high, bounds.high) };
  return both.low <= both.high ? { ...x, bounds: both } : undefined;
}

/** Sum, Max and Min of any number of float operands, from left to right. */
export const importMany = (fn: BinaryFunction) => (cx: ImportContext) => {
  if (cx.node.inputs.length === 2 && cx.node.opType !== 'Sum') {
    importBinary(fn)(cx);
    return;
  }
  const [first, ...rest] = cx.node.inputs.map((_, i) => cx.floatInput(i));
  if (first === undefined) invalid(`${cx.node.opType} of nothing`, { expected: 'at least one operand' });
  const last = rest.length - 1;
  const step = (sum: string, id: string, i: number) =>
    cx.add('binary', [sum, id], { fn }, { output: i === last ? cx.outputName : `${cx.outputName}.part${i}` });
  cx.result({ kind: 'float', id: rest.reduce(step, first) });
};

export const importBinary = (fn: BinaryFunction) => (cx: ImportContext) => {
  if (cx.node.inputs.length !== 2)
    refuse(`${cx.node.opType} of ${cx.node.inputs.length} operands`, { expected: '2 operands' });
  const a = cx.input(0);
  const b = cx.input(1);
  if (a.kind === 'codes' || b.kind === 'codes') {
    cx.result(integerBinary(cx, fn));
    return;
  }
  const scaled = rescaled(cx, fn, a, b);
  if (scaled !== undefined) {
    cx.result(scaled);
    return;
  }
  const fused = fn === 'add' ? pendingSum(cx, a, b) : fn === 'mul' ? pendingProduct(cx, a, b) : undefined;
  cx.result(
    fused ?? {
      kind: 'float',
      id: cx.add('binary', [cx.floatInput(0), cx.floatInput(1)], { fn }, { output: cx.outputName }),
    },
  );
};

/**
 * Scaled codes of the QONNX dialect times positive constants are scaled codes: exporters that keep integers apart from scales
 * write Quant with scale 1, then Mul. Only where a power of two is on one side, so that no rounding is lost.
 */
function rescaled(cx: ImportContext, fn: BinaryFunction, a: Meaning, b: Meaning): Meaning | undefined {
  if (fn !== 'mul' && fn !== 'div') return undefined;
  const [x, c] = a.kind === 'constant' && fn === 'mul' ? [b, a] : [a, b];
  if ((x.kind !== 'quantized' && x.kind !== 'weights') || x.origin !== 'qonnx') return undefined;
  if (c.kind !== 'constant' || c.constant.dataType !== 'float32') return undefined;
  const factors = Float32Array.from(c.constant.data, (v) => (fn === 'mul' ? v : 1 / v));
  if (!factors.every((v) => v > 0 && Number.isFinite(v))) return undefined;
  const whole = (list: ArrayLike<number>) => Array.from(list).every(isPowerOfTwo);
  if (!whole(factors) && (fn === 'div' || !whole(x.scaling.scale))) return undefined;
  const { shape } = cx.typeOf(x);
  if (c.constant.shape.length > shape.length || (x.kind === 'quantized' && factors.length !== 1)) return undefined;
  const wide =
    factors.length === 1
      ? []
      : c.constant.shape.flatMap((d, i) => (d === 1 ? [] : [i + shape.length - c.constant.shape.length]));
  const axis = wide[0] ?? x.scaling.axis;
  if (wide.length > 1 || (wide.length === 1 && shape[axis] !== factors.length)) return undefined;
  if (wide.length === 1 && !isPerTensor(x.scaling) && x.scaling.axis !== axis) return undefined;
  const count = Math.max(factors.length, x.scaling.scale.length);
  const scale = Float32Array.from({ length: count }, (_, i) => at(factors, i) * at(x.scaling.scale, i));
  return { ...x, scaling: { ...x.scaling, scale, axis } };
}

function isPowerOfTwo(v: number): boolean {
  const e = Math.round(Math.log2(v));
  return v === 2 ** e;
}

/** Powers that are products, roots and reciprocals, one rounding each. */
const POWERS: Readonly<Record<number, (f: Formula, x: string) => string>> = {
  [-2]: (f, x) => f.binary('div', 1, f.binary('mul', x, x)),
  [-1]: (f, x) => f.binary('div', 1, x),
  [-0.5]: (f, x) => f.binary('div', 1, f.unary('sqrt', x)),
  0.5: (f, x) => f.unary('sqrt', x),
  1: (_, x) => x,
  1.5: (f, x) => f.binary('mul', x, f.unary('sqrt', x)),
  2: (f, x) => f.binary('mul', x, x),
  3: (f, x) => f.binary('mul', f.binary('mul', x, x), x),
  4: (f, x) => POWERS[2]!(f, f.binary('mul', x, x)),
};

export function importPow(cx: ImportContext): void {
  const exponent = cx.constantInput(1, 'the exponent')?.data;
  const power = exponent?.length === 1 ? POWERS[exponent[0] ?? 0] : undefined;
  if (power === undefined)
    refuse('Pow with this exponent', {
      expected: `one of ${Object.keys(POWERS)
        .map(Number)
        .sort((a, b) => a - b)
        .join(', ')}`,
    });
  cx.result({ kind: 'float', id: power(new Formula(cx), cx.floatInput(0)) });
}

/** The sum, in order, divided by how many there are. */
export function importMean(cx: ImportContext): void {
  const f = new Formula(cx);
  const [first = '', ...rest] = cx.node.inputs.map((_, i) => cx.floatInput(i));
  const sum = rest.reduce((total, id) => f.binary('add', total, id), first);
  cx.result({ kind: 'float', id: f.binary('div', sum, cx.node.inputs.length) });
}

export function importReciprocal(cx: ImportContext): void {
  const one = cx.builder.constant(floatTensor(new Float32Array([1]), []), `${cx.outputName}.one`);
  cx.result({ kind: 'float', id: cx.add('binary', [one, cx.floatInput(0)], { fn: 'div' }, { output: cx.outputName }) });
}
