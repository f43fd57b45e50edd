/** Output shape of every kind of layer. */
import { InternalError } from '../../isa/base/errors.ts';
import type { LayerAttributes, LayerKind } from './layers.ts';

type Shape = readonly number[];
type Rule<K extends LayerKind> = (inputs: readonly Shape[], attributes: LayerAttributes[K], out: number) => Shape;

const SHAPES: { readonly [K in LayerKind]: Rule<K> } = {
  conv: ([x], a, out) => {
    const [c, h, w] = image(x);
    need(c % a.groups === 0 && out % a.groups === 0, `${a.groups} groups of ${c} -> ${out} channels`);
    return [out, ...windowed([h, w], a)];
  },
  deconv: ([x], a, out) => {
    const [, h, w] = image(x);
    const grow = (n: number) => (n - 1) * a.stride - 2 * a.pad + a.kernel + a.outputPad;
    return [out, grow(h), grow(w)];
  },
  linear: ([x], _, out) => (x?.length === 2 ? [x[0] ?? 0, out] : [out]),
  maxpool: ([x], a) => [image(x)[0], ...windowed(image(x).slice(1), a)],
  avgpool: ([x], a) => [image(x)[0], ...windowed(image(x).slice(1), { ...a, pads: [0, 0, 0, 0] })],
  'global-average': ([x]) => [image(x)[0], 1, 1],
  add: ([a = [], b]) => {
    need(`${a}` === `${b}`, `[${a}] + [${b}]`);
    return a;
  },
  multiply: ([a = [], b = []]) => {
    need(`${a}` === `${b}` || (a[0] === b[0] && b[1] === 1 && b[2] === 1), `[${a}] times [${b}]`);
    return a;
  },
  concat: (inputs) => {
    const [first = []] = inputs;
    const axis = first.length === 2 ? 1 : 0;
    for (const x of inputs) {
      const fits = x.length === first.length && x.every((d, i) => i === axis || d === first[i]);
      need(fits, `[${first}] does not join [${x}]`);
    }
    return first.map((d, i) => (i === axis ? inputs.reduce((n, x) => n + (x[axis] ?? 0), 0) : d));
  },
  slice: ([x = []], a) => {
    need(a.first >= 0 && a.first + a.count <= (x[0] ?? 0), `${a.count} from ${a.first} of ${x[0]}`);
    return [a.count, ...x.slice(1)];
  },
  upsample: ([x], { factor }) => [image(x)[0], image(x)[1] * factor, image(x)[2] * factor],
  'depth-to-space': ([x], { block }) => {
    const [c, h, w] = image(x);
    need(c % (block * block) === 0, `${c} channels in blocks of ${block}`);
    return [c / (block * block), h * block, w * block];
  },
  lrn: same,
  curve: ([x = [], r = []], a) => {
    need(r[0] === a.iterations * (x[0] ?? 0), `${r[0]} curve maps for ${a.iterations} iterations`);
    return x;
  },
  detections: same,
  softmax: same,
  activation: same,
  embedding: ([x], { width }) => [x?.[0] ?? 0, width],
  'batch-norm': same,
  'layer-norm': same,
  'rms-norm': same,
  rotary: same,
  'attention-scores': ([q, ...keys], a) => {
    for (const k of keys)
      need((q?.[1] ?? 0) / a.heads === (k[1] ?? 0) / a.kvHeads, `${a.heads} heads of [${q}], ${a.kvHeads} of [${k}]`);
    return [a.heads * (q?.[0] ?? 0), rowsOf(keys)];
  },
  'attention-context': ([p, ...values], a) => {
    need(p?.[1] === rowsOf(values), `probabilities [${p}] and ${rowsOf(values)} rows of values`);
    return [(p?.[0] ?? 0) / a.heads, ((values[0]?.[1] ?? 0) / a.kvHeads) * a.heads];
  },
  'additive-attention': ([query = []]) => query,
  'lstm-cell': ofCell,
  'lstm-state': ofCell,
  'to-sequence': ([x]) => [image(x)[2], image(x)[0] * image(x)[1]],
  'depthwise-conv1d': same,
  'dynamic-conv1d': ([x = [], kernels], a) => {
    need(kernels?.[1] === a.heads * a.kernel, `kernels [${kernels}] for ${a.heads} heads of ${a.kernel}`);
    return x;
  },
};

/** Throws InternalError when the shapes do not fit: descriptions are our own. */
export function outputShape<K extends LayerKind>(
  kind: K,
  inputs: readonly Shape[],
  attributes: LayerAttributes[K],
  out: number | undefined,
  name: string,
): Shape {
  const rule: Rule<K> = SHAPES[kind];
  try {
    const shape = rule(inputs, attributes, out ?? 0);
    need(shape.length > 0 && shape.every((d) => Number.isInteger(d) && d > 0), `it would be [${shape}]`);
    return shape;
  } catch (error) {
    if (!(error instanceof Misfit)) throw error;
    throw new InternalError(`layer ${name} (${kind}) does not fit: ${error.message}`);
  }
}

class Misfit extends Error {}

function need(condition: boolean, message: string): void {
  if (!condition) throw new Misfit(message);
}

function rowsOf(parts: readonly Shape[]): number {
  return parts.reduce((n, p) => n + (p[0] ?? 0), 0);
}

function ofCell([gates, cell = []]: readonly Shape[]): Shape {
  need(gates?.[1] === 4 * (cell[1] ?? 0), `gates [${gates}] of a cell [${cell}]`);
  return cell;
}

function same([x]: readonly Shape[]): Shape {
  return x ?? [];
}

function image(x: Shape | undefined): readonly [number, number, number] {
  need(x?.length === 3, `[${x}] is not an image`);
  return x as unknown as readonly [number, number, number];
}

function windowed(
  size: readonly number[],
  a: { readonly kernel: Shape; readonly strides: Shape; readonly pads: Shape },
): number[] {
  return [0, 1].map((i) => {
    const padded = (size[i] ?? 0) + (a.pads[i] ?? 0) + (a.pads[i + 2] ?? 0);
    return Math.floor((padded - (a.kernel[i] ?? 1)) / (a.strides[i] ?? 1)) + 1;
  });
}
