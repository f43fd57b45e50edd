/** Forms in which exporters write the ops of transformers and recurrent nets: products of two activations, norms, activations, look-ups. */

import { around, type Form } from './form-models.ts';
import { type CodeType, quantizedOutput, scaledInput } from './pattern-models.ts';

const MICROSOFT = [{ domain: 'com.microsoft', version: 1 }];

/** MatMul of two scaled inputs; `turned` transposes the second by a node, as keys come. */
function productForm(a: readonly number[], b: readonly number[], rank: number, turned = false): Form {
  return (m) => {
    m.opset = 17;
    const type = m.random.pick(['uint8', 'int8'] as const);
    const x = scaledInput(m, type, a);
    const y = scaledInput(m, m.random.pick(['uint8', 'int8'] as const), b);
    const perm = b.map((_, d) => d);
    perm.splice(-2, 2, b.length - 1, b.length - 2);
    const right = turned ? m.node('Transpose', [y.float], { perm }) : y.float;
    quantizedOutput(m, m.node('MatMul', [x.float, right]), type, rank);
    return m.model('product');
  };
}

/** The operator dialect: scale and zero point behind each operand. */
const operatorProduct: Form = (m) => {
  const parameters = (type: CodeType) => [
    m.tensor('float32', [], [m.scale(0.01, 0.1)]),
    m.tensor(type, [], [m.zero(type)]),
  ];
  const [a, b] = [m.input('uint8', [2, 3, 6]), m.input('uint8', [2, 6, 5])];
  const inputs = [a, ...parameters('uint8'), b, ...parameters('uint8'), ...parameters('uint8')];
  m.output(m.node('QLinearMatMul', inputs), 'uint8', 3);
  return m.model('operator-product');
};

const integerProduct: Form = (m) => {
  const [a, b] = [m.input('uint8', [3, 6]), m.input('uint8', [6, 4])];
  const zero = () => m.tensor('uint8', [], [m.zero('uint8')]);
  m.output(m.node('MatMulInteger', [a, b, zero(), zero()]), 'int32', 2);
  return m.model('integer-product', MICROSOFT);
};

/** Heads of queries and keys from rows, scores, softmax in 256ths, context, rows again. */
const attention: Form = (m) => {
  const [tokens, heads, width] = [5, 2, 4];
  const rows = () => scaledInput(m, 'uint8', [1, tokens, heads * width], m.scale(0.01, 0.05), 128).float;
  const split = (x: string, perm: readonly number[]) => {
    const shape = m.tensor('int64', [4], [1, tokens, heads, width]);
    return m.node('Transpose', [m.node('Reshape', [x, shape])], { perm: [...perm] });
  };
  const [q, k, v] = [split(rows(), [0, 2, 1, 3]), split(rows(), [0, 2, 3, 1]), split(rows(), [0, 2, 1, 3])];
  const scores = around(m, m.node('MatMul', [q, k]), 120);
  const scale = m.tensor('float32', [], [1 / 256]);
  const zero = m.tensor('uint8', [], [0]);
  const shares = m.node('QuantizeLinear', [m.node('Softmax', [scores], { axis: -1 }), scale, zero]);
  const context = around(m, m.node('MatMul', [m.node('DequantizeLinear', [shares, scale, zero]), v]), 128);
  const back = m.node('Transpose', [context], { perm: [0, 2, 1, 3] });
  const flat = m.node('Reshape', [back, m.tensor('int64', [3], [1, tokens, heads * width])]);
  quantizedOutput(m, flat, 'uint8', 3);
  return m.model('attention');
};

/** Equal to the runtime, element by element. */
export const SEQUENCE_FORMS: ReadonlyMap<string, Form> = new Map<string, Form>([
  ['MatMul of two activations', productForm([3, 6], [6, 5], 2)],
  ['MatMul of batches', productForm([2, 3, 6], [2, 6, 5], 3)],
  ['MatMul of heads with turned keys', productForm([1, 3, 4, 6], [1, 3, 5, 6], 4, true)],
  ['MatMul with a batch broadcast on the left', productForm([4, 6], [3, 6, 2], 3)],
  ['MatMul with a batch broadcast on the right', productForm([2, 3, 4, 6], [1, 3, 6, 2], 4)],
  ['MatMul of a batch by one matrix', productForm([2, 3, 4, 6], [6, 2], 4)],
  ['MatMul of a vector by a computed matrix', productForm([6], [6, 5], 1)],
  ['MatMul of a computed matrix by a vector', productForm([3, 6], [6], 1)],
  ['QLinearMatMul of two activations', operatorProduct],
  ['MatMulInteger of two activations', integerProduct],
  ['attention', attention],
]);
