/**
 * One kernel cut into tiles of given sizes: what a tile stages of each operand and how often that changes, whatever the homes of operands
 * are. Measured once a kernel; tiles.ts prices it for homes and orders.
 */
import type { Machine } from '../../isa/machine/schema.ts';
import type { Space } from '../../isa/tensor.ts';
import type { Kernel, KernelInput, TempSpec } from '../lower/kernel.ts';
import type { Box, Layout } from '../lower/layout.ts';
import { at, boxLayout, denseLayout, fullBox, packLike, roundUp, sameBox } from '../lower/layout.ts';
import { ranges } from '../lower/split.ts';
import { allocate } from './allocate.ts';
import type { KernelPins } from './pinned.ts';
import { requireSizes, uncuttable } from './tile-pins.ts';
import { movedBytes } from './transfer.ts';

/** Where a kernel's operands and its result are, in the order of its inputs. */
export interface Homes {
  readonly inputs: readonly Space[];
  /** Element widths of the operands, in bits. */
  readonly inputBits: readonly number[];
  /** Layouts of the operands under the kernel's shapes; a tile must cut them into walks. */
  readonly layouts: readonly Layout[];
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
  readonly parts: readonly number[];
  readonly tiles: number;
  readonly inputs: readonly InputPiece[];
  readonly output: Piece;
  readonly arenaBytes: number;
  readonly temps: readonly number[];
}

/** All cuts whose pieces walks can describe. Throws InputError where pins leave none. */
export function allCuts(kernel: Kernel, homes: Homes, machine: Machine, pins?: KernelPins): readonly Cut[] {
  if (pins?.sizes !== undefined) requireSizes(kernel, pins);
  const all = tileSizes(kernel, pins?.sizes).filter((sizes) => cuttable(kernel, homes, sizes));
  if (pins?.sizes !== undefined && all.length === 0) throw uncuttable(kernel, pins);
  return all.map((sizes) => measureCut(kernel, homes, machine, sizes));
}

export function measureCut(kernel: Kernel, homes: Homes, machine: Machine, sizes: readonly number[]): Cut {
  const parts = kernel.shape.map((size, d) => Math.ceil(size / at(sizes, d)));
  const whole = denseLayout(kernel.shape, kernel.format.bits).layout;
  return {
    sizes,
    parts,
    tiles: parts.reduce((a, b) => a * b, 1),
    inputs: kernel.inputs.map((input, i): InputPiece => {
      const need = largestNeed(input, kernel.shape, sizes, parts);
      const piece = boxLayout(at(homes.layouts, i), need);
      const movesAlong = movesOf(input, kernel.shape, sizes, parts);
      return { ...measurePiece(piece, at(homes.inputBits, i), machine), movesAlong };
    }),
    output: {
      ...measurePiece(boxLayout(whole, fullBox(sizes)), kernel.format.bits, machine),
      sizeBytes: denseLayout(sizes, kernel.format.bits).sizeBytes,
    },
    ...planArena(kernel.temps(sizes), stageAlign(machine)),
  };
}

/** Packed in the memory order of its home; a piece that no walk describes is endless. */
function measurePiece(piece: Layout | null, bits: number, machine: Machine): Piece {
  if (piece === null) return { sizeBytes: Infinity, movedBytes: { buffer: Infinity, dram: Infinity } };
  return {
    sizeBytes: packLike(piece, bits).sizeBytes,
    movedBytes: {
      buffer: movedBytes(piece, bits, machine.buffer.portBits / 8),
      dram: movedBytes(piece, bits, machine.dram.burstBytes),
    },
  };
}

/** By dim: whether the piece of an operand changes with one step along it. */
function movesOf(
  input: KernelInput,
  shape: readonly number[],
  sizes: readonly number[],
  parts: readonly number[],
): boolean[] {
  const first: Box = { start: shape.map(() => 0), count: sizes };
  const base = input.need(first);
  return shape.map((size, d) => {
    if (at(parts, d) === 1) return false;
    const step = at(sizes, d);
    const moved: Box = {
      start: first.start.map((s, i) => (i === d ? step : s)),
      count: first.count.map((c, i) => (i === d ? Math.min(c, size - step) : c)),
    };
    return !sameBox(input.need(moved), base);
  });
}

/** Scratch pieces that live in different stages share bytes. */
function planArena(
  temps: readonly TempSpec[],
  align: number,
): { readonly arenaBytes: number; readonly temps: readonly number[] } {
  const blocks = temps.map((t) => ({
    name: t.name,
    sizeBytes: roundUp(denseLayout(t.shape, t.format.bits).sizeBytes, align),
    first: t.first,
    last: t.last,
  }));
  const placed = allocate(blocks, Number.MAX_SAFE_INTEGER, align);
  return {
    arenaBytes: placed.reduce((most, p) => Math.max(most, (p.address ?? 0) + p.block.sizeBytes), 0),
    temps: placed.map((p) => p.address ?? 0),
  };
}

/** Staged pieces start on a scratchpad word. */
export function stageAlign(machine: Machine): number {
  return Math.max(1, Math.min(64, machine.core.scratchpad.portBits / 8));
}

/** All combinations of halved dims, multiples of the grain; a pinned dim has its one size. */
function tileSizes(kernel: Kernel, pinned: KernelPins['sizes'] = []): number[][] {
  let all: number[][] = [[]];
  kernel.shape.forEach((size, d) => {
    const pin = pinned[d];
    const options = pin === undefined ? halvings(size, at(kernel.grain, d)) : [pin];
    all = all.flatMap((sizes) => options.map((o) => [...sizes, o]));
  });
  return all;
}

function halvings(size: number, grain: number): number[] {
  const options: number[] = [];
  for (let parts = 1; ; parts *= 2) {
    const cut = Math.min(size, roundUp(Math.ceil(size / parts), grain));
    if (cut !== options.at(-1)) options.push(cut);
    if (cut <= grain) return options;
  }
}

/**
 * A box as large as the largest piece of an operand, dim by dim: needs are separable, so it is enough to move along one dim at a
 * time. Inner tiles are all alike; the first and last few may be clipped by a border.
 */
function largestNeed(
  input: KernelInput,
  shape: readonly number[],
  sizes: readonly number[],
  parts: readonly number[],
): Box {
  const first = input.need({ start: shape.map(() => 0), count: sizes });
  const start = [...first.start];
  const count = [...first.count];
  shape.forEach((size, d) => {
    const last = at(parts, d) - 1;
    for (const p of new Set([1, 2, last >> 1, last - 1, last])) {
      if (p < 1 || p > last) continue;
      const from = p * at(sizes, d);
      const box = {
        start: shape.map((_, e) => (e === d ? from : 0)),
        count: sizes.map((c, e) => (e === d ? Math.min(c, size - from) : c)),
      };
      const need = input.need(box);
      need.count.forEach((c, e) => {
        if (c <= at(count, e)) return;
        count[e] = c;
        start[e] = at(need.start, e);
      });
    }
  });
  return { start, count };
}

/** Whether tiles of these sizes cut every operand into pieces that a walk can describe; dims are cut independently. */
export function cuttable(kernel: Kernel, homes: Homes, sizes: readonly number[]): boolean {
  return kernel.inputs.every((input, i) => {
    const layout = at(homes.layouts, i);
    if (layout.dims.every((factors) => factors.length <= 1)) return true;
    return kernel.shape.every((size, d) =>
      ranges(0, size, at(sizes, d)).every((r) => {
        const start = kernel.shape.map((_, e) => (e === d ? r.start : 0));
        const count = kernel.shape.map((_, e) => (e === d ? r.count : at(sizes, e)));
        return boxLayout(layout, input.need({ start, count })) !== null;
      }),
    );
  });
}
