import { describe, expect, it } from 'vitest';
import type { Draft, NamedTensor, Step } from '../../../compiler/lower/draft.ts';
import { joinCopies, sideBySide } from '../../../compiler/lower/multicast.ts';
import { bytesAt } from '../../harness/drafts.ts';

const bytes = (space: NamedTensor['space'], base: number, count = 4): NamedTensor => bytesAt(base, count, { space });

const copy = (core: number, dst: NamedTensor, src: NamedTensor, more: Partial<Draft> = {}): Step =>
  ({
    op: 'copy',
    layer: 0,
    site: { core, group: 3 },
    ...{ dst, src, channel: 0, accumulate: false, core: 0, signalRemote: 0, cores: 0 },
    ...more,
  }) as Step;
const add = (core: number, dst: NamedTensor, a: NamedTensor): Step =>
  ({ op: 'vadd', layer: 0, site: { core, group: 3 }, dst, a, b: a }) as Step;

const [X, Y] = [bytes('buffer', 0), bytes('buffer', 64)];
const [P, Q] = [bytes('spad', 0), bytes('spad', 64)];

/** Issuing core and mask of each copy. */
function joined(steps: readonly Step[]): (readonly [number, number])[] {
  return joinCopies(steps, new Set()).steps.flatMap((s) => (s.op === 'copy' ? [[s.site!.core, s.cores] as const] : []));
}

describe('copies that become one', () => {
  it('have the same source and the same place, whatever else goes on elsewhere', () => {
    expect(joined([copy(0, P, X), copy(1, P, X), copy(2, P, X)])).toEqual([[0, 0b111]]);
    expect(joined([copy(1, P, X), add(1, Q, Q), add(0, P, P), copy(2, P, X)])).toEqual([[1, 0b110]]);
    expect(joined([copy(0, P, X), copy(1, P, Y), copy(1, P, X)])).toHaveLength(3);
  });

  it('are left alone where they differ, or read a memory of their own', () => {
    expect(joined([copy(0, P, X), copy(1, Q, X)])).toHaveLength(2);
    expect(joined([copy(0, P, X), copy(1, P, Y)])).toHaveLength(2);
    expect(joined([copy(0, P, Q), copy(1, P, Q)])).toHaveLength(2);
    expect(joined([copy(0, P, X, { layer: 1 }), copy(1, P, X)])).toHaveLength(2);
    expect(joined([copy(0, P, X), copy(0, P, X)])).toHaveLength(2);
    expect(joined([copy(0, P, X, { core: 2 } as Partial<Draft>), copy(1, P, X)])).toHaveLength(2);
    expect(joined([copy(0, X, P), copy(1, X, P)])).toHaveLength(2);
  });

  it.each([
    ['the other core still reads the place', add(1, Q, bytes('spad', 3))],
    ['the other core writes the place', add(1, bytes('spad', 3), Q)],
    ['somebody sends to the place', copy(2, bytes('spad', 2), Q, { core: 2 } as Partial<Draft>)],
    ['somebody sends to the place of several', copy(2, bytes('spad', 2), Q, { cores: 0b010 } as Partial<Draft>)],
    ['somebody writes what is read', copy(2, bytes('buffer', 3), Q)],
  ])('are not moved up where %s', (_, between) => {
    expect(joined([copy(0, P, X), between, copy(1, P, X)]).filter(([, cores]) => cores > 1)).toEqual(
      (between as { cores?: number }).cores === 0b010 ? [[2, 0b010]] : [],
    );
  });

  it('belong to no part of what cores make together, and to the resident constants where all of them do', () => {
    const steps = [copy(0, P, X), copy(1, P, X), copy(0, Q, Y), copy(1, Q, Y)];
    const { steps: out, residentLoads } = joinCopies(steps, new Set(steps.slice(0, 2)));
    expect(out.map((s) => s.site!.group)).toEqual([-1, -1]);
    expect([...residentLoads]).toEqual([out[0]]);
  });

  it('are looked for tile by tile', () => {
    const [a, b, c, d, e] = [0, 1, 2, 3, 4].map((n) => copy(n, P, X));
    expect(
      sideBySide([
        [[a!, b!], [c!]],
        [[d!], [], [e!]],
      ]),
    ).toEqual([a, b, d, c, e]);
  });
});
