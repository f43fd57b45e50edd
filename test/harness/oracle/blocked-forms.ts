/** Weights with a scale for each block of the summed axis, as recipes of large language models write them. */
import { type Form, floats } from './form-models.ts';
import { type ModelMaker, quantizedOutput, scaledInput } from './pattern-models.ts';

const MICROSOFT = [{ domain: 'com.microsoft', version: 1 }];

/** Codes in an input with a scale, or floats. */
function activations(m: ModelMaker, kind: 'codes' | 'floats', shape: readonly number[]): string {
  return kind === 'codes' ? scaledInput(m, 'uint8', shape, 0.02, 120).float : m.input('float32', shape);
}

function finish(m: ModelMaker, y: string, rank: number) {
  quantizedOutput(m, y, 'uint8', rank, 0.1, 128);
  return m.model('blocked', MICROSOFT);
}

/** DequantizeLinear with block_size along K, behind it the product; `turned`: weights [N, K] and a Transpose. */
function dequantized(kind: 'codes' | 'floats', type: 'int4' | 'uint4', k: number, turned = false): Form {
  return (m) => {
    m.opset = 21;
    const [n, block] = [6, 16];
    const blocks = Math.ceil(k / block);
    const [dims, own] = turned
      ? [
          [n, k],
          [n, blocks],
        ]
      : [
          [k, n],
          [blocks, n],
        ];
    const codes = m.tensor(type, dims!, m.codes(type, k * n));
    const zeros = type === 'uint4' ? m.codes('uint4', blocks * n) : new Array<number>(blocks * n).fill(0);
    const inputs = [codes, floats(m, own!, 0.005, 0.03), m.tensor(type, own!, zeros)];
    const w = m.node('DequantizeLinear', inputs, { axis: turned ? 1 : 0, block_size: block });
    const matrix = turned ? m.node('Transpose', [w], { perm: [1, 0] }) : w;
    return finish(m, m.node('MatMul', [activations(m, kind, [2, 5, k]), matrix]), 3);
  };
}

/** com.microsoft.MatMulNBits. */
function packed(kind: 'codes' | 'floats', k: number, zeros: boolean, bits: 4 | 8 = 4): Form {
  return (m) => {
    m.opset = 21;
    const [n, block] = [6, 16];
    const blocks = Math.ceil(k / block);
    const bytes = (block * bits) / 8;
    const inputs = [
      activations(m, kind, [2, 5, k]),
      m.tensor('uint8', [n, blocks, bytes], m.codes('uint8', n * blocks * bytes)),
      m.tensor(
        'float32',
        [n * blocks],
        Array.from({ length: n * blocks }, () => m.scale(0.005, 0.03) * (bits === 8 ? 0.1 : 1)),
      ),
    ];
    const zeroBytes = n * Math.ceil((blocks * bits) / 8);
    if (zeros) inputs.push(m.tensor('uint8', [zeroBytes], m.codes('uint8', zeroBytes)));
    const attributes = { K: k, N: n, bits, block_size: block };
    return finish(m, m.node('com.microsoft:MatMulNBits', inputs, attributes), 3);
  };
}

/** The runtime multiplies floats in an order of its own; of hundreds of codes none differs. */
export const BLOCKED_FORMS: ReadonlyMap<string, Form> = new Map<string, Form>([
  ['DequantizeLinear of int4 behind codes', dequantized('codes', 'int4', 48)],
  ['DequantizeLinear of uint4 behind codes', dequantized('codes', 'uint4', 48)],
  ['DequantizeLinear of int4 behind floats', dequantized('floats', 'int4', 48)],
  ['DequantizeLinear and Transpose', dequantized('codes', 'int4', 48, true)],
  ['MatMulNBits behind floats', packed('floats', 48, false)],
  ['MatMulNBits with zero points behind floats', packed('floats', 48, true)],
  ['MatMulNBits behind codes', packed('codes', 48, false)],
  ['MatMulNBits with zero points behind codes, the last block short', packed('codes', 40, true)],
]);
