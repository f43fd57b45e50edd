/** Elements of an axis by numbers known at import: repeats where each comes as often, else slices that are joined. */
import { refuse } from '../../refusal.ts';
import type { ImportContext } from '../context.ts';
import { repeated } from './interleave.ts';

/** Most slices that an axis may be put together from. */
const PIECES_MAX = 64;

/** The elements of `axis` that `indices` name, in their order; `what` is what they are called where there are too many pieces. */
export function pick(
  cx: ImportContext,
  id: string,
  axis: number,
  indices: readonly number[],
  what = 'rows or columns',
): string {
  const { shape } = cx.builder.typeOf(id);
  const size = shape[axis]!;
  const times = indices.length / size;
  if (Number.isInteger(times) && indices.every((v, i) => v === Math.floor(i / times)))
    return repeated(cx, id, axis, times);
  const runs = evenRuns(indices);
  if (runs.length > PIECES_MAX)
    refuse(`${what} from ${size} to ${indices.length} in ${runs.length} pieces`, {
      expected: `a whole factor, or at most ${PIECES_MAX} evenly spaced pieces`,
    });
  const pieces = runs.map(({ start, step, count }, i) => {
    const at = (own: number, other: number) => shape.map((_, d) => (d === axis ? own : other));
    const options = { shape: shape.map((d, a) => (a === axis ? count : d)), name: `${cx.label}.axis${axis}_${i}` };
    return cx.add('slice', [id], { starts: at(start, 0), steps: at(step, 1) }, options);
  });
  return pieces.length === 1 ? pieces[0]! : cx.add('concat', pieces, { axis }, { name: `${cx.label}.axis${axis}` });
}

interface Run {
  readonly start: number;
  readonly step: number;
  readonly count: number;
}

/** Evenly spaced runs, forwards or backwards, each as long as it comes. */
function evenRuns(indices: readonly number[]): Run[] {
  const runs: Run[] = [];
  for (let at = 0; at < indices.length; ) {
    const start = indices[at]!;
    const step = (indices[at + 1] ?? start + 1) - start;
    let count = 1;
    while (step !== 0 && indices[at + count] === start + count * step) count++;
    runs.push({ start, step: count === 1 ? 1 : step, count });
    at += count;
  }
  return runs;
}
