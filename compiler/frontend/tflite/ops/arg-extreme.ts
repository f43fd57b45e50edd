/**
 * ARG_MAX and ARG_MIN: the first place of the greatest code. With whole float32 numbers: of n places the i-th counts n − i where its code is the greatest
 * and 0 elsewhere, and the greatest of these counts tells the first such place. Exact for codes of up to 16 bits.
 */
import { INT32, sizeOf, type Window } from '../../../graph/types.ts';
import { invalid, refuse } from '../../refusal.ts';
import { type ImportContext, text } from '../context.ts';
import { axisOf } from './movement.ts';
import { centred, Steps, wholeNumbers } from './whole-numbers.ts';

/** Their numbers are a constant; float32 would hold 2^24. */
const PLACES_MAX = 2 ** 18;

export function importArgExtreme(cx: ImportContext): void {
  const [x, out] = [cx.inputTensor(0), cx.outputTensor()];
  const { bits } = cx.codeType(x);
  if (bits > 16) refuse(`${cx.operator.op} of ${x.type}`, { expected: 'codes of at most 16 bits' });
  const axis = axisOf(cx.integerInput(1, 'the axis')[0] ?? 0, x.shape.length);
  const n = x.shape[axis]!;
  if (n > PLACES_MAX) refuse(`${n} places`, { expected: `at most ${PLACES_MAX}` });
  const kept = x.shape.filter((_, d) => d !== axis);
  if (out.type !== 'int32' && out.type !== 'int64')
    invalid(`its result ${text(out)} is ${out.type}`, { expected: 'int32 or int64' });
  const rows = sizeOf(kept);
  const last = [...x.shape.keys()].filter((d) => d !== axis).concat(axis);
  const f = new Steps(cx, 'step');
  const name = (suffix: string) => ({ name: `${cx.label}.${suffix}` });
  const turned = cx.add('transpose', [cx.value(0, 'file')], { perm: last }, name('turned'));
  const codes = cx.add('reshape', [turned], {}, { shape: [1, 1, rows, n], ...name('rows') });
  const numbers = centred(cx, codes, 0, `${cx.label}.numbers`);
  const ordered = cx.operator.op === 'ARG_MAX' ? numbers : f.unary('neg', numbers);
  const window: Window = { kernel: [1, n], strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0] };
  const most = cx.add('maxpool', [ordered], { window }, name('most'));
  // 1 at the greatest codes, 0 or less elsewhere: codes differ by 1 at least.
  const marks = f.binary('sub', 1, f.binary('min', f.binary('sub', most, ordered), 1));
  const counts = f.constant(
    Array.from({ length: n }, (_, i) => n - i),
    [1, 1, 1, n],
  );
  const first = cx.add('maxpool', [f.binary('mul', marks, counts)], { window }, name('first'));
  const place = wholeNumbers(cx, f.binary('sub', n, first), { min: 0, max: n - 1 }, INT32);
  cx.result(cx.add('reshape', [place], {}, { shape: kept, ...name('shaped') }), 'file');
}
