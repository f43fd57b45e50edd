/**
 * Nodes that ONNX Runtime's optimizer writes into models that it saves (domain com.microsoft): a layer with its activation, products with transposes, integer ops
 * on channels that lie last. Each is spelled as plain nodes.
 */
import { refuse } from '../../refusal.ts';
import { floatAttribute, intAttribute, stringAttribute } from '../attributes.ts';
import type { AttributeInput } from '../build.ts';
import type { ImportContext } from '../context.ts';
import type { AttributeValue } from '../model.ts';
import { Expansion } from './expansion.ts';

const float = (value: number): AttributeInput => ({ type: 'float', value });

/** Attributes of the node but those named. */
function others(cx: ImportContext, ...names: readonly string[]): Record<string, AttributeValue> {
  return Object.fromEntries([...cx.node.attributes].filter(([name]) => !names.includes(name)));
}

/** The activation of a fused layer; `parameters` in the order in which its attributes come. */
function activated(e: Expansion, x: string, activation: string, parameters: readonly number[]): string {
  const [first, second] = parameters;
  switch (activation) {
    case '':
      return x;
    case 'Relu':
    case 'Sigmoid':
    case 'Tanh':
    case 'Softsign':
    case 'Softplus':
      return e.node(activation, [x]);
    case 'LeakyRelu':
    case 'Elu':
      return e.node(activation, [x], first === undefined ? {} : { alpha: float(first) });
    case 'HardSigmoid':
      return e.node(activation, [x], { alpha: float(first ?? 0.2), beta: float(second ?? 0.5) });
    case 'Clip':
      return e.node('Min', [e.node('Max', [x, e.number(first ?? 0)]), e.number(second ?? 0)]);
    default:
      return refuse(`a fused activation ${activation}`, {
        expected: 'Relu, LeakyRelu, Sigmoid, Tanh, Clip, HardSigmoid, Elu, Softplus or Softsign',
      });
  }
}

/** Conv of X, W, B; then the sum with Z; then the activation. */
export function importFusedConv(cx: ImportContext): void {
  const e = new Expansion(cx);
  const list = cx.node.attributes.get('activation_params');
  const parameters = list?.type === 'floats' ? list.value : [];
  const inputs = [0, 1, 2].map((i) => e.input(i));
  const sums = e.node('Conv', inputs, others(cx, 'activation', 'activation_params'));
  const joined = e.input(3) === '' ? sums : e.node('Add', [sums, e.input(3)]);
  e.result(activated(e, joined, stringAttribute(cx.node, 'activation', ''), parameters));
}

export function importFusedGemm(cx: ImportContext): void {
  const e = new Expansion(cx);
  const names = ['activation_alpha', 'activation_beta', 'activation_gamma'];
  const parameters = names.filter((n) => cx.node.attributes.has(n)).map((n) => floatAttribute(cx.node, n, 0));
  const sums = e.node(
    'Gemm',
    [0, 1, 2].map((i) => e.input(i)),
    others(cx, 'activation', ...names),
  );
  e.result(activated(e, sums, stringAttribute(cx.node, 'activation', ''), parameters));
}

/** alpha A B, with the last two axes of either turned. */
export function importFusedMatMul(cx: ImportContext): void {
  const e = new Expansion(cx);
  if (['transBatchA', 'transBatchB'].some((n) => intAttribute(cx.node, n, 0) !== 0))
    refuse('FusedMatMul with turned batches', { expected: 'transBatchA and transBatchB = 0' });
  const [a, b] = ['transA', 'transB'].map((n, i) =>
    intAttribute(cx.node, n, 0) !== 0 ? e.turned(e.input(i)) : e.input(i),
  );
  e.result(e.times(e.node('MatMul', [a ?? '', b ?? '']), floatAttribute(cx.node, 'alpha', 1)));
}

/** An op on images, where attribute `channels_last` says so with channels behind: turned before and after. */
export const channelsLast =
  (op: string, always = false) =>
  (importer: (cx: ImportContext) => void) =>
  (cx: ImportContext): void => {
    if (!always && intAttribute(cx.node, 'channels_last', 0) === 0) {
      importer(cx);
      return;
    }
    const e = new Expansion(cx);
    const rank = e.shapeOf(e.input(0)).length;
    const axes = Array.from({ length: rank }, (_, d) => d);
    const first = e.node('Transpose', [e.input(0)], { perm: [0, rank - 1, ...axes.slice(1, -1)] });
    const inputs = cx.node.inputs.map((_, i) => (i === 0 ? first : e.input(i)));
    const image = e.node(op, inputs, others(cx, 'channels_last'));
    e.result(e.node('Transpose', [image], { perm: [0, ...axes.slice(2), 1] }));
  };

/** Condition; x, its scale and zero point; y and its; the result's. */
export function importQLinearWhere(cx: ImportContext): void {
  const e = new Expansion(cx);
  const at = (i: number): string[] => [i, i + 1, i + 2].map((k) => e.input(k));
  const [x, y] = [at(1), at(4)].map((inputs) => e.node('DequantizeLinear', inputs)) as [string, string];
  e.result(e.node('QuantizeLinear', [e.node('Where', [e.input(0), x, y]), ...[7, 8].map((k) => e.input(k))]));
}

/** x, its scale and zero point, the result's. */
export function importQLinearReduceMean(cx: ImportContext): void {
  const e = new Expansion(cx);
  const x = e.node(
    'DequantizeLinear',
    [0, 1, 2].map((i) => e.input(i)),
  );
  e.result(e.node('QuantizeLinear', [e.node('ReduceMean', [x], others(cx)), e.input(3), e.input(4)]));
}
