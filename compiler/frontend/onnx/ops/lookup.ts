/** Ops whose indices or conditions are computed: Gather from a table, Where; and Expand. */
import { broadcastShape } from '../../../graph/ops/broadcast.ts';
import { invalid, refuse } from '../../refusal.ts';
import { intAttribute } from '../attributes.ts';
import { floatData, floatTensor, type ImportContext } from '../context.ts';
import { axisOf, whole } from '../fold.ts';
import type { Constant, Meaning } from '../meaning.ts';
import { Expansion } from './expansion.ts';
import { codesOfConstant } from './linear-quantizers.ts';
import { moved } from './movement.ts';
import { isPerTensor } from './scaling.ts';

/** Most rows of a computed table: each row that is looked up is a product with all of them. */
const MOST_ROWS = 1024;

/** By computed indices along another axis than the first: that axis goes first and its place gets those of the indices. */
function gatherAlong(cx: ImportContext, axis: number): void {
  const e = new Expansion(cx);
  const [rank, indices] = [0, 1].map((i) => e.shapeOf(e.input(i)).length) as [number, number];
  const others = Array.from({ length: rank }, (_, d) => d).filter((d) => d !== axis);
  const rows = e.node('Gather', [e.node('Transpose', [e.input(0)], { perm: [axis, ...others] }), e.input(1)]);
  const own = Array.from({ length: indices }, (_, d) => d);
  const rest = others.map((_, d) => indices + d);
  e.result(e.node('Transpose', [rows], { perm: [...rest.slice(0, axis), ...own, ...rest.slice(axis)] }));
}

/** Rows of a computed table, in float32: each is a product of the table with a one and zeros. */
function gatherComputed(cx: ImportContext): void {
  const e = new Expansion(cx);
  const [extent = 1, ...row] = e.shapeOf(e.input(0));
  if (extent > MOST_ROWS)
    refuse(`Gather of computed rows from ${extent}`, { expected: `a constant table, or at most ${MOST_ROWS} rows` });
  const ones = e.node('OneHot', [e.input(1), e.ints([extent]), e.constant('float32', [2], [0, 1])]);
  const indices = e.shapeOf(e.input(1));
  const left = e.node('Reshape', [ones, e.ints([-1, extent])]);
  const products = e.node('MatMul', [left, e.node('Reshape', [e.input(0), e.ints([extent, -1])])]);
  e.result(e.node('Reshape', [products, e.ints([...indices, ...row])]));
}

/** Rows of a constant table; negative indices, which ONNX counts from the end, are errors when the network runs. */
export function gatherRows(cx: ImportContext): void {
  const [table, index] = [cx.input(0), cx.input(1)];
  if (index.kind !== 'codes')
    refuse(`Gather with indices '${cx.node.inputs[1]}' that are not integers`, { expected: 'an integer tensor' });
  const axis = axisOf(intAttribute(cx.node, 'axis', 0), cx.typeOf(table).shape.length);
  if (axis !== 0) {
    gatherAlong(cx, axis);
    return;
  }
  if (table.kind === 'float' || table.kind === 'quantized' || table.kind === 'pending') {
    gatherComputed(cx);
    return;
  }
  const name = cx.outputName;
  if (table.kind === 'constant' && table.constant.dataType === 'float32') {
    const rows = cx.builder.constant(floatTensor(floatData(table.constant), table.constant.shape), `${name}.table`);
    cx.result({ kind: 'float', id: cx.add('gather', [rows, index.id], {}, { output: name }) });
    return;
  }
  const codes =
    table.kind === 'weights'
      ? table.codes
      : table.kind === 'constant'
        ? codesOfConstant(table.constant)
        : refuse('Gather from a table that is computed', { expected: 'a constant table' });
  const id = cx.add('gather', [cx.constantCodes(codes, `${name}.table`), index.id], {}, { output: name });
  if (table.kind !== 'weights') {
    cx.result({ kind: 'codes', id, dataType: (table as { constant: Constant }).constant.dataType });
    return;
  }
  const { scaling, origin } = table;
  if (!isPerTensor(scaling) && scaling.axis === 0)
    refuse('a table with a scale per row', { expected: 'one scale, or one per column' });
  const moves = cx.typeOf(index).shape.length - 1;
  cx.result({ kind: 'quantized', id, scaling: { ...scaling, axis: scaling.axis + moves }, origin });
}

function condition(cx: ImportContext): string {
  const c = cx.input(0);
  if (c.kind === 'codes' && c.dataType === 'bool') return c.id;
  if (c.kind !== 'constant' || c.constant.dataType !== 'bool')
    return refuse(`Where with the condition '${cx.node.inputs[0]}'`, {
      expected: 'a constant, or an input of type bool',
    });
  const data = Int32Array.from(c.constant.data, (v) => (v === 0 ? 0 : 1));
  const element = { kind: 'int', bits: 1, coding: 'unsigned' } as const;
  return cx.builder.constant({ type: { element, shape: c.constant.shape }, data }, `${cx.outputName}.condition`);
}

/** On codes of one type as codes, else on float32. */
export function importWhere(cx: ImportContext): void {
  const flags = condition(cx);
  const [a, b] = [cx.input(1), cx.input(2)];
  const codes = (x: Meaning, index: number): string | undefined =>
    x.kind === 'codes'
      ? x.id
      : x.kind === 'constant' && x.constant.dataType !== 'float32'
        ? known(cx, x, index)
        : undefined;
  const typeOf = (x: Meaning) => (x.kind === 'codes' ? x.dataType : x.kind === 'constant' ? x.constant.dataType : '');
  const output = cx.outputName;
  if (typeOf(a) === typeOf(b) && (a.kind === 'codes' || b.kind === 'codes')) {
    const [left, right] = [
      codes(a, 1) ?? invalid('Where of mixed types'),
      codes(b, 2) ?? invalid('Where of mixed types'),
    ];
    const dataType = a.kind === 'codes' ? a.dataType : b.kind === 'codes' ? b.dataType : 'int32';
    cx.result({ kind: 'codes', id: cx.add('where', [flags, left, right], {}, { output }), dataType });
    return;
  }
  cx.result({ kind: 'float', id: cx.add('where', [flags, cx.floatInput(1), cx.floatInput(2)], {}, { output }) });
}

function known(cx: ImportContext, x: Extract<Meaning, { kind: 'constant' }>, index: number): string {
  return cx.constantCodes(codesOfConstant(x.constant), cx.node.inputs[index] ?? 'choice');
}

export function importExpand(cx: ImportContext): void {
  const target = cx.constantInput(1, 'the shape') ?? invalid('Expand has no shape');
  const from = cx.typeOf(cx.input(0)).shape;
  const shape = broadcastShape(from, whole(target));
  if (shape.join() === from.join()) {
    cx.result(cx.input(0));
    return;
  }
  const lead = shape.length - from.length;
  moved(cx, {
    emit: (id) => cx.add('expand', [id], { shape }, { output: cx.outputName }),
    axis: (a) => (shape[a + lead] === from[a] ? a + lead : undefined),
  });
}
