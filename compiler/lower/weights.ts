/**
 * Gives every weight tile a place in the arrays and inserts the weight writes. When all tiles of the network fit at once each is
 * written once (and can stay from one inference to the next), and tiles of computed operands take turns in the cells that are left; otherwise places rotate, least recently used first, so
 * that a write goes to one plane while the other computes. A write is put right behind the last use of what it overwrites, at
 * most `LOOKAHEAD` tiles before its own use: early enough to hide, late enough not to fill the write queue.
 */
import { CapacityError } from '../../isa/base/errors.ts';
import { matrixGeometry, usablePlanes } from '../../isa/machine/geometry.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import type { NetworkDecisions } from '../mapping/decisions.ts';
import { pinCapacity } from '../mapping/pinned.ts';
import type { Draft, MatmulStep, NamedArray, NamedTensor, Step, WeightTile } from './draft.ts';
import { accessOf, coreOf, targetCoresOf } from './draft.ts';
import { footprint } from './footprint.ts';
import { at } from './layout.ts';

/** Weight writes that may be waiting for their first use in program order. */
const LOOKAHEAD = 3;

export interface WeightPlan {
  readonly drafts: readonly Draft[];
  /** The same without what the run before leaves in place: weights in the arrays, constants; null when nothing stays. */
  readonly steady: readonly Draft[] | null;
  /** Whether all weights stay in the arrays. */
  readonly resident: boolean;
  readonly tiles: number;
  readonly writes: number;
}

/** One stay of a tile in the arrays: from its write until it is overwritten. */
interface Stay {
  readonly array: NamedArray;
  readonly tile: WeightTile;
  /** Position in the steps of the first use. */
  readonly firstUse: number;
  /** First position at which everything that it overwrites has had its last use. */
  readonly freeFrom: number;
}

/**
 * @param residentLoads steps that bring in constants which stay from one inference to the next
 * @param wanted where weights have to stay; in the arrays when they fit where it is left out. Throws CapacityError where they do not.
 */
export function placeWeights(
  steps: readonly Step[],
  residentLoads: ReadonlySet<Step>,
  machine: Machine,
  wanted?: NetworkDecisions['weights'],
): WeightPlan {
  const place = (stay: boolean) => [...new Set(steps.map(coreOf))].map((core) => placeOn(core, steps, machine, stay));
  const fitting = place(true);
  const fits = fitting.every((c) => c.resident) && machine.capabilities.weightResidency;
  if (wanted === 'arrays' && !fits) refuseStay(steps, machine);
  const keeps = fits && (wanted ?? 'arrays') === 'arrays';
  const cores = keeps || !fits ? fitting : place(false);
  const withWrites = weave(steps, cores);
  const mayStay = machine.capabilities.weightResidency && (wanted ?? 'arrays') === 'arrays';
  const keep = new Set(cores.flatMap((c) => (c.resident && mayStay ? [c.core] : [])));
  const loads: ReadonlySet<unknown> = residentLoads;
  const computed = new Set(cores.flatMap((c) => c.stays.map((s) => s.tile.source)));
  const stays = (d: Draft): boolean => (d.op === 'ww' ? keep.has(coreOf(d)) && !computed.has(d.src) : loads.has(d));
  return {
    drafts: withWrites,
    steady: withWrites.some(stays) ? withWrites.filter((d) => !stays(d)) : null,
    resident: cores.every((c) => keep.has(c.core)),
    tiles: cores.reduce((n, c) => n + c.tiles, 0),
    writes: cores.reduce((n, c) => n + c.stays.length, 0),
  };
}

interface CorePlacement {
  readonly core: number;
  /** By position in the steps. */
  readonly stayAt: ReadonlyMap<number, Stay>;
  /** In the order of their writes. */
  readonly stays: readonly Stay[];
  readonly tiles: number;
  readonly resident: boolean;
}

function placeOn(core: number, steps: readonly Step[], machine: Machine, stay: boolean): CorePlacement {
  const uses: { readonly at: number; readonly tile: WeightTile }[] = [];
  steps.forEach((s, i) => {
    if (s.op === 'mm' && coreOf(s) === core) uses.push({ at: i, tile: s.tile });
  });
  const distinct = [...new Set(uses.map((u) => u.tile))];
  const cells = new Cells(machine);
  const constant = distinct.filter((t) => !isComputed(t));
  const spare = Math.max(0, ...distinct.filter(isComputed).map(macrosOf));
  const resident = stay ? cells.fitAll(constant, spare) : null;
  const stayAt = new Map<number, Stay>();
  const stays: Stay[] = [];
  for (const use of uses) {
    const { tile } = use;
    let own = cells.holding(tile);
    if (own === undefined) {
      const spot = resident?.get(tile) ?? cells.leastRecent(tile);
      own = {
        array: arrayOf(tile, spot.first, spot.plane),
        tile,
        firstUse: use.at,
        freeFrom: cells.occupy(spot, tile),
      };
      cells.hold(own);
      stays.push(own);
    }
    cells.use(own, use.at);
    stayAt.set(use.at, own);
  }
  return { core, stayAt, stays, tiles: distinct.length, resident: resident !== null };
}

/** Weights that were to stay in arrays that do not hold them: what the fullest core would need. */
function refuseStay(steps: readonly Step[], machine: Machine): never {
  const { macros } = matrixGeometry(machine.core.matrix);
  const tiles = new Map<number, Set<WeightTile>>();
  for (const s of steps) if (s.op === 'mm') tiles.set(coreOf(s), (tiles.get(coreOf(s)) ?? new Set()).add(s.tile));
  const needs = [...tiles.values()].map((own) => [...own].reduce((n, tile) => n + macrosOf(tile), 0));
  throw pinCapacity('network, weights: arrays', 'they do not all fit; possible: buffer, nowhere, or smaller grids', {
    needed: Math.max(...needs),
    available: macros * usablePlanes(machine),
    unit: 'macro-planes',
    knob: 'core.matrix.macros',
  });
}

const NO_DRAFTS: readonly Draft[] = [];

/** Steps with their tiles' places, and each write at its point. */
function weave(steps: readonly Step[], cores: readonly CorePlacement[]): Draft[] {
  const writesAt = new Map<number, Draft[]>();
  const placedAt = new Map<number, Stay>();
  for (const { core, stays, stayAt } of cores) {
    stays.forEach((stay, i) => {
      const earlier = stays[i - LOOKAHEAD];
      const early = Math.min(stay.firstUse, Math.max(stay.freeFrom, earlier === undefined ? 0 : earlier.firstUse));
      const point = isComputed(stay.tile) ? behindSource(steps, core, stay, early) : early;
      const site = at(steps, stay.firstUse).site ?? { core, group: -1 };
      const write: Draft = { op: 'ww', layer: stay.tile.layer, site, tile: stay.array, src: sourceOf(stay.tile) };
      const there = writesAt.get(point);
      if (there === undefined) writesAt.set(point, [write]);
      else there.push(write);
    });
    for (const [i, stay] of stayAt) placedAt.set(i, stay);
  }
  const out: Draft[] = [];
  steps.forEach((step, i) => {
    for (const write of writesAt.get(i) ?? NO_DRAFTS) out.push(write);
    out.push(step.op === 'mm' ? placed(step, placedAt.get(i)) : step);
  });
  return out;
}

function placed(step: MatmulStep, stay: Stay | undefined): Draft {
  if (stay === undefined) throw new RangeError(`tile ${step.tile.name} has no place`);
  return { ...step, tile: stay.array };
}

function arrayOf(tile: WeightTile, firstMacro: number, plane: number): NamedArray {
  const { name, gridK, gridN, replicas, kStart, kCount, nCount, weightBits, weightCoding } = tile;
  return {
    name,
    firstMacro,
    gridK,
    gridN,
    replicas,
    rowStart: 0,
    columnStart: 0,
    plane,
    kStart,
    kCount,
    nCount,
    weightBits,
    weightCoding,
  };
}

/** Weights that an instruction of the program makes, not the loader. */
function isComputed(tile: WeightTile): boolean {
  return typeof tile.source !== 'number';
}

/** The first position, from `early` on, behind everything that writes what a computed tile is read from. */
function behindSource(steps: readonly Step[], core: number, { tile, firstUse }: Stay, early: number): number {
  const source = sourceOf(tile);
  const range = footprint(source);
  for (let i = firstUse; i > early; i--) {
    const step = at(steps, i - 1) as Draft;
    const writes = accessOf(step).writes.some((t) => {
      const own = t.space === source.space ? footprint(t) : null;
      return own !== null && range !== null && own.start < range.end && range.start < own.end;
    });
    if (writes && targetCoresOf(step).includes(core)) return i;
  }
  return early;
}

/** Constant weights are one run of DRAM. */
function sourceOf(tile: WeightTile): NamedTensor {
  if (typeof tile.source !== 'number') return tile.source;
  const count = tile.kCount * tile.nCount;
  return {
    name: tile.name,
    space: 'dram',
    base: tile.source,
    baseRegister: 0,
    widthBits: tile.weightBits,
    coding: tile.weightCoding,
    role: 'weights',
    fill: 0,
    axes: [{ extent: count, stride: 1, modulo: 0, origin: 0 }],
    dims: [{ count, axis: 0, step: 1 }],
    originRegisters: [],
  };
}

interface Spot {
  readonly first: number;
  readonly plane: number;
}

/** Macros x planes; a tile takes neighbouring macros of one plane. */
class Cells {
  readonly #macros: number;
  readonly #planes: number;
  readonly #stays = new Map<WeightTile, Stay>();
  readonly #holds: (WeightTile | null)[];
  /** Per cell the position behind its last use; 0 while it is unused. */
  readonly #freeFrom: Float64Array;
  /** Cells of tiles that stay where they are. */
  readonly #kept = new Set<number>();

  constructor(machine: Machine) {
    const { macros } = matrixGeometry(machine.core.matrix);
    this.#macros = macros;
    this.#planes = usablePlanes(machine);
    this.#holds = new Array<WeightTile | null>(macros * this.#planes).fill(null);
    this.#freeFrom = new Float64Array(macros * this.#planes);
  }

  /** Places for all tiles at once, first fit in order of use, that leave a run of `spare` macros; or null. */
  fitAll(tiles: readonly WeightTile[], spare: number): ReadonlyMap<WeightTile, Spot> | null {
    const next = new Array<number>(this.#planes).fill(0);
    const out = new Map<WeightTile, Spot>();
    for (const tile of tiles) {
      const size = macrosOf(tile);
      const plane = next.findIndex((n) => n + size <= this.#macros);
      const first = next[plane];
      if (first === undefined) return null;
      out.set(tile, { first, plane });
      next[plane] = first + size;
    }
    if (!next.some((n) => n + spare <= this.#macros)) return null;
    for (const [tile, spot] of out) for (const c of this.#cells(spot, tile)) this.#kept.add(c);
    return out;
  }

  holding(tile: WeightTile): Stay | undefined {
    return this.#stays.get(tile);
  }

  /** The run of macros whose latest use is oldest. */
  leastRecent(tile: WeightTile): Spot {
    const size = macrosOf(tile);
    if (size > this.#macros) {
      throw new CapacityError(`weight tile ${tile.name} needs ${size} macros`, {
        needed: size,
        available: this.#macros,
        unit: 'macros',
        knob: 'core.matrix.macros',
        code: 'E-CAPACITY-ARRAYS',
      });
    }
    let best: Spot & { readonly time: number } = { first: 0, plane: 0, time: Infinity };
    for (let plane = 0; plane < this.#planes; plane++) {
      for (let first = 0; first + size <= this.#macros; first++) {
        const cells = this.#cells({ first, plane }, tile);
        if (cells.some((c) => this.#kept.has(c))) continue;
        const time = Math.max(...cells.map((c) => this.#freeFrom[c] ?? 0));
        if (time < best.time) best = { first, plane, time };
      }
    }
    return best;
  }

  /** Takes a run for a tile; what it held is gone. Gives the first position at which all of the run is free. */
  occupy(spot: Spot, tile: WeightTile): number {
    const cells = this.#cells(spot, tile);
    for (const c of cells) {
      const held = this.#holds[c] ?? null;
      if (held !== null) this.#stays.delete(held);
      this.#holds[c] = tile;
    }
    return Math.max(...cells.map((c) => this.#freeFrom[c] ?? 0));
  }

  hold(stay: Stay): void {
    this.#stays.set(stay.tile, stay);
  }

  use(stay: Stay, position: number): void {
    for (const c of this.#cells({ first: stay.array.firstMacro, plane: stay.array.plane }, stay.tile))
      this.#freeFrom[c] = position + 1;
  }

  #cells(spot: Spot, tile: WeightTile): number[] {
    return Array.from({ length: macrosOf(tile) }, (_, i) => spot.plane * this.#macros + spot.first + i);
  }
}

function macrosOf(tile: WeightTile): number {
  return tile.gridK * tile.gridN * tile.replicas;
}
