/** Trained weights as a file: all float32 arrays of the network in a fixed order, little endian, nothing else. */
import { CLASSES, CONVS, FEATURES, type NetworkWeights } from './network.ts';

export function encodeWeights(net: NetworkWeights): Uint8Array {
  const arrays = [...net.convs.flatMap((c) => [c.kernel, c.gamma, c.beta, c.mean, c.variance]), net.dense, net.bias];
  const values = arrays.flatMap((a) => [...a]);
  const view = new DataView(new ArrayBuffer(4 * values.length));
  values.forEach((v, i) => view.setFloat32(4 * i, v, true));
  return new Uint8Array(view.buffer);
}

/** Throws RangeError when the file has another size. */
export function decodeWeights(bytes: Uint8Array): NetworkWeights {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const next = (length: number) => {
    const end = at + 4 * length;
    if (end > bytes.length) throw new RangeError(`weights file ends after ${bytes.length} bytes`);
    const values = Float32Array.from({ length }, (_, i) => view.getFloat32(at + 4 * i, true));
    at = end;
    return values;
  };
  const convs = CONVS.map(({ inChannels, outChannels: n }) => ({
    kernel: next(9 * inChannels * n),
    gamma: next(n),
    beta: next(n),
    mean: next(n),
    variance: next(n),
  }));
  const net = { convs, dense: next(FEATURES * CLASSES), bias: next(CLASSES) };
  if (at !== bytes.length) throw new RangeError(`weights file has ${bytes.length} bytes, expected ${at}`);
  return net;
}
