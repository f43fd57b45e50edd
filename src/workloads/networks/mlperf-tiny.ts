/** The four networks of MLPerf Tiny: image classification, keyword spotting, visual wake words, anomaly detection. */
import { classifier, singleSection } from '../blocks.ts';
import { SectionBuilder } from '../describe.ts';
import type { Chw, ZooEntry } from '../entry.ts';
import type { Network } from '../layers.ts';
import { describeMobilenetV1 } from './mobilenet.ts';

function describeResnet8(input: Chw = [3, 32, 32]): Network {
  const s = new SectionBuilder('net');
  const common = { bias: true, bn: true } as const;
  let x = s.conv(s.input(input), 'conv1', { ...common, kernel: 3, out: 16, act: 'relu' });
  [16, 32, 64].forEach((out, i) => {
    const stride = i === 0 ? 1 : 2;
    let y = s.conv(x, `s${i}.conv1`, { ...common, kernel: 3, out, stride, pad: 'same', act: 'relu' });
    y = s.conv(y, `s${i}.conv2`, { ...common, kernel: 3, out });
    const shortcut = i === 0 ? x : s.conv(x, `s${i}.short`, { kernel: 1, out, stride, pad: 'same', bias: true });
    x = s.add('add', `s${i}.add`, [y, shortcut], { act: 'relu' });
  });
  return singleSection(s.finish([classifier(s, x, 'fc', 10)]));
}

/** 49 frames of 10 cepstral coefficients. */
function describeKeywords(input: Chw = [1, 49, 10]): Network {
  const s = new SectionBuilder('net');
  const common = { bias: true, bn: true, act: 'relu' } as const;
  let x = s.input(input, { coding: 'signed' });
  x = s.conv(x, 'conv1', { ...common, kernel: [10, 4], out: 64, stride: 2, pad: 'same' });
  for (let i = 1; i <= 4; i++) {
    x = s.depthwise(x, `dw${i}`, { ...common, kernel: 3, pad: 'same' });
    x = s.conv(x, `pw${i}`, { ...common, kernel: 1, out: 64 });
  }
  return singleSection(s.finish([classifier(s, x, 'fc', 12)]));
}

/** Five frames of 128 log-mel values, coded and decoded. */
function describeAutoencoder(input: Chw = [640, 1, 1]): Network {
  const s = new SectionBuilder('net');
  let x = s.input(input, { coding: 'signed' });
  [128, 128, 128, 128, 8, 128, 128, 128, 128].forEach((out, i) => {
    x = s.linear(x, `dense${i}`, out, { bias: true, bn: true, act: 'relu' });
  });
  return singleSection(s.finish([s.linear(x, 'dense9', input[0], { bias: true })]));
}

export const mlperfTiny: readonly ZooEntry[] = [
  {
    name: 'mlperf-tiny-resnet8',
    kind: 'cnn',
    totals: { macs: 12_501_632, params: 78_186 },
    source: 'mlcommons/tiny image_classification keras_model.py and pretrainedResnet.h5',
    published: '78,666 parameters in the h5 file, with 480 batch statistics (equal); 12.5 M MACs (recalled)',
    describe: describeResnet8,
  },
  {
    name: 'mlperf-tiny-dscnn',
    kind: 'cnn',
    totals: { macs: 2_656_768, params: 23_756 },
    source: 'mlcommons/tiny keyword_spotting keras_model.py',
    published: '24,908 parameters with 1,152 batch statistics (recalled; equal); 2.66 M MACs (recalled)',
    describe: describeKeywords,
  },
  {
    name: 'mlperf-tiny-mobilenetv1',
    kind: 'cnn',
    totals: { macs: 7_489_664, params: 216_322 },
    source: 'mlcommons/tiny visual_wake_words vww_model.py and vww_96.h5: width 0.25, 96x96',
    published: '221,794 parameters in the h5 file, with 5,472 batch statistics (equal); 7.49 M MACs (recalled)',
    describe: (input = [3, 96, 96]) => describeMobilenetV1(input, { width: 0.25, classes: 2, bias: true }),
  },
  {
    name: 'mlperf-tiny-autoencoder',
    kind: 'cnn',
    totals: { macs: 264_192, params: 267_928 },
    source: 'mlcommons/tiny anomaly_detection keras_model.py and ad01.h5',
    published: '269,992 parameters in the h5 file, with 2,064 batch statistics (equal)',
    describe: describeAutoencoder,
  },
];
