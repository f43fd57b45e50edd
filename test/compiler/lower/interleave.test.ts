/** One run of a pipeline in sequence: what crosses a border is read before it is made anew, and nothing else is reordered. */
import { describe, expect, it } from 'vitest';
import type { Draft, NamedTensor } from '../../../compiler/lower/draft.ts';
import { interleave, keyOf } from '../../../compiler/lower/interleave.ts';
import { PRESETS } from '../../../isa/machine/presets/index.ts';
import { dense } from '../../harness/program.ts';

const machine = PRESETS['edge-dcim-28nm']!;
const value = (name: string): NamedTensor => ({
  ...dense('spad', 0, 8, [4096], { coding: 'signed', role: 'activations' }),
  name,
});
/** A copy in layer `layer`, on the core of the same number. */
const copy = (layer: number, src: string, dst: string): Draft => ({
  op: 'copy',
  layer,
  site: { core: layer, group: -1 },
  dst: value(dst),
  src: value(src),
  channel: 0,
  accumulate: false,
  core: 0,
  signalRemote: 0,
  cores: 0,
});

describe('a run of a pipeline', () => {
  it('reads every value that crosses a border before it is made anew, however late its reader', () => {
    const drafts = [
      copy(0, 'in', 'ab'),
      copy(0, 'in', 'x'),
      copy(1, 'y', 'z'),
      copy(1, 'y', 'z'),
      copy(1, 'ab', 'bc'),
      copy(2, 'bc', 'out'),
    ];
    const borders = new Set([value('ab'), value('bc')].map(keyOf));
    const out = interleave(drafts, machine, (layer) => layer, borders);
    expect([...out].sort((a, b) => a.layer - b.layer)).toEqual(drafts);
    const at = (i: number): number => out.indexOf(drafts[i]!);
    expect(at(5)).toBeLessThan(at(4));
    expect(at(4)).toBeLessThan(at(0));
    expect([at(0) < at(1), at(2) < at(3), at(3) < at(4)]).toEqual([true, true, true]);
  });

  it('puts stages side by side by their pace where nothing crosses', () => {
    const drafts = [0, 0, 1, 1].map((layer, i) => copy(layer, `in${i}`, `out${i}`));
    expect(interleave(drafts, machine, (layer) => layer, new Set()).map((d) => d.layer)).toEqual([1, 0, 1, 0]);
  });
});
