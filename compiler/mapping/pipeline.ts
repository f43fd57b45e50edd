/**
 * Where to cut a network into the stages of a pipeline: as even as can be, by the estimates that splits over cores are chosen by. Of several limits
 * for the slowest stage the one is taken that gives the shortest interval between results, because the stages share the DRAM: a slower stage whose
 * weights stay in its arrays may be the better one. Leaves out what the values between two stages cost.
 */
import { at } from '../lower/layout.ts';
import { inSequence, type KernelPart } from './split-cost.ts';
import type { Stages } from './stages.ts';
import type { Storage } from './storage.ts';

/** What the choice needs to know of a network on the cores of one stage. */
export interface StageCosts {
  readonly parts: readonly KernelPart[];
  readonly roomFor: (least: number) => number;
}

export interface Pipeline {
  readonly stages: Stages;
  /** Estimated cycles between results. */
  readonly intervalCycles: number;
}

interface Segment {
  readonly cycles: number;
  /** In which DRAM is busy with its weights. */
  readonly streamCycles: number;
  /** First kernel that may be in the stage before it. */
  readonly reach: number;
}

/** How much slower than the best the slowest stage may be, where that saves weights. */
const SLACKS = [1, 1.1, 1.25, 1.5, 2, 3, 5, Infinity];

/** The best pipeline of `count` stages of `cores` cores each; null where the network cannot be cut so often. */
export function choosePipeline(storage: Storage, costs: StageCosts, count: number, cores: number): Pipeline | null {
  const cuts = cutsOf(storage);
  if (cuts.length - 1 < count) return null;
  const search = new Search(cuts, segmentsOf(storage, costs, cuts), count);
  const evenest = search.best((s) => s.cycles, Math.max, Infinity);
  if (evenest === null) return null;
  const slowest = Math.max(...evenest.map((s) => s.cycles));
  let best: readonly Placed[] = evenest;
  for (const slack of SLACKS) {
    const found = search.best(
      ({ streamCycles }) => streamCycles,
      (a, b) => a + b,
      slowest * slack,
    );
    if (found !== null && intervalOf(found) < intervalOf(best)) best = found;
  }
  const of = storage.kernels.map((_, k) => best.findIndex((s) => k < s.end));
  return { stages: { of, count, cores }, intervalCycles: intervalOf(best) };
}

interface Placed extends Segment {
  readonly end: number;
}

function intervalOf(segments: readonly Segment[]): number {
  const streamed = segments.reduce((sum, s) => sum + s.streamCycles, 0);
  return Math.max(streamed, ...segments.map((s) => s.cycles));
}

/**
 * Kernels before which a stage may begin, from the first kernel to behind the last: matrix products, behind all that reads an input of the network
 * and none behind what makes an output, so that a run takes one inference in and gives one out.
 */
function cutsOf(storage: Storage): number[] {
  const { kernels } = storage;
  const touches = kernels.map((_, k) => touchedBy(storage, k));
  const isNetwork = (id: number, kind: 'input' | 'output'): boolean => {
    const { fixed, twin } = at(storage.buffers, id);
    return fixed === kind || (twin !== null && at(storage.buffers, twin).fixed === kind);
  };
  const lastInput = touches.findLastIndex((t) => t.some((id) => isNetwork(id, 'input')));
  const firstOutput = touches.findIndex((t) => t.some((id) => isNetwork(id, 'output')));
  const inside = kernels.flatMap((kernel, k) =>
    kernel.kind !== 'copy' && k > Math.max(0, lastInput) && (firstOutput < 0 || k <= firstOutput) ? [k] : [],
  );
  return [0, ...inside, kernels.length];
}

function touchedBy(storage: Storage, k: number): number[] {
  return [...readBy(storage, k), at(storage.outputs, k).buffer];
}

function readBy({ kernels, values }: Storage, k: number): number[] {
  return at(kernels, k).inputs.flatMap(({ source }) => {
    const stored = source.kind === 'value' ? values.get(source.name) : undefined;
    return stored === undefined ? [] : [stored.buffer];
  });
}

type SegmentOf = (from: number, to: number) => Segment;

/** What lies between two cuts, by their numbers. */
function segmentsOf(storage: Storage, { parts, roomFor }: StageCosts, cuts: readonly number[]): SegmentOf {
  const firstTouch = storage.buffers.map(() => Infinity);
  storage.kernels.forEach((_, k) => {
    for (const id of touchedBy(storage, k)) firstTouch[id] = Math.min(at(firstTouch, id), k);
  });
  const reachOf = storage.kernels.map((_, k) => Math.min(k, ...readBy(storage, k).map((id) => at(firstTouch, id))));
  const known = new Map<number, Segment>();
  return (from, to) => {
    const key = from * cuts.length + to;
    const segment = known.get(key) ?? measure(at(cuts, from), at(cuts, to), parts, roomFor, reachOf);
    known.set(key, segment);
    return segment;
  };
}

function measure(
  start: number,
  end: number,
  parts: readonly KernelPart[],
  roomFor: StageCosts['roomFor'],
  reachOf: readonly number[],
): Segment {
  const own = parts.slice(start, end);
  const room = roomFor(own.reduce((sum, p) => sum + p.least, 0));
  const streamed = own.map((p) => (room > 0 ? 0 : p.streamCycles));
  return {
    cycles: inSequence(
      own.map((p, k) => ({ cycles: p.cyclesIn(room) + p.passedCycles, streamCycles: at(streamed, k) })),
    ),
    streamCycles: streamed.reduce((a, b) => a + b, 0),
    reach: Math.min(...reachOf.slice(start, end)),
  };
}

/** Cheapest way to a cut with the stage before it: its cost, and where the stage before that began. */
interface Way {
  readonly cost: number;
  readonly before: number;
}

/** Partitions into stages in which what a stage reads was made in it or in the stage before. */
class Search {
  readonly #cuts: readonly number[];
  readonly #segment: SegmentOf;
  readonly #count: number;

  constructor(cuts: readonly number[], segment: SegmentOf, count: number) {
    this.#cuts = cuts;
    this.#segment = segment;
    this.#count = count;
  }

  /** The partition of least cost with no segment above `limit` cycles. */
  best(
    costOf: (s: Segment) => number,
    join: (a: number, b: number) => number,
    limit: number,
  ): readonly Placed[] | null {
    const last = this.#cuts.length - 1;
    const cost = (from: number, to: number): number => {
      const segment = this.#segment(from, to);
      return segment.cycles > limit ? Infinity : costOf(segment);
    };
    // By stage, end of the stage, and its start.
    const ways: Way[][][] = [];
    for (let s = 0; s < this.#count; s++) {
      const before = ways[s - 1];
      ways.push(
        this.#cuts.map((_, to) =>
          this.#cuts.slice(0, to).map((_, from): Way => {
            if (before === undefined || from === 0)
              return { cost: before === undefined && from === 0 ? cost(0, to) : Infinity, before: -1 };
            const own = cost(from, to);
            if (own === Infinity) return { cost: Infinity, before: -1 };
            const least = this.#least(at(before, from), this.#segment(from, to).reach);
            return { cost: join(at(at(before, from), least)?.cost ?? Infinity, own), before: least };
          }),
        ),
      );
    }
    return this.#trace(ways, last);
  }

  /** The start of the stage before, at or in front of kernel `reach`, that costs least. */
  #least(ways: readonly Way[], reach: number): number {
    let best = 0;
    ways.forEach(({ cost }, start) => {
      if (at(this.#cuts, start) <= reach && cost < at(ways, best).cost) best = start;
    });
    return best;
  }

  #trace(ways: readonly (readonly (readonly Way[])[])[], last: number): readonly Placed[] | null {
    const ending = at(at(ways, this.#count - 1), last);
    let start = ending.reduce((best, way, i) => (way.cost < at(ending, best).cost ? i : best), 0);
    if (at(ending, start).cost === Infinity) return null;
    const out: Placed[] = [];
    let end = last;
    for (let s = this.#count - 1; s >= 0; s--) {
      out.unshift({ ...this.#segment(start, end), end: at(this.#cuts, end) });
      const { before } = at(at(at(ways, s), end), start);
      [end, start] = [start, before];
    }
    return out;
  }
}
