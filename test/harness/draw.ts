/** Seeded draws for random graphs: numbers, integer types, codes, windows, shapes. */
import { outputSize } from '../../compiler/graph/ops/window.ts';
import type { IntegerType, Window } from '../../compiler/graph/types.ts';
import { integerRange, sizeOf } from '../../compiler/graph/types.ts';

export class Draw {
  readonly random: () => number;

  constructor(random: () => number) {
    this.random = random;
  }

  int(low: number, high: number): number {
    return low + Math.floor(this.random() * (high - low + 1));
  }

  pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.random() * list.length)] as T;
  }

  smallInteger(): IntegerType {
    const coding = this.pick(['signed', 'unsigned', 'signed', 'unsigned', 'bipolar', 'ternary'] as const);
    if (coding === 'bipolar') return { kind: 'int', bits: 1, coding };
    if (coding === 'ternary') return { kind: 'int', bits: 2, coding };
    return {
      kind: 'int',
      bits: this.pick([2, 3, 4, 5, 6, 7, 8, 8, 1].filter((b) => b > 1 || coding === 'unsigned')),
      coding,
    };
  }

  code(t: IntegerType): number {
    const { min, max } = integerRange(t);
    return t.coding === 'bipolar' ? (this.random() < 0.5 ? -1 : 1) : this.int(min, max);
  }

  float(): number {
    return Math.fround((this.random() - 0.5) * 4);
  }

  zero(t: IntegerType): number {
    return t.coding === 'bipolar' || t.coding === 'ternary' ? 0 : this.random() < 0.5 ? 0 : this.code(t);
  }

  weights(): { readonly type: IntegerType; readonly draw: () => number } {
    const type = this.smallInteger();
    return { type, draw: () => this.code(type) };
  }

  weightZero(type: IntegerType, outputs: number): Int32Array {
    if (this.random() < 0.6 || type.coding === 'bipolar' || type.coding === 'ternary') return Int32Array.of(0);
    return Int32Array.from({ length: this.random() < 0.5 ? 1 : outputs }, () => this.code(type));
  }

  /** A width whose saturation is exact in storage, two's complement or unsigned. */
  exactInteger(): IntegerType {
    return { kind: 'int', bits: this.pick([2, 4, 8, 16, 3, 7]), coding: this.pick(['signed', 'unsigned'] as const) };
  }

  shuffled(n: number): number[] {
    const out = Array.from({ length: n }, (_, i) => i);
    for (let i = n - 1; i > 0; i--) {
      const j = this.int(0, i);
      [out[i], out[j]] = [out[j]!, out[i]!];
    }
    return out;
  }

  few(shape: readonly number[]): number[] {
    return shape.map(() => (this.random() < 0.4 ? this.int(1, 2) : 0));
  }

  reshaped(shape: readonly number[]): number[] {
    const size = sizeOf(shape);
    if (this.random() < 0.4) return [shape[0]!, size / shape[0]!];
    const out: number[] = [];
    let left = size;
    for (let i = 0; i < this.int(1, 3); i++) {
      const divisors = Array.from({ length: Math.min(left, 12) }, (_, d) => d + 1).filter((d) => left % d === 0);
      const d = this.pick(divisors);
      out.push(d);
      left /= d;
    }
    return [...out, left];
  }

  window(h: number, w: number): Window | null {
    const kernel = [this.int(1, 3), this.int(1, 3)] as const;
    const dilations = [this.int(1, 2), this.int(1, 2)] as const;
    const pad = (axis: 0 | 1): number => this.int(0, Math.max(0, kernel[axis] - 1));
    const window: Window = {
      kernel,
      dilations,
      strides: [this.int(1, 3), this.int(1, 3)],
      pads: [pad(0), pad(1), pad(0), pad(1)],
    };
    const [oh, ow] = outputSize(window, h, w, false);
    return oh > 0 && ow > 0 ? window : null;
  }
}
