/** Lays down layers one by one and infers their shapes; a shape that does not fit is a defect of a network's file. */
import { InternalError } from '../../isa/base/errors.ts';
import type {
  Activation,
  Affine,
  Layer,
  LayerAttributes,
  LayerKind,
  Pair,
  Section,
  SectionInput,
  Sides,
  Value,
} from './layers.ts';
import { outputShape } from './shapes.ts';

/** Defaults: stride 1, one group, no bias, no batch norm, no activation; the pad that centres an odd window. */
export interface ConvOptions {
  readonly kernel: number | Pair;
  readonly out: number;
  readonly stride?: number | Pair;
  /** 'same' as TensorFlow pads: the odd element goes to the bottom right. */
  readonly pad?: number | Pair | 'same';
  readonly groups?: number;
  readonly bias?: boolean;
  readonly bn?: boolean;
  readonly act?: Activation;
}

export interface PoolOptions {
  readonly kernel: number;
  readonly stride: number;
  /** 'ceil' as Caffe pools: no pad before, and a last window that hangs over the edge. */
  readonly pad?: number | 'same' | 'ceil';
}

export class SectionBuilder {
  readonly #name: string;
  readonly #repeat: number;
  readonly #steps: number;
  readonly #inputs: SectionInput[] = [];
  readonly #layers: Layer[] = [];
  #values = 0;

  constructor(name: string, repeat = 1, steps = 1) {
    this.#name = name;
    this.#repeat = repeat;
    this.#steps = steps;
  }

  /** 8-bit pixels unless said otherwise. */
  input(
    shape: readonly number[],
    options: { name?: string; bits?: number; coding?: 'signed' | 'unsigned' } = {},
  ): Value {
    const value = this.#value(shape);
    const { name = 'input', bits = 8, coding = 'unsigned' } = options;
    this.#inputs.push({ name, value, bits, coding });
    return value;
  }

  conv(x: Value, name: string, o: ConvOptions): Value {
    const kernel = pair(o.kernel);
    const strides = pair(o.stride ?? 1);
    const pads = padsOf(o.pad ?? [kernel[0] >> 1, kernel[1] >> 1], x, kernel, strides);
    const shape = { out: o.out };
    return this.add('conv', name, [x], { ...affine(o), kernel, strides, pads, groups: o.groups ?? 1 }, shape);
  }

  /** Depthwise: as many groups and outputs as input channels. */
  depthwise(x: Value, name: string, o: Omit<ConvOptions, 'out' | 'groups'>): Value {
    const channels = channelsOf(x);
    return this.conv(x, name, { ...o, out: channels, groups: channels });
  }

  linear(x: Value, name: string, out: number, o: Partial<Affine> & { readonly tied?: boolean } = {}): Value {
    return this.add('linear', name, [x], { ...affine(o), tied: o.tied ?? false }, { out });
  }

  maxpool(x: Value, name: string, o: PoolOptions): Value {
    const kernel = pair(o.kernel);
    const strides = pair(o.stride);
    const pads = o.pad === 'ceil' ? ceilPads(x, kernel, strides) : padsOf(o.pad ?? 0, x, kernel, strides);
    return this.add('maxpool', name, [x], { kernel, strides, pads });
  }

  /** Any layer by its kind; `extra.out` is the number of output channels where the kind leaves it open. */
  add<K extends LayerKind>(
    kind: K,
    name: string,
    inputs: readonly Value[],
    attributes: LayerAttributes[K],
    extra: { readonly out?: number } = {},
  ): Value {
    if (this.#layers.some((l) => l.name === name))
      throw new InternalError(`section ${this.#name} has two layers '${name}'`);
    const output = this.#value(
      outputShape(
        kind,
        inputs.map((v) => v.shape),
        attributes,
        extra.out,
        name,
      ),
    );
    this.#layers.push({ kind, name, inputs, output, attributes } as Layer);
    return output;
  }

  finish(outputs: readonly Value[]): Section {
    const [name, repeat, steps] = [this.#name, this.#repeat, this.#steps];
    return { name, repeat, steps, inputs: this.#inputs, layers: this.#layers, outputs };
  }

  #value(shape: readonly number[]): Value {
    return { id: this.#values++, shape };
  }
}

/** Elements of a table in a graph; of a larger one only the rows that the input's codes can name are made. */
export const TABLE_MAX = 2 ** 25;

/** Bits of a code that names rows of a table: the most whose every code is a row that is made, 16 at most. */
export function indexBits(rows: number, width: number): number {
  const most = rows * width > TABLE_MAX ? Math.min(rows, Math.floor(TABLE_MAX / width)) : rows;
  return Math.min(16, 31 - Math.clz32(most));
}

export function channelsOf(x: Value): number {
  const [c] = x.shape;
  if (c === undefined || x.shape.length !== 3) throw new InternalError(`[${x.shape}] is not an image`);
  return c;
}

function affine(o: Partial<Affine>): Affine {
  return { bias: o.bias ?? false, bn: o.bn ?? false, act: o.act ?? 'none' };
}

function pair(v: number | Pair): Pair {
  return typeof v === 'number' ? [v, v] : v;
}

function padsOf(pad: number | Pair | 'same', x: Value, kernel: Pair, strides: Pair): Sides {
  if (pad !== 'same') {
    const [h, w] = pair(pad);
    return [h, w, h, w];
  }
  const total = (axis: 0 | 1): number => {
    const size = x.shape[axis + 1] ?? 0;
    return Math.max(0, (Math.ceil(size / strides[axis]) - 1) * strides[axis] + kernel[axis] - size);
  };
  const [h, w] = [total(0), total(1)];
  return [h >> 1, w >> 1, h - (h >> 1), w - (w >> 1)];
}

/** What the last window needs behind the image. */
function ceilPads(x: Value, kernel: Pair, strides: Pair): Sides {
  const over = (axis: 0 | 1): number => {
    const size = x.shape[axis + 1] ?? 0;
    return Math.ceil((size - kernel[axis]) / strides[axis]) * strides[axis] + kernel[axis] - size;
  };
  return [0, 0, over(0), over(1)];
}
