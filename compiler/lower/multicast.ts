/**
 * What several cores fetch of shared memory, fetched once: copies of the same bytes to the same place of their scratchpads become one copy to
 * all of them, issued by the core that asks first. That is early for the others, so nothing of theirs may touch the place in between, nor
 * anybody write what is read. Cores' tiles of one kernel are put side by side before, or the second tile of one core would stand behind
 * the last of another. Source: the rule for moving code up past independent instructions.
 */
import { maskOf } from '../../isa/instructions/destinations.ts';
import type { Draft, DraftOf, NamedTensor, Step } from './draft.ts';
import { accessOf, coreOf, targetCoresOf } from './draft.ts';
import { footprint } from './footprint.ts';
import { at } from './layout.ts';

/** Steps of the cores of one kernel in one list, tile by tile. */
export function sideBySide(parts: readonly (readonly (readonly Step[])[])[]): Step[] {
  const turns = Math.max(0, ...parts.map((p) => p.length));
  return Array.from({ length: turns }, (_, turn) => parts.flatMap((p) => p[turn] ?? [])).flat();
}

/** How far back a copy may be joined with another one, in steps. */
const REACH = 2000;

/** The steps with joined copies, and which of them bring resident constants. */
export function joinCopies(
  steps: readonly Step[],
  residentLoads: ReadonlySet<Step>,
): { readonly steps: readonly Step[]; readonly residentLoads: ReadonlySet<Step> } {
  const out: (Step | null)[] = [];
  const resident = new Set<Step>();
  const latest = new Map<string, number>();
  for (const step of steps) {
    const key = keyOf(step);
    const first = key === null ? undefined : latest.get(key);
    const joined = first === undefined ? null : joinedWith(out, first, step as DraftOf<'copy'>);
    if (first !== undefined && joined !== null) {
      const before = at(out, first);
      if (before !== null && resident.delete(before)) resident.add(joined);
      out[first] = joined;
      continue;
    }
    if (key !== null) latest.set(key, out.length);
    if (residentLoads.has(step)) resident.add(step);
    out.push(step);
  }
  return { steps: out.flatMap((s) => s ?? []), residentLoads: resident };
}

/** What copies must have in common; null for a step that is no copy from shared memory into its own scratchpad. */
function keyOf(step: Step): string | null {
  if (step.op !== 'copy' || step.core > 0 || step.cores > 0 || step.accumulate || step.dst.space !== 'spad')
    return null;
  if (step.src.space !== 'dram' && step.src.space !== 'buffer') return null;
  return JSON.stringify([step.layer, step.channel, step.dst, step.src]);
}

/** The copy at `first` with one more core, or null where that would be too early for it. */
function joinedWith(steps: readonly (Step | null)[], first: number, copy: DraftOf<'copy'>): DraftOf<'copy'> | null {
  const earlier = at(steps, first) as DraftOf<'copy'>;
  const core = coreOf(copy);
  const cores = targetCoresOf(earlier);
  if (cores.includes(core) || steps.length - first > REACH) return null;
  for (let i = first + 1; i < steps.length; i++) {
    const step = steps[i];
    if (step !== null && step !== undefined && inTheWay(step as Draft, copy, core)) return null;
  }
  return { ...earlier, cores: maskOf([...cores, core]), site: { core: coreOf(earlier), group: -1 } };
}

function inTheWay(step: Draft, { src, dst }: DraftOf<'copy'>, core: number): boolean {
  const { reads, writes } = accessOf(step);
  if (writes.some((t) => meets(t, src))) return true;
  if (coreOf(step) === core && reads.some((t) => meets(t, dst))) return true;
  return targetCoresOf(step).includes(core) && writes.some((t) => meets(t, dst));
}

function meets(a: NamedTensor, b: NamedTensor): boolean {
  if (a.space !== b.space) return false;
  const [x, y] = [footprint(a), footprint(b)];
  return x !== null && y !== null && x.start < y.end && y.start < x.end;
}
