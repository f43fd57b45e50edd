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

/** Rows of a table in blocks along its last axis; uint8 holds two codes a byte. */
function table(type: 'int4' | 'uint4' | 'uint8', zeros: boolean): Form {
  return (m) => {
    m.opset = 21;
    const [rows, columns, block] = [256, 48, 16];
    const perByte = type === 'uint8' ? 2 : 1;
    const own = [rows, Math.ceil(columns / block / perByte)];
    const codes = m.tensor(type, [rows, columns / perByte], m.codes(type, (rows * columns) / perByte));
    const word = m.node('Cast', [m.input('uint8', [2, 5])], { to: 7 });
    const inputs = [codes, word, floats(m, [rows, columns / block], 0.05, 0.3)];
    if (zeros) inputs.push(m.tensor(type, own, m.codes(type, own[0]! * own[1]!)));
    const attributes = {
      gather_axis: 0,
      quantize_axis: 1,
      block_size: block,
      ...(type === 'uint8' ? { bits: 4 } : {}),
    };
    return finish(m, m.node('com.microsoft:GatherBlockQuantized', inputs, attributes), 3);
  };
}

/** By name; the codes of every one equal the oracle's. */
export const TABLE_FORMS: ReadonlyMap<string, Form> = new Map<string, Form>([
  ['int4', table('int4', false)],
  ['uint4 with zero points', table('uint4', true)],
  ['two codes a byte', table('uint8', false)],
  ['two codes a byte with zero points', table('uint8', true)],
]);
