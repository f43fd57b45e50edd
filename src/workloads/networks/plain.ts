/** Networks without branches: VGG-16 (Simonyan 2014), AlexNet (Krizhevsky 2012 and 2014), the Atari player (Mnih 2015), AlphaGo's policy (Silver 2016). */
import { singleSection } from '../blocks.ts';
import { SectionBuilder } from '../describe.ts';
import type { Chw, ZooEntry } from '../entry.ts';
import type { Network, Value } from '../layers.ts';

function describeVgg16(input: Chw = [3, 224, 224]): Network {
  const s = new SectionBuilder('net');
  let x = s.input(input);
  let n = 0;
  for (const [width, convs] of [
    [64, 2],
    [128, 2],
    [256, 3],
    [512, 3],
    [512, 3],
  ] as const) {
    for (let i = 0; i < convs; i++) x = s.conv(x, `conv${++n}`, { kernel: 3, out: width, bias: true, act: 'relu' });
    x = s.maxpool(x, `pool${n}`, { kernel: 2, stride: 2 });
  }
  return singleSection(s.finish([threeProducts(s, x)]));
}

function threeProducts(s: SectionBuilder, x: Value): Value {
  let y = s.linear(x, 'fc6', 4096, { bias: true, act: 'relu' });
  y = s.linear(y, 'fc7', 4096, { bias: true, act: 'relu' });
  return s.linear(y, 'fc8', 1000, { bias: true });
}

function describeAlexnet(input: Chw, original: boolean): Network {
  const s = new SectionBuilder('net');
  const [first, second, third, fourth] = original ? [96, 256, 384, 384] : [64, 192, 384, 256];
  const groups = original ? 2 : 1;
  const common = { bias: true, act: 'relu' } as const;
  let x = s.conv(s.input(input), 'conv1', { ...common, kernel: 11, out: first, stride: 4, pad: original ? 0 : 2 });
  if (original) x = s.add('lrn', 'lrn1', [x], { size: 5 });
  x = s.maxpool(x, 'pool1', { kernel: 3, stride: 2 });
  x = s.conv(x, 'conv2', { ...common, kernel: 5, out: second, groups });
  if (original) x = s.add('lrn', 'lrn2', [x], { size: 5 });
  x = s.maxpool(x, 'pool2', { kernel: 3, stride: 2 });
  x = s.conv(x, 'conv3', { ...common, kernel: 3, out: third });
  x = s.conv(x, 'conv4', { ...common, kernel: 3, out: fourth, groups });
  x = s.conv(x, 'conv5', { ...common, kernel: 3, out: 256, groups });
  x = s.maxpool(x, 'pool5', { kernel: 3, stride: 2 });
  return singleSection(s.finish([threeProducts(s, x)]));
}

function describeDqn(input: Chw = [4, 84, 84]): Network {
  const s = new SectionBuilder('net');
  const common = { pad: 0, bias: true, act: 'relu' } as const;
  let x = s.conv(s.input(input), 'conv1', { ...common, kernel: 8, out: 32, stride: 4 });
  x = s.conv(x, 'conv2', { ...common, kernel: 4, out: 64, stride: 2 });
  x = s.conv(x, 'conv3', { ...common, kernel: 3, out: 64 });
  x = s.linear(x, 'fc4', 512, { bias: true, act: 'relu' });
  return singleSection(s.finish([s.linear(x, 'fc5', 18, { bias: true })]));
}

/** 48 planes of zeros and ones in; a probability for each point of the board out. */
function describeAlphago(input: Chw = [48, 19, 19]): Network {
  const s = new SectionBuilder('net');
  let x = s.input(input, { bits: 1 });
  for (let i = 1; i <= 12; i++)
    x = s.conv(x, `conv${i}`, { kernel: i === 1 ? 5 : 3, out: 192, bias: true, act: 'relu' });
  x = s.conv(x, 'conv13', { kernel: 1, out: 1 });
  return singleSection(s.finish([s.add('softmax', 'softmax', [x], { run: input[1] * input[2] })]));
}

export const vgg16: ZooEntry = {
  name: 'vgg16',
  kind: 'cnn',
  totals: { macs: 15_470_264_320, params: 138_357_544 },
  source: 'torchvision 0.29.1 models/vgg.py',
  published: 'torchvision: 138,357,544 parameters (equal), 15.47 GMACs (equal to its digits)',
  describe: describeVgg16,
};

export const alexnet: ZooEntry = {
  name: 'alexnet',
  kind: 'cnn',
  totals: { macs: 714_188_480, params: 61_100_840 },
  source: 'torchvision 0.29.1 models/alexnet.py: one tower',
  published: 'torchvision: 61,100,840 parameters (equal), 0.714 GMACs (equal to its digits)',
  describe: (input = [3, 224, 224]) => describeAlexnet(input, false),
};

export const alexnetOriginal: ZooEntry = {
  name: 'alexnet-2group',
  kind: 'cnn',
  totals: { macs: 724_406_816, params: 60_965_224 },
  source: 'Krizhevsky 2012, BVLC bvlc_alexnet (recalled): two groups, local response normalization',
  published: '60,965,224 parameters (equal), 724 M MACs in the table of Eyeriss (recalled)',
  describe: (input = [3, 227, 227]) => describeAlexnet(input, true),
};

export const dqn: ZooEntry = {
  name: 'dqn',
  kind: 'cnn',
  totals: { macs: 9_352_192, params: 1_693_362 },
  source: 'kuz/DeepMind-Atari-Deep-Q-Learner dqn/convnet_atari3.lua; 84x84x4, 18 actions',
  published: '1,693,362 parameters for 18 actions (recalled; equal)',
  describe: describeDqn,
};

export const alphago: ZooEntry = {
  name: 'alphago-policy',
  kind: 'cnn',
  totals: { macs: 1_400_726_208, params: 3_882_432 },
  source: 'Silver et al. 2016, Methods (recalled): 48 planes, 13 layers, 192 filters',
  published: 'no total published',
  describe: describeAlphago,
};
