/** Reference kernels of the first quantized converters (uint8 in float32), SOFTMAX of 16-bit codes with its look-up tables, and L2_NORMALIZATION. */
import type { Frame } from './reference.ts';
import { awayFromZero, clampTo, limitsOf, sizeOf } from './reference-basics.ts';
import { divideByPot, highMul, rescale, toFactor } from './reference-fixed.ts';
import { inverseRoot } from './reference-more.ts';

type Values = readonly number[];
const f32 = Math.fround;

/** ConcatenationWithScaling: uint8 operands of any scale; others as they are. */
export function concatenated(f: Frame): Values {
  const axis = f.o.int(0) < 0 ? f.o.int(0) + f.y.shape.length : f.o.int(0);
  const inner = sizeOf(f.y.shape.slice(axis + 1));
  const inverse = f32(1 / (f.y.scale[0] ?? 1));
  const out: number[] = [];
  for (let outer = 0; outer < sizeOf(f.y.shape.slice(0, axis)); outer++)
    f.o.inputs.forEach((_, i) => {
      const t = f.t(i);
      const run = t.shape[axis]! * inner;
      const codes = f.v(i).slice(outer * run, (outer + 1) * run);
      const alike = t.type !== 3 || (t.scale[0] === f.y.scale[0] && t.zero[0] === f.y.zero[0]);
      if (alike) {
        out.push(...codes);
        return;
      }
      const scale = f32(t.scale[0]! * inverse);
      const bias = f32(-t.zero[0]! * scale);
      out.push(...codes.map((v) => clampTo(awayFromZero(f32(f32(v * scale) + bias)) + f.y.zero[0]!, [0, 255])));
    });
  return out;
}

/** The template for uint8: float32 weights, each product and sum rounded, half up at the end. */
export function bilinearOfBytes(f: Frame): Values {
  const [n, h, w, c] = f.t(0).shape as [number, number, number, number];
  const [, oh, ow] = f.y.shape as [number, number, number, number];
  const [aligned, half] = [f.o.byte(2) !== 0, f.o.byte(3) !== 0];
  const along = (i: number, size: number, result: number) => {
    const scale = aligned && result > 1 ? f32((size - 1) / (result - 1)) : f32(size / result);
    const at = half ? f32(f32((i + 0.5) * scale) - 0.5) : f32(i * scale);
    const low = Math.max(Math.floor(at), 0);
    return { low, high: Math.min(Math.ceil(at), size - 1), part: f32(at - low) };
  };
  const out: number[] = [];
  for (let b = 0; b < n; b++)
    for (let oy = 0; oy < oh; oy++)
      for (let ox = 0; ox < ow; ox++)
        for (let d = 0; d < c; d++) {
          const [y, x] = [along(oy, h, oh), along(ox, w, ow)];
          const term = (iy: number, ix: number, v: number, u: number): number =>
            f32(f32(f.v(0)[((b * h + iy) * w + ix) * c + d]! * v) * u);
          const [v, u] = [f32(1 - y.part), f32(1 - x.part)];
          const terms = [
            term(y.low, x.low, v, u),
            term(y.high, x.low, y.part, u),
            term(y.low, x.high, v, x.part),
            term(y.high, x.high, y.part, x.part),
          ];
          out.push(Math.trunc(f32(terms.reduce((s, t) => f32(s + t)) + 0.5)));
        }
  return out;
}

/** LUTPopulate for 16-bit codes: 512 lines and the end of the last. */
function lookUpTable(low: number, high: number, of: (x: number) => number): readonly bigint[] {
  const step = f32(f32(high - low) / 512);
  const fixed = (x: number): number => f32(f32(of(x)) * 32768);
  const held = (x: number): bigint => BigInt(clampTo(x, [-32768, 32767]));
  const table = Array.from({ length: 512 }, (_, i) => {
    const start = f32(low + f32(i * step));
    const end = f32(low + f32((i + 1) * step));
    const drawn = awayFromZero(f32(f32(fixed(end) + awayFromZero(fixed(start))) / 2));
    const missed = drawn - awayFromZero(fixed(f32(start + f32(step / 2))));
    return held(awayFromZero(fixed(start)) - awayFromZero(missed / 2));
  });
  return [...table, held(awayFromZero(fixed(high)))];
}

const EXPONENTIALS = lookUpTable(-10, 0, Math.exp);
const RECIPROCALS = lookUpTable(0, 1, (x) => 1 / f32(1 + x));

/** LUTLookup. */
function lookUp(code: bigint, table: readonly bigint[]): bigint {
  const at = Number(256n + (code >> 7n));
  return table[at]! + (((table[at + 1]! - table[at]!) * (code & 127n) + 64n) >> 7n);
}

const inWord = (x: bigint): bigint => (x > 32767n ? 32767n : x < -32768n ? -32768n : x);

/** SoftmaxInt16. */
export function wordSoftmax(f: Frame): Values {
  const depth = f.t(0).shape.at(-1)!;
  const factor = toFactor(f32(f32(f.t(0).scale[0]! * f.o.float(0)) / f32(10 / 65535)));
  const out: number[] = [];
  for (let row = 0; row < f.v(0).length; row += depth) {
    const line = f.v(0).slice(row, row + depth);
    const most = Math.max(...line);
    const powers = line.map((v) => lookUp(inWord(rescale(BigInt(v - most), factor) + 32767n), EXPONENTIALS));
    const sum = powers.reduce((s, p) => s + p, 0n);
    const zeros = BigInt(32 - sum.toString(2).length);
    const normal = ((sum << (zeros - 1n)) + (1n << 13n)) >> 14n;
    const reciprocal = lookUp(inWord(normal - (1n << 15n) - (1n << 16n)), RECIPROCALS);
    const right = 31n - zeros;
    for (const p of powers) out.push(clampTo(Number((p * reciprocal + (1n << (right - 1n))) >> right), [0, 32767]));
  }
  return out;
}

/** The inverse root of the sum of squares in fixed point; MultiplyByQuantizedMultiplierSmallerThanOneExp. */
export function l2Norm(f: Frame): Values {
  const depth = f.t(0).shape.at(-1)!;
  const out: number[] = [];
  for (let row = 0; row < f.v(0).length; row += depth) {
    const line = f
      .v(0)
      .slice(row, row + depth)
      .map((v) => v - f.t(0).zero[0]!);
    const { m, shift } = inverseRoot(BigInt(line.reduce((s, v) => s + v * v, 0)));
    for (const v of line) {
      const code = divideByPot(highMul(BigInt(v * 128), m), -shift);
      out.push(clampTo(Number(code) + f.y.zero[0]!, limitsOf(f.y)));
    }
  }
  return out;
}
