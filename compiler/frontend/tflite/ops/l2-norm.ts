/**
 * L2_NORMALIZATION of 8-bit codes over the last axis, in float32 and rounded once: the reference kernel takes the inverse root of a sum found at run time
 * in fixed point, which no table holds; so codes may differ by one, which is said.
 */
import { invalid } from '../../refusal.ts';
import { codeLimits, type ImportContext, text } from '../context.ts';
import { quantized } from './floats.ts';
import { centred } from './whole-numbers.ts';

/** Below any mean of squares that is not zero: a row of zeros stays zero. */
const EPSILON = 2 ** -60;

export function importL2Norm(cx: ImportContext): void {
  const [x, out] = [cx.inputTensor(0), cx.outputTensor()];
  const element = cx.codeType(out);
  const { low } = codeLimits(element);
  const { scale, zero } = cx.scaling(out);
  if (x.type !== out.type || element.bits !== 8 || scale !== 1 / 128 || zero !== low + 128)
    invalid(`${text(x)} is ${x.type}, its result ${out.type} of scale ${scale} and zero point ${zero}`, {
      expected: `int8 or uint8 codes, a result of scale 1/128 and zero point ${low + 128}`,
    });
  const n = x.shape.at(-1) ?? 1;
  cx.notes.push(
    `${cx.label}: L2_NORMALIZATION is computed in float32; the fixed-point kernel's codes may differ by one`,
  );
  const numbers = centred(cx, cx.value(0, 'file'), cx.scaling(x).zero, `${cx.label}.numbers`);
  const data = new Float32Array(n).fill(1 / Math.sqrt(n));
  const gain = cx.constant({ type: { element: { kind: 'float32' }, shape: [n] }, data }, 'gain');
  const options = { name: `${cx.label}.direction` };
  const direction = cx.add('layer-norm', [numbers, gain], { epsilon: EPSILON, centred: false }, options);
  cx.result(quantized(cx, direction), 'file');
}
