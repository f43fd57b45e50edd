/**
 * Arithmetic of computed int32 and int64 numbers: positions, lengths, words. Sums of two int32 tensors are integer operations; the rest is float32, exact for
 * numbers of at most 2^23, which is also where results saturate. Codes of 8 bits are no numbers: they have a scale.
 */
import { type BinaryFunction, INT32 } from '../../../graph/types.ts';
import { refuse } from '../../refusal.ts';
import type { ImportContext } from '../context.ts';
import type { Meaning } from '../meaning.ts';
import { numbersOf, wholeNumbers } from './conditions.ts';
import { Formula } from './formula.ts';
import { codesOfConstant } from './linear-quantizers.ts';

/** Type of an operand that holds whole numbers; undefined for any other. */
function wholeType(x: Meaning): 'int32' | 'int64' | undefined {
  const type = x.kind === 'codes' ? x.dataType : x.kind === 'constant' ? x.constant.dataType : undefined;
  return type === 'int32' || type === 'int64' ? type : undefined;
}

/** Add, Sub, Mul, Div (towards zero), Max and Min of two operands, one of them computed. */
export function integerBinary(cx: ImportContext, fn: BinaryFunction): Meaning {
  const [a, b] = [cx.input(0), cx.input(1)];
  const type = wholeType(a);
  if (type === undefined || type !== wholeType(b)) {
    const texts = [a, b].map((x) =>
      x.kind === 'codes' ? x.dataType : x.kind === 'constant' ? x.constant.dataType : 'float32',
    );
    return refuse(`${cx.node.opType} of ${texts.join(' and ')}`, {
      expected: 'two operands of int32 or of int64, or float32',
      hint: 'DequantizeLinear before it makes numbers of codes',
    });
  }
  if (fn === 'add' && type === 'int32') {
    const ids = [a, b].map((x, i) => integerOperand(cx, x, i));
    return { kind: 'codes', id: cx.add('addi', ids, {}, { output: cx.outputName }), dataType: type };
  }
  const f = new Formula(cx);
  const result = f.binary(fn, numbersOf(cx, 0), numbersOf(cx, 1));
  return { kind: 'codes', id: wholeNumbers(cx, result, INT32), dataType: type };
}

function integerOperand(cx: ImportContext, x: Meaning, index: number): string {
  if (x.kind === 'codes') return x.id;
  if (x.kind !== 'constant') return refuse('Add of mixed operands', { expected: 'int32 and int32, or float32' });
  return cx.constantCodes(codesOfConstant(x.constant), cx.node.inputs[index] ?? 'addend');
}

/**
 * Runs an importer that takes float32 on numbers, when input 0 holds computed int32 or int64: its operand is their float32, its result whole numbers again.
 */
export const onIntegers =
  (importer: (cx: ImportContext) => void) =>
  (cx: ImportContext): void => {
    const x = cx.input(0);
    const type = x.kind === 'codes' ? wholeType(x) : undefined;
    if (type === undefined) {
      importer(cx);
      return;
    }
    const { node } = cx;
    const [from, to] = [`${cx.outputName}.numbers`, `${cx.outputName}.float`];
    cx.define(from, { kind: 'float', id: numbersOf(cx, 0) });
    cx.as({ ...node, inputs: [from, ...node.inputs.slice(1)], outputs: [to] }, () => importer(cx));
    const result = cx.lookup(to);
    if (result === undefined) return;
    cx.result({ kind: 'codes', id: wholeNumbers(cx, cx.floatOf(to, result), INT32), dataType: type });
  };
