/**
 * com.microsoft.GatherBlockQuantized, the table of words of a language model in blocks of 4 or 8 bits: rows of the float32 table that codes, scales and zero points stand for.
 * Left out, and refused by name: rows of another axis than the first, blocks along another than the last.
 */
import { invalid, refuse } from '../../refusal.ts';
import { intAttribute } from '../attributes.ts';
import { size } from '../constants.ts';
import type { ImportContext } from '../context.ts';
import { axisOf } from '../fold.ts';
import type { Constant } from '../meaning.ts';
import { Expansion } from './expansion.ts';

/** Table, row numbers, scales, zero points: 0 when left out, the middle for codes that are packed in bytes. */
export function importGatherBlockQuantized(cx: ImportContext): void {
  const codes = cx.constantInput(0, 'the table') ?? invalid('the table is missing');
  const scales = cx.constantInput(2, 'the scales') ?? invalid('the scales are missing');
  const zeros = cx.constantInput(3, 'the zero points');
  const rank = codes.shape.length;
  const axes = ['gather_axis', 'quantize_axis'].map((n, i) => axisOf(intAttribute(cx.node, n, i), rank));
  if (axes[0] !== 0 || axes[1] !== rank - 1)
    refuse(`rows of axis ${axes[0]} in blocks along axis ${axes[1]} of ${rank}`, {
      expected: 'the first and the last axis',
    });
  const bits = intAttribute(cx.node, 'bits', 4);
  const packed = codes.dataType === 'uint8' && bits < 8;
  if (packed && ![2, 4].includes(bits)) refuse(`codes of ${bits} bits`, { expected: '2, 4 or 8' });
  const perByte = packed ? 8 / bits : 1;
  const block = intAttribute(cx.node, 'block_size', 128);
  const columns = (codes.shape.at(-1) ?? 0) * perByte;
  const blocks = Math.ceil(columns / block);
  const rows = size(codes.shape.slice(0, -1));
  const zeroColumns = Math.ceil(blocks / perByte);
  requireCount('scales', scales, rows * blocks);
  if (zeros !== undefined) requireCount('zero points', zeros, rows * zeroColumns);
  const at = ({ data }: Constant, row: number, width: number, i: number): number => {
    const stored = data[row * width + Math.floor(i / perByte)] ?? 0;
    return packed ? (stored >> ((i % perByte) * bits)) & (2 ** bits - 1) : stored;
  };
  const none = codes.dataType === 'uint8' ? 2 ** (bits - 1) : 0;
  const values = Float32Array.from({ length: rows * columns }, (_, i) => {
    const [row, column] = [Math.floor(i / columns), i % columns];
    const own = Math.floor(column / block);
    const zero = zeros === undefined ? none : at(zeros, row, zeroColumns, own);
    return (at(codes, row, columns / perByte, column) - zero) * (scales.data[row * blocks + own] ?? 0);
  });
  const table = `${cx.outputName}.table`;
  const shape = [...codes.shape.slice(0, -1), columns];
  cx.define(table, { kind: 'constant', constant: { dataType: 'float32', shape, data: values } });
  const e = new Expansion(cx);
  e.result(e.node('Gather', [table, e.input(1)], { axis: 0 }));
}

function requireCount(what: string, { data }: Constant, count: number): void {
  if (data.length !== count) invalid(`${data.length} ${what}`, { expected: `${count}` });
}
