/** Object detectors: YOLOv3-tiny (Redmon 2018) and YOLO-Fastest 1.1; boxes are decoded by the host. */
import { singleSection } from '../blocks.ts';
import { SectionBuilder } from '../describe.ts';
import type { Chw, ZooEntry } from '../entry.ts';
import type { Activation, Network, Value } from '../layers.ts';

function describeYolov3Tiny(input: Chw = [3, 416, 416]): Network {
  const s = new SectionBuilder('net');
  const conv = (x: Value, i: number, kernel: number, out: number) =>
    s.conv(x, `conv${i}`, { kernel, out, bn: true, act: 'leaky' });
  const boxes = (x: Value, i: number, head: number) =>
    s.add('detections', `yolo${head}`, [s.conv(x, `conv${i}`, { kernel: 1, out: 255, bias: true })], {});
  let x = s.input(input);
  let early = x;
  [16, 32, 64, 128, 256].forEach((out, i) => {
    early = conv(x, i + 1, 3, out);
    x = s.maxpool(early, `max${i}`, { kernel: 2, stride: 2 });
  });
  x = conv(x, 6, 3, 512);
  x = s.maxpool(x, 'max5_s1', { kernel: 2, stride: 1, pad: 'same' });
  const trunk = conv(conv(x, 7, 3, 1024), 8, 1, 256);
  const coarse = boxes(conv(trunk, 9, 3, 512), 10, 1);
  const up = s.add('upsample', 'upsample', [conv(trunk, 11, 1, 128)], { factor: 2 });
  const joined = s.add('concat', 'route', [up, early], {});
  return singleSection(s.finish([coarse, boxes(conv(joined, 12, 3, 256), 13, 2)]));
}

/** Expanded channels, outputs, stride. */
const FASTEST = [
  [8, 4, 1],
  [8, 4, 1],
  [24, 8, 2],
  [32, 8, 1],
  [32, 8, 1],
  [32, 8, 2],
  [48, 8, 1],
  [48, 8, 1],
  [48, 16, 1],
  [96, 16, 1],
  [96, 16, 1],
  [96, 16, 1],
  [96, 16, 1],
  [96, 24, 2],
  [136, 24, 1],
  [136, 24, 1],
  [136, 24, 1],
  [136, 24, 1],
  [136, 48, 2],
  [224, 48, 1],
  [224, 48, 1],
  [224, 48, 1],
  [224, 48, 1],
  [224, 48, 1],
] as const;

class Fastest {
  readonly s = new SectionBuilder('net');
  #convs = 0;
  #adds = 0;

  conv(x: Value, kernel: number, out: number, act: Activation = 'leaky', stride = 1): Value {
    return this.s.conv(x, `conv${++this.#convs}`, { kernel, out, stride, bn: true, act });
  }

  depthwise(x: Value, kernel: number, stride = 1): Value {
    return this.s.depthwise(x, `conv${++this.#convs}`, { kernel, stride, bn: true, act: 'leaky' });
  }

  /** Expand, depthwise, project; adds its input where the shape stays. */
  block(x: Value, [expanded, out, stride]: readonly [number, number, number]): Value {
    const y = this.conv(this.depthwise(this.conv(x, 1, expanded), 3, stride), 1, out, 'none');
    const keep = stride === 1 && x.shape[0] === out;
    return keep ? this.s.add('add', `add${++this.#adds}`, [x, y], { act: 'none' }) : y;
  }

  head(x: Value, name: string): Value {
    const width = x.shape[0] ?? 0;
    let y = this.conv(this.depthwise(x, 5), 1, width, 'none');
    y = this.conv(this.depthwise(y, 5), 1, width, 'none');
    const boxes = this.s.conv(y, `conv${++this.#convs}`, { kernel: 1, out: 255, bias: true });
    return this.s.add('detections', name, [boxes], {});
  }
}

function describeYoloFastest(input: Chw = [3, 320, 320]): Network {
  const n = new Fastest();
  let x = n.conv(n.s.input(input), 3, 8, 'leaky', 2);
  let fine = x;
  for (const row of FASTEST) {
    if (row[2] === 2) fine = x;
    x = n.block(x, row);
  }
  const pooled = [3, 5, 9].map((kernel) => n.s.maxpool(x, `max${kernel}`, { kernel, stride: 1, pad: 'same' }));
  const trunk = n.conv(n.s.add('concat', 'spp', [...pooled.reverse(), x], {}), 1, 96);
  const coarse = n.head(trunk, 'yolo1');
  const up = n.s.add('upsample', 'up', [trunk], { factor: 2 });
  return singleSection(n.s.finish([coarse, n.head(n.s.add('concat', 'route', [up, fine], {}), 'yolo2')]));
}

export const yolov3Tiny: ZooEntry = {
  name: 'yolov3-tiny',
  kind: 'cnn',
  totals: { macs: 2_782_480_896, params: 8_852_366 },
  source: 'cfg/yolov3-tiny.cfg, heads of 255 for COCO; 416x416',
  published: '5.56 BFLOPs of darknet, which are two a MAC; 8.86 M parameters (recalled)',
  describe: describeYolov3Tiny,
};

export const yoloFastest: ZooEntry = {
  name: 'yolo-fastest',
  kind: 'cnn',
  totals: { macs: 125_437_600, params: 332_798 },
  source: 'dog-qiuqiu/Yolo-Fastest yolo-fastest-1.1.cfg: 320x320, COCO',
  published: '0.252 BFLOPs (0.2509 here), 0.35 M parameters with 13,264 batch statistics (346,062 here)',
  describe: describeYoloFastest,
};
