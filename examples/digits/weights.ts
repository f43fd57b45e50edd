/** Trained weights as a file: all float32 arrays of the network in a fixed order, little endian. */
import { CLASSES, CONVS, FEATURES, type NetworkWeights } from './network.ts';

const SIZES = [
  ...CONVS.flatMap((c) => [9 * c.inChannels * c.outChannels, ...new Array<number>(4).fill(c.outChannels)]),
  FEATURES * CLASSES,
  CLASSES,
];

export function encodeWeights(net: NetworkWeights): Uint8Array {
  const arrays = [...net.convs.flatMap((c) => [c.kernel, c.gamma, c.beta, c.mean, c.variance]), net.dense, net.bias];
  const out = new DataView(new ArrayBuffer(4 * SIZES.reduce((n, s) => n + s, 0)));
  let at = 0;
  for (const a of arrays) {
    for (const v of a) {
      out.setFloat32(at, v, true);
      at += 4;
    }
  }
  return new Uint8Array(out.buffer);
}

/** Throws RangeError when the file has another size. */
export function decodeWeights(bytes: Uint8Array): NetworkWeights {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const arrays = SIZES.map((n) => {
    const a = Float32Array.from({ length: n }, (_, i) => view.getFloat32(at + 4 * i, true));
    at += 4 * n;
    return a;
  });
  if (at !== bytes.length) throw new RangeError(`weights file has ${bytes.length} bytes, expected ${at}`);
  const convs = CONVS.map((_, i) => {
    const [kernel, gamma, beta, mean, variance] = arrays.slice(5 * i, 5 * i + 5) as [
      Float32Array,
      Float32Array,
      Float32Array,
      Float32Array,
      Float32Array,
    ];
    return { kernel, gamma, beta, mean, variance };
  });
  return { convs, dense: arrays[SIZES.length - 2]!, bias: arrays[SIZES.length - 1]! };
}
