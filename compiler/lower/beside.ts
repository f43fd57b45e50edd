/**
 * Layers side by side: steps of neighbouring layers, emitted one layer after the other, in the order in which their units would start them. Every unit of
 * a layer keeps its order; a step stands behind all that makes what it reads, and behind all that touches what it overwrites. So the values are
 * those of the order before, and units of one layer work while those of another wait. Times are estimates: they decide the order, nothing else.
 * Source: list scheduling (Graham 1966), a step as soon as its unit and its operands are there.
 */
import { InternalError } from '../../isa/base/errors.ts';
import { matmulDemand } from '../../isa/demand/matrix.ts';
import { TABLE } from '../../isa/instructions/table.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import { transferCycles } from '../mapping/transfer.ts';
import type { Draft, NamedTensor, Step } from './draft.ts';
import { accessOf, channelOf, coreOf, targetCoresOf } from './draft.ts';
import { footprint } from './footprint.ts';
import { type Dependence, HazardMap } from './hazards.ts';
import { at } from './layout.ts';
import { cyclesOf } from './pace.ts';

/** Steps of one layer on one unit, in order. */
interface Stream {
  readonly unit: string;
  readonly entries: Entry[];
  /** Of the entries that stand in the new order: when each has started and when its results are there. */
  readonly starts: number[];
  readonly ends: number[];
}

interface Entry {
  readonly step: Step;
  /** Position before. */
  readonly at: number;
  readonly needs: readonly Dependence[];
  readonly busyCycles: number;
  readonly latencyCycles: number;
}

/** The steps of neighbouring layers in the order of their estimated starts. */
export function inTurns(steps: readonly Step[], machine: Machine): Step[] {
  const streams = streamsOf(steps, machine);
  const free = new Map<string, number>();
  const out: Step[] = [];
  const startOf = (s: Stream): number => {
    const entry = s.entries[s.starts.length];
    if (entry === undefined) return Infinity;
    let start = Math.max(free.get(s.unit) ?? 0, s.starts.at(-1) ?? 0);
    for (const { unit, seq, done } of entry.needs) {
      const other = at(streams, unit);
      if (other.starts.length <= seq) return Infinity;
      start = Math.max(start, at(done ? other.ends : other.starts, seq));
    }
    return start;
  };
  while (out.length < steps.length) {
    let best: Stream | undefined;
    let earliest = Infinity;
    for (const s of streams) {
      const start = startOf(s);
      if (start > earliest || start === Infinity) continue;
      if (start === earliest && best !== undefined && nextOf(best).at < nextOf(s).at) continue;
      [best, earliest] = [s, start];
    }
    if (best === undefined) throw new InternalError('layers side by side wait for each other');
    const { step, busyCycles, latencyCycles } = nextOf(best);
    best.starts.push(earliest);
    best.ends.push(earliest + busyCycles + latencyCycles);
    free.set(best.unit, earliest + busyCycles);
    out.push(step);
  }
  return out;
}

function nextOf(s: Stream): Entry {
  return at(s.entries, s.starts.length);
}

function streamsOf(steps: readonly Step[], machine: Machine): Stream[] {
  const streams: Stream[] = [];
  const numbers = new Map<string, number>();
  const maps = new Map<string, HazardMap>();
  steps.forEach((step, i) => {
    const draft = step as Draft;
    const unit = `${coreOf(draft)} ${TABLE[step.op].unit} ${channelOf(draft)}`;
    const key = `${step.layer} ${unit}`;
    const number = numbers.get(key) ?? streams.push({ unit, entries: [], starts: [], ends: [] }) - 1;
    numbers.set(key, number);
    const { entries } = at(streams, number);
    const needs = needsOf(step, number, entries.length, maps);
    entries.push({ step, at: i, needs, busyCycles: busyOf(step, machine), latencyCycles: latencyOf(step, machine) });
  });
  return streams;
}

/** What a step must follow; `maps` by memory take note of it. */
function needsOf(step: Step, unit: number, seq: number, maps: Map<string, HazardMap>): Dependence[] {
  const draft = step as Draft;
  const needs: Dependence[] = [];
  const { reads, writes } = accessOf(draft);
  // What a product's weights are computed from is read in front of it.
  const written = step.op === 'mm' && typeof step.tile.source !== 'number' ? [step.tile.source] : [];
  const touch = (t: NamedTensor, core: number, write: boolean): void => {
    const range = footprint(t);
    if (range === null) return;
    const key = t.space === 'dram' || t.space === 'buffer' ? t.space : `${t.space} ${core}`;
    const map = maps.get(key) ?? new HazardMap();
    maps.set(key, map);
    map[write ? 'write' : 'read'](range, unit, seq, (of, at, done) => void needs.push({ unit: of, seq: at, done }));
  };
  for (const t of [...reads, ...written])
    for (const core of writes.includes(t) ? targetCoresOf(draft) : [coreOf(draft)]) touch(t, core, false);
  for (const t of writes) for (const core of targetCoresOf(draft)) touch(t, core, true);
  return needs;
}

function busyOf(step: Step, machine: Machine): number {
  const { reads, writes } = accessOf(step as Draft);
  if (!('channel' in step)) return cyclesOf(step as Draft, machine);
  const far =
    [...reads, ...writes].find((t) => t.space === 'dram') ?? [...reads, ...writes].find((t) => t.space === 'buffer');
  return cyclesOf(step as Draft, machine) + (far === undefined ? 0 : transferCycles(machine, far.space, 0));
}

function latencyOf(step: Step, machine: Machine): number {
  if (step.op !== 'mm') return 0;
  const { kCount, nCount, weightBits, gridK, gridN } = step.tile;
  const one = {
    k: kCount,
    n: nCount,
    m: 1,
    inputBits: step.src.widthBits,
    weightBits,
    gridK,
    gridN,
    replicas: 1,
    accumulate: false,
  };
  return matmulDemand({ ...one, uniqueInputBits: kCount * step.src.widthBits }, machine).latencyCycles;
}
