/** What a STRIDED_SLICE takes: begin, end and stride of each axis with the masks that change their meaning, as TensorFlow has them. */
import { invalid } from '../../refusal.ts';
import type { ImportContext } from '../context.ts';

/** A box of an operand with a step for each axis; a step may be negative. */
export interface Box {
  readonly starts: readonly number[];
  readonly steps: readonly number[];
  readonly counts: readonly number[];
}

/** An axis with begin, end and stride number `at`; an axis as a whole; or a new axis of 1 that no axis of the operand has. */
type Entry = { readonly at: number } | 'whole' | 'new';

interface Masks {
  readonly begin: number;
  readonly end: number;
  readonly ellipsis: number;
  readonly added: number;
  readonly shrink: number;
  /** Ends count from the begins. */
  readonly offset: boolean;
}

interface Bounds {
  readonly begins: readonly number[];
  readonly ends: readonly number[];
  readonly strides: readonly number[];
}

const has = (mask: number, at: number): boolean => ((mask >> at) & 1) === 1;

/** The box of the current operator in an operand of this shape, and the shape of its result. */
export function stridedBox(cx: ImportContext, shape: readonly number[]): Box & { readonly result: readonly number[] } {
  const [begins, ends, strides] = [1, 2, 3].map((i) => cx.integerInput(i, 'begin, end and strides')) as [
    number[],
    number[],
    number[],
  ];
  if (ends.length !== begins.length || strides.length !== begins.length || strides.some((s) => s === 0))
    invalid(`${begins.length} begins, ${ends.length} ends, strides [${strides.join(', ')}]`, {
      expected: 'as many of each, and strides other than 0',
    });
  const mask = (id: number, name: string) => cx.options?.int32(id, name) ?? 0;
  const masks: Masks = {
    begin: mask(0, 'begin_mask'),
    end: mask(1, 'end_mask'),
    ellipsis: mask(2, 'ellipsis_mask'),
    added: mask(3, 'new_axis_mask'),
    shrink: mask(4, 'shrink_axis_mask'),
    offset: (cx.options?.uint8(5, 'offset') ?? 0) !== 0,
  };
  const list = entries(begins.length, shape.length, masks);
  const axes = list.filter((e) => e !== 'new').map((e, d) => axisOf(e, shape[d]!, { begins, ends, strides }, masks));
  let next = 0;
  const result = list.flatMap((e) => {
    const axis = e === 'new' ? { count: 1, kept: true } : axes[next++]!;
    return axis.kept ? [axis.count] : [];
  });
  return { starts: axes.map((a) => a.start), steps: axes.map((a) => a.step), counts: axes.map((a) => a.count), result };
}

/** An ellipsis is as many whole axes as are left; axes behind the last are whole. */
function entries(given: number, rank: number, { ellipsis, added }: Masks): Entry[] {
  const own = Array.from({ length: given }, (_, at) => at);
  const named = own.filter((at) => !has(ellipsis, at) && !has(added, at)).length;
  const gaps = own.filter((at) => has(ellipsis, at)).length;
  if (given > 31 || named > rank || gaps > 1)
    invalid(`a slice of ${named} axes`, { expected: `at most ${rank}, and one ellipsis` });
  const rest = new Array<Entry>(rank - named).fill('whole');
  const list = own.flatMap((at): Entry[] => (has(ellipsis, at) ? rest : [has(added, at) ? 'new' : { at }]));
  return gaps === 0 ? [...list, ...rest] : list;
}

function axisOf(entry: { readonly at: number } | 'whole', n: number, bounds: Bounds, masks: Masks) {
  if (entry === 'whole') return { start: 0, step: 1, count: n, kept: true };
  const { at } = entry;
  const [begin, step] = [bounds.begins[at]!, bounds.strides[at]!];
  // Backwards a slice begins at the last element and may end before the first.
  const [least, most] = step > 0 ? [0, n] : [-1, n - 1];
  const within = (v: number) => Math.min(Math.max(v < 0 ? v + n : v, least), most);
  const start = has(masks.begin, at) ? (step > 0 ? 0 : n - 1) : within(begin);
  if (has(masks.shrink, at)) return { start, step: 1, count: 1, kept: false };
  const end = masks.offset ? begin + bounds.ends[at]! : bounds.ends[at]!;
  const stop = has(masks.end, at) ? (step > 0 ? n : -1) : within(end);
  return { start, step, count: Math.max(0, Math.ceil((stop - start) / step)), kept: true };
}
