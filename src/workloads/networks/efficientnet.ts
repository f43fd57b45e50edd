/** EfficientNet-B0 (Tan 2019), and its Lite0 without squeeze-and-excite and with ReLU6. */
import { classifier, invertedResidual, singleSection } from '../blocks.ts';
import { channelsOf, SectionBuilder } from '../describe.ts';
import type { Chw, ZooEntry } from '../entry.ts';
import type { Network } from '../layers.ts';

/** [expansion, outputs, blocks, stride of the first, kernel]. */
const STAGES = [
  [1, 16, 1, 1, 3],
  [6, 24, 2, 2, 3],
  [6, 40, 2, 2, 5],
  [6, 80, 3, 2, 3],
  [6, 112, 3, 1, 5],
  [6, 192, 4, 2, 5],
  [6, 320, 1, 1, 3],
] as const;

function describeEfficientnet(input: Chw, lite: boolean): Network {
  const s = new SectionBuilder('net');
  const act = lite ? 'relu6' : 'swish';
  const common = { bn: true, act } as const;
  let x = s.conv(s.input(input), 'stem', { ...common, kernel: 3, out: 32, stride: 2, pad: 'same' });
  let block = 0;
  for (const [expansion, out, blocks, stride, kernel] of STAGES) {
    for (let i = 0; i < blocks; i++) {
      const inputs = channelsOf(x);
      // The squeeze is a quarter of what came in, before the expansion.
      const squeeze = { reduced: inputs / 4, act: 'swish', gate: 'sigmoid' } as const;
      x = invertedResidual(s, x, `mb${++block}`, {
        expanded: expansion * inputs,
        out,
        kernel,
        stride: i === 0 ? stride : 1,
        act,
        pad: 'same',
        ...(lite ? {} : { squeeze }),
      });
    }
  }
  x = s.conv(x, 'head', { ...common, kernel: 1, out: 1280 });
  return singleSection(s.finish([classifier(s, x, 'fc', 1000)]));
}

export const efficientnetB0: ZooEntry = {
  name: 'efficientnet-b0',
  kind: 'cnn',
  totals: { macs: 385_814_752, params: 5_288_548 },
  source: 'torchvision 0.29.1 models/efficientnet.py; block arguments of tensorflow/tpu',
  published: 'torchvision: 5,288,548 parameters (equal), 0.386 GMACs (equal to its digits)',
  describe: (input = [3, 224, 224]) => describeEfficientnet(input, false),
};

export const efficientnetLite0: ZooEntry = {
  name: 'efficientnet-lite0',
  kind: 'cnn',
  totals: { macs: 385_187_552, params: 4_652_008 },
  source: 'tensorflow/tpu models/official/efficientnet/lite',
  published: '4.7 M parameters; 407 M multiply-adds, which count more than convolutions and products (385 M)',
  describe: (input = [3, 224, 224]) => describeEfficientnet(input, true),
};
