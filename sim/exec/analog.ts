/**
 * What an analog array really gives: the exact sums plus the deviation of every conversion. An operand is driven and stored offset to start at zero
 * (two's complement and bipolar codes alike); digital corrections for the offsets are exact and cancel, so only conversions can deviate: cells off their
 * level or stuck, read noise, ADC offset, quantization and clipping. Quantization and clipping belong to the machine and follow from its fields alone; the
 * rest is random. Cells and ADCs deviate by place, drawn from the seed; read noise is drawn in program order. Leaves out: drift, wire resistance, and
 * cells that deviate anew at each write.
 */
import { createRandom, type Random } from '../../isa/base/random.ts';
import type { AnalogCim, Machine } from '../../isa/machine/schema.ts';
import { type ArrayDescriptor, type Coding, codeRange } from '../../isa/tensor.ts';
import { type TilePart, tileParts } from '../walk/accesses.ts';
import type { Panel } from './arrays.ts';

/** One block of gathered input vectors and the exact sums that they gave. */
export interface AnalogBlock {
  readonly tile: ArrayDescriptor;
  readonly panel: Panel;
  readonly coding: Coding;
  readonly inputBits: number;
  /** Row m starts at m * stride; `first` is the number of row 0 within the instruction. */
  readonly x: Int16Array | Int32Array;
  readonly stride: number;
  readonly rows: number;
  readonly first: number;
}

/** Levels of the cells of one part of a tile, slice by slice, each n x k: as designed and as built; the same array where nothing deviates. */
interface Levels {
  readonly ideal: Float64Array;
  readonly real: Float64Array;
}

/** `exact`: as designed, where only the ADCs quantize and clip; `noisy`: as built, with the random deviations of `nonIdealities`. */
export type ValuesMode = 'exact' | 'noisy';

/** The analog arrays of one machine, as one seed built them. Hold on to it from one run to the next: read noise goes on. */
export class AnalogArrays {
  readonly #matrix: AnalogCim;
  readonly #seed: Random;
  readonly #read: Random;
  readonly #cells = new Map<string, Levels>();
  readonly #panels = new WeakMap<Panel, Map<string, Levels>>();

  constructor(matrix: AnalogCim, seed: number) {
    this.#matrix = matrix;
    this.#seed = createRandom(seed);
    this.#read = this.#seed.fork('read noise');
  }

  /** Adds to out[at + m * nCount + n] what the conversions of row m and output n deviate by, a whole number. */
  deviate(core: number, block: AnalogBlock, out: Int32Array | Float64Array, at: number): void {
    const { tile } = block;
    const scale = (block.coding === 'bipolar' ? 2 : 1) * (tile.weightCoding === 'bipolar' ? 2 : 1);
    const passes = Math.ceil(block.inputBits / this.#matrix.dacBits);
    const steps = new Float64Array(passes * tile.kCount);
    const parts = tileParts(tile);
    for (let m = 0; m < block.rows; m++) {
      this.#slice(block, m, passes, steps);
      const replica = (block.first + m) % tile.replicas;
      for (const part of parts) {
        if (part.replica !== replica) continue;
        const levels = this.#levels(core, block, part);
        for (let n = part.n0; n < part.n1; n++) {
          const index = at + m * tile.nCount + n;
          out[index] = out[index]! + scale * this.#column(core, tile, part, levels, steps, passes, n);
        }
      }
    }
  }

  /** Codes of one vector as unsigned DAC steps, pass by pass, lowest bits first. A bipolar 0 is a row that is not driven. */
  #slice({ tile, x, stride, coding, inputBits }: AnalogBlock, m: number, passes: number, into: Float64Array): void {
    const { min } = codeRange(coding, inputBits);
    const top = 2 ** this.#matrix.dacBits;
    for (let k = 0; k < tile.kCount; k++) {
      const code = x[m * stride + k]!;
      let left = coding === 'bipolar' ? (code > 0 ? 1 : 0) : code - min;
      for (let p = 0; p < passes; p++) {
        into[p * tile.kCount + k] = left % top;
        left = Math.floor(left / top);
      }
    }
  }

  /** Deviation of one output: over the slices of its weight, the row groups and the passes, each conversion at its place value. */
  #column(
    core: number,
    tile: ArrayDescriptor,
    part: TilePart,
    levels: Levels,
    steps: Float64Array,
    passes: number,
    n: number,
  ): number {
    const { cellBits, dacBits, rowsAtOnce, columnsPerAdc } = this.#matrix;
    const width = Math.ceil(tile.weightBits / cellBits);
    const rows = part.k1 - part.k0;
    let deviation = 0;
    for (let s = 0; s < width; s++) {
      const cells = (s * (part.n1 - part.n0) + n - part.n0) * rows;
      const column = tile.columnStart + (n - part.n0) * width + s;
      const offset = this.#adcOffset(core, part.macro, Math.floor(column / columnsPerAdc));
      for (let from = 0; from < rows; ) {
        const to = Math.min(rows, from + rowsAtOnce - ((tile.rowStart + from) % rowsAtOnce));
        for (let p = 0; p < passes; p++) {
          const at = p * tile.kCount + part.k0;
          const ideal = weighted(steps, at, levels.ideal, cells, from, to);
          const real = levels.real === levels.ideal ? ideal : weighted(steps, at, levels.real, cells, from, to);
          deviation += (this.#convert(real, offset) - ideal) * 2 ** (p * dacBits + s * cellBits);
        }
        from = to;
      }
    }
    return deviation;
  }

  /** A column sum through the ADC, back in products of one DAC step and one cell level, to the nearest whole number. */
  #convert(sum: number, offset: number): number {
    const { adcBits, adcFullScale, nonIdealities } = this.#matrix;
    const top = 2 ** adcBits - 1;
    const step = adcFullScale / top;
    const noise = nonIdealities.readNoiseSteps === 0 ? 0 : nonIdealities.readNoiseSteps * normal(this.#read);
    const code = Math.min(top, Math.max(0, Math.round(sum / step + noise + offset)));
    return Math.round(code * step);
  }

  #levels(core: number, { tile, panel }: AnalogBlock, part: TilePart): Levels {
    const known = this.#panels.get(panel) ?? new Map<string, Levels>();
    this.#panels.set(panel, known);
    const key = `${core} ${part.macro}`;
    const found = known.get(key) ?? this.#build(core, tile, panel, part);
    known.set(key, found);
    return found;
  }

  #build(core: number, tile: ArrayDescriptor, panel: Panel, part: TilePart): Levels {
    const { cellBits, nonIdealities } = this.#matrix;
    const width = Math.ceil(tile.weightBits / cellBits);
    const [rows, columns] = [part.k1 - part.k0, part.n1 - part.n0];
    const ideal = new Float64Array(width * columns * rows);
    const plane = cellsDeviate(nonIdealities) ? this.#plane(core, part.macro, tile.plane) : undefined;
    const real = plane === undefined ? ideal : new Float64Array(ideal.length);
    const top = 2 ** cellBits - 1;
    const { min } = codeRange(tile.weightCoding, tile.weightBits);
    for (let n = 0; n < columns; n++) {
      for (let k = 0; k < rows; k++) {
        const code = panel.weights[(part.n0 + n) * tile.kCount + part.k0 + k]!;
        let left = tile.weightCoding === 'bipolar' ? (code > 0 ? 1 : 0) : code - min;
        for (let s = 0; s < width; s++) {
          const level = left % (top + 1);
          left = Math.floor(left / (top + 1));
          const to = (s * columns + n) * rows + k;
          const cell = (tile.rowStart + k) * this.#matrix.columns + tile.columnStart + n * width + s;
          ideal[to] = level;
          if (plane === undefined) continue;
          if (plane.ideal[cell]! >= 0) real[to] = plane.ideal[cell]! * top;
          else real[to] = level * (1 + nonIdealities.cellSigma * plane.real[cell]!);
        }
      }
    }
    return { ideal, real };
  }

  /** By cell of one plane of a macro: `real` the deviate of its level, `ideal` 0 or 1 where it is stuck at zero or at the top, else -1. */
  #plane(core: number, macro: number, plane: number): Levels {
    const key = `cells ${core} ${macro} ${plane}`;
    let found = this.#cells.get(key);
    if (found === undefined) {
      const { rows, columns, nonIdealities } = this.#matrix;
      const random = this.#seed.fork(key);
      const ideal = new Float64Array(rows * columns);
      const real = new Float64Array(rows * columns);
      for (let i = 0; i < ideal.length; i++) {
        const u = random.real();
        const zero = u < nonIdealities.stuckAtZero;
        ideal[i] = zero ? 0 : u < nonIdealities.stuckAtZero + nonIdealities.stuckAtTop ? 1 : -1;
        real[i] = normal(random);
      }
      found = { ideal, real };
      this.#cells.set(key, found);
    }
    return found;
  }

  #adcOffset(core: number, macro: number, adc: number): number {
    const { adcOffsetSteps } = this.#matrix.nonIdealities;
    if (adcOffsetSteps === 0) return 0;
    const key = `adcs ${core} ${macro}`;
    let found = this.#cells.get(key);
    if (found === undefined) {
      const random = this.#seed.fork(key);
      const real = Float64Array.from({ length: Math.ceil(this.#matrix.columns / this.#matrix.columnsPerAdc) }, () =>
        normal(random),
      );
      found = { ideal: real, real };
      this.#cells.set(key, found);
    }
    return adcOffsetSteps * found.real[adc]!;
  }
}

const AS_DESIGNED: AnalogCim['nonIdealities'] = {
  cellSigma: 0,
  stuckAtZero: 0,
  stuckAtTop: 0,
  readNoiseSteps: 0,
  adcOffsetSteps: 0,
};

/** Arrays as designed, or as `seed` builds them; undefined where no product deviates: digital machines, and ADCs that resolve every sum. */
export function buildAnalog(machine: Machine, mode: ValuesMode, seed: number): AnalogArrays | undefined {
  const { matrix } = machine.core;
  if (matrix.kind !== 'analog-cim') return undefined;
  if (mode === 'noisy' && deviates(matrix)) return new AnalogArrays(matrix, seed);
  return resolvesEverySum(matrix) ? undefined : new AnalogArrays({ ...matrix, nonIdealities: AS_DESIGNED }, seed);
}

/** Whether anything random is stated. */
export function deviates({ nonIdealities }: AnalogCim): boolean {
  return Object.values(nonIdealities).some((share) => share > 0);
}

/** Whether the ADC gives back each sum that a column can have: no step is wider than one product, and none is above full scale. */
export function resolvesEverySum({ rowsAtOnce, dacBits, cellBits, adcBits, adcFullScale }: AnalogCim): boolean {
  const largest = rowsAtOnce * (2 ** dacBits - 1) * (2 ** cellBits - 1);
  return adcFullScale <= 2 ** adcBits - 1 && largest <= adcFullScale;
}

/** Sum over rows from .. to of the steps from `at` on times the levels from `cells` on. */
function weighted(
  steps: Float64Array,
  at: number,
  levels: Float64Array,
  cells: number,
  from: number,
  to: number,
): number {
  let sum = 0;
  for (let k = from; k < to; k++) sum += steps[at + k]! * levels[cells + k]!;
  return sum;
}

function cellsDeviate(n: AnalogCim['nonIdealities']): boolean {
  return n.cellSigma > 0 || n.stuckAtZero > 0 || n.stuckAtTop > 0;
}

/** Standard normal by the sum of twelve uniform numbers: the same bits on every platform, tails end at 6. */
function normal(random: Random): number {
  let sum = -6;
  for (let i = 0; i < 12; i++) sum += random.real();
  return sum;
}
