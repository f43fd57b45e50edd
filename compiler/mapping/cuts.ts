/**
 * One kernel cut into tiles of given sizes: what a tile stages of each operand and how often that changes, whatever the homes of operands
 * are. Measured once a kernel; tiles.ts prices it for homes and orders.
 */
import { matrixGeometry } from '../../isa/machine/geometry.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import { LIMITS, type Space } from '../../isa/tensor.ts';
import type { Kernel, KernelInput, MatmulKernel } from '../lower/kernel.ts';
import { plainDims } from '../lower/kernel.ts';
import { channelDim } from '../lower/kernels/matmul.ts';
import type { Box, Layout } from '../lower/layout.ts';
import {
  at,
  boxLayout,
  denseBytes,
  denseLayout,
  fullBox,
  memoryOrder,
  packLike,
  roundUp,
  sameBox,
} from '../lower/layout.ts';
import { ranges } from '../lower/split.ts';
import { plainLoops, walkable } from '../lower/walk.ts';
import type { KernelPins } from './pinned.ts';
import { planScratch, type Scratch } from './scratch.ts';
import { slicedBox, slicedSizes } from './summed.ts';
import { requireSizes, uncuttable, unsliced } from './tile-pins.ts';
import { workCycles } from './tile-work.ts';
import { movedBytes, runsOf } from './transfer.ts';

/** Where a kernel's operands and its result are, in the order of its inputs. */
export interface Homes {
  readonly inputs: readonly Space[];
  /** Element widths of the operands, in bits. */
  readonly inputBits: readonly number[];
  /** Layouts of the operands under the kernel's shapes; a tile must cut them into walks. */
  readonly layouts: readonly Layout[];
  /** Layout of the result where it has more dims than a descriptor has axes, so that not every tile of it can be walked; null for others. */
  readonly result: Layout | null;
  readonly output: Space;
}

/** Bytes of a piece as it is staged, and what each far memory moves for it. */
export interface Piece {
  readonly sizeBytes: number;
  readonly movedBytes: { readonly buffer: number; readonly dram: number };
}

export interface InputPiece extends Piece {
  /** By dim: the next tile along it needs another piece. */
  readonly movesAlong: readonly boolean[];
}

export interface Cut {
  readonly sizes: readonly number[];
  /** Elements of the summed axis in a slice of the activations (summed.ts), null for all at once; and how many slices a tile has. */
  readonly summed: number | null;
  readonly slices: number;
  readonly parts: readonly number[];
  readonly tiles: number;
  readonly inputs: readonly InputPiece[];
  readonly output: Piece;
  readonly scratch: Scratch;
  /** Of arrays and drain, and of waiting for scratch. */
  readonly workCycles: number;
}

/** All cuts whose pieces walks can describe. Throws InputError where pins leave none. */
export function allCuts(kernel: Kernel, homes: Homes, machine: Machine, pins?: KernelPins): readonly Cut[] {
  if (pins?.sizes !== undefined) requireSizes(kernel, pins);
  const cutter = new Cutter(kernel, homes, machine);
  const all = tileSizes(kernel, machine, pins?.sizes).filter((sizes) => cutter.cuttable(sizes));
  if (pins?.sizes !== undefined && all.length === 0) throw uncuttable(pins);
  const whole = typeof pins?.summed === 'number' ? [] : all.map((sizes) => cutter.cut(sizes));
  const sliced = slicedSizes(kernel, homes, machine, pins).map(({ sizes, summed }) =>
    new Cutter(kernel, homes, machine, summed).cut(sizes),
  );
  if (whole.length + sliced.length === 0 && pins !== undefined) throw unsliced(pins);
  return [...whole, ...sliced];
}

export function measureCut(kernel: Kernel, homes: Homes, machine: Machine, sizes: readonly number[]): Cut {
  return new Cutter(kernel, homes, machine).cut(sizes);
}

/** Whether tiles of these sizes cut every operand into pieces that a walk can describe. */
export function cuttable(kernel: Kernel, homes: Homes, machine: Machine, sizes: readonly number[]): boolean {
  const { layouts, result } = homes;
  return (result === null && layouts.every(plainDims)) || new Cutter(kernel, homes, machine).cuttable(sizes);
}

/** Cuts one kernel into tiles of any sizes. */
class Cutter {
  readonly #kernel: Kernel;
  readonly #machine: Machine;
  readonly #summed: number | null;
  readonly #operands: readonly Operand[];
  readonly #result: Layout;
  readonly #home: Layout | null;

  /** @param summed elements of the summed axis in a slice of the first operand, null for all */
  constructor(kernel: Kernel, homes: Homes, machine: Machine, summed: number | null = null) {
    this.#kernel = kernel;
    this.#machine = machine;
    this.#summed = summed;
    const slice = summed === null ? null : { start: 0, count: summed };
    this.#home = homes.result;
    this.#operands = kernel.inputs.map((input, i) => {
      const { need } = input;
      const own: KernelInput['need'] = i === 0 && slice !== null ? (box) => slicedBox(need(box), slice) : need;
      return new Operand({ ...input, need: own }, kernel.shape, at(homes.layouts, i), at(homes.inputBits, i), machine);
    });
    this.#result = denseLayout(kernel.shape, kernel.format.bits).layout;
  }

  cuttable(sizes: readonly number[]): boolean {
    return this.#operands.every((operand) => operand.cuttable(sizes)) && this.#writes(sizes);
  }

  /** Whether a tile can be written where the result lies. */
  #writes(sizes: readonly number[]): boolean {
    if (this.#home === null) return true;
    const tile = boxLayout(this.#home, fullBox(sizes));
    return tile !== null && walkable(tile, [plainLoops(tile, memoryOrder(sizes.length))]);
  }

  cut(sizes: readonly number[]): Cut {
    const kernel = this.#kernel;
    const machine = this.#machine;
    const parts = kernel.shape.map((size, d) => Math.ceil(size / at(sizes, d)));
    const tiles = parts.reduce((a, b) => a * b, 1);
    const { bits } = kernel.format;
    const movedBytes = farBytes(boxLayout(this.#result, fullBox(sizes)), bits, machine);
    const scratch = planScratch(kernel, sizes, machine, stageAlign(machine));
    const summed = this.#summed;
    return {
      sizes,
      summed,
      slices: summed === null || kernel.kind !== 'matmul' ? 1 : Math.ceil(kernel.matmul.k / summed),
      parts,
      tiles,
      inputs: this.#operands.map((operand) => operand.piece(sizes)),
      output: { movedBytes, sizeBytes: denseBytes(sizes, bits) },
      scratch,
      workCycles: workCycles(kernel, machine, sizes, tiles) + tiles * scratch.portCycles,
    };
  }
}

/** What tiles of one size along one dim need of an operand, all other dims whole. */
interface Along {
  /** Number among those of the dim that differ; 0 where the operand does not follow the dim. */
  readonly index: number;
  readonly need: Box;
  readonly moves: boolean;
  readonly cuttable: boolean;
}

/** More than the sizes of one dim that differ. */
const SIZES = 64;

/**
 * Pieces of one operand. Needs are separable (KernelInput.need), so each dim of the result is looked at alone, once for each size, and
 * cuts that differ in dims which the operand does not follow share a piece.
 */
class Operand {
  readonly #need: KernelInput['need'];
  readonly #walks: KernelInput['walks'];
  readonly #shape: readonly number[];
  readonly #layout: Layout;
  readonly #bits: number;
  readonly #machine: Machine;
  readonly #whole: Box;
  readonly #along: readonly Map<number, Along>[];
  readonly #pieces = new Map<number, InputPiece>();

  constructor({ need, walks }: KernelInput, shape: readonly number[], layout: Layout, bits: number, machine: Machine) {
    this.#need = need;
    const few = shape.length <= LIMITS.axes && plainDims(layout);
    this.#walks = few ? undefined : walks;
    this.#shape = shape;
    this.#layout = layout;
    this.#bits = bits;
    this.#machine = machine;
    this.#whole = need(fullBox(shape));
    this.#along = shape.map(() => new Map());
  }

  cuttable(sizes: readonly number[]): boolean {
    if (!sizes.every((size, d) => this.#of(d, size).cuttable)) return false;
    if (this.#walks === undefined) return true;
    const piece = this.#layoutOf(sizes.map((size, d) => this.#of(d, size)));
    return piece !== null && this.#walks(piece, sizes);
  }

  /** As large as the largest that tiles of these sizes need. */
  piece(sizes: readonly number[]): InputPiece {
    let key = 0;
    for (let d = 0; d < sizes.length; d++) key = key * SIZES + this.#of(d, sizes[d]!).index;
    let piece = this.#pieces.get(key);
    if (piece === undefined) {
      const along = sizes.map((size, d) => this.#of(d, size));
      const layout = this.#layoutOf(along);
      piece = { ...measurePiece(layout, this.#bits, this.#machine), movesAlong: along.map((a) => a.moves) };
      this.#pieces.set(key, piece);
    }
    return piece;
  }

  #layoutOf(along: readonly Along[]): Layout | null {
    return boxLayout(this.#layout, this.#join(along));
  }

  /** Each dim of the operand as the one dim has it that it follows. */
  #join(along: readonly Along[]): Box {
    const { start, count } = this.#whole;
    const own = count.map((c, e) => along.find(({ need }) => need.count[e] !== c || need.start[e] !== start[e])?.need);
    return {
      start: start.map((s, e) => own[e]?.start[e] ?? s),
      count: count.map((c, e) => own[e]?.count[e] ?? c),
    };
  }

  #of(d: number, size: number): Along {
    const known = at(this.#along, d);
    let along = known.get(size);
    if (along === undefined) {
      const need = this.#largest(d, size);
      const moves = this.#moves(d, size);
      const index = moves || !sameBox(need, this.#whole) ? known.size + 1 : 0;
      along = { index, need, moves, cuttable: this.#cuts(d, size) };
      known.set(size, along);
    }
    return along;
  }

  /** The need of tile `p` of those of `size` along `d`. */
  #tile(d: number, size: number, p: number): Box {
    const from = p * size;
    return this.#need({
      start: this.#shape.map((_, e) => (e === d ? from : 0)),
      count: this.#shape.map((c, e) => (e === d ? Math.min(size, c - from) : c)),
    });
  }

  /** Inner tiles are all alike; the first and last few may be clipped by a border. */
  #largest(d: number, size: number): Box {
    const last = Math.ceil(at(this.#shape, d) / size) - 1;
    const first = this.#tile(d, size, 0);
    const start = [...first.start];
    const count = [...first.count];
    for (const p of new Set([1, 2, last >> 1, last - 1, last])) {
      if (p < 1 || p > last) continue;
      const need = this.#tile(d, size, p);
      need.count.forEach((c, e) => {
        if (c <= at(count, e)) return;
        count[e] = c;
        start[e] = at(need.start, e);
      });
    }
    return { start, count };
  }

  /** Whether the piece changes with one step. */
  #moves(d: number, size: number): boolean {
    return size < at(this.#shape, d) && !sameBox(this.#tile(d, size, 0), this.#tile(d, size, 1));
  }

  #cuts(d: number, size: number): boolean {
    if (plainDims(this.#layout)) return true;
    return ranges(0, at(this.#shape, d), size).every(
      (_, p) => boxLayout(this.#layout, this.#tile(d, size, p)) !== null,
    );
  }
}

/** Packed in the memory order of its home; a piece that no walk describes is endless. */
function measurePiece(piece: Layout | null, bits: number, machine: Machine): Piece {
  const sizeBytes = piece === null ? Infinity : packLike(piece, bits).sizeBytes;
  return { sizeBytes, movedBytes: farBytes(piece, bits, machine) };
}

function farBytes(piece: Layout | null, bits: number, { buffer, dram }: Machine): Piece['movedBytes'] {
  if (piece === null) return { buffer: Infinity, dram: Infinity };
  const runs = runsOf(piece);
  return { buffer: movedBytes(runs, bits, buffer.portBits / 8), dram: movedBytes(runs, bits, dram.burstBytes) };
}

/** Staged pieces start on a scratchpad word. */
export function stageAlign(machine: Machine): number {
  return Math.max(1, Math.min(64, machine.core.scratchpad.portBits / 8));
}

/** All combinations of halved dims, multiples of the grain, and of as many outputs as the arrays hold; a pinned dim has its one size. */
function tileSizes(kernel: Kernel, machine: Machine, pinned: KernelPins['sizes'] = []): number[][] {
  let all: number[][] = [[]];
  kernel.shape.forEach((size, d) => {
    const pin = pinned[d];
    const grain = at(kernel.grain, d);
    const held = kernel.kind === 'matmul' && d === channelDim(kernel) ? heldOutputs(kernel, machine) : size;
    const full = held < size ? [Math.max(grain, held - (held % grain))] : [];
    const options = pin === undefined ? [...new Set([...halvings(size, grain), ...full])] : [pin];
    all = all.flatMap((sizes) => options.map((o) => [...sizes, o]));
  });
  return all;
}

/** Most outputs whose weights lie in the arrays at once, where not all do: between two halvings, positions would pass by the arrays up to twice as often. */
function heldOutputs({ matmul: { k, n, groups, weightBits } }: MatmulKernel, { core: { matrix } }: Machine): number {
  const { macros, planes, rows, columns, columnsPerWeight } = matrixGeometry(matrix);
  const perMacro = Math.floor(columns / columnsPerWeight(weightBits));
  return groups > 1 ? n * groups : Math.max(1, Math.floor((macros * planes) / Math.ceil(k / rows))) * perMacro;
}

function halvings(size: number, grain: number): number[] {
  const options: number[] = [];
  for (let parts = 1; ; parts *= 2) {
    const cut = Math.min(size, roundUp(Math.ceil(size / parts), grain));
    if (cut !== options.at(-1)) options.push(cut);
    if (cut <= grain) return options;
  }
}
