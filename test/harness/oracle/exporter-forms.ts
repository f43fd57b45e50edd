/** Forms that exporters write seldom: products with computed or batched operands, pads below zero, nearest neighbours as TensorFlow means them. */
import { float, type OnnxModel } from '../../../compiler/frontend/onnx/index.ts';
import { type Attributes, around, type Form, floats, unaryForm, withOpset } from './form-models.ts';
import { type ModelMaker, quantizedOutput, scaledInput, scaledWeights } from './pattern-models.ts';

const ints = (m: ModelMaker, values: readonly number[]): string => m.tensor('int64', [values.length], values);

function quantized(m: ModelMaker, value: string, rank: number): OnnxModel {
  quantizedOutput(m, value, 'uint8', rank);
  return m.model('exporter-form');
}

/** Gemm whose operands and bias are computed or known. */
function gemm(b: 'computed' | 'known', bias: 'computed' | 'known' | 'none', attributes: Attributes): Form {
  return (m) => {
    const dims = attributes.transB === 1 ? [5, 6] : [6, 5];
    const x = scaledInput(m, 'uint8', attributes.transA === 1 ? [6, 3] : [3, 6], 0.02, 128);
    const w =
      b === 'known' ? scaledWeights(m, 'int8', dims, undefined, false) : scaledInput(m, 'uint8', dims, 0.03, 90);
    const c = bias === 'computed' ? [m.input('float32', [3, 5])] : bias === 'known' ? [floats(m, [3, 5])] : [];
    return quantized(m, m.node('Gemm', [x.float, w.float, ...c], attributes), 2);
  };
}

const constantLeft: Form = (m) => {
  const x = scaledInput(m, 'uint8', [6, 5], 0.02, 128);
  const w = scaledWeights(m, 'int8', [3, 6], undefined, false);
  return quantized(m, m.node('Gemm', [w.float, x.float]), 2);
};

/** Activations times one known matrix for each batch. */
function batches(shape: readonly number[], weights: readonly number[], quantizer: boolean): Form {
  return (m) => {
    const x = scaledInput(m, 'uint8', shape, 0.02, 128);
    const w = quantizer ? scaledWeights(m, 'int8', weights, undefined, false).float : floats(m, weights);
    return quantized(m, m.node('MatMul', [x.float, w]), Math.max(shape.length, weights.length));
  };
}

/** A known operand on the left, and activations. */
function left(weights: readonly number[], shape: readonly number[], quantizer: boolean): Form {
  return (m) => {
    const x = scaledInput(m, 'uint8', shape, 0.02, 128);
    const w = quantizer ? scaledWeights(m, 'int8', weights, undefined, false).float : floats(m, weights);
    return quantized(m, m.node('MatMul', [w, x.float]), Math.max(shape.length, weights.length));
  };
}

/** Rows of a table that are chosen when it runs. */
function chosen(table: readonly number[], indices: readonly number[], axis: number, known = false): Form {
  return (m) => {
    const x = known ? floats(m, table) : scaledInput(m, 'uint8', table, 0.02, 128).float;
    const scores = around(m, m.input('float32', [...indices, table[axis] ?? 1]), 128);
    const places = m.node('ArgMax', [scores], { axis: -1, keepdims: 0 });
    const y = m.node('Gather', [x, places], { axis });
    return quantized(m, y, table.length - 1 + indices.length);
  };
}

const einsum =
  (equation: string, a: readonly number[], b: readonly number[], rank: number): Form =>
  (m) => {
    const operands = [scaledInput(m, 'uint8', a, 0.02, 128), scaledInput(m, 'uint8', b, 0.03, 100)];
    return quantized(
      m,
      m.node(
        'Einsum',
        operands.map((x) => x.float),
        { equation },
      ),
      rank,
    );
  };

const padded = (opset: number, pads: readonly number[], attributes: Attributes = {}): Form =>
  withOpset(
    opset,
    unaryForm([1, 2, 5, 6], (m, x) =>
      opset < 11
        ? m.node('Pad', [x.float], { pads, ...attributes })
        : m.node('Pad', [x.float, ints(m, pads), m.tensor('float32', [], [0.5])], attributes),
    ),
  );

const nearest = (scales: readonly number[], attributes: Attributes): Form =>
  withOpset(
    13,
    unaryForm([1, 2, 4, 5], (m, x) =>
      m.node('Resize', [x.float, '', m.tensor('float32', [4], [1, 1, ...scales])], {
        coordinate_transformation_mode: 'tf_half_pixel_for_nn',
        ...attributes,
      }),
    ),
  );

/** Integer attention alone in a network: no other node says that it is quantized. */
const attention: Form = (m) => {
  const x = m.input('uint8', [1, 4, 8]);
  const w = m.tensor('int8', [8, 24], m.codes('int8', 192));
  const scales = [0.02, 0.01].map((s) => m.tensor('float32', [], [s]));
  const zeros = [m.tensor('uint8', [], [128]), m.tensor('int8', [], [0])];
  const y = m.node('com.microsoft:QAttention', [x, w, floats(m, [24]), ...scales, '', ...zeros], { num_heads: 2 });
  quantizedOutput(m, y, 'uint8', 3, 0.05, 128);
  return m.model('attention', [{ domain: 'com.microsoft', version: 1 }]);
};

/** Places that do not depend on the input: queries and keys are known. */
const knownPlaces: Form = (m) => {
  const [query, key] = [floats(m, [1, 3, 8]), floats(m, [1, 4, 8])];
  const value = scaledInput(m, 'uint8', [1, 4, 8], 0.02, 128);
  const y = m.node('com.microsoft:MultiHeadAttention', [query, key, value.float], { num_heads: 2 });
  quantizedOutput(m, y, 'uint8', 3, 0.02, 128);
  return m.model('places', [{ domain: 'com.microsoft', version: 1 }]);
};

/** More operands than one node of the graph takes; every other one is computed. */
const manyParts =
  (count: number): Form =>
  (m) => {
    const x = scaledInput(m, 'uint8', [2, 3 * count], 0.02, 128);
    const parts = m.nodes('Split', [x.float], count, { axis: 1, num_outputs: count });
    const other = parts.map((part, i) => (i % 2 === 0 ? part : m.node('Relu', [part])));
    return quantized(m, m.node('Concat', other.toReversed(), { axis: 1 }), 2);
  };

const dropout: Form = (m) => {
  const x = scaledInput(m, 'uint8', [3, 8], 0.02, 128);
  const inputs = [x.float, m.tensor('float32', [], [0.5]), m.tensor('bool', [], [0])];
  const [y = '', mask = ''] = m.nodes('Dropout', inputs, 2);
  const kept = m.node('Mul', [around(m, y, 128), m.node('Cast', [mask], { to: 1 })]);
  return quantized(m, kept, 2);
};

/** By name; every one equals the oracle at its quantizers. */
export const EXPORTER_FORMS: ReadonlyMap<string, Form> = new Map<string, Form>([
  ['Gemm of two activations', gemm('computed', 'none', {})],
  ['Gemm of two activations, turned', gemm('computed', 'none', { transA: 1, transB: 1, alpha: float(0.5) })],
  ['Gemm of two activations, known bias', gemm('computed', 'known', { transB: 1 })],
  ['Gemm with a computed bias', gemm('known', 'computed', { beta: float(0.5) })],
  ['Gemm, constant on the left', constantLeft],
  ['MatMul by a matrix for each batch', batches([2, 3, 6], [2, 6, 5], true)],
  ['MatMul by a matrix for each batch, broadcast', batches([1, 2, 3, 6], [2, 6, 5], true)],
  ['MatMul by a float matrix for each batch', batches([2, 3, 6], [2, 6, 5], false)],
  ['MatMul of a float constant', left([3, 6], [2, 6, 5], false)],
  ['MatMul of float constants by batch', left([2, 3, 6], [2, 6, 5], false)],
  ['MatMul of constants by batch', left([2, 3, 6], [2, 6, 5], true)],
  ['Gather of computed rows', chosen([8, 5, 2], [3], 0)],
  ['Gather of one computed row', chosen([8, 40], [], 0)],
  ['Gather of computed columns', chosen([4, 8, 3], [2, 2], 1)],
  ['Gather of known columns by computed places', chosen([5, 8], [6], 1, true)],
  ['Einsum of an ellipsis', einsum('...ij,...jk->...ik', [2, 3, 4], [2, 4, 5], 3)],
  ['Einsum of an ellipsis in one operand', einsum('b...d,de->b...e', [2, 3, 3, 4], [4, 5], 4)],
  ['Einsum without an arrow', einsum('jb,aj', [4, 3], [5, 4], 2)],
  ['Pad below zero', padded(13, [0, 0, -1, 2, 0, 0, 1, -2])],
  ['Pad below zero alone', padded(13, [0, 0, -1, 0, 0, 0, -2, -1])],
  ['Pad below zero with attributes', padded(10, [0, 0, -1, 2, 0, 0, 1, -2], { value: float(-1) })],
  ['nearest by 2, TensorFlow', nearest([2, 2], { nearest_mode: 'floor' })],
  ['nearest by 1.5 and 0.6, TensorFlow', nearest([1.5, 0.6], { nearest_mode: 'floor' })],
  ['QAttention alone', attention],
  ['attention by known places', knownPlaces],
  ['Concat of 65', manyParts(65)],
  ['Concat of 200', manyParts(200)],
  ['Dropout with its mask', dropout],
]);
