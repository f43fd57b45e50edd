/**
 * Einsum of two operands as transposes, reshapes and one matrix product: labels of both operands and the result are batches, labels of both alone are summed, the rest
 * are rows or columns. The runtime has no integer kernel for it, so its result is float32. Left out, and refused by name: one operand or three, diagonals, sums over one operand.
 */

import { invalid, refuse } from '../../refusal.ts';
import { stringAttribute } from '../attributes.ts';
import { make, size } from '../constants.ts';
import type { ImportContext } from '../context.ts';
import { foldTranspose } from '../fold.ts';
import type { AttributeValue } from '../model.ts';
import { importReshape, importTranspose } from './movement.ts';
import { importMatMul } from './products.ts';

interface Labels {
  readonly batch: readonly string[];
  readonly rows: readonly string[];
  readonly summed: readonly string[];
  readonly columns: readonly string[];
}

/** Operands of letters with an ellipsis at most; without an arrow the result is what ONNX says: the ellipsis, then the letters that are there once. */
const FORM = /^([a-zA-Z]*(?:\.{3})?[a-zA-Z]*),([a-zA-Z]*(?:\.{3})?[a-zA-Z]*)(?:->([a-zA-Z]*(?:\.{3})?[a-zA-Z]*))?$/;

/** Labels of `rank` axes; those of an ellipsis are counted from the last one. */
function labelsOf(text: string, rank: number): string[] {
  const [before = '', after] = text.split('...');
  if (after === undefined) return [...before];
  const count = Math.max(0, rank - before.length - after.length);
  return [...before, ...Array.from({ length: count }, (_, i) => `axis ${i - count}`), ...after];
}

/** Letters of one operand alone, in the order of the alphabet. */
function lonely(a: readonly string[], b: readonly string[]): string[] {
  return [...a, ...b].filter((l) => l.length === 1 && !(a.includes(l) && b.includes(l))).sort();
}

export function importEinsum(cx: ImportContext): void {
  const equation = stringAttribute(cx.node, 'equation', '').replaceAll(' ', '');
  const [, left, right, result] = FORM.exec(equation) ?? [];
  if (left === undefined || right === undefined || cx.node.inputs.length !== 2)
    return refuse(`Einsum '${equation}'`, { expected: 'two operands and a result of letters: ij,jk->ik' });
  const [a, b] = [left, right].map((text, i) => labelsOf(text, cx.typeOf(cx.input(i)).shape.length)) as [
    string[],
    string[],
  ];
  const wide = [a, b].map((list) => list.filter((l) => l.length > 1)).sort((x, y) => y.length - x.length)[0] ?? [];
  if (wide.length > 0 && result !== undefined && !result.includes('...'))
    refuse(`Einsum '${equation}' sums an ellipsis`, { expected: 'the ellipsis in the result too' });
  const out =
    result === undefined
      ? [...wide, ...lonely(a, b)]
      : labelsOf(result, wide.length + result.replace('...', '').length);
  for (const list of [a, b, out])
    if (new Set(list).size !== list.length)
      refuse(`Einsum '${equation}' with a label twice in one operand`, { expected: 'each label once' });
  const extents = extentsOf(cx, a, b);
  const labels: Labels = {
    batch: out.filter((l) => a.includes(l) && b.includes(l)),
    rows: out.filter((l) => a.includes(l) && !b.includes(l)),
    summed: a.filter((l) => b.includes(l) && !out.includes(l)),
    columns: out.filter((l) => !a.includes(l) && b.includes(l)),
  };
  const used = new Set(Object.values(labels).flat());
  const lone = [...a, ...b, ...out].find((l) => !used.has(l));
  if (lone !== undefined)
    refuse(`Einsum '${equation}' sums '${lone}' over one operand`, {
      expected: 'labels of both operands, or of the result',
    });
  multiply(cx, labels, { a, b, out }, (list) => list.map((l) => extents.get(l) ?? 1));
}

function extentsOf(cx: ImportContext, a: readonly string[], b: readonly string[]): ReadonlyMap<string, number> {
  const extents = new Map<string, number>();
  for (const [i, list] of [a, b].entries()) {
    const { shape } = cx.typeOf(cx.input(i));
    if (shape.length !== list.length)
      invalid(`operand ${i} has shape [${shape.join(', ')}]`, { expected: `${list.length} axes` });
    for (const [d, label] of list.entries()) {
      const known = extents.get(label) ?? shape[d];
      if (known !== shape[d])
        (label.length > 1 ? refuse : invalid)(`label '${label}' is ${known} and ${shape[d]}`, {
          expected: 'one extent',
        });
      extents.set(label, known ?? 1);
    }
  }
  return extents;
}

interface Operands {
  readonly a: readonly string[];
  readonly b: readonly string[];
  readonly out: readonly string[];
}

type ShapeOf = (labels: readonly string[]) => readonly number[];

function multiply(
  cx: ImportContext,
  { batch, rows, summed, columns }: Labels,
  { a, b, out }: Operands,
  of: ShapeOf,
): void {
  const name = cx.outputName;
  const lead = batch.length === 0 ? [] : [size(of(batch))];
  const [m, k, n] = [rows, summed, columns].map((list) => size(of(list))) as [number, number, number];
  const left = arranged(cx, 0, a, [...batch, ...rows, ...summed], [...lead, m, k], `${name}.left`);
  const right = arranged(cx, 1, b, [...batch, ...summed, ...columns], [...lead, k, n], `${name}.right`);
  const product = `${name}.product`;
  step(cx, 'MatMul', [left, right], product, {}, importMatMul);
  const sums = cx.lookup(product) ?? invalid('the product is missing');
  cx.define(product, { kind: 'float', id: cx.floatOf(product, sums) });
  const order = [...batch, ...rows, ...columns];
  const shaped = reshaped(cx, product, of(order), `${name}.shaped`);
  const perm = out.map((l) => order.indexOf(l));
  const last = perm.every((p, d) => p === d) ? shaped : transposed(cx, shaped, perm, `${name}.turned`);
  cx.result(cx.lookup(last) ?? invalid('the result is missing'));
}

/** Operand `index` with its labels in `order`, as `shape`. */
function arranged(
  cx: ImportContext,
  index: number,
  labels: readonly string[],
  order: readonly string[],
  shape: readonly number[],
  name: string,
): string {
  cx.input(index);
  const perm = order.map((l) => labels.indexOf(l));
  const from = cx.node.inputs[index] ?? '';
  const turned = perm.every((p, d) => p === d) ? from : transposed(cx, from, perm, `${name}.turned`);
  return reshaped(cx, turned, shape, name);
}

function transposed(cx: ImportContext, from: string, perm: readonly number[], to: string): string {
  const x = cx.lookup(from);
  if (x?.kind === 'constant') cx.define(to, { kind: 'constant', constant: foldTranspose(x.constant, perm) });
  else step(cx, 'Transpose', [from], to, { perm: { type: 'ints', value: perm } }, importTranspose);
  return to;
}

function reshaped(cx: ImportContext, from: string, shape: readonly number[], to: string): string {
  const x = cx.lookup(from);
  if (x !== undefined && cx.typeOf(x).shape.join() === shape.join()) return from;
  if (x?.kind === 'constant') cx.define(to, { kind: 'constant', constant: { ...x.constant, shape } });
  else {
    cx.define(`${to}.shape`, { kind: 'constant', constant: make('int64', [shape.length], shape) });
    step(cx, 'Reshape', [from, `${to}.shape`], to, {}, importReshape);
  }
  return to;
}

/** Imports one step as a node of its own. */
function step(
  cx: ImportContext,
  opType: string,
  inputs: readonly string[],
  output: string,
  attributes: Readonly<Record<string, AttributeValue>>,
  run: (cx: ImportContext) => void,
): void {
  const node = {
    ...cx.node,
    opType,
    domain: '',
    inputs,
    outputs: [output],
    attributes: new Map(Object.entries(attributes)),
  };
  cx.as(node, () => run(cx));
}
