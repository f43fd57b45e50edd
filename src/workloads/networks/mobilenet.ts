/** MobileNets: V1 (Howard 2017), V2 (Sandler 2018), V3-small (Howard 2019), and MobileFaceNet (Chen 2018), all of depthwise convolutions. */
import { classifier, invertedResidual, singleSection } from '../blocks.ts';
import { SectionBuilder } from '../describe.ts';
import type { Chw, ZooEntry } from '../entry.ts';
import type { Network } from '../layers.ts';

/** Outputs and strides of the 13 separable convolutions of V1 at width 1. */
const V1 = [
  [64, 1],
  [128, 2],
  [128, 1],
  [256, 2],
  [256, 1],
  [512, 2],
  [512, 1],
  [512, 1],
  [512, 1],
  [512, 1],
  [512, 1],
  [1024, 2],
  [1024, 1],
] as const;

export interface MobilenetV1 {
  readonly width: number;
  readonly classes: number;
  readonly bias: boolean;
}

export function describeMobilenetV1(input: Chw, o: MobilenetV1): Network {
  const s = new SectionBuilder('net');
  const common = { bias: o.bias, bn: true, act: 'relu' } as const;
  let x = s.conv(s.input(input), 'conv1', { ...common, kernel: 3, out: 32 * o.width, stride: 2, pad: 'same' });
  V1.forEach(([out, stride], i) => {
    x = s.depthwise(x, `dw${i + 1}`, { ...common, kernel: 3, stride, pad: 'same' });
    x = s.conv(x, `pw${i + 1}`, { ...common, kernel: 1, out: out * o.width });
  });
  return singleSection(s.finish([classifier(s, x, 'fc', o.classes)]));
}

/** [expansion, outputs, blocks, stride of the first]. */
const V2 = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
] as const;

function describeMobilenetV2(input: Chw, width: number): Network {
  const s = new SectionBuilder('net');
  let x = s.conv(s.input(input), 'stem', { kernel: 3, out: toEight(32 * width), stride: 2, bn: true, act: 'relu6' });
  let block = 0;
  for (const [expansion, out, blocks, stride] of V2) {
    for (let i = 0; i < blocks; i++)
      x = invertedResidual(s, x, `b${++block}`, {
        expanded: expansion * (x.shape[0] ?? 0),
        out: toEight(out * width),
        kernel: 3,
        stride: i === 0 ? stride : 1,
        act: 'relu6',
      });
  }
  x = s.conv(x, 'head', { kernel: 1, out: toEight(1280 * Math.max(1, width)), bn: true, act: 'relu6' });
  return singleSection(s.finish([classifier(s, x, 'fc', 1000)]));
}

/** To a multiple of eight, never losing more than a tenth (the published rule of V2 and V3). */
function toEight(channels: number): number {
  const rounded = Math.max(8, Math.floor((channels + 4) / 8) * 8);
  return rounded < 0.9 * channels ? rounded + 8 : rounded;
}

/** [kernel, expanded, outputs, squeeze-and-excite channels or 0, activation, stride]. */
const V3_SMALL = [
  [3, 16, 16, 8, 'relu', 2],
  [3, 72, 24, 0, 'relu', 2],
  [3, 88, 24, 0, 'relu', 1],
  [5, 96, 40, 24, 'hswish', 2],
  [5, 240, 40, 64, 'hswish', 1],
  [5, 240, 40, 64, 'hswish', 1],
  [5, 120, 48, 32, 'hswish', 1],
  [5, 144, 48, 40, 'hswish', 1],
  [5, 288, 96, 72, 'hswish', 2],
  [5, 576, 96, 144, 'hswish', 1],
  [5, 576, 96, 144, 'hswish', 1],
] as const;

function describeMobilenetV3Small(input: Chw = [3, 224, 224]): Network {
  const s = new SectionBuilder('net');
  let x = s.conv(s.input(input), 'stem', { kernel: 3, out: 16, stride: 2, bn: true, act: 'hswish' });
  V3_SMALL.forEach(([kernel, expanded, out, reduced, act, stride], i) => {
    const squeeze = { reduced, act: 'relu', gate: 'hsigmoid' } as const;
    const block = { kernel, expanded, out, act, stride, ...(reduced === 0 ? {} : { squeeze }) };
    x = invertedResidual(s, x, `b${i}`, block);
  });
  x = s.conv(x, 'headconv', { kernel: 1, out: 576, bn: true, act: 'hswish' });
  x = s.add('global-average', 'gap', [x], {});
  x = s.linear(x, 'fc1', 1024, { bias: true, act: 'hswish' });
  return singleSection(s.finish([s.linear(x, 'fc2', 1000, { bias: true })]));
}

/** [expansion, outputs, blocks, stride of the first]. */
const FACE = [
  [2, 64, 5, 2],
  [4, 128, 1, 2],
  [2, 128, 6, 1],
  [4, 128, 1, 2],
  [2, 128, 2, 1],
] as const;

function describeMobilefacenet(input: Chw = [3, 112, 112]): Network {
  const s = new SectionBuilder('net');
  const common = { bn: true, act: 'prelu' } as const;
  let x = s.conv(s.input(input), 'conv1', { ...common, kernel: 3, out: 64, stride: 2 });
  x = s.depthwise(x, 'dw1', { ...common, kernel: 3 });
  let block = 0;
  for (const [expansion, out, blocks, stride] of FACE) {
    for (let i = 0; i < blocks; i++)
      x = invertedResidual(s, x, `b${++block}`, {
        expanded: expansion * (x.shape[0] ?? 0),
        out,
        kernel: 3,
        stride: i === 0 ? stride : 1,
        act: 'prelu',
      });
  }
  x = s.conv(x, 'conv_sep', { ...common, kernel: 1, out: 512 });
  x = s.depthwise(x, 'gdconv', { kernel: x.shape[1] ?? 0, pad: 0, bn: true });
  return singleSection(s.finish([s.conv(x, 'emb', { kernel: 1, out: 128, bn: true })]));
}

export const mobilenetV1: ZooEntry = {
  name: 'mobilenetv1',
  kind: 'cnn',
  totals: { macs: 568_740_352, params: 4_231_976 },
  source: 'tensorflow/models research/slim/nets/mobilenet_v1.md',
  published: '569 M MACs, 4.24 M parameters with 1001 classes (4,233,001; 1000 classes here)',
  describe: (input = [3, 224, 224]) => describeMobilenetV1(input, { width: 1, classes: 1000, bias: false }),
};

export const mobilenetV2: ZooEntry = {
  name: 'mobilenetv2',
  kind: 'cnn',
  totals: { macs: 300_774_272, params: 3_504_872 },
  source: 'torchvision 0.29.1 models/mobilenetv2.py',
  published: 'torchvision: 3,504,872 parameters (equal), 0.301 GMACs (equal to its digits)',
  describe: (input = [3, 224, 224]) => describeMobilenetV2(input, 1),
};

export const mobilenetV2Wide: ZooEntry = {
  name: 'mobilenetv2-1.4',
  kind: 'cnn',
  totals: { macs: 582_195_824, params: 6_108_776 },
  source: 'MicroNet challenge 2019 baseline: MobileNetV2 at width 1.4; head of 1792',
  published: '585 M MACs (0.5 % more), 6.9 M parameters, which this architecture does not have: a scoring constant',
  describe: (input = [3, 224, 224]) => describeMobilenetV2(input, 1.4),
};

export const mobilenetV3Small: ZooEntry = {
  name: 'mobilenetv3-small',
  kind: 'cnn',
  totals: { macs: 56_510_400, params: 2_542_856 },
  source: 'torchvision 0.29.1 models/mobilenetv3.py',
  published: 'torchvision: 2,542,856 parameters (equal), 0.057 GMACs (equal to its digits)',
  describe: describeMobilenetV3Small,
};

export const mobilefacenet: ZooEntry = {
  name: 'mobilefacenet',
  kind: 'cnn',
  totals: { macs: 220_965_376, params: 995_584 },
  source: 'Chen et al. 2018 (recalled), 112x112',
  published: '0.99 M parameters, 221 M MACs (recalled)',
  describe: describeMobilefacenet,
};
