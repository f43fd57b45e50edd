/**
 * Random small graphs over every op kind, width and requantizer, for the differential test. A graph is a function of its seed.
 * Values stay small enough for float32 and the accumulators; everything else (odd shapes, pads, groups, zero points) is wild.
 */
import { GraphBuilder } from '../../compiler/graph/builder.ts';
import { outputSize } from '../../compiler/graph/ops/window.ts';
import type {
  ElementType,
  Graph,
  IntegerType,
  OpName,
  RequantizeSpec,
  ValueType,
  Window,
} from '../../compiler/graph/types.ts';
import { integerRange, sizeOf } from '../../compiler/graph/types.ts';
import { seeded } from './differential.ts';
import { Draw } from './draw.ts';
import { drawExpand, drawFloatProduct, drawGather, drawNorm, drawProduct, drawWhere } from './draw-sequence.ts';

export type Requantizer = RequantizeSpec['mode'];
const ROUNDINGS = ['half-even', 'floor', 'ceil', 'toward-zero', 'away-from-zero', 'half-up', 'half-down'] as const;

export interface RandomGraphOptions {
  /** Most ops of a graph. */
  readonly ops?: number;
  /** Input widths that the machine's matrix unit takes. */
  readonly inputBitsMax?: number;
  /** Begin with an input of many dims that is seen in another order and shape, several times over. */
  readonly rearranged?: boolean;
}

/** The graph of a seed. */
export function randomGraph(seed: number, options: RandomGraphOptions = {}): Graph {
  return new Generator(seed, options).build();
}

/** Ops that the generator makes; a test asserts that this is every op of the graph. */
export const GENERATED_OPS: readonly OpName[] = [
  'conv',
  'conv-float',
  'matmul',
  'product',
  'product-float',
  'requantize',
  'dequantize',
  'quantize',
  'bipolar',
  'unary',
  'clip',
  'binary',
  'addi',
  'qadd',
  'qmul',
  'maxpool',
  'avgpool',
  'spatial-sum',
  'concat',
  'reshape',
  'transpose',
  'pad',
  'slice',
  'depth-to-space',
  'expand',
  'gather',
  'where',
  'softmax',
  'layer-norm',
  'lut',
];

class Generator {
  readonly #d: Draw;
  readonly #b: GraphBuilder;
  readonly #options: RandomGraphOptions;
  readonly #live: string[] = [];

  constructor(seed: number, options: RandomGraphOptions) {
    this.#d = new Draw(seeded(seed));
    this.#b = new GraphBuilder(`random-${seed}`);
    this.#options = options;
  }

  build(): Graph {
    const rearranged = this.#options.rearranged === true;
    const shape = rearranged ? this.#manyDims() : this.#fewDims();
    const element: ElementType = this.#d.random() < 0.15 ? { kind: 'float32' } : this.#d.smallInteger();
    this.#live.push(this.#b.input('x', { element, shape }));
    if (rearranged) this.#rearrange(this.#d.int(1, 4));
    const ops = this.#d.int(1, this.#options.ops ?? 7);
    for (let made = 0, tries = 0; made < ops && tries < 60; tries++) if (this.#step()) made++;
    const last = this.#live.at(-1) ?? 'x';
    const outputs = this.#d.random() < 0.2 ? [last, this.#d.pick(this.#live)] : [last];
    return this.#b.finish([...new Set(outputs)]);
  }

  #fewDims(): number[] {
    return this.#d.random() < 0.75
      ? [this.#d.int(1, 2), this.#d.int(1, 9), this.#d.int(1, 9), this.#d.int(1, 9)]
      : [this.#d.int(1, 5), this.#d.int(1, 70)];
  }

  /** Images whose channels make pixels, or up to 7 dims. */
  #manyDims(): number[] {
    return this.#d.random() < 0.5
      ? [this.#d.int(1, 3), 4 * this.#d.int(1, 3), this.#d.int(1, 8), this.#d.int(1, 8)]
      : Array.from({ length: this.#d.int(3, 7) }, () => this.#d.int(1, 4));
  }

  /** Sees the input in other ways, each on top of the one before. */
  #rearrange(times: number): void {
    for (let i = 0; i < times; i++) {
      const x = this.#live.at(-1) ?? 'x';
      const op = this.#d.pick(['depth-to-space', 'transpose', 'transpose', 'reshape', 'slice'] as const);
      const made = this.#apply(op, x, this.#b.typeOf(x));
      if (made !== null) this.#live.push(made);
    }
  }

  #constant(type: ValueType, make: () => number): string {
    const size = sizeOf(type.shape);
    const data =
      type.element.kind === 'float32'
        ? Float32Array.from({ length: size }, make)
        : Int32Array.from({ length: size }, make);
    return this.#b.constant({ type, data });
  }

  /** Adds one op to a random live value; false when the drawn op does not apply. */
  #step(): boolean {
    const x = this.#d.pick(this.#live.slice(-3));
    const type = this.#b.typeOf(x);
    const made = this.#apply(this.#d.pick(GENERATED_OPS), x, type);
    if (made === null || sizeOf(this.#b.typeOf(made).shape) > 4000) return false;
    this.#live.push(made);
    return true;
  }

  #apply(op: OpName, x: string, type: ValueType): string | null {
    const { element, shape } = type;
    const float = element.kind === 'float32';
    switch (op) {
      case 'conv':
        return this.#conv(x, type);
      case 'conv-float':
        return float && shape.length === 4 ? this.#convFloat(x, type) : null;
      case 'matmul':
        return this.#matmul(x, type);
      case 'product': {
        const acc = drawProduct(this.#d, this.#b, x);
        return acc === null || this.#d.random() < 0.15 ? acc : this.#requantize(acc, this.#b.typeOf(acc), 2);
      }
      case 'product-float':
        return float ? drawFloatProduct(this.#d, this.#b, x) : null;
      case 'requantize':
        return !float && element.bits > 8 ? this.#requantize(x, type, null) : null;
      case 'dequantize':
        return float ? null : this.#dequantize(x, type);
      case 'quantize':
        return float ? this.#quantize(x, type) : null;
      case 'bipolar':
        return float ? this.#b.add('bipolar', [x], {}) : null;
      case 'unary': {
        const fn = this.#d.pick([
          'relu',
          'neg',
          'abs',
          'exp',
          'sigmoid',
          'tanh',
          'floor',
          'ceil',
          'round',
          'sign',
          'identity',
          'sqrt',
        ] as const);
        if (!float) return null;
        // exp of an exp leaves float32 soon: keep its operand small; square roots need one of at least 0.
        if (fn === 'exp') return this.#b.add('unary', [this.#b.add('clip', [x], { min: -20, max: 8 })], { fn });
        if (fn === 'sqrt') return this.#b.add('unary', [this.#b.add('unary', [x], { fn: 'abs' })], { fn });
        return this.#b.add('unary', [x], { fn });
      }
      case 'clip':
        return float ? this.#b.add('clip', [x], { min: this.#d.float() - 2, max: this.#d.float() + 2 }) : null;
      case 'binary':
        return float ? this.#binary(x, type) : null;
      case 'addi':
        return !float && element.bits > 8 ? this.#addi(x, type) : null;
      case 'qadd':
      case 'qmul':
        return !float && element.bits <= 8 ? this.#pair(op, x, type) : null;
      case 'maxpool':
        return shape.length === 4 && (float || element.bits <= 8) ? this.#pool(x, type, 'maxpool') : null;
      case 'avgpool':
        return shape.length === 4 && float ? this.#pool(x, type, 'avgpool') : null;
      case 'spatial-sum':
        return shape.length === 4 && !float && element.bits <= 8
          ? this.#b.add('spatial-sum', [x], { xZero: this.#d.zero(element) })
          : null;
      case 'concat':
        return this.#concat(x, type);
      case 'reshape':
        return this.#b.add('reshape', [x], {}, { shape: this.#d.reshaped(shape) });
      case 'transpose':
        return shape.length < 2 ? null : this.#b.add('transpose', [x], { perm: this.#d.shuffled(shape.length) });
      case 'pad':
        return this.#b.add('pad', [x], {
          before: this.#d.few(shape),
          after: this.#d.few(shape),
          value: float ? this.#d.float() : this.#d.code(element),
        });
      case 'slice':
        return this.#slice(x, type);
      case 'depth-to-space': {
        if (shape.length !== 4 || shape[1]! % 4 !== 0) return null;
        return this.#b.add('depth-to-space', [x], { block: 2, mode: this.#d.pick(['DCR', 'CRD'] as const) });
      }
      case 'expand':
        return drawExpand(this.#d, this.#b, x);
      case 'gather':
        return drawGather(this.#d, this.#b, x);
      case 'where':
        return drawWhere(this.#d, this.#b, x);
      case 'softmax':
        return float ? this.#b.add('softmax', [x], { axis: this.#d.int(0, shape.length - 1) }) : null;
      case 'layer-norm':
        return float ? drawNorm(this.#d, this.#b, x) : null;
      case 'lut':
        return float || element.bits > 8 ? null : this.#lut(x, type);
    }
  }

  #conv(x: string, { element, shape }: ValueType): string | null {
    if (element.kind === 'float32' || element.bits > 8 || shape.length !== 4) return null;
    const window = this.#d.window(shape[2]!, shape[3]!);
    if (window === null) return null;
    const channels = shape[1]!;
    const groups = this.#d.pick([1, 1, channels, this.#d.pick([1, 2, 3].filter((g) => channels % g === 0))]);
    const outputs = groups * this.#d.int(1, groups > 1 ? 3 : 12);
    const weights = this.#d.weights();
    const w = this.#constant(
      { element: weights.type, shape: [outputs, channels / groups, ...window.kernel] },
      weights.draw,
    );
    const inputs = this.#d.random() < 0.5 ? [x, w] : [x, w, this.#bias(outputs)];
    const acc = this.#b.add('conv', inputs, {
      window,
      groups,
      xZero: this.#d.zero(element),
      wZero: this.#d.weightZero(weights.type, outputs),
    });
    return this.#d.random() < 0.85 ? this.#requantize(acc, this.#b.typeOf(acc), 1) : acc;
  }

  #convFloat(x: string, { shape }: ValueType): string | null {
    const window = this.#d.window(shape[2]!, shape[3]!);
    if (window === null) return null;
    const channels = shape[1]!;
    const groups = this.#d.pick([1, 1, channels]);
    const w = this.#constant(
      { element: { kind: 'float32' }, shape: [groups * this.#d.int(1, 3), channels / groups, ...window.kernel] },
      () => this.#d.float(),
    );
    return this.#b.add('conv-float', [x, w], { window, groups });
  }

  #matmul(x: string, { element, shape }: ValueType): string | null {
    if (element.kind === 'float32' || element.bits > 8) return null;
    const k = shape.at(-1)!;
    const n = this.#d.int(1, 40);
    const weights = this.#d.weights();
    const w = this.#constant({ element: weights.type, shape: [k, n] }, weights.draw);
    const inputs = this.#d.random() < 0.5 ? [x, w] : [x, w, this.#bias(n)];
    const acc = this.#b.add('matmul', inputs, {
      xZero: this.#d.zero(element),
      wZero: this.#d.weightZero(weights.type, n),
    });
    return this.#d.random() < 0.85 ? this.#requantize(acc, this.#b.typeOf(acc), shape.length - 1) : acc;
  }

  #bias(n: number): string {
    return this.#constant({ element: { kind: 'int', bits: 32, coding: 'signed' }, shape: [n] }, () =>
      this.#d.int(-2000, 2000),
    );
  }

  #requantize(x: string, { shape }: ValueType, axisWanted: number | null): string {
    const axis = axisWanted ?? this.#d.int(0, shape.length - 1);
    const channels = this.#d.random() < 0.4 ? 1 : shape[axis]!;
    const mode = this.#d.pick(['float32', 'fixed-point', 'threshold'] as const);
    const from = (make: () => number): number[] => Array.from({ length: channels }, make);
    if (mode === 'threshold') return this.#thresholds(x, axis, channels);
    const element = this.#d.pick([this.#d.exactInteger(), { kind: 'int', bits: 8, coding: 'signed' } as const]);
    const zeroPoint = this.#d.random() < 0.5 ? 0 : this.#d.code(element);
    const spec: RequantizeSpec =
      mode === 'float32'
        ? { mode, zeroPoint, scale: Float32Array.from(from(() => 0.0005 + this.#d.random() * 0.05)) }
        : {
            mode,
            zeroPoint,
            multiplier: Int32Array.from(from(() => this.#d.int(2 ** 30, 2 ** 31 - 1))),
            shift: Int32Array.from(from(() => this.#d.int(-10, 1))),
          };
    return this.#b.add('requantize', [x], { spec, axis, relu: this.#d.random() < 0.3 }, { element });
  }

  #thresholds(x: string, axis: number, channels: number): string {
    const element = this.#d.smallInteger();
    const { min, max } = integerRange(element);
    const levels = element.coding === 'bipolar' ? 1 : Math.min(max - min, this.#d.int(1, 15));
    const thresholds = Int32Array.from({ length: channels * levels }, () => this.#d.int(-800, 800));
    for (let c = 0; c < channels; c++) thresholds.subarray(c * levels, (c + 1) * levels).sort();
    const step = element.coding === 'bipolar' ? 2 : 1;
    const spec: RequantizeSpec = {
      mode: 'threshold',
      levels,
      thresholds,
      base: Int32Array.from({ length: channels }, () => this.#d.int(min, max - levels * step)),
      descending: Uint8Array.from({ length: channels }, () => this.#d.int(0, 1)),
    };
    return this.#b.add('requantize', [x], { spec, axis, relu: false }, { element });
  }

  #dequantize(x: string, { element, shape }: ValueType): string {
    const axis = this.#d.int(0, shape.length - 1);
    const zeros = this.#d.random() < 0.3 ? shape[axis]! : 1;
    const small = element.kind === 'int' && element.bits <= 8;
    const scale = Float32Array.from({ length: this.#d.random() < 0.5 ? 1 : shape[axis]! }, () =>
      Math.fround((small ? 0.05 : 0.001) * (0.5 + this.#d.random())),
    );
    const zeroPoint = Int32Array.from({ length: zeros }, () => (this.#d.random() < 0.5 ? 0 : this.#d.int(-3, 3)));
    return this.#b.add('dequantize', [x], { scale, zeroPoint, axis });
  }

  #quantize(x: string, { shape }: ValueType): string {
    const axis = this.#d.int(0, shape.length - 1);
    const element: IntegerType = {
      kind: 'int',
      bits: this.#d.int(1, 9),
      coding: this.#d.pick(['signed', 'unsigned'] as const),
    };
    const wide = element.bits === 1 && element.coding === 'signed' ? { ...element, bits: 2 } : element;
    const { min, max } = integerRange(wide);
    const narrow = this.#d.random() < 0.3 ? 1 : 0;
    const order = this.#d.pick(['round-then-zero', 'zero-then-round'] as const);
    const whole = order === 'round-then-zero' || this.#d.random() < 0.7;
    const per = (): number => (this.#d.random() < 0.6 ? 1 : shape[axis]!);
    return this.#b.add(
      'quantize',
      [x],
      {
        scale: Float32Array.from({ length: per() }, () => Math.fround(0.02 + this.#d.random() * 0.3)),
        zeroPoint: Float32Array.from({ length: per() }, () =>
          whole ? this.#d.int(min, max) : Math.fround(this.#d.random() * 3),
        ),
        axis,
        rounding: this.#d.pick(ROUNDINGS),
        min: min + narrow,
        max,
        order,
      },
      { element: wide },
    );
  }

  #binary(x: string, type: ValueType): string {
    const other =
      this.#d.random() < 0.4
        ? this.#live.find((v) => v !== x && JSON.stringify(this.#b.typeOf(v)) === JSON.stringify(type))
        : undefined;
    const fn = this.#d.pick(['add', 'sub', 'mul', 'div', 'max', 'min'] as const);
    const shape = type.shape.map((d) => (this.#d.random() < 0.5 ? 1 : d));
    const short = this.#d.random() < 0.3 ? shape.slice(this.#d.int(0, shape.length - 1)) : shape;
    const constant = (): string =>
      this.#constant({ element: { kind: 'float32' }, shape: short }, () => Math.fround(0.25 + this.#d.random()));
    if (other !== undefined && fn !== 'div') return this.#b.add('binary', [x, other], { fn });
    return this.#b.add('binary', this.#d.random() < 0.8 || fn === 'div' ? [x, constant()] : [constant(), x], { fn });
  }

  #addi(x: string, { shape }: ValueType): string {
    const other = shape.map((d) => (this.#d.random() < 0.5 ? 1 : d));
    return this.#b.add(
      'addi',
      [
        x,
        this.#constant({ element: { kind: 'int', bits: 32, coding: 'signed' }, shape: other }, () =>
          this.#d.int(-999, 999),
        ),
      ],
      {},
    );
  }

  /** A quantized sum or product: by name, or spelled in float32 with a relu or a clip now and then. */
  #pair(op: 'qadd' | 'qmul', x: string, type: ValueType): string {
    const { element } = type;
    const other = this.#live.find(
      (v) => v !== x && JSON.stringify(this.#b.typeOf(v).shape) === JSON.stringify(type.shape) && this.#isSmall(v),
    );
    const b =
      other ??
      this.#constant({ element, shape: type.shape.map((d) => (this.#d.random() < 0.5 ? 1 : d)) }, () =>
        this.#d.code(element as IntegerType),
      );
    const scale = (): number => Math.fround(0.01 + this.#d.random() * 0.1);
    const out: IntegerType = {
      kind: 'int',
      bits: this.#d.pick([8, 4]),
      coding: this.#d.pick(['signed', 'unsigned'] as const),
    };
    const of = { aScale: scale(), aZero: this.#d.int(-3, 3), bScale: scale(), bZero: this.#d.int(-3, 3) };
    const to = { scale: scale(), zeroPoint: this.#d.int(0, 5) };
    if (this.#d.random() < 0.6) return this.#b.add(op, [x, b], { ...of, ...to }, { element: out });
    const dequantized = (codes: string, s: number, z: number): string =>
      this.#b.add('dequantize', [codes], { scale: Float32Array.of(s), zeroPoint: Int32Array.of(z), axis: 0 });
    const operands = [dequantized(x, of.aScale, of.aZero), dequantized(b, of.bScale, of.bZero)];
    const fn = op === 'qmul' ? 'mul' : this.#d.pick(['add', 'sub'] as const);
    let float = this.#b.add('binary', operands, { fn });
    if (this.#d.random() < 0.2) float = this.#b.add('unary', [float], { fn: 'relu' });
    if (this.#d.random() < 0.2) float = this.#b.add('clip', [float], { min: -4, max: this.#d.int(1, 30) });
    const range = integerRange(out);
    const quantizer = { axis: 0, rounding: 'half-even', order: 'zero-then-round', ...range } as const;
    const scaling = { scale: Float32Array.of(to.scale), zeroPoint: Float32Array.of(to.zeroPoint) };
    return this.#b.add('quantize', [float], { ...scaling, ...quantizer }, { element: out });
  }

  #lut(x: string, { element, shape }: ValueType): string | null {
    if (element.kind === 'float32') return null;
    const axis = this.#d.int(0, shape.length - 1);
    const { min, max } = integerRange(element);
    const size = (max - min + 1) * (this.#d.random() < 0.6 ? 1 : shape[axis]!);
    if (this.#d.random() < 0.3)
      return this.#b.add(
        'lut',
        [x],
        { table: Float32Array.from({ length: size }, () => this.#d.float()), axis },
        { element: { kind: 'float32' } },
      );
    const out = this.#d.smallInteger();
    return this.#b.add(
      'lut',
      [x],
      { table: Int32Array.from({ length: size }, () => this.#d.code(out)), axis },
      { element: out },
    );
  }

  #isSmall(value: string): boolean {
    const { element } = this.#b.typeOf(value);
    return element.kind === 'int' && element.bits <= 8;
  }

  #pool(x: string, { shape }: ValueType, op: 'maxpool' | 'avgpool'): string | null {
    const drawn = this.#d.window(shape[2]!, shape[3]!);
    if (drawn === null) return null;
    const window: Window = op === 'avgpool' || this.#d.random() < 0.7 ? { ...drawn, dilations: [1, 1] } : drawn;
    const [oh, ow] = outputSize(window, shape[2]!, shape[3]!, false);
    if (oh <= 0 || ow <= 0 || !touchesInput(window, shape[2]!, shape[3]!, oh, ow)) return null;
    return op === 'maxpool'
      ? this.#b.add('maxpool', [x], { window })
      : this.#b.add('avgpool', [x], { window, countIncludePad: this.#d.random() < 0.5 });
  }

  #concat(x: string, type: ValueType): string {
    const axis = this.#d.int(0, type.shape.length - 1);
    const fits = (v: string): boolean => {
      const t = this.#b.typeOf(v);
      return (
        JSON.stringify(t.element) === JSON.stringify(type.element) &&
        t.shape.length === type.shape.length &&
        t.shape.every((d, i) => i === axis || d === type.shape[i])
      );
    };
    const others = this.#live.filter(fits);
    const parts = Array.from({ length: this.#d.int(1, 3) }, () => this.#d.pick(others));
    return this.#b.add('concat', this.#d.random() < 0.5 ? [x, ...parts] : [...parts, x], { axis });
  }

  #slice(x: string, { shape }: ValueType): string {
    const starts = shape.map((d) => this.#d.int(0, d - 1));
    const steps = shape.map(() => this.#d.pick([1, 1, 1, 2]));
    const out = shape.map((d, i) => this.#d.int(1, Math.ceil((d - starts[i]!) / steps[i]!)));
    return this.#b.add('slice', [x], { starts, steps }, { shape: out });
  }
}

/** Whether every window covers at least one input element. */
function touchesInput(window: Window, h: number, w: number, oh: number, ow: number): boolean {
  const covers = (axis: 0 | 1, size: number, outputs: number): boolean =>
    Array.from({ length: outputs }, (_, o) => o).every((o) =>
      Array.from(
        { length: window.kernel[axis] },
        (_, r) => o * window.strides[axis] - window.pads[axis]! + r * window.dilations[axis],
      ).some((i) => i >= 0 && i < size),
    );
  return covers(0, h, oh) && covers(1, w, ow);
}
