/** Networks whose output is an image: ESPCN (Shi 2016), FSRCNN (Dong 2016), Zero-DCE (Guo 2020), U-Net (Ronneberger 2015), the DCGAN generator (Radford 2015). */
import { singleSection } from '../blocks.ts';
import { SectionBuilder } from '../describe.ts';
import type { Chw, ZooEntry } from '../entry.ts';
import type { Network, Value } from '../layers.ts';

function describeEspcn(input: Chw = [1, 360, 640]): Network {
  const s = new SectionBuilder('net');
  let x = s.conv(s.input(input), 'conv1', { kernel: 5, out: 64, bias: true, act: 'tanh' });
  x = s.conv(x, 'conv2', { kernel: 3, out: 32, bias: true, act: 'tanh' });
  x = s.conv(x, 'conv3', { kernel: 3, out: 9, bias: true });
  return singleSection(s.finish([s.add('depth-to-space', 'pixelshuffle', [x], { block: 3 })]));
}

function describeFsrcnn(input: Chw = [1, 360, 640]): Network {
  const s = new SectionBuilder('net');
  const common = { bias: true, act: 'prelu' } as const;
  let x = s.conv(s.input(input), 'feat', { ...common, kernel: 5, out: 56 });
  x = s.conv(x, 'shrink', { ...common, kernel: 1, out: 12 });
  for (let i = 0; i < 4; i++) x = s.conv(x, `map${i}`, { ...common, kernel: 3, out: 12 });
  x = s.conv(x, 'expand', { ...common, kernel: 1, out: 56 });
  return singleSection(
    s.finish([transposed(s, x, 'deconv', 1, { kernel: 9, stride: 2, pad: 4, outputPad: 1, bias: true })]),
  );
}

interface Transposed {
  readonly kernel: number;
  readonly stride: number;
  readonly pad: number;
  readonly outputPad?: number;
  readonly bias?: boolean;
  readonly bn?: boolean;
  readonly act?: 'relu' | 'tanh';
}

function transposed(s: SectionBuilder, x: Value, name: string, out: number, o: Transposed): Value {
  const defaults = { outputPad: 0, bias: false, bn: false, act: 'none' } as const;
  return s.add('deconv', name, [x], { ...defaults, ...o }, { out });
}

function describeZeroDce(input: Chw = [3, 256, 256]): Network {
  const s = new SectionBuilder('net');
  const image = s.input(input);
  const conv = (x: Value, i: number, out = 32, act: 'relu' | 'tanh' = 'relu') =>
    s.conv(x, `e_conv${i}`, { kernel: 3, out, bias: true, act });
  const x1 = conv(image, 1);
  const x2 = conv(x1, 2);
  const x3 = conv(x2, 3);
  const x4 = conv(x3, 4);
  const x5 = conv(s.add('concat', 'cat34', [x3, x4], {}), 5);
  const x6 = conv(s.add('concat', 'cat25', [x2, x5], {}), 6);
  const curves = conv(s.add('concat', 'cat16', [x1, x6], {}), 7, 24, 'tanh');
  return singleSection(s.finish([s.add('curve', 'curve_x8', [image, curves], { iterations: 8 })]));
}

function describeUnet(input: Chw = [3, 256, 256]): Network {
  const s = new SectionBuilder('net');
  const twice = (x: Value, name: string, out: number) => {
    const first = s.conv(x, `${name}.conv1`, { kernel: 3, out, bn: true, act: 'relu' });
    return s.conv(first, `${name}.conv2`, { kernel: 3, out, bn: true, act: 'relu' });
  };
  const skips: Value[] = [];
  let x = s.input(input);
  [32, 64, 128, 256].forEach((width, i) => {
    x = twice(x, `enc${i + 1}`, width);
    skips.push(x);
    x = s.maxpool(x, `pool${i + 1}`, { kernel: 2, stride: 2 });
  });
  x = twice(x, 'bottleneck', 512);
  for (let i = 4; i >= 1; i--) {
    const width = 16 * 2 ** i;
    x = transposed(s, x, `upconv${i}`, width, { kernel: 2, stride: 2, pad: 0, bias: true });
    x = twice(s.add('concat', `cat${i}`, [x, skips[i - 1]!], {}), `dec${i}`, width);
  }
  return singleSection(s.finish([s.conv(x, 'conv', { kernel: 1, out: 1, bias: true, act: 'sigmoid' })]));
}

function describeDcgan(input: Chw = [100, 1, 1]): Network {
  const s = new SectionBuilder('net');
  let x = s.input(input, { coding: 'signed' });
  [512, 256, 128, 64].forEach((out, i) => {
    const grow = i === 0 ? ({ stride: 1, pad: 0 } as const) : ({ stride: 2, pad: 1 } as const);
    x = transposed(s, x, `deconv${i + 1}`, out, { kernel: 4, ...grow, bn: true, act: 'relu' });
  });
  return singleSection(s.finish([transposed(s, x, 'deconv5', 3, { kernel: 4, stride: 2, pad: 1, act: 'tanh' })]));
}

export const espcn: ZooEntry = {
  name: 'espcn-x3',
  kind: 'cnn',
  totals: { macs: 5_212_569_600, params: 22_729 },
  source: 'yjn870/ESPCN-pytorch models.py: 640x360 to 1920x1080',
  published: 'no total published',
  describe: describeEspcn,
};

export const fsrcnn: ZooEntry = {
  name: 'fsrcnn-x2',
  kind: 'cnn',
  totals: { macs: 2_871_705_600, params: 12_637 },
  source: 'yjn870/FSRCNN-pytorch models.py: 640x360 to 1280x720',
  published:
    '12,464 weights (equal, without biases); the 6.0 G of the literature count the transposed convolution at output resolution',
  describe: describeFsrcnn,
};

export const zeroDce: ZooEntry = {
  name: 'zero-dce',
  kind: 'cnn',
  totals: { macs: 5_190_451_200, params: 79_416 },
  source: 'Li-Chongyi/Zero-DCE Zero-DCE_code/model.py: 256x256',
  published: '79,416 parameters (equal); "5.21 GFLOPs" are MACs (recalled)',
  describe: describeZeroDce,
};

export const unet: ZooEntry = {
  name: 'unet',
  kind: 'cnn',
  totals: { macs: 12_071_206_912, params: 7_763_041 },
  source: 'mateuszbuda/brain-segmentation-pytorch unet.py: 256x256, 32 channels',
  published: '7,763,041 parameters (recalled; equal)',
  describe: describeUnet,
};

export const dcgan: ZooEntry = {
  name: 'dcgan',
  kind: 'cnn',
  totals: { macs: 104_628_224, params: 3_576_704 },
  source: 'pytorch/examples dcgan/main.py: generator, 64x64',
  published: '3,576,704 parameters (recalled; equal)',
  describe: describeDcgan,
};
