/** The reference kernels that pick, repeat and turn elements, reduce to extremes, and look codes up in tables made from floats. */
import type { Frame, Kernel } from './reference.ts';
import { awayFromZero, clampTo, gathered, limitsOf, pairwise, rectified } from './reference-basics.ts';
import { byPot, divideByPot, type Factor, highMul, rescale, toFactor } from './reference-fixed.ts';

type Values = readonly number[];
const f32 = Math.fround;
const front = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);

function gather(f: Frame): Values {
  const [shape, places] = [f.t(0).shape, f.t(1).shape];
  const axis = front(f.o.int(0), shape.length);
  return gathered(f.y.shape, shape, f.v(0), (place) => {
    const at = place.slice(axis, axis + places.length).reduce((n, p, d) => n * places[d]! + p, 0);
    return [...place.slice(0, axis), f.v(1)[at]!, ...place.slice(axis + places.length)];
  });
}

function gatherNd(f: Frame): Values {
  const { shape } = f.t(0);
  const m = f.t(1).shape.at(-1)!;
  const places = f.t(1).shape.slice(0, -1);
  return gathered(f.y.shape, shape, f.v(0), (place) => {
    const at = places.reduce((n, d, i) => n * d + place[i]!, 0);
    return [...f.v(1).slice(at * m, (at + 1) * m), ...place.slice(places.length)];
  });
}

function mirrored(f: Frame): Values {
  const { shape } = f.t(0);
  const edge = f.o.byte(0) === 0 ? 1 : 0;
  return gathered(f.y.shape, shape, f.v(0), (place) =>
    place.map((p, d) => {
      const at = p - f.v(1)[2 * d]!;
      if (at < 0) return -at - 1 + edge;
      return at < shape[d]! ? at : shape[d]! - 1 - (at - shape[d]!) - edge;
    }),
  );
}

/** Output batch b is the place (b / batches) in each block, row first. */
function toBatch(f: Frame): Values {
  const { shape, zero } = f.t(0);
  const blocks = f.v(1);
  return gathered(f.y.shape, shape, f.v(0), ([b = 0, ...rest]) => {
    let place = Math.floor(b / shape[0]!);
    const at = [...rest];
    for (let i = blocks.length - 1; i >= 0; i--) {
      at[i] = at[i]! * blocks[i]! + (place % blocks[i]!) - f.v(2)[2 * i]!;
      place = Math.floor(place / blocks[i]!);
    }
    return at.some((p, i) => p < 0 || p >= shape[i + 1]!) ? zero[0]! : [b % shape[0]!, ...at];
  });
}

function fromBatch(f: Frame): Values {
  const { shape } = f.t(0);
  const blocks = f.v(1);
  const batches = f.y.shape[0]!;
  return gathered(f.y.shape, shape, f.v(0), ([b = 0, ...rest]) => {
    const whole = rest.map((p, i) => p + (i < blocks.length ? f.v(2)[2 * i]! : 0));
    const place = blocks.reduce((n, block, i) => n * block + (whole[i]! % block), 0);
    return [place * batches + b, ...whole.map((p, i) => Math.floor(p / (blocks[i] ?? 1)))];
  });
}

/** Begin, end, strides and masks as TensorFlow's strided slice has them, axis by axis. */
function strided(f: Frame): Values {
  const { shape } = f.t(0);
  const bit = (field: number, at: number) => ((f.o.int(field) >> at) & 1) === 1;
  const [begins, ends, strides] = [f.v(1), f.v(2), f.v(3)];
  const from: { start: number; step: number }[] = [];
  /** Result axes: the operand's axis, or none for a new one. */
  const axes: (number | undefined)[] = [];
  const named = begins.filter((_, i) => !bit(2, i) && !bit(3, i)).length;
  const whole = (): void => {
    axes.push(from.length);
    from.push({ start: 0, step: 1 });
  };
  begins.forEach((b, i) => {
    if (bit(2, i)) for (let k = named; k < shape.length; k++) whole();
    else if (bit(3, i)) axes.push(undefined);
    else {
      const n = shape[from.length]!;
      const step = bit(4, i) ? 1 : strides[i]!;
      const first = step > 0 ? 0 : n - 1;
      const start = bit(0, i) ? first : Math.max(step > 0 ? 0 : -1, Math.min(b < 0 ? b + n : b, step > 0 ? n : n - 1));
      if (!bit(4, i)) axes.push(from.length);
      from.push({ start, step });
    }
  });
  while (from.length < shape.length) whole();
  expectLength(ends, begins);
  return gathered(f.y.shape, shape, f.v(0), (place) => {
    const at = from.map(({ start }) => start);
    axes.forEach((axis, i) => {
      if (axis !== undefined) at[axis] = from[axis]!.start + place[i]! * from[axis]!.step;
    });
    return at;
  });
}

function expectLength(a: Values, b: Values): void {
  if (a.length !== b.length) throw new Error(`${a.length} ends for ${b.length} begins`);
}

function extreme(f: Frame, best: (a: number, b: number) => number): Values {
  const { shape } = f.t(0);
  const axes = new Set(f.v(1).map((a) => front(a, shape.length)));
  const found = new Map<number, number>();
  f.v(0).forEach((v, at) => {
    let [rest, to, step] = [at, 0, 1];
    for (let d = shape.length - 1; d >= 0; d--) {
      if (!axes.has(d)) {
        to += (rest % shape[d]!) * step;
        step *= shape[d]!;
      }
      rest = Math.floor(rest / shape[d]!);
    }
    found.set(to, best(found.get(to) ?? v, v));
  });
  return Array.from({ length: found.size }, (_, i) => found.get(i)!);
}

/** A table from a function of floats: LUTPopulate. */
function tabled(f: Frame, of: (x: number) => number): Values {
  const inverse = f32(1 / f.y.scale[0]!);
  return f.v(0).map((v) => {
    const real = f32(of(f32(f.t(0).scale[0]! * (v - f.t(0).zero[0]!))));
    return clampTo(awayFromZero(f32(real * inverse)) + f.y.zero[0]!, limitsOf(f.y));
  });
}

/** The error function by the trapezoid rule on its integral, which is far below float32 for this smooth integrand; 4000 steps. */
function erf(x: number): number {
  const n = 4000;
  let sum = (1 + Math.exp(-x * x)) / 2;
  for (let i = 1; i < n; i++) sum += Math.exp(-(((x * i) / n) ** 2));
  // The first correction of Euler and Maclaurin: h^2/12 (f'(x) - f'(0)).
  const h = x / n;
  return (2 / Math.sqrt(Math.PI)) * (sum * h + (h * h * 2 * x * Math.exp(-x * x)) / 12);
}

function gelu(f: Frame): Values {
  if (f.o.byte(0) === 0) {
    return tabled(f, (x) => f32(0.5 * x) * f32(1 - erf(f32(x * f32(-Math.SQRT1_2)))));
  }
  return tabled(f, (x) => {
    const inner = f32(x + f32(f32(f32(f32(0.044715) * x) * x) * x));
    return f32(0.5 * x) * f32(1 + f32(Math.tanh(f32(f32(Math.sqrt(2 / Math.PI)) * inner))));
  });
}

function absolute(f: Frame): Values {
  const [xs, ys] = [f.t(0).scale[0]!, f.y.scale[0]!];
  const factor = toFactor(f32(xs / ys));
  return f.v(0).map((v) => {
    const size = Math.abs(v - f.t(0).zero[0]!);
    return clampTo((xs === ys ? size : Number(rescale(BigInt(size), factor))) + f.y.zero[0]!, limitsOf(f.y));
  });
}

function root(f: Frame): Values {
  return f.v(0).map((v) => {
    const real = f32(Math.sqrt(f32(f.t(0).scale[0]! * Math.max(0, v - f.t(0).zero[0]!))));
    return clampTo(Math.trunc(f32(real / f.y.scale[0]!)) + f.y.zero[0]!, limitsOf(f.y));
  });
}

/** GetInvSqrtQuantizedMultiplierExp. */
export function inverseRoot(value: bigint): Factor {
  if (value <= 1n) return { m: 2n ** 31n - 1n, shift: 0 };
  let right = 11;
  let x = value;
  while (x >= 1n << 29n) {
    x /= 4n;
    right++;
  }
  while (x < 1n << 27n) {
    x <<= 2n;
    right--;
  }
  const whole = x >> 1n;
  const half = byPot(whole, -1);
  let guess = 1n << 28n;
  for (let i = 0; i < 5; i++) {
    const cube = byPot(highMul(highMul(guess, guess), guess), 6);
    guess = byPot(highMul((1n << 28n) + (1n << 27n), guess) - highMul(half, cube), 3);
  }
  const m = highMul(guess, 1518500250n);
  return right < 0 ? { m: m << BigInt(-right), shift: 0 } : { m, shift: -right };
}

function inverseRoots(f: Frame): Values {
  const back = toFactor(1 / f32(f32(Math.sqrt(f.t(0).scale[0]!)) * f.y.scale[0]!));
  return f.v(0).map((v) => {
    const x = v - f.t(0).zero[0]!;
    if (x <= 0) return limitsOf(f.y)[1];
    const { m, shift } = inverseRoot(BigInt(x));
    const fine = rescale(1n, { m, shift: shift + 20 });
    const code =
      back.shift - 20 > 0
        ? rescale(fine, { ...back, shift: back.shift - 20 })
        : divideByPot(highMul(fine, back.m), 20 - back.shift);
    return clampTo(Number(code) + f.y.zero[0]!, limitsOf(f.y));
  });
}

function batchMatMul(f: Frame): Values {
  const [a, b] = [f.t(0), f.t(1)];
  const flip = (shape: Values, yes: boolean): Values =>
    yes ? [...shape.slice(0, -2), shape.at(-1)!, shape.at(-2)!] : shape;
  const [adjA, adjB] = [f.o.byte(0) !== 0, f.o.byte(1) !== 0];
  const k = flip(a.shape, adjA).at(-1)!;
  const factor = toFactor(f32(a.scale[0]! * b.scale[0]!) / f.y.scale[0]!);
  const at = (shape: Values, place: readonly number[], row: number, column: number, adj: boolean): number => {
    const lead = shape.slice(0, -2).map((n, d) => (n === 1 ? 0 : place[place.length - 2 - (shape.length - 2) + d]!));
    return [...lead, ...(adj ? [column, row] : [row, column])].reduce((sum, p, d) => sum * shape[d]! + p, 0);
  };
  return gathered(f.y.shape, [], [], (place) => {
    const [row, column] = place.slice(-2) as [number, number];
    let sum = 0;
    for (let i = 0; i < k; i++)
      sum +=
        (f.v(0)[at(a.shape, place, row, i, adjA)]! - a.zero[0]!) *
        (f.v(1)[at(b.shape, place, i, column, adjB)]! - b.zero[0]!);
    return clampTo(Number(rescale(BigInt(sum), factor)) + f.y.zero[0]!, limitsOf(f.y));
  });
}

function squaredDifference(f: Frame): Values {
  const [a, b] = [f.t(0), f.t(1)];
  const unit = 2 * Math.max(a.scale[0]!, b.scale[0]!);
  const back = toFactor((unit * unit) / (2 ** 14 * f.y.scale[0]!));
  const [fa, fb] = [toFactor(a.scale[0]! / unit), toFactor(b.scale[0]! / unit)];
  return pairwise(f, (x, y) => {
    const difference = rescale(BigInt(x - a.zero[0]!) << 7n, fa) - rescale(BigInt(y - b.zero[0]!) << 7n, fb);
    return clampTo(Number(rescale(difference * difference, back)) + f.y.zero[0]!, limitsOf(f.y));
  });
}

function bestPlace(f: Frame, better: (a: number, b: number) => boolean): Values {
  const { shape } = f.t(0);
  const axis = front(f.v(1)[0]!, shape.length);
  return gathered(f.y.shape, [], [], (place) => {
    const code = (i: number): number =>
      f.v(0)[[...place.slice(0, axis), i, ...place.slice(axis)].reduce((sum, p, d) => sum * shape[d]! + p, 0)]!;
    let best = 0;
    for (let i = 1; i < shape[axis]!; i++) if (better(code(i), code(best))) best = i;
    return best;
  });
}

export const MORE: Readonly<Record<number, Kernel>> = {
  36: gather,
  37: fromBatch,
  38: toBatch,
  45: strided,
  47: (f) => tabled(f, Math.exp),
  56: (f) => bestPlace(f, (a, b) => a > b),
  69: (f) => gathered(f.y.shape, f.t(0).shape, f.v(0), (place) => place.map((p, d) => p % f.t(0).shape[d]!)),
  73: (f) => tabled(f, (x) => (x > 0 ? Math.log(x) : -1e9)),
  75: root,
  76: inverseRoots,
  79: (f) => bestPlace(f, (a, b) => a < b),
  82: (f) => extreme(f, Math.max),
  89: (f) => extreme(f, Math.min),
  99: squaredDifference,
  100: mirrored,
  101: absolute,
  105: (f) => {
    const { shape } = f.t(0);
    const turned = f.v(1).map((a) => front(a, shape.length));
    return gathered(f.y.shape, shape, f.v(0), (place) =>
      place.map((p, d) => (turned.includes(d) ? shape[d]! - 1 - p : p)),
    );
  },
  107: gatherNd,
  111: (f) => tabled(f, (x) => (x < 0 ? Math.expm1(x) : x)),
  126: batchMatMul,
  130: (f) => {
    const { shape } = f.t(0);
    const lead = f.y.shape.length - shape.length;
    return gathered(f.y.shape, shape, f.v(0), (place) => shape.map((n, d) => (n === 1 ? 0 : place[d + lead]!)));
  },
  150: gelu,
  152: (f) => rectified(f, 6),
};
