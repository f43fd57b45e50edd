/**
 * Procedurally drawn digits: strokes in the unit square, bent, turned, scaled, thickened, some crossed by a stray stroke, covered with noise.
 * A stand-in for handwriting that needs no download. Only + - * / and square roots, so that a seed gives the same bytes on every machine.
 */
import { createRandom, type Random } from '../../isa/base/random.ts';

/** Height and width of an image in pixels. */
export const SIZE = 16;

export interface DigitSet {
  /** [count, SIZE, SIZE], row-major; 0 is paper, 255 is full ink. */
  readonly images: Uint8Array;
  /** [count], 0 .. 9, balanced: image i shows digit i mod 10. */
  readonly labels: Uint8Array;
}

type Point = readonly [number, number];

/** One polyline per digit, `x,y` in hundredths of the square, x to the right and y down. */
const STROKES: readonly (readonly Point[])[] = [
  '50,10 75,25 80,50 75,75 50,90 25,75 20,50 25,25 50,10',
  '35,25 55,10 55,90',
  '25,30 35,13 60,10 75,28 65,50 25,90 80,90',
  '25,15 60,10 75,27 60,46 42,48 62,52 78,70 60,88 25,87',
  '62,90 62,10 20,65 82,65',
  '75,10 30,10 27,45 55,42 76,60 65,85 25,88',
  '68,12 40,25 25,55 30,82 55,90 75,75 68,55 45,50 28,62',
  '20,12 80,12 45,90',
  '50,48 28,30 50,10 72,30 50,48 25,70 50,90 75,70 50,48',
  '72,38 55,50 32,42 30,20 50,10 72,20 72,38 60,90',
].map((line) =>
  line.split(' ').map((point): Point => {
    const [x = 0, y = 0] = point.split(',').map((n) => Number(n) / 100);
    return [x, y];
  }),
);

/** Chance, relative ink and longest extent (of the square) of the stray stroke. */
const STRAY = { chance: 0.5, ink: 0.6, extent: 0.7 };

/** The first `count` digits of a seed; a longer set begins with the shorter one. */
export function drawDigits(count: number, seed: number): DigitSet {
  const random = createRandom(seed);
  const images = new Uint8Array(count * SIZE * SIZE);
  const labels = Uint8Array.from({ length: count }, (_, i) => i % 10);
  labels.forEach((digit, i) => images.set(drawDigit(digit, random), i * SIZE * SIZE));
  return { images, labels };
}

function drawDigit(digit: number, random: Random): Uint8Array {
  const between = (low: number, high: number) => low + (high - low) * random.real();
  const move = randomMap(between);
  const line = STROKES[digit]!.map(([x, y]) => move(x + between(-0.05, 0.05), y + between(-0.05, 0.05)));
  const stray = random.bool(STRAY.chance) ? strayStroke(between) : [];
  const thickness = between(0.05, 0.085);
  const ink = between(0.5, 1);
  const noise = between(0.05, 0.5);
  const pixels = new Uint8Array(SIZE * SIZE);
  for (let p = 0; p < pixels.length; p++) {
    const x = ((p % SIZE) + 0.5) / SIZE;
    const y = (Math.floor(p / SIZE) + 0.5) / SIZE;
    const cover = (stroke: readonly Point[]) => clamp((thickness - distance(x, y, stroke)) * SIZE + 0.5);
    const value = ink * Math.max(cover(line), STRAY.ink * cover(stray));
    pixels[p] = Math.round(255 * clamp(value + noise * between(-1, 1)));
  }
  return pixels;
}

function clamp(value: number): number {
  return Math.min(1, Math.max(0, value));
}

/** Two points anywhere, not far apart. */
function strayStroke(between: (low: number, high: number) => number): readonly Point[] {
  const [x, y] = [between(0, 1), between(0, 1)];
  const away = () => between(-STRAY.extent, STRAY.extent);
  return [
    [x, y],
    [x + away(), y + away()],
  ];
}

/** Turn (up to 20 degrees or so), shear, scale and shift about the centre; the turn is a rational point of the circle. */
function randomMap(between: (low: number, high: number) => number): (x: number, y: number) => Point {
  const t = between(-0.17, 0.17);
  const cos = (1 - t * t) / (1 + t * t);
  const sin = (2 * t) / (1 + t * t);
  const scaleX = between(0.7, 1);
  const scaleY = between(0.75, 1);
  const shear = between(-0.2, 0.2);
  const shiftX = between(-0.08, 0.08);
  const shiftY = between(-0.08, 0.08);
  return (x, y) => {
    const u = (x - 0.5) * scaleX + (y - 0.5) * shear;
    const v = (y - 0.5) * scaleY;
    return [0.5 + u * cos - v * sin + shiftX, 0.5 + u * sin + v * cos + shiftY];
  };
}

/** Distance from a point to a polyline; infinite when it has no segment. */
function distance(x: number, y: number, line: readonly Point[]): number {
  let best = Infinity;
  for (let i = 1; i < line.length; i++) {
    const [ax, ay] = line[i - 1]!;
    const [bx, by] = line[i]!;
    const [dx, dy] = [bx - ax, by - ay];
    const length = dx * dx + dy * dy;
    const t = length === 0 ? 0 : clamp(((x - ax) * dx + (y - ay) * dy) / length);
    const [ex, ey] = [x - ax - t * dx, y - ay - t * dy];
    best = Math.min(best, ex * ex + ey * ey);
  }
  return Math.sqrt(best);
}
