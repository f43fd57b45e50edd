/**
 * MobileNeXt (Zhou 2020): sandglass blocks, wide at both ends and narrow in the middle, with depthwise convolutions and the shortcut at
 * the wide ends. The shortcut carries all channels, or the first half of them: the rest of the sum is then what the block computed.
 */
import { classifier, singleSection } from '../blocks.ts';
import { channelsOf, SectionBuilder } from '../describe.ts';
import type { Chw, ZooEntry } from '../entry.ts';
import type { Network, Value } from '../layers.ts';

/** [divisor of the waist, outputs, blocks, stride of the first]. */
const STAGES = [
  [2, 96, 1, 2],
  [6, 144, 1, 1],
  [6, 192, 3, 2],
  [6, 288, 3, 2],
  [6, 384, 4, 1],
  [6, 576, 4, 2],
  [6, 960, 3, 1],
  [6, 1280, 1, 1],
] as const;

type Shortcut = 'full' | 'half';

function describeMobilenext(input: Chw, shortcut: Shortcut): Network {
  const s = new SectionBuilder('net');
  let x = s.conv(s.input(input), 'stem', { kernel: 3, out: 32, stride: 2, bn: true, act: 'relu6' });
  let block = 0;
  for (const [divisor, out, blocks, stride] of STAGES) {
    for (let i = 0; i < blocks; i++) {
      const adds = i > 0;
      // Both depthwise convolutions where the shape stays, in the very first block, and in stages of one block that do not stride.
      const both = adds || divisor === 2 || (blocks === 1 && stride === 1);
      x = sandglass(s, x, `sg${++block}`, { divisor, out, stride: adds ? 1 : stride, both, adds, shortcut });
    }
  }
  return singleSection(s.finish([classifier(s, x, 'fc', 1000)]));
}

interface Sandglass {
  readonly divisor: number;
  readonly out: number;
  readonly stride: number;
  readonly both: boolean;
  readonly adds: boolean;
  readonly shortcut: Shortcut;
}

function sandglass(s: SectionBuilder, x: Value, name: string, o: Sandglass): Value {
  let y = x;
  if (o.both) y = s.depthwise(y, `${name}.dw1`, { kernel: 3, bn: true, act: 'relu6' });
  y = s.conv(y, `${name}.red`, { kernel: 1, out: waist(channelsOf(x), o), bn: true });
  y = s.conv(y, `${name}.exp`, { kernel: 1, out: o.out, bn: true, act: 'relu6' });
  if (o.both || o.stride === 2) y = s.depthwise(y, `${name}.dw2`, { kernel: 3, stride: o.stride, bn: true });
  if (!o.adds) return y;
  if (o.shortcut === 'full') return s.add('add', `${name}.add`, [x, y], { act: 'none' });
  const count = channelsOf(x) / 2;
  const part = (v: Value, label: string, first: number) => s.add('slice', `${name}.${label}`, [v], { first, count });
  const sum = s.add('add', `${name}.add`, [part(x, 'kept', 0), part(y, 'low', 0)], { act: 'none' });
  return s.add('concat', `${name}.join`, [sum, part(y, 'high', count)], {});
}

/** A sixth of the wider end, to a multiple of 16, where dividing the inputs gives less. */
function waist(inputs: number, { divisor, out }: Sandglass): number {
  const hidden = Math.floor(inputs / divisor);
  return hidden >= out / 6 ? hidden : Math.max(16, Math.floor((Math.ceil(out / 6) + 8) / 16) * 16);
}

const common = {
  kind: 'cnn',
  totals: { macs: 311_342_592, params: 3_535_416 },
  source: 'yitu-opensource/MobileNeXt mobilenext/codebase/models/mnext.py @94ac67d',
} as const;

export const mobilenext: ZooEntry = {
  ...common,
  name: 'mobilenext',
  published: 'README: 300 M MACs and 3.5 M parameters, rounded (311 M and 3.54 M here)',
  describe: (input = [3, 224, 224]) => describeMobilenext(input, 'full'),
};

export const mobilenextHalf: ZooEntry = {
  ...common,
  name: 'mobilenext-half',
  published: 'as mobilenext; the shortcut of half the channels changes neither MACs nor parameters',
  describe: (input = [3, 224, 224]) => describeMobilenext(input, 'half'),
};
