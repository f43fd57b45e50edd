/**
 * What an instruction touches and computes, place by place, for the shuffled machine: walks and arithmetic of its own, for the few instructions and
 * codings that the random programs use. Numbers wrap where the real machine would fault; fills are 0.
 */
import type { Instruction } from '../../../isa/instructions/table.ts';
import type { Program } from '../../../isa/program.ts';
import type { Space, TensorDescriptor } from '../../../isa/tensor.ts';

/** Places of one chip in one array: dram, buffer, then spad, accumulators and cells (one a place) of each core. */
export const SIZES = { dram: 256, buffer: 128, spad: 128, acc: 64, cells: 128 } as const;
const CORE_AT = SIZES.dram + SIZES.buffer;
const PER_CORE = SIZES.spad + SIZES.acc + SIZES.cells;
/** Rows, columns and places of one plane of the only macro. */
const ROWS = 8;
const COLUMNS = 8;

export class OutOfRange extends Error {}

export function memoryPlaces(cores: number): number {
  return CORE_AT + cores * PER_CORE;
}

/** Whether a place is an array cell, which holds one bit. */
export function isCell(place: number): boolean {
  return place >= CORE_AT && (place - CORE_AT) % PER_CORE >= SIZES.spad + SIZES.acc;
}

/** Where a space of a core begins among the places. */
export function placeOf(space: Space | 'cells', core: number): number {
  if (space === 'dram') return 0;
  if (space === 'buffer') return SIZES.dram;
  const own = CORE_AT + core * PER_CORE;
  return own + { spad: 0, acc: SIZES.spad, cells: SIZES.spad + SIZES.acc }[space];
}

/** An instruction with its registers filled in: the places that it reads and writes, and what it computes. */
export interface Effect {
  readonly reads: ReadonlySet<number>;
  /** Place to the bits of it that are written. */
  readonly writes: ReadonlyMap<number, number>;
  /** New bits of each written place, from what was read. */
  readonly compute: (read: (place: number) => number) => Map<number, number>;
}

interface Element {
  /** Bit address among the places times 8. */
  readonly bit: number;
}

/** The elements of a walk in order; undefined outside the axes. */
function elements(t: TensorDescriptor, core: number, registers: readonly number[]): (Element | undefined)[] {
  const start = placeOf(t.space, core);
  const count = t.dims.reduce((n, d) => n * d.count, 1);
  return Array.from({ length: count }, (_, index) => {
    const at = t.axes.map((a, k) => {
      const moved = t.originRegisters.find((o) => o.axis === k);
      return a.origin + (moved === undefined ? 0 : registers[moved.register]!);
    });
    let rest = index;
    for (const d of [...t.dims].reverse()) {
      at[d.axis] = at[d.axis]! + (rest % d.count) * d.step;
      rest = Math.floor(rest / d.count);
    }
    if (t.axes.some((a, k) => at[k]! < 0 || at[k]! >= a.extent)) return undefined;
    const element = t.axes.reduce((n, a, k) => n + (a.modulo > 0 ? at[k]! % a.modulo : at[k]!) * a.stride, 0);
    const bit = 8 * (t.base + registers[t.baseRegister]!) + element * t.widthBits;
    if (bit < 0 || bit + t.widthBits > 8 * SIZES[t.space]) throw new OutOfRange();
    return { bit: 8 * start + bit };
  });
}

/** Places under elements. */
function placesOf(found: readonly (Element | undefined)[], widthBits: number): number[] {
  const out = new Set<number>();
  for (const e of found) {
    if (e === undefined) continue;
    for (let p = e.bit >> 3; p <= (e.bit + widthBits - 1) >> 3; p++) out.add(p);
  }
  return [...out];
}

type Read = (place: number) => number;

function valueAt(e: Element | undefined, t: TensorDescriptor, read: Read): number {
  if (e === undefined) return 0;
  let value = 0;
  for (let b = 0; b < t.widthBits; b++) value += ((read((e.bit + b) >> 3) >> ((e.bit + b) & 7)) & 1) * 2 ** b;
  return t.coding === 'signed' && value >= 2 ** (t.widthBits - 1) ? value - 2 ** t.widthBits : value;
}

/** What an instruction does at these registers. */
export function effectOf(program: Program, i: Instruction, core: number, registers: readonly number[]): Effect {
  const reads = new Set<number>();
  const source = (index: number, keep: (k: number) => boolean = () => true) => {
    const t = program.tensors[index]!;
    const found = elements(t, core, registers);
    for (const p of placesOf(
      found.filter((_, k) => keep(k)),
      t.widthBits,
    ))
      reads.add(p);
    return (read: Read) => found.map((e, k) => (keep(k) ? valueAt(e, t, read) : 0));
  };
  /** Destination of a tensor; `old` also reads it. */
  const target = (index: number, owner: number, values: (read: Read) => number[]): Effect => {
    const t = program.tensors[index]!;
    const found = elements(t, owner, registers);
    const spread = (codes: readonly number[]) => {
      const out = new Map<number, number>();
      found.forEach((e, k) => {
        if (e === undefined) return;
        const raw = ((codes[k]! % 2 ** t.widthBits) + 2 ** t.widthBits) % 2 ** t.widthBits;
        for (let b = 0; b < t.widthBits; b++) {
          const place = (e.bit + b) >> 3;
          const mask = 1 << ((e.bit + b) & 7);
          const bit = Math.floor(raw / 2 ** b) % 2 === 1 ? mask : 0;
          out.set(place, ((out.get(place) ?? 0) & ~mask) | bit);
        }
      });
      return out;
    };
    const ones = spread(found.map(() => 2 ** t.widthBits - 1));
    return { reads, writes: ones, compute: (read) => spread(values(read)) };
  };
  const narrow = (index: number, codes: readonly number[]): number[] => {
    const { widthBits, coding, space } = program.tensors[index]!;
    if (space === 'acc' || widthBits >= 32) return [...codes];
    const [low, high] =
      coding === 'signed' ? [-(2 ** (widthBits - 1)), 2 ** (widthBits - 1) - 1] : [0, 2 ** widthBits - 1];
    return codes.map((c) => Math.min(high, Math.max(low, c)));
  };
  const everywhere = (
    to: { readonly dst: number; readonly core: number; readonly cores?: number },
    values: (read: Read, owner: number) => number[],
  ): Effect => together(ownersOf(to, core).map((owner) => target(to.dst, owner, (read) => values(read, owner))));
  switch (i.op) {
    case 'fill':
      return everywhere(i, () => new Array<number>(64).fill(i.value));
    case 'copy': {
      const src = source(i.src);
      if (!i.accumulate) return everywhere(i, src);
      const t = program.tensors[i.dst]!;
      const found = new Map(ownersOf(i, core).map((owner) => [owner, elements(t, owner, registers)]));
      for (const f of found.values()) for (const p of placesOf(f, t.widthBits)) reads.add(p);
      return everywhere(i, (read, owner) => src(read).map((v, k) => v + valueAt(found.get(owner)![k], t, read)));
    }
    case 'gather': {
      const index = source(i.index);
      const t = program.tensors[i.src]!;
      const axis = t.dims[0]!.axis;
      const table = { ...t, dims: [{ count: t.axes[axis]!.extent, axis, step: 1 }, ...t.dims.slice(1)] };
      const whole = { ...table, axes: t.axes.map((a, k) => (k === axis ? { ...a, origin: 0 } : a)) };
      for (const p of placesOf(elements(whole, core, registers), t.widthBits)) reads.add(p);
      const row = (n: number) => ({
        ...t,
        dims: [{ count: 1, axis, step: 0 }, ...t.dims.slice(1)],
        axes: t.axes.map((a, k) => (k === axis ? { ...a, origin: a.origin + n } : a)),
      });
      return everywhere(i, (read) =>
        index(read).flatMap((n) => elements(row(n), core, registers).map((e) => valueAt(e, t, read))),
      );
    }
    case 'vadd':
    case 'vmax': {
      const a = source(i.a);
      const b = source(i.b);
      const both = (x: number, y: number) => (i.op === 'vadd' ? x + y : Math.max(x, y));
      return target(i.dst, core, (read) => {
        const right = b(read);
        return narrow(
          i.dst,
          a(read).map((v, k) => both(v, right[k]!)),
        );
      });
    }
    case 'rq': {
      const src = source(i.src);
      return target(i.dst, core, (read) => narrow(i.dst, src(read)));
    }
    case 'ww': {
      const src = source(i.src);
      const bits = program.arrays[i.tile]!.weightBits;
      const cells = tileCells(program, i.tile, core);
      return {
        reads,
        writes: new Map(cells.map((p) => [p, 1])),
        compute: (read) => {
          const weights = src(read);
          return new Map(
            cells.map((p, c) => [p, Math.floor((weights[Math.floor(c / bits)]! + 2 ** bits) / 2 ** (c % bits)) % 2]),
          );
        },
      };
    }
    case 'mm': {
      const tile = program.arrays[i.tile]!;
      const { dims } = program.tensors[i.src]!;
      const window = dims.slice(dims.length - i.kdims).reduce((n, d) => n * d.count, 1);
      const inSlice = (k: number) => k % window >= tile.kStart && k % window < tile.kStart + tile.kCount;
      const src = source(i.src, inSlice);
      const old = i.accumulate ? source(i.dst) : undefined;
      const cells = tileCells(program, i.tile, core);
      for (const p of cells) reads.add(p);
      return target(i.dst, core, (read) => {
        const x = src(read);
        const before = old?.(read);
        const weight = (k: number, n: number) => {
          let v = 0;
          const at = (k * tile.nCount + n) * tile.weightBits;
          for (let b = 0; b < tile.weightBits; b++) v += read(cells[at + b]!) * 2 ** b;
          return v >= 2 ** (tile.weightBits - 1) ? v - 2 ** tile.weightBits : v;
        };
        return Array.from({ length: (x.length / window) * tile.nCount }, (_, o) => {
          const m = Math.floor(o / tile.nCount);
          let sum = before?.[o] ?? 0;
          for (let k = 0; k < tile.kCount; k++) sum += x[m * window + tile.kStart + k]! * weight(k, o % tile.nCount);
          return sum;
        });
      });
    }
    default:
      if (i.op === 'ldr') source(i.src);
      return { reads, writes: new Map(), compute: () => new Map() };
  }
}

/** Cells of a tile, weight by weight, lowest bit first. */
function tileCells(program: Program, index: number, core: number): number[] {
  const a = program.arrays[index]!;
  const start = placeOf('cells', core) + a.plane * ROWS * COLUMNS;
  return Array.from({ length: a.kCount * a.nCount * a.weightBits }, (_, c) => {
    const weight = Math.floor(c / a.weightBits);
    const column = a.columnStart + (weight % a.nCount) * a.weightBits + (c % a.weightBits);
    return start + (a.rowStart + Math.floor(weight / a.nCount)) * COLUMNS + column;
  });
}

/** Cores whose memories the destination lies in. */
export function ownersOf(i: { readonly core: number; readonly cores?: number }, core: number): number[] {
  const mask = i.cores ?? 0;
  if (mask > 0) return [0, 1, 2, 3, 4].filter((c) => Math.floor(mask / 2 ** c) % 2 === 1);
  return [i.core === 0 ? core : i.core - 1];
}

/** One instruction that writes into several cores. */
function together(effects: readonly Effect[]): Effect {
  return {
    reads: new Set(effects.flatMap((e) => [...e.reads])),
    writes: new Map(effects.flatMap((e) => [...e.writes])),
    compute: (read) => new Map(effects.flatMap((e) => [...e.compute(read)])),
  };
}

/** The first element of a walk, now. */
export function scalarOf(t: TensorDescriptor, core: number, registers: readonly number[], read: Read): number {
  return valueAt(elements(t, core, registers)[0], t, read);
}
