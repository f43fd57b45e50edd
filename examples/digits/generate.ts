/**
 * Procedurally drawn digits: strokes in the unit square, bent, turned, scaled, thickened, crossed by a stray stroke and covered with noise.
 * Only + - * / and square roots, so that a seed gives the same bytes on every machine. 16 x 16 pixels, 0 .. 255.
 */
import { createRandom, type Random } from '../../isa/base/random.ts';

export const SIZE = 16;

export interface DigitSet {
  /** count x SIZE x SIZE, row-major. */
  readonly images: Uint8Array;
  /** 0 .. 9, balanced: image i shows digit i mod 10. */
  readonly labels: Uint8Array;
}

type Point = readonly [number, number];

/** Polylines per digit, x to the right and y down. */
const STROKES: readonly (readonly (readonly Point[])[])[] = [
  [
    [
      [0.5, 0.1],
      [0.75, 0.25],
      [0.8, 0.5],
      [0.75, 0.75],
      [0.5, 0.9],
      [0.25, 0.75],
      [0.2, 0.5],
      [0.25, 0.25],
      [0.5, 0.1],
    ],
  ],
  [
    [
      [0.35, 0.25],
      [0.55, 0.1],
      [0.55, 0.9],
    ],
  ],
  [
    [
      [0.25, 0.3],
      [0.35, 0.13],
      [0.6, 0.1],
      [0.75, 0.28],
      [0.65, 0.5],
      [0.25, 0.9],
      [0.8, 0.9],
    ],
  ],
  [
    [
      [0.25, 0.15],
      [0.6, 0.1],
      [0.75, 0.27],
      [0.6, 0.46],
      [0.42, 0.48],
      [0.62, 0.52],
      [0.78, 0.7],
      [0.6, 0.88],
      [0.25, 0.87],
    ],
  ],
  [
    [
      [0.62, 0.9],
      [0.62, 0.1],
      [0.2, 0.65],
      [0.82, 0.65],
    ],
  ],
  [
    [
      [0.75, 0.1],
      [0.3, 0.1],
      [0.27, 0.45],
      [0.55, 0.42],
      [0.76, 0.6],
      [0.65, 0.85],
      [0.25, 0.88],
    ],
  ],
  [
    [
      [0.68, 0.12],
      [0.4, 0.25],
      [0.25, 0.55],
      [0.3, 0.82],
      [0.55, 0.9],
      [0.75, 0.75],
      [0.68, 0.55],
      [0.45, 0.5],
      [0.28, 0.62],
    ],
  ],
  [
    [
      [0.2, 0.12],
      [0.8, 0.12],
      [0.45, 0.9],
    ],
  ],
  [
    [
      [0.5, 0.48],
      [0.28, 0.3],
      [0.5, 0.1],
      [0.72, 0.3],
      [0.5, 0.48],
      [0.25, 0.7],
      [0.5, 0.9],
      [0.75, 0.7],
      [0.5, 0.48],
    ],
  ],
  [
    [
      [0.72, 0.38],
      [0.55, 0.5],
      [0.32, 0.42],
      [0.3, 0.2],
      [0.5, 0.1],
      [0.72, 0.2],
      [0.72, 0.38],
      [0.6, 0.9],
    ],
  ],
];

export function drawDigits(count: number, seed: number): DigitSet {
  const random = createRandom(seed);
  const images = new Uint8Array(count * SIZE * SIZE);
  const labels = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    labels[i] = i % 10;
    images.set(drawDigit(i % 10, random), i * SIZE * SIZE);
  }
  return { images, labels };
}

function drawDigit(digit: number, random: Random): Uint8Array {
  const between = (low: number, high: number) => low + (high - low) * random.real();
  const move = randomMap(between);
  const strokes = STROKES[digit]!.map((line) =>
    line.map(([x, y]) => move(x + between(-0.05, 0.05), y + between(-0.05, 0.05))),
  );
  if (random.real() < 0.6) strokes.push([move(between(0, 1), between(0, 1)), move(between(0, 1), between(0, 1))]);
  const strayFrom = STROKES[digit]!.length;
  const thickness = between(0.045, 0.085);
  const ink = between(0.5, 1);
  const noise = between(0.1, 0.5);
  const pixels = new Uint8Array(SIZE * SIZE);
  for (let y = 0; y < SIZE; y++) {
    for (let x = 0; x < SIZE; x++) {
      let value = 0;
      strokes.forEach((line, s) => {
        const d = distance((x + 0.5) / SIZE, (y + 0.5) / SIZE, line);
        const covered = Math.min(1, Math.max(0, (thickness - d) * SIZE + 0.5));
        value = Math.max(value, covered * (s < strayFrom ? ink : 0.6));
      });
      const noisy = value + noise * (random.real() - 0.5) * 2;
      pixels[y * SIZE + x] = Math.round(255 * Math.min(1, Math.max(0, noisy)));
    }
  }
  return pixels;
}

/** Turn, shear, scale and shift about the centre; the turn is a rational point of the circle. */
function randomMap(between: (low: number, high: number) => number): (x: number, y: number) => Point {
  const t = between(-0.2, 0.2);
  const cos = (1 - t * t) / (1 + t * t);
  const sin = (2 * t) / (1 + t * t);
  const scaleX = between(0.7, 1);
  const scaleY = between(0.75, 1);
  const shear = between(-0.2, 0.2);
  const shiftX = between(-0.1, 0.1);
  const shiftY = between(-0.1, 0.1);
  return (x, y) => {
    const u = (x - 0.5) * scaleX + (y - 0.5) * shear;
    const v = (y - 0.5) * scaleY;
    return [0.5 + u * cos - v * sin + shiftX, 0.5 + u * sin + v * cos + shiftY];
  };
}

/** Distance from a point to a polyline. */
function distance(x: number, y: number, line: readonly Point[]): number {
  let best = Infinity;
  for (let i = 1; i < line.length; i++) {
    const [ax, ay] = line[i - 1]!;
    const [bx, by] = line[i]!;
    const dx = bx - ax;
    const dy = by - ay;
    const length = dx * dx + dy * dy;
    const t = length === 0 ? 0 : Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / length));
    const ex = x - ax - t * dx;
    const ey = y - ay - t * dy;
    best = Math.min(best, ex * ex + ey * ey);
  }
  return Math.sqrt(best);
}
