/** What onnxruntime's quantize_dynamic writes: DynamicQuantizeLinear, an integer product, Cast, Mul by both scales, Add of the bias. */
import type { AttributeInput } from '../../../compiler/frontend/onnx/index.ts';
import { type Form, floats } from './form-models.ts';
import type { CodeType, ModelMaker } from './pattern-models.ts';

interface Weights {
  readonly dims: readonly number[];
  readonly type: CodeType;
  /** Channels with a scale and a zero point of their own. */
  readonly channels?: number;
  readonly zero?: number;
}

/** An integer product on `x` with scales found at run time; `bias` has the shape that broadcasts. */
export function dynamicLayer(
  m: ModelMaker,
  x: string,
  op: 'MatMulInteger' | 'ConvInteger',
  w: Weights,
  bias: readonly number[],
  attributes: Readonly<Record<string, AttributeInput>> = {},
): string {
  const [codes, scale, zero] = m.nodes('DynamicQuantizeLinear', [x], 3) as [string, string, string];
  const count = w.dims.reduce((n, d) => n * d, 1);
  const each = w.channels === undefined ? [] : [w.channels];
  const scales = m.tensor(
    'float32',
    each,
    Array.from({ length: w.channels ?? 1 }, () => m.scale(0.001, 0.02)),
  );
  const zeros = m.tensor(w.type, each, new Array<number>(w.channels ?? 1).fill(w.zero ?? 0));
  const sums = m.node(op, [codes, m.tensor(w.type, w.dims, m.codes(w.type, count)), zero, zeros], attributes);
  const scaled = m.node('Mul', [m.node('Cast', [sums], { to: 1 }), m.node('Mul', [scale, scales])]);
  return m.node('Add', [scaled, floats(m, bias)]);
}

function linear(shape: readonly number[], w: Weights, low = -1, high = 1): Form {
  return (m) => {
    m.opset = 17;
    const x = m.node('Clip', [
      m.input('float32', shape),
      m.tensor('float32', [], [low]),
      m.tensor('float32', [], [high]),
    ]);
    m.output(dynamicLayer(m, x, 'MatMulInteger', w, [w.dims[1] ?? 1]), 'float32', shape.length);
    return m.model('dynamic');
  };
}

function conv(shape: readonly number[], w: Weights, attributes: Readonly<Record<string, AttributeInput>>): Form {
  return (m) => {
    m.opset = 17;
    const bias = [1, w.dims[0] ?? 1, ...shape.slice(2).map(() => 1)];
    m.output(dynamicLayer(m, m.input('float32', shape), 'ConvInteger', w, bias, attributes), 'float32', shape.length);
    return m.model('dynamic');
  };
}

/** Two layers with an activation between, and attention's product of floats behind. */
const block: Form = (m) => {
  m.opset = 17;
  const x = m.input('float32', [2, 6, 24]);
  const w = (dims: readonly number[]): Weights => ({ dims, type: 'int8' });
  const hidden = m.node('Relu', [dynamicLayer(m, x, 'MatMulInteger', w([24, 40]), [40])]);
  const back = dynamicLayer(m, hidden, 'MatMulInteger', w([40, 24]), [24]);
  const scores = m.node('MatMul', [back, m.node('Transpose', [x], { perm: [0, 2, 1] })]);
  m.output(m.node('Softmax', [m.node('Mul', [scores, m.tensor('float32', [], [0.02])])], { axis: -1 }), 'float32', 3);
  return m.model('dynamic-block');
};

/** The codes, the scale and the zero point themselves. */
const quantizer: Form = (m) => {
  m.opset = 17;
  const results = m.nodes('DynamicQuantizeLinear', [m.input('float32', [3, 70])], 3);
  const types = ['uint8', 'float32', 'uint8'] as const;
  results.forEach((name, i) => {
    m.output(name, types[i] ?? 'uint8', i === 0 ? 2 : 0);
  });
  return m.model('quantizer');
};

/** As the runtime's optimizer saves a layer: one node for quantizer, product and scales, or for product and scales. */
function fused(op: 'DynamicQuantizeMatMul' | 'MatMulIntegerToFloat'): Form {
  return (m) => {
    m.opset = 17;
    const x = m.input('float32', [3, 40]);
    const w = m.tensor('int8', [40, 12], m.codes('int8', 480));
    const scale = floats(m, [12], 0.001, 0.02);
    const zero = m.tensor('int8', [12], new Array<number>(12).fill(0));
    const bias = floats(m, [12]);
    const [codes, xScale, xZero] =
      op === 'DynamicQuantizeMatMul'
        ? ['', '', '']
        : (m.nodes('DynamicQuantizeLinear', [x], 3) as [string, string, string]);
    const inputs =
      op === 'DynamicQuantizeMatMul' ? [x, w, scale, zero, bias] : [codes, w, xScale, scale, xZero, zero, bias];
    m.output(m.node(`com.microsoft:${op}`, inputs), 'float32', 2);
    return m.model('fused', [{ domain: 'com.microsoft', version: 1 }]);
  };
}

/** Equal to the runtime, element by element, in float32. */
export const DYNAMIC_FORMS: ReadonlyMap<string, Form> = new Map<string, Form>([
  ['DynamicQuantizeLinear', quantizer],
  ['signed weights', linear([3, 40], { dims: [40, 12], type: 'int8' })],
  ['weights by column', linear([2, 5, 40], { dims: [40, 12], type: 'int8', channels: 12 })],
  ['unsigned weights', linear([3, 40], { dims: [40, 12], type: 'uint8', zero: 128 })],
  ['positive activations', linear([3, 40], { dims: [40, 12], type: 'int8' }, 0.25)],
  ['negative activations', linear([3, 40], { dims: [40, 12], type: 'int8' }, -1, -0.5)],
  ['nothing but zeros', linear([3, 40], { dims: [40, 12], type: 'int8' }, 0, 0)],
  ['com.microsoft.DynamicQuantizeMatMul', fused('DynamicQuantizeMatMul')],
  ['com.microsoft.MatMulIntegerToFloat', fused('MatMulIntegerToFloat')],
  ['ConvInteger, padded', conv([1, 3, 7, 6], { dims: [4, 3, 3, 3], type: 'int8' }, { pads: [1, 1, 1, 1] })],
  [
    'ConvInteger, strided, 1-D',
    conv([2, 3, 9], { dims: [4, 3, 3], type: 'uint8', zero: 120 }, { pads: [1, 0], strides: [2] }),
  ],
  [
    'ConvInteger, depthwise',
    conv([1, 4, 6, 6], { dims: [8, 1, 3, 3], type: 'int8' }, { pads: [1, 1, 0, 0], group: 4 }),
  ],
]);

/** The runtime adds floats in an order of its own behind exact codes. */
export const DYNAMIC_BLOCK: Form = block;
