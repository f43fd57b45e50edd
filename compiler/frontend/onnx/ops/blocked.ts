/**
 * Weights with a scale for each block of the axis that is summed: DequantizeLinear with block_size (opset 21) and com.microsoft.MatMulNBits. Quantized activations multiply
 * block by block on the arrays, each sum gets its block's scales, and the blocks are added in float32; float activations run on the vector unit.
 */

import { invalid, refuse } from '../../refusal.ts';
import { intAttribute } from '../attributes.ts';
import { size } from '../constants.ts';
import { blockedFloats, type ImportContext } from '../context.ts';
import type { Codes, Constant, Meaning } from '../meaning.ts';
import { Formula } from './formula.ts';
import { activationsInput, emitMatMul, importMatMul } from './products.ts';
import { isPerTensor, singleScale } from './scaling.ts';

type Blocked = Extract<Meaning, { kind: 'blocked' }>;
type Quantized = Extract<Meaning, { kind: 'quantized' }>;

/** Products of blocks on the arrays, at most; more of them become float32. */
const MOST_BLOCKS = 256;

/** MatMul, whose second operand may be blocked. */
export function importAnyMatMul(cx: ImportContext): void {
  const w = cx.lookup(cx.node.inputs[1] ?? '');
  if (w?.kind === 'blocked') blockedProduct(cx, w);
  else importMatMul(cx);
}

/** x times blocked weights [K, N], blocks along K. */
function blockedProduct(cx: ImportContext, w: Blocked): void {
  const { codes, blocks } = w;
  const [k = 1, n = 1] = codes.shape;
  if (codes.shape.length !== 2)
    refuse(`blocked weights of shape [${codes.shape.join(', ')}]`, { expected: 'a matrix [K, N]' });
  const { shape } = cx.typeOf(cx.input(0));
  if (shape.at(-1) !== k)
    invalid(`input [${shape.join(', ')}] times weights [${k}, ${n}]`, { expected: `an input that ends in ${k}` });
  const x = activationsInput(cx, 0);
  const fits = blocks.axis === 0 && Math.ceil(k / blocks.size) <= MOST_BLOCKS;
  const id = x !== undefined && isPerTensor(x.scaling) && fits ? onArrays(cx, x, w) : onVector(cx, w);
  cx.result({ kind: 'float', id });
}

function onArrays(cx: ImportContext, x: Quantized, { codes, blocks }: Blocked): string {
  const f = new Formula(cx);
  const { shape } = cx.builder.typeOf(x.id);
  const [k = 1, n = 1] = codes.shape;
  const xScale = singleScale(x.scaling, 'the input');
  let sum: string | undefined;
  for (let b = 0; b * blocks.size < k; b++) {
    const [from, to] = [b * blocks.size, Math.min(k, (b + 1) * blocks.size)];
    const part: Codes = { ...codes, shape: [to - from, n], data: codes.data.slice(from * n, to * n) };
    const zero = blocks.zero.slice(b * n, (b + 1) * n);
    const scale = blocks.scale.slice(b * n, (b + 1) * n);
    const own = { ...x, id: f.part(x.id, shape.length - 1, from, to - from) };
    const acc = emitMatMul(cx, own, { codes: part, scaling: { scale, zero, axis: 1 } }, undefined);
    const scaling = { scale: scale.map((s) => s * xScale), zero: new Int32Array(1), axis: shape.length - 1 };
    const floats = cx.dequantize(acc, scaling, f.name());
    sum = sum === undefined ? floats : f.binary('add', sum, floats);
  }
  return sum ?? invalid('weights without rows');
}

function onVector(cx: ImportContext, w: Blocked): string {
  const f = new Formula(cx);
  const x = cx.floatInput(0);
  const { shape } = cx.builder.typeOf(x);
  const [k = 1, n = 1] = w.codes.shape;
  const plain = blockedFloats(w);
  const turned = Float32Array.from({ length: plain.length }, (_, i) => plain[(i % k) * n + Math.floor(i / k)] ?? 0);
  return f.reshape(f.product(f.reshape(x, [size(shape) / k, k]), turned, n), [...shape.slice(0, -1), n]);
}

/**
 * com.microsoft.MatMulNBits: x [.., K], packed codes [N, blocks, bytes], scales [N, blocks], packed zero points [N, bytes] (the middle when absent), bias. Codes lie
 * from the lowest bits of a byte on. Meaning in float32, whatever accuracy_level allows a runtime.
 */
export function importMatMulNBits(cx: ImportContext): void {
  const attribute = (name: string) => intAttribute(cx.node, name, name === 'bits' ? 4 : 0);
  const [k, n, bits, block] = [attribute('K'), attribute('N'), attribute('bits'), attribute('block_size')];
  if (![2, 4, 8].includes(bits)) refuse(`MatMulNBits with ${bits} bits`, { expected: '2, 4 or 8' });
  if (!(k >= 1 && n >= 1 && block >= 1))
    invalid(`K ${k}, N ${n}, block_size ${block}`, { expected: 'at least 1 each' });
  if (cx.hasInput(4))
    refuse('MatMulNBits with group indices (input 4)', { expected: 'no g_idx', hint: 'export without act-order' });
  const count = Math.ceil(k / block);
  const packed = need(cx, 1, 'the weights', n * count * Math.ceil((block * bits) / 8));
  const scales = need(cx, 2, 'the scales', n * count);
  const rowBytes = Math.ceil((count * bits) / 8);
  const zeroType = cx.constantInput(3, 'the zero points')?.dataType ?? 'uint8';
  if (zeroType !== 'uint8')
    refuse(`MatMulNBits with ${zeroType} zero points`, {
      expected: 'packed uint8 zero points',
      hint: 'quantize the weights again with integer zero points, or symmetric (HQQ writes float ones)',
    });
  const zeros = cx.hasInput(3) ? need(cx, 3, 'the zero points', n * rowBytes) : undefined;
  const unpack = (c: Constant, bytesBefore: number, i: number): number =>
    ((c.data[bytesBefore + Math.floor((i * bits) / 8)] ?? 0) >> ((i * bits) % 8)) & (2 ** bits - 1);
  const blockBytes = Math.ceil((block * bits) / 8);
  const data = new Int32Array(k * n);
  for (let i = 0; i < k * n; i++) {
    const [row, column] = [Math.floor(i / n), i % n];
    data[i] = unpack(packed, (column * count + Math.floor(row / block)) * blockBytes, row % block);
  }
  const byBlock = (of: (column: number, b: number) => number) => (_: unknown, i: number) =>
    of(i % n, Math.floor(i / n));
  const each = { length: count * n };
  const middle = 2 ** (bits - 1);
  const w: Blocked = {
    kind: 'blocked',
    codes: { element: { kind: 'int', bits, coding: 'unsigned' }, shape: [k, n], data },
    blocks: {
      scale: Float32Array.from(
        each,
        byBlock((c, b) => scales.data[c * count + b] ?? 0),
      ),
      zero: Int32Array.from(
        each,
        byBlock((c, b) => (zeros === undefined ? middle : unpack(zeros, c * rowBytes, b))),
      ),
      shape: [count, n],
      axis: 0,
      size: block,
    },
  };
  if (!cx.hasInput(5)) {
    blockedProduct(cx, w);
    return;
  }
  const sums = `${cx.outputName}.product`;
  cx.as({ ...cx.node, outputs: [sums] }, () => blockedProduct(cx, w));
  const product = cx.lookup(sums);
  if (product?.kind !== 'float') return;
  cx.result({ kind: 'float', id: new Formula(cx).binary('add', product.id, cx.floatInput(5)) });
}

function need(cx: ImportContext, index: number, what: string, length: number): Constant {
  const c = cx.constantInput(index, what) ?? invalid(`${what} are missing`);
  return c.data.length === length ? c : invalid(`${what} have ${c.data.length} elements`, { expected: `${length}` });
}
