/**
 * Which neighbouring layers are computed in bands: runs of layers with values between them that find no room in the scratchpad, cut into as few bands as let all of
 * them lie there. What that saves on the link and the DRAM is weighed against rows that are computed twice and the start of more kernels; the best set of runs
 * that do not overlap is taken. Left out: what layers side by side would gain.
 */
import { cellBytes } from '../../isa/machine/geometry.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import { bandName } from '../graph/names.ts';
import type { Graph, Node } from '../graph/types.ts';
import { weightBytesOf } from '../lower/kernels/matmul.ts';
import { at, denseLayout } from '../lower/layout.ts';
import type { HomePlan } from '../mapping/homes.ts';
import type { Storage } from '../mapping/storage.ts';
import { dramBytesPerCycle } from '../mapping/transfer.ts';
import { type Bands, planBand, whyNot } from './cut.ts';
import { cyclesOf, type KernelTime, kernelTimes, START_CYCLES, WEIGHT_BITS } from './estimate.ts';

/** Rows of an image. */
const ROWS = 2;
/** Numbers of bands that are tried, fewest first. */
const COUNTS = [2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64] as const;
/** Most layers in a group: more would be looked at for long, and halos grow with each. */
const MOST_KERNELS = 24;
/** Part of the scratchpad that values of a band may take: operands from outside, results on their way out and parameters need the rest. */
const SPAD_SHARE = 0.7;

interface Candidate {
  readonly bands: Bands;
  readonly first: number;
  readonly last: number;
  readonly gainCycles: number;
}

/** What a network, or one in bands, was planned as, and the time of each kernel. */
export interface Planned {
  readonly storage: Storage;
  readonly homes: HomePlan;
  readonly times: readonly (KernelTime | null)[];
  /** By what a kernel makes, with its start; of those that run. */
  readonly cycles: ReadonlyMap<string, number>;
}

export function plannedAs(storage: Storage, homes: HomePlan, machine: Machine): Planned {
  const times = kernelTimes(storage, homes, machine);
  const cycles = storage.kernels.flatMap(({ output }, k): [string, number][] => {
    const time = at(times, k);
    return time === null ? [] : [[output, START_CYCLES + cyclesOf(time, machine)]];
  });
  return { storage, homes, times, cycles: new Map(cycles) };
}

function totalCycles({ cycles }: Planned): number {
  return [...cycles.values()].reduce((a, b) => a + b, 0);
}

/** Share of the time without bands below which a group, and the network, must come. */
const CLEARLY_FASTER = 0.97;

/** Those of the groups that the plan with all of them shows to be faster than the plan without; all only if the network is, too. */
export function payingBands(groups: readonly Bands[], apart: Planned, banded: Planned): readonly Bands[] {
  const sum = (names: readonly string[], { cycles }: Planned) =>
    names.reduce((n, name) => n + (cycles.get(name) ?? 0), 0);
  const kept = groups.filter(({ nodes, count }) => {
    const own = nodes.map((n) => n.output);
    const inBands = own.flatMap((name) => Array.from({ length: count }, (_, i) => bandName(name, i)));
    return sum([...own, ...inBands], banded) < CLEARLY_FASTER * sum(own, apart);
  });
  const slow = totalCycles(banded) >= CLEARLY_FASTER * totalCycles(apart);
  return kept.length === groups.length && slow ? [] : kept;
}

/** Estimate of a network with and without its bands, core cycles. */
export interface BandCycles {
  readonly banded: number;
  readonly apart: number;
}

export function bandCycles(apart: Planned, banded: Planned): BandCycles {
  return { banded: totalCycles(banded), apart: totalCycles(apart) };
}

/** Groups of a network that was planned without bands, in order. */
export function chooseBands(graph: Graph, planned: Planned, machine: Machine): readonly Bands[] {
  return new Search(graph, planned, machine).best();
}

class Search {
  readonly #graph: Graph;
  readonly #storage: Storage;
  readonly #homes: HomePlan;
  readonly #machine: Machine;
  readonly #times: readonly (KernelTime | null)[];
  /** By kernel, the position behind its last node; 0 for a kernel that is no node's. */
  readonly #ends: readonly number[];
  /** Buffers that are not in the scratchpad and come and go between two kernels. */
  readonly #spilled: readonly number[];

  constructor(graph: Graph, { storage, homes, times }: Planned, machine: Machine) {
    this.#graph = graph;
    this.#storage = storage;
    this.#homes = homes;
    this.#machine = machine;
    this.#times = times;
    const position = new Map(graph.nodes.map((n, i) => [n.output, i + 1]));
    this.#ends = storage.kernels.map((k) => position.get(k.output) ?? 0);
    this.#spilled = storage.buffers.flatMap(({ id, fixed }) => {
      const { first, last } = at(homes.lives, id);
      return fixed === null && first >= 0 && last > first && homes.spaces[id] !== 'spad' ? [id] : [];
    });
  }

  best(): readonly Bands[] {
    const count = this.#storage.kernels.length;
    // Best gain of the kernels before each, and the candidate that ends there.
    const gain = [0];
    const via: (Candidate | null)[] = [null];
    const byEnd = new Map<number, Candidate[]>();
    for (const c of this.#candidates()) byEnd.set(c.last, [...(byEnd.get(c.last) ?? []), c]);
    for (let k = 0; k < count; k++) {
      gain[k + 1] = at(gain, k);
      via[k + 1] = null;
      for (const c of byEnd.get(k) ?? []) {
        const total = at(gain, c.first) + c.gainCycles;
        if (total <= at(gain, k + 1)) continue;
        gain[k + 1] = total;
        via[k + 1] = c;
      }
    }
    const out: Bands[] = [];
    for (let k = count; k > 0; ) {
      const c = at(via, k);
      if (c !== null) out.unshift(c.bands);
      k = c === null ? k - 1 : c.first;
    }
    return out;
  }

  *#candidates(): Generator<Candidate> {
    const { lives } = this.#homes;
    for (const first of new Set(this.#spilled.map((id) => at(lives, id).first))) {
      const lasts = new Set(
        this.#spilled
          .map((id) => at(lives, id))
          .filter((l) => l.first >= first)
          .map((l) => l.last),
      );
      for (const last of lasts) {
        if (last - first >= MOST_KERNELS) continue;
        const candidate = this.#candidate(first, last);
        if (candidate !== null) yield candidate;
      }
    }
  }

  #candidate(first: number, last: number): Candidate | null {
    const nodes = this.#nodes(first, last);
    // Copies alone, of which no node is left.
    if (nodes.length === 0) return null;
    const inner = new Set(
      this.#storage.buffers.flatMap(({ id, fixed }) => {
        const life = at(this.#homes.lives, id);
        return fixed === null && life.first >= first && life.last <= last && life.last > life.first ? [id] : [];
      }),
    );
    let before = 0;
    let bound = 0;
    for (let k = first; k <= last; k++) {
      const time = at(this.#times, k);
      if (time === null) continue;
      before += cyclesOf(time, this.#machine);
      bound += cyclesOf(this.#inside(time, inner), this.#machine);
    }
    const again = (last - first + 1) * START_CYCLES + this.#rewriteCycles(first, last);
    const roomBytes = SPAD_SHARE * this.#machine.core.scratchpad.sizeBytes;
    for (const count of COUNTS) {
      if (before - bound <= (count - 1) * again) return null;
      // Rows are whole, so that a band may be smaller than its even part, but not by much.
      if (this.#peakBytes(first, last, inner, () => 1 / count) > 2 * roomBytes) continue;
      const bands: Bands = { nodes, dim: ROWS, count };
      const made = this.#madeByBand(bands);
      if (made === null) return null;
      if (this.#peakBytes(first, last, inner, (output) => made.get(output) ?? 1) > roomBytes) continue;
      let after = (count - 1) * again;
      for (let k = first; k <= last; k++) {
        const time = at(this.#times, k);
        if (time === null) continue;
        const part = made.get(at(this.#storage.kernels, k).output) ?? 1 / count;
        after += cyclesOf(this.#inside(time, inner), this.#machine, part * count);
      }
      if (after >= before || whyNot(this.#graph, bands) !== undefined) return null;
      return { bands, first, last, gainCycles: before - after };
    }
    return null;
  }

  /** Nodes of kernels, and those that only rearrange what they made. */
  #nodes(first: number, last: number): readonly Node[] {
    return this.#graph.nodes.slice(this.#behind(first), this.#behind(last + 1));
  }

  /** Position behind the nodes of all kernels before one. */
  #behind(kernel: number): number {
    let end = Math.max(0, ...this.#ends.slice(0, kernel));
    const moves = (n: Node | undefined) => n?.op === 'concat' || n?.op === 'depth-to-space';
    while (end > 0 && moves(this.#graph.nodes[end])) end++;
    return end;
  }

  /** A kernel that moves only what comes from outside of its group. */
  #inside(time: KernelTime, inner: ReadonlySet<number>): KernelTime {
    return { ...time, moved: time.moved.filter((m) => !inner.has(m.buffer)) };
  }

  /** Cycles of writing weights once more, where the arrays do not hold those of all kernels of a group at once. */
  #rewriteCycles(first: number, last: number): number {
    const weights = this.#storage.kernels.slice(first, last + 1).reduce((n, k) => n + weightBytesOf(k), 0);
    return weights <= cellBytes(this.#machine, WEIGHT_BITS) ? 0 : weights / dramBytesPerCycle(this.#machine);
  }

  /** Of each value of a group, the part that a band in the middle makes; null where it cannot be cut. */
  #madeByBand(bands: Bands): ReadonlyMap<string, number> | null {
    const plan = planBand(this.#graph, bands, bands.count >> 1);
    if (typeof plan === 'string') return null;
    return new Map(
      [...plan.parts].map(([{ output }, { result }]) => {
        const size = this.#graph.values.get(output)?.shape[result.dim] ?? 1;
        return [output, result.count / size];
      }),
    );
  }

  /** Most bytes of a group's own values at once, in a band that makes a part of each. */
  #peakBytes(first: number, last: number, inner: ReadonlySet<number>, partOf: (output: string) => number): number {
    const alive = new Array<number>(last - first + 1).fill(0);
    for (let k = first; k <= last; k++) {
      const { buffer } = at(this.#storage.outputs, k);
      if (!inner.has(buffer)) continue;
      const { output, shape, format } = at(this.#storage.kernels, k);
      const bytes = denseLayout(shape, format.bits).sizeBytes * partOf(output);
      for (let i = k; i <= at(this.#homes.lives, buffer).last; i++) alive[i - first] = at(alive, i - first) + bytes;
    }
    return Math.max(...alive);
  }
}
