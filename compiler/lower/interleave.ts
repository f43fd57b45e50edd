/**
 * One run of a pipeline as a sequential program: every stage's instructions of its own inference, the stages side by side by their pace. What stage i
 * made for stage i + 1 in the run before is read before it is made anew: an instruction that writes what crosses a border stands behind all that
 * still read it. So an order of this sequence (order.ts) gives each stage the values of one inference, and its cores wait for no more than that.
 */
import type { Machine } from '../../isa/machine/schema.ts';
import type { Draft, NamedTensor } from './draft.ts';
import { accessOf } from './draft.ts';
import { at } from './layout.ts';
import { paceOf, type StageOf } from './pace.ts';

interface Entry {
  readonly draft: Draft;
  readonly start: number;
  readonly stage: number;
  /** Tensors that stages behind this one read: they must have done so. */
  readonly writes: readonly string[];
  readonly reads: readonly string[];
}

/** @param borders tensors that cross a border, by name and space: `keyOf` */
export function interleave(
  drafts: readonly Draft[],
  machine: Machine,
  stageOf: StageOf,
  borders: ReadonlySet<string>,
): readonly Draft[] {
  const streams = streamsOf(drafts, machine, stageOf, borders);
  const unread = new Map<string, number>();
  const count = (key: string, stage: number, by: number): void => {
    const id = `${key} ${stage}`;
    unread.set(id, (unread.get(id) ?? 0) + by);
  };
  for (const stream of streams) for (const e of stream) for (const key of e.reads) count(key, e.stage, 1);
  const heads = streams.map(() => 0);
  const free = (e: Entry): boolean => e.writes.every((key) => (unread.get(`${key} ${e.stage + 1}`) ?? 0) === 0);
  const out: Draft[] = [];
  while (out.length < drafts.length) {
    const next = heads
      .flatMap((head, s) => streams[s]?.[head] ?? [])
      .filter(free)
      .reduce((a, b) => (b.start < a.start || (b.start === a.start && b.stage > a.stage) ? b : a));
    for (const key of next.reads) count(key, next.stage, -1);
    out.push(next.draft);
    heads[next.stage] = at(heads, next.stage) + 1;
  }
  return out;
}

/** A tensor at home: pieces that kernels stage have its name, and another space. */
export function keyOf({ name, space }: Pick<NamedTensor, 'name' | 'space'>): string {
  return `${space} ${name}`;
}

function streamsOf(
  drafts: readonly Draft[],
  machine: Machine,
  stageOf: StageOf,
  borders: ReadonlySet<string>,
): Entry[][] {
  const crossing = (tensors: readonly NamedTensor[]): string[] => tensors.map(keyOf).filter((k) => borders.has(k));
  const count = drafts.reduce((n, d) => Math.max(n, stageOf(d.layer) + 1), 1);
  return Array.from({ length: count }, (_, stage) => {
    const own = drafts.filter((d) => stageOf(d.layer) === stage);
    const pace = paceOf(own, machine);
    return own.map((draft, i): Entry => {
      const { reads, writes } = accessOf(draft);
      return { draft, start: pace[i] ?? 0, stage, reads: crossing(reads), writes: crossing(writes) };
    });
  });
}
