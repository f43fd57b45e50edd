/**
 * Two entries of team RIAIR to the MicroNet challenge 2019, with their layer-by-layer weight widths as the recipe `published`: MixNet-S with kernels of mixed size,
 * and DenseNet-100 of growth 12. Left out: that most weights are zero, and the scale vectors that DenseNet keeps for each reader of a feature.
 */
import { classifier, singleSection, squeezeExcite } from '../blocks.ts';
import { channelsOf, SectionBuilder } from '../describe.ts';
import type { Chw, ZooEntry } from '../entry.ts';
import type { Activation, Network, Value } from '../layers.ts';
import type { Widths } from '../recipe.ts';

interface MixBlock {
  /** Expanded channels and in how many groups; none when left out. */
  readonly expand?: readonly [channels: number, groups: 1 | 2];
  readonly kernels: readonly number[];
  readonly stride: number;
  readonly reduced?: number;
  readonly out: readonly [channels: number, groups: 1 | 2];
}

const MIX: readonly MixBlock[] = [
  { kernels: [3], stride: 1, out: [16, 1] },
  { expand: [96, 2], kernels: [3], stride: 2, out: [24, 2] },
  { expand: [72, 2], kernels: [3], stride: 1, out: [24, 2] },
  { expand: [144, 1], kernels: [3, 5, 7], stride: 2, reduced: 12, out: [40, 1] },
  ...times(3, { expand: [240, 2], kernels: [3, 5], stride: 1, reduced: 20, out: [40, 2] }),
  { expand: [240, 1], kernels: [3, 5, 7], stride: 2, reduced: 10, out: [80, 2] },
  ...times(2, { expand: [480, 1], kernels: [3, 5], stride: 1, reduced: 20, out: [80, 2] }),
  { expand: [480, 2], kernels: [3, 5, 7], stride: 1, reduced: 40, out: [120, 2] },
  ...times(2, { expand: [360, 2], kernels: [3, 5, 7, 9], stride: 1, reduced: 60, out: [120, 2] }),
  { expand: [720, 1], kernels: [3, 5, 7, 9, 11], stride: 2, reduced: 60, out: [200, 1] },
  ...times(2, { expand: [1200, 1], kernels: [3, 5, 7, 9], stride: 1, reduced: 100, out: [200, 2] }),
];

function times(n: number, block: MixBlock): MixBlock[] {
  return Array.from({ length: n }, () => block);
}

function describeMixnet(input: Chw = [3, 224, 224]): Network {
  const s = new SectionBuilder('net');
  let x = s.conv(s.input(input), 'stem', { kernel: 3, out: 16, stride: 2, bn: true, act: 'relu' });
  MIX.forEach((block, i) => {
    x = mixBlock(s, x, `mix${i}`, block, i < 3 ? 'relu' : 'swish');
  });
  x = s.conv(x, 'head', { kernel: 1, out: 1536, bn: true, act: 'relu' });
  return singleSection(s.finish([classifier(s, x, 'fc', 1000)]));
}

function mixBlock(s: SectionBuilder, x: Value, name: string, o: MixBlock, act: Activation): Value {
  let y = x;
  if (o.expand !== undefined) y = pointwise(s, y, `${name}.exp`, o.expand, act);
  const count = channelsOf(y) / o.kernels.length;
  const parts = o.kernels.map((kernel, i) => {
    const part = o.kernels.length === 1 ? y : s.add('slice', `${name}.part${kernel}`, [y], { first: i * count, count });
    return s.depthwise(part, `${name}.dw${kernel}x${kernel}`, { kernel, stride: o.stride, bn: true, act });
  });
  y = joined(s, parts, `${name}.mixed`);
  if (o.reduced !== undefined) y = squeezeExcite(s, y, name, { reduced: o.reduced, act, gate: 'sigmoid' });
  y = pointwise(s, y, `${name}.proj`, o.out, 'none');
  return o.stride === 1 && o.out[0] === channelsOf(x) ? s.add('add', `${name}.add`, [x, y], { act: 'none' }) : y;
}

/** 1x1 convolutions of equal parts of the channels. */
function pointwise(
  s: SectionBuilder,
  x: Value,
  name: string,
  [channels, groups]: readonly [number, 1 | 2],
  act: Activation,
): Value {
  if (groups === 1) return s.conv(x, name, { kernel: 1, out: channels, bn: true, act });
  const count = channelsOf(x) / groups;
  const parts = [0, 1].map((i) => {
    const part = s.add('slice', `${name}${i}.part`, [x], { first: i * count, count });
    return s.conv(part, `${name}${i}`, { kernel: 1, out: channels / groups, bn: true, act });
  });
  return joined(s, parts, `${name}.joined`);
}

function joined(s: SectionBuilder, parts: readonly Value[], name: string): Value {
  return parts.length === 1 ? parts[0]! : s.add('concat', name, parts, {});
}

/**
 * Every convolution reads ReLU of its input. What is joined is stored after the ReLU, which is the same; behind the average pools, which
 * do not commute with it, the ReLU is a layer.
 */
function describeDensenet(input: Chw = [3, 32, 32]): Network {
  const s = new SectionBuilder('net');
  let x = s.conv(s.input(input), 'conv1', { kernel: 3, out: 24, act: 'relu' });
  for (let stage = 1; stage <= 3; stage++) {
    for (let i = 0; i < 16; i++) {
      const y = s.conv(x, `d${stage}.${i}.conv1`, { kernel: 1, out: 48, act: 'relu' });
      const grown = s.conv(y, `d${stage}.${i}.conv2`, { kernel: 3, out: 12, act: 'relu' });
      x = s.add('concat', `d${stage}.${i}.join`, [x, grown], {});
    }
    if (stage === 3) break;
    x = s.conv(x, `trans${stage}`, { kernel: 1, out: channelsOf(x) / 2 });
    x = s.add('avgpool', `avg${stage}`, [x], { kernel: [2, 2], strides: [2, 2] });
    x = s.add('activation', `relu${stage}`, [x], { fn: 'relu' });
  }
  x = s.add('global-average', 'avgpool', [x], {});
  return singleSection(s.finish([s.linear(x, 'fc', 100)]));
}

/** weight_bitwidth of the entry's script, one digit a convolution or matrix product. */
const MIXNET_WEIGHT_BITS =
  '7777777755555555555755555555555555555555555575555575555555555555555555555555555555555555555555545555544445555444445555334433';

const mixnetWidths: readonly Widths[] = [...MIXNET_WEIGHT_BITS].map((b) => ({ weights: Number(b), activations: 7 }));

const densenetWidths: readonly Widths[] = Array.from({ length: 100 }, (_, i) => ({
  weights: i === 99 ? 6 : 4,
  activations: 4,
}));

export const mixnetS: ZooEntry = {
  name: 'riair-mixnet-s',
  kind: 'cnn',
  totals: { macs: 239_173_360, params: 4_134_606 },
  source:
    'peiswang/MicroNetChallenge models/mixnet_s_final.py; widths of its score.py: 3 to 7-bit weights, 7-bit activations, 8-bit image',
  published: 'MixNet-S: 4.1 M parameters, 256 M MACs, which count more than convolutions and products (recalled)',
  publishedWidths: mixnetWidths,
  describe: describeMixnet,
};

export const densenet100: ZooEntry = {
  name: 'riair-densenet100',
  kind: 'cnn',
  totals: { macs: 287_960_472, params: 775_944 },
  source:
    'peiswang/MicroNetChallenge branch cifar100, densenet_final.py and densenet-100.pth.tar; 4-bit weights and activations, 6-bit last weights, whose 32-bit input is 8-bit here, as is the image',
  published: '775,944 weights, 194,905 of them not zero (zeros are stored here)',
  publishedWidths: densenetWidths,
  describe: describeDensenet,
};
