/** Averages and products with a bias: which of them the runtime fuses, and what it rounds, where results lie between two codes. */
import { describe, it } from 'vitest';
import { anyCodes, expectExact } from '../../../harness/oracle/exact.ts';
import type { ModelMaker } from '../../../harness/oracle/pattern-models.ts';
import * as ties from '../../../harness/oracle/tie-models.ts';

describe('exact ties: averages', () => {
  it.each([...ties.AVERAGES])('%s', (_, form) => expectExact(form, anyCodes));
});

const relu = (m: ModelMaker, y: string) => m.node('Relu', [y]);
const reshape = (m: ModelMaker, y: string) => m.node('Reshape', [y, m.tensor('int64', [2], [-1, 30])]);

describe('exact ties: a bias in float32 is rounded to int32 where the runtime rounds it', () => {
  const rows = [60];
  const forms: readonly (readonly [string, ties.Linear])[] = [
    ['Linear: MatMul, Add', { rows, bias: [30] }],
    ['Linear: Add with the bias first', { rows, bias: [30], op: 'Add, bias first' }],
    ['Linear, opset 13', { rows, bias: [30], opset: 13 }],
    ['Linear, a scale per channel', { rows, bias: [30], perChannel: true }],
    ['Linear, int32 bias', { rows, bias: 'int32' }],
    ['Linear of a batch', { rows: [2, 30], bias: [30] }],
    ['Linear of a batch, a scale per channel', { rows: [2, 30], bias: [30], perChannel: true }],
    ['Linear of a batch, int32 bias', { rows: [2, 30], bias: 'int32' }],
    ['Linear of two batch axes', { rows: [2, 5, 6], bias: [30] }],
    ['Linear, Relu', { rows, bias: [30], after: relu, zero: 0 }],
    ['Linear of a batch, Relu: not rounded', { rows: [2, 30], bias: [30], after: relu, zero: 0 }],
    ['Linear, Reshape', { rows, bias: [30], after: reshape }],
    ['Linear of a batch, Reshape', { rows: [2, 30], bias: [30], after: reshape, rank: 2 }],
    ['Linear, Relu, Reshape', { rows, bias: [30], after: (m, y) => reshape(m, relu(m, y)), zero: 0 }],
    ['Linear, Reshape, Relu: not rounded', { rows, bias: [30], after: (m, y) => relu(m, reshape(m, y)), zero: 0 }],
    ['Linear, bias [1, N]: not rounded', { rows, bias: [1, 30] }],
    ['Linear, bias [1]: not rounded', { rows, bias: [1] }],
    ['Linear of a batch, bias [1, 1, N]: not rounded', { rows: [2, 30], bias: [1, 1, 30] }],
    ['Gemm', { rows, bias: [30], op: 'Gemm' }],
    ['Gemm, transB', { rows, bias: [30], op: 'Gemm', attributes: { transB: 1 }, perChannel: true }],
    ['Gemm, bias [1]', { rows, bias: [1], op: 'Gemm' }],
    ['Gemm, bias [1, N]: not rounded', { rows, bias: [1, 30], op: 'Gemm' }],
  ];
  it.each(forms)('%s', (_, how) => expectExact(ties.linear(how), anyCodes));
});

describe('exact ties: float weights between codes and a quantizer are rounded to int8', () => {
  const rows = [60];
  const forms: readonly (readonly [string, ties.TieForm])[] = [
    ['Conv', ties.convolution({ bias: 'none', floatWeights: true })],
    ['Conv with a bias', ties.convolution({ floatWeights: true })],
    ['Gemm', ties.linear({ rows, bias: [30], op: 'Gemm', floatWeights: true })],
    ['Linear', ties.linear({ rows, bias: [30], floatWeights: true })],
  ];
  it.each(forms)('%s', (_, form) => expectExact(form, anyCodes));
});
