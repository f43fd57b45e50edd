/**
 * Pooling. A maximum commutes with scaling, so it stays on codes. Averages are float32, unless a quantizer follows a global
 * average: then it is ONNX Runtime's QLinearGlobalAveragePool on integer sums.
 */
import { outputSize } from '../../../graph/ops/window.ts';
import { integerRange } from '../../../graph/types.ts';
import { intAttribute, intsAttribute } from '../attributes.ts';
import type { ImportContext } from '../context.ts';
import { axisOf, whole } from '../fold.ts';
import { invalid, type Meaning, type QuantizerTarget, refuse, UNBOUNDED } from '../meaning.ts';
import { linearQuantizer, poolQuantizer } from './linear-quantizers.ts';
import { isPerTensor, singleScale, singleZero } from './scaling.ts';
import { poolWindow } from './window.ts';

export function importMaxPool(cx: ImportContext): void {
  if ((cx.node.outputs[1] ?? '') !== '') refuse('MaxPool with an index output', { expected: 'one output' });
  const x = cx.input(0);
  const { window } = poolWindow(cx.node, cx.typeOf(x).shape);
  const emit = (id: string) => cx.add('maxpool', [id], { window }, { output: cx.outputName });
  if (x.kind === 'codes' || x.kind === 'quantized') cx.result({ ...x, id: emit(x.id) });
  else cx.result({ kind: 'float', id: emit(cx.floatInput(0)) });
}

/** Behind a quantizer, ONNX Runtime's QLinearAveragePool: the same mean, with a quantizer that adds its zero point first. */
export function importAveragePool(cx: ImportContext): void {
  const x = cx.input(0);
  const { shape } = cx.typeOf(x);
  const { node } = cx;
  const name = cx.outputName;
  const input = node.inputs[0] ?? '';
  const mean = () => cx.as(node, () => averagePool(cx, cx.floatOf(input, x), name, 'never'));
  if (x.kind !== 'quantized' || x.origin !== 'linear' || !isPerTensor(x.scaling)) {
    cx.result({ kind: 'float', id: mean() });
    return;
  }
  const { window } = poolWindow(node, shape);
  const fused = (target: QuantizerTarget, output: string) =>
    isByte(cx, x.id, target)
      ? cx.add(
          'quantize',
          [cx.as(node, () => averagePool(cx, cx.floatOf(input, x), name, 'kernel'))],
          poolQuantizer(target),
          { element: target.element, output },
        )
      : cx.add('quantize', [mean()], linearQuantizer(target), { element: target.element, output });
  cx.result({
    kind: 'pending',
    shape: [...shape.slice(0, 2), ...outputSize(window, shape[2] ?? 1, shape[3] ?? 1, false)],
    bounds: UNBOUNDED,
    float: mean,
    codes: fused,
  });
}

/** The runtime has integer kernels of pools for at most 8 bits; wider codes go through float as the graph says. */
export function isByte(cx: ImportContext, id: string, target: QuantizerTarget): boolean {
  const { element } = cx.builder.typeOf(id);
  return element.kind === 'int' && element.bits <= 8 && target.element.bits <= 8;
}

/**
 * The mean of the current node's windows over float `x`. With count_include_pad and ceil_mode together, ONNX counts the declared
 * padding but not the overhang; the runtime's integer kernel divides by the whole `kernel`.
 */
export function averagePool(cx: ImportContext, x: string, output: string, overhangCounts: 'never' | 'kernel'): string {
  const { window, overhang } = poolWindow(cx.node, cx.builder.typeOf(x).shape);
  const countIncludePad = intAttribute(cx.node, 'count_include_pad', 0) !== 0;
  if (!countIncludePad || overhangCounts === 'kernel' || overhang.every((o) => o === 0)) {
    return cx.add('avgpool', [x], { window, countIncludePad }, { output });
  }
  // Declared padding counts, the overhang of ceil_mode does not: pad first, then leave the rest out.
  const [top, left, bottom, right] = window.pads;
  const [below, beside] = overhang;
  const after = [0, 0, bottom - below, right - beside];
  const padded = cx.add('pad', [x], { before: [0, 0, top, left], after, value: 0 }, { output: `${output}.padded` });
  const rest = { ...window, pads: [0, 0, below, beside] } as const;
  return cx.add('avgpool', [padded], { window: rest, countIncludePad: false }, { output });
}

export function importGlobalAveragePool(cx: ImportContext): void {
  globalAverage(cx, cx.outputName, undefined);
}

/** ReduceMean over height and width is a global average. */
export function importReduceMean(cx: ImportContext): void {
  const { shape } = cx.typeOf(cx.input(0));
  const given = cx.constantInput(1, 'the axes');
  const axes = (given === undefined ? intsAttribute(cx.node, 'axes') : whole(given))
    ?.map((a) => axisOf(a, shape.length))
    .sort((a, b) => a - b);
  if (shape.length !== 4 || axes?.length !== 2 || axes[0] !== 2 || axes[1] !== 3) {
    refuse(`ReduceMean over axes [${axes?.join(', ') ?? 'all'}] of rank ${shape.length}`, {
      expected: 'axes 2 and 3 of [N, C, H, W]',
    });
  }
  const keep = intAttribute(cx.node, 'keepdims', 1) !== 0;
  globalAverage(cx, cx.outputName, keep ? undefined : shape.slice(0, 2));
}

function globalAverage(cx: ImportContext, output: string, flat: readonly number[] | undefined): void {
  const x = cx.input(0);
  const { shape } = cx.typeOf(x);
  const [n, c, h, w] = shape;
  if (shape.length !== 4 || n === undefined || c === undefined || h === undefined || w === undefined) {
    invalid(`input [${shape.join(', ')}]`, { expected: '[N, C, H, W]' });
  }
  const { node } = cx;
  const reshape = (id: string, name: string) =>
    flat === undefined ? id : cx.add('reshape', [id], {}, { shape: flat, output: name });
  const float = () => {
    const window = { kernel: [h, w], strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0] } as const;
    return reshape(
      cx.add(
        'avgpool',
        [cx.floatOf(node.inputs[0] ?? '', x)],
        { window, countIncludePad: false },
        { output: `${output}.mean` },
      ),
      output,
    );
  };
  if (x.kind !== 'quantized' || x.origin !== 'linear' || !isPerTensor(x.scaling)) {
    cx.result({ kind: 'float', id: float() });
    return;
  }
  cx.result({
    kind: 'pending',
    shape: flat ?? [n, c, 1, 1],
    bounds: UNBOUNDED,
    float: () => cx.as(node, float),
    codes: (target, name) =>
      isByte(cx, x.id, target)
        ? cx.as(node, () =>
            reshape(globalAverageCodes(cx, x, h * w, target, flat === undefined ? name : `${name}.mean`), name),
          )
        : cx.add('quantize', [cx.as(node, float)], linearQuantizer(target), { element: target.element, output: name }),
  });
}

/** code = saturate(half-even(float32(sum of (x - zero)) * float32(xs / float32(ys * count))) + zero), as QLinearGlobalAveragePool. */
export function globalAverageCodes(
  cx: ImportContext,
  x: Extract<Meaning, { kind: 'quantized' }>,
  count: number,
  target: QuantizerTarget,
  output: string,
): string {
  const { element } = cx.builder.typeOf(x.id);
  const range = element.kind === 'int' ? integerRange(element) : { min: 0, max: 0 };
  if ((range.max - range.min) * count >= 2 ** 31)
    refuse(`a global average over ${count} elements`, { expected: 'a sum below 2^31' });
  const sum = cx.add('spatial-sum', [x.id], { xZero: singleZero(x.scaling, 'the input') }, { output: `${output}.sum` });
  const ratio = singleScale(x.scaling, 'the input') / Math.fround(singleScale(target.scaling, 'the quantizer') * count);
  const spec = {
    mode: 'float32',
    scale: new Float32Array([ratio]),
    zeroPoint: singleZero(target.scaling, 'the quantizer'),
  } as const;
  return cx.add('requantize', [sum], { spec, axis: 1, relu: false }, { element: target.element, output });
}
