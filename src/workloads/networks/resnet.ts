/** Residual networks of He et al. 2015 for ImageNet: ResNet-18, ResNet-50 as PyTorch has it (v1.5) and as Caffe had it (v1). */
import { singleSection } from '../blocks.ts';
import { channelsOf, SectionBuilder } from '../describe.ts';
import type { Chw, ZooEntry } from '../entry.ts';
import type { Network, Value } from '../layers.ts';

const STAGES_50 = [
  { blocks: 3, width: 64 },
  { blocks: 4, width: 128 },
  { blocks: 6, width: 256 },
  { blocks: 3, width: 512 },
];

function describeResnet18(input: Chw = [3, 224, 224]): Network {
  const s = new SectionBuilder('net');
  let x = s.conv(s.input(input), 'conv1', { kernel: 7, out: 64, stride: 2, bn: true, act: 'relu' });
  x = s.maxpool(x, 'maxpool', { kernel: 3, stride: 2, pad: 1 });
  [64, 128, 256, 512].forEach((width, stage) => {
    for (let block = 0; block < 2; block++)
      x = basicBlock(s, x, `layer${stage + 1}.${block}`, width, stage > 0 && block === 0 ? 2 : 1);
  });
  x = s.add('global-average', 'gap', [x], {});
  return singleSection(s.finish([s.linear(x, 'fc', 1000, { bias: true })]));
}

function basicBlock(s: SectionBuilder, x: Value, name: string, out: number, stride: number): Value {
  const shortcut =
    stride === 1 && channelsOf(x) === out ? x : s.conv(x, `${name}.down`, { kernel: 1, out, stride, bn: true });
  let y = s.conv(x, `${name}.conv1`, { kernel: 3, out, stride, bn: true, act: 'relu' });
  y = s.conv(y, `${name}.conv2`, { kernel: 3, out, bn: true });
  return s.add('add', `${name}.add`, [y, shortcut], { act: 'relu' });
}

interface Variant50 {
  /** Where a block halves the image: in its first 1x1 (v1) or in its 3x3 (v1.5). */
  readonly strideIn: '1x1' | '3x3';
  readonly pool: 1 | 'ceil';
  /** Caffe's conv1 kept its bias beside the batch norm. */
  readonly stemBias: boolean;
}

function describeResnet50(input: Chw, v: Variant50): Network {
  const s = new SectionBuilder('net');
  const stem = { kernel: 7, out: 64, stride: 2, bias: v.stemBias, bn: true, act: 'relu' } as const;
  let x = s.conv(s.input(input), 'conv1', stem);
  x = s.maxpool(x, 'pool1', { kernel: 3, stride: 2, pad: v.pool });
  STAGES_50.forEach(({ blocks, width }, stage) => {
    for (let block = 0; block < blocks; block++)
      x = bottleneck(s, x, `res${stage + 2}${'abcdef'.charAt(block)}`, width, stage > 0 && block === 0 ? 2 : 1, v);
  });
  x = s.add('global-average', 'gap', [x], {});
  return singleSection(s.finish([s.linear(x, 'fc1000', 1000, { bias: true })]));
}

function bottleneck(s: SectionBuilder, x: Value, name: string, width: number, stride: number, v: Variant50): Value {
  const out = 4 * width;
  const [first, second] = v.strideIn === '1x1' ? [stride, 1] : [1, stride];
  const shortcut = channelsOf(x) === out ? x : s.conv(x, `${name}_branch1`, { kernel: 1, out, stride, bn: true });
  let y = s.conv(x, `${name}_2a`, { kernel: 1, out: width, stride: first, bn: true, act: 'relu' });
  y = s.conv(y, `${name}_2b`, { kernel: 3, out: width, stride: second, bn: true, act: 'relu' });
  y = s.conv(y, `${name}_2c`, { kernel: 1, out, bn: true });
  return s.add('add', `${name}_add`, [y, shortcut], { act: 'relu' });
}

export const resnet18: ZooEntry = {
  name: 'resnet18',
  kind: 'cnn',
  totals: { macs: 1_814_073_344, params: 11_689_512 },
  source: 'torchvision 0.29.1 models/resnet.py',
  published: 'torchvision: 11,689,512 parameters (equal), 1.814 GMACs (equal to its digits)',
  describe: describeResnet18,
};

export const resnet50: ZooEntry = {
  name: 'resnet50',
  kind: 'cnn',
  totals: { macs: 4_089_184_256, params: 25_557_032 },
  source: 'torchvision 0.29.1 models/resnet.py: v1.5, strides in the 3x3 convolutions',
  published: 'torchvision: 25,557,032 parameters (equal), 4.089 GMACs (equal to its digits)',
  describe: (input = [3, 224, 224]) => describeResnet50(input, { strideIn: '3x3', pool: 1, stemBias: false }),
};

const caffe = {
  kind: 'cnn',
  source:
    'KaimingHe/deep-residual-networks ResNet-50-deploy.prototxt: v1, strides in the first 1x1 convolutions, Caffe pooling that rounds up; 225x225',
  describe: (input: Chw = [3, 225, 225]) => describeResnet50(input, { strideIn: '1x1', pool: 'ceil', stemBias: true }),
} as const;

export const resnet50v1: ZooEntry = {
  ...caffe,
  name: 'resnet50-v1-225',
  totals: { macs: 3_860_090_048, params: 25_557_096 },
  published:
    'press 2018: 7.72 G operations a frame (7.7202 G here), 230 G operations a second at 30 frames (231.6 here)',
};

/** The same for the frames of several cameras at once. */
export const resnet50Cameras: readonly ZooEntry[] = [12, 24].map((batch) => ({
  ...caffe,
  name: `resnet50-v1-225-${batch}cameras`,
  batch,
  totals: { macs: batch * resnet50v1.totals.macs, params: resnet50v1.totals.params },
  published: `${batch} frames of resnet50-v1-225, one from each camera: 30 times a second`,
}));
