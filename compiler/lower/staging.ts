/**
 * Weights on their way from DRAM to the arrays. Where the global buffer has room beside the activations it becomes a ring of weights: long copies by a DMA
 * channel of their own run ahead of the weight writes, so that the DRAM works through layers that need none of it, and
 * weights that are written again for every accumulator tile cross the DRAM once. Writes that find no room read the DRAM themselves.
 * Weights that all fit beside the activations stay there from one inference to the next.
 * Left out: the scratchpad as a ring, and a part of the weights that stays.
 */
import type { Machine } from '../../isa/machine/schema.ts';
import type { NetworkDecisions } from '../mapping/decisions.ts';
import { pinCapacity, pinError } from '../mapping/pinned.ts';
import { dramBytesPerCycle } from '../mapping/transfer.ts';
import type { Draft, DraftOf, NamedTensor } from './draft.ts';
import { coreOf } from './draft.ts';
import { footprint, type Interval } from './footprint.ts';
import { at, roundUp } from './layout.ts';
import { type GroupOf, paceOf, type StageOf } from './pace.ts';

/** Bytes of the global buffer that hold activations while some layers run. */
export interface Tenant extends Interval {
  readonly firstLayer: number;
  readonly lastLayer: number;
}

/** The global buffer with what else lies in it, and the DMA channel that brings weights. */
export interface StagingRoom {
  readonly sizeBytes: number;
  readonly tenants: readonly Tenant[];
  readonly channel: number;
}

/** Copies that fill a ring, at least. */
const LOADS_IN_RING = 8;
/** Copies under way or asked for: enough to keep the DRAM busy, too few to fill the channel's queue and hold up the sequencer. */
const LOADS_AHEAD = 3;
/** Smallest copy worth its instruction. */
const LEAST_BYTES = 4096;
/** Unused bytes between neighbours that a copy takes along: constants start on a burst. */
const GAP_BYTES = 256;
/** Share of the ring that weights may keep which are written more than once. */
export const KEEP_SHARE = 0.5;
/** The same in a pipeline, where a stage has few layers and its part of the buffer for all of their time. */
export const KEEP_IN_STAGE = 0.75;

/** One write of weights from DRAM. */
interface Write {
  /** Position in the drafts. */
  readonly at: number;
  readonly layer: number;
  readonly range: Interval;
}

/** A run of DRAM that is copied at once; it grows while loads are formed. */
interface Load {
  readonly start: number;
  end: number;
  readonly layer: number;
  /** Positions of the writes that read it, in order. */
  readonly uses: number[];
}

/** Where a load lies in the buffer, and in front of which draft it is copied. */
interface Staged {
  readonly load: Load;
  readonly base: number;
  readonly at: number;
}

export interface StagedWeights {
  readonly drafts: readonly Draft[];
  /** Copies whose bytes nothing overwrites: not needed where they are from the run before. */
  readonly kept: ReadonlySet<Draft>;
  /** Layers of which weights take this way. */
  readonly layers: ReadonlySet<number>;
}

/**
 * Drafts with their weight writes served by the ring, or by weights that stay where `keep` allows it; `drafts` themselves when none is served.
 * @param direct layers whose weights are written from DRAM, past the ring, by number
 * @param stageOf where stages of a pipeline run side by side
 * @param groupOf where layers do
 */
export function stageWeights(
  drafts: readonly Draft[],
  room: StagingRoom,
  machine: Machine,
  keep = false,
  direct: StagingWishes['direct'] = new Map(),
  stageOf?: StageOf,
  groupOf?: GroupOf,
): StagedWeights {
  const pace = paceOf(drafts, machine, stageOf, groupOf);
  const stays = keep ? stayingLoads(drafts, room, machine) : null;
  if (stays !== null) return rewrite(drafts, inTime(stays, pace, dramBytesPerCycle(machine)), room, true);
  const cores = [...new Set(drafts.map(coreOf))];
  const writes = cores.map((core) => writesOf(drafts, core)).filter((own) => own.length > 0);
  const { burstBytes } = machine.dram;
  const share = Math.floor(room.sizeBytes / Math.max(1, writes.length) / burstBytes) * burstBytes;
  // Values of a pipeline may be there from the run before, and before any of this run's instructions.
  const always = ({ start, end }: Tenant): Stay => ({ start, end, from: 0, to: drafts.length });
  const tenants = stageOf === undefined ? staysOf(drafts, room.tenants) : room.tenants.map(always);
  const keepShare = stageOf === undefined ? KEEP_SHARE : KEEP_IN_STAGE;
  const staged = writes.flatMap((own, i) => {
    const ring = { start: i * share, end: (i + 1) * share };
    const loads = loadsOf(own, share, keepShare * share).filter((load) => !direct.has(load.layer));
    const placed = inRing(loads, ring, tenants, burstBytes);
    // Stages of a pipeline want their weights all at once.
    const part = stageOf === undefined ? 1 / writes.length : totalBytes(own) / totalBytes(writes.flat());
    return inTime(placed, pace, dramBytesPerCycle(machine) * part);
  });
  return staged.length === 0 ? { drafts, kept: new Set(), layers: new Set() } : rewrite(drafts, staged, room, false);
}

/** What a mapping file says of weights that do not stay in the arrays: names of layers by their numbers. */
export interface StagingWishes {
  readonly stay: NetworkDecisions['weights'];
  readonly staged: ReadonlyMap<number, string>;
  readonly direct: ReadonlyMap<number, string>;
}

interface Outcome {
  readonly drafts: readonly Draft[];
  readonly resident: boolean;
  readonly kept: boolean;
  readonly staged: ReadonlySet<number>;
}

/** Throws InputError or CapacityError for wishes that did not come true. */
export function requireStaged(
  { drafts, resident, kept, staged }: Outcome,
  room: StagingRoom | null,
  wishes: StagingWishes,
  machine: Machine,
): void {
  const { stay } = wishes;
  if (stay === 'buffer' && !kept) {
    const several = drafts.some((d) => coreOf(d) > 0);
    if (room === null) throw pinError('network, weights', noChannel(machine), 'arrays, nowhere');
    if (wishes.direct.size > 0)
      throw pinError('network, weights', `${[...wishes.direct.values()].join(', ')} read DRAM`, 'nowhere');
    if (several) throw pinError('network, weights', 'several cores share the buffer', 'arrays, nowhere, or one core');
    const used = Math.max(0, ...room.tenants.map((t) => t.end));
    const available = room.sizeBytes - used;
    const message = `weights do not all fit beside ${used} bytes of activations; possible: nowhere`;
    const details = { needed: weightBytes(drafts), available, unit: 'bytes', knob: 'buffer.sizeBytes' };
    throw pinCapacity('network, weights: buffer', message, details);
  }
  for (const [layer, name] of wishes.staged) {
    if (staged.has(layer)) continue;
    const where = `layer ${name}, weights`;
    if (resident) throw pinError(where, 'all weights stay in the arrays', 'network, weights: nowhere beside it');
    if (room === null) throw pinError(where, noChannel(machine), 'dram');
    throw pinError(where, 'the buffer has no room for them in time, beside activations and other weights', 'dram');
  }
}

function noChannel({ name, core }: Machine): string {
  return `${name} has no DMA channel that brings weights ahead (core.dma.channels ${core.dma.channels} of 4, capabilities.doubleBuffering)`;
}

/** Bytes of all weights that are written, each once. */
function weightBytes(drafts: readonly Draft[]): number {
  const cores = [...new Set(drafts.map(coreOf))];
  const ranges = cores.flatMap((core) => writesOf(drafts, core)).map((w) => w.range);
  return [...new Map(ranges.map((r) => [r.start, bytesOf(r)])).values()].reduce((a, b) => a + b, 0);
}

/** Every load at a place of its own behind all activations; null where they do not fit, or several cores share the buffer. */
function stayingLoads(drafts: readonly Draft[], room: StagingRoom, machine: Machine): Staged[] | null {
  if (drafts.some((d) => coreOf(d) > 0)) return null;
  const { burstBytes } = machine.dram;
  let base = roundUp(Math.max(0, ...room.tenants.map((t) => t.end)), burstBytes);
  const staged = loadsOf(writesOf(drafts, 0), room.sizeBytes - base, Infinity).map((load): Staged => {
    const own = { load, base, at: 0 };
    base += roundUp(bytesOf(load), burstBytes);
    return own;
  });
  return staged.length === 0 || base > room.sizeBytes ? null : staged;
}

/** Bytes that are taken from one position in the drafts to another, inclusive. */
interface Stay extends Interval {
  readonly from: number;
  readonly to: number;
}

function staysOf(drafts: readonly Draft[], tenants: readonly Tenant[]): Stay[] {
  const first: number[] = [];
  const last: number[] = [];
  drafts.forEach(({ op, layer }, i) => {
    if (op === 'ww') return;
    first[layer] ??= i;
    last[layer] = i;
  });
  const layers = last.length;
  return tenants.map(({ start, end, firstLayer, lastLayer }): Stay => {
    let from = drafts.length;
    let to = 0;
    for (let l = firstLayer; l <= Math.min(lastLayer, layers - 1); l++) {
      from = Math.min(from, first[l] ?? from);
      to = Math.max(to, last[l] ?? to);
    }
    return { start, end, from, to };
  });
}

function writesOf(drafts: readonly Draft[], core: number): Write[] {
  return drafts.flatMap((d, i) => {
    if (d.op !== 'ww' || d.src.space !== 'dram' || coreOf(d) !== core) return [];
    const range = footprint(d.src);
    return range === null ? [] : [{ at: i, layer: d.layer, range }];
  });
}

/**
 * Loads in the order of their first use: neighbours in DRAM go together, and weights of a layer that are written again stay until their last write.
 * @param keepBytes most of a layer's weights that stay; Infinity: those of all layers stay for good
 */
function loadsOf(writes: readonly Write[], ringBytes: number, keepBytes: number): Load[] {
  const loads: Load[] = [];
  let ahead = totalBytes(writes);
  let behind = 0;
  const all = new Map<number, Load>();
  const held = new Map<number, Map<number, Load>>();
  for (const [layer, distinct] of bytesByLayer(writes))
    if (distinct <= keepBytes) held.set(layer, keepBytes === Infinity ? all : new Map());
  for (const write of writes) {
    const bytes = bytesOf(write.range);
    // Short copies at both ends of the program: the arrays start early, and end soon behind the DRAM.
    const most = Math.max(LEAST_BYTES, Math.min(ringBytes / LOADS_IN_RING, behind, ahead / 2));
    behind += bytes;
    ahead -= bytes;
    const own = held.get(write.layer);
    const load = own?.get(write.range.start) ?? extended(loads.at(-1), write, most) ?? begun(loads, write);
    load.uses.push(write.at);
    own?.set(write.range.start, load);
  }
  return loads;
}

function begun(loads: Load[], { range, layer }: Write): Load {
  const load: Load = { ...range, layer, uses: [] };
  loads.push(load);
  return load;
}

/** The load with a write's bytes at its end; undefined where they do not follow. */
function extended(load: Load | undefined, { range, layer }: Write, mostBytes: number): Load | undefined {
  if (load?.layer !== layer || range.start < load.end || range.start - load.end >= GAP_BYTES) return undefined;
  if (range.end - load.start > mostBytes) return undefined;
  load.end = range.end;
  return load;
}

/** Bytes of each layer's weights, those that are written again counted once. */
function bytesByLayer(writes: readonly Write[]): ReadonlyMap<number, number> {
  const out = new Map<number, number>();
  const seen = new Set<string>();
  for (const { layer, range } of writes) {
    const key = `${layer} ${range.start}`;
    if (!seen.has(key)) out.set(layer, (out.get(layer) ?? 0) + bytesOf(range));
    seen.add(key);
  }
  return out;
}

/**
 * Gives each load the place that is free first, the next one along the ring among equals. A load with no place before its first use is left out.
 */
function inRing(loads: readonly Load[], ring: Interval, tenants: readonly Stay[], alignBytes: number): Staged[] {
  const placed: Staged[] = [];
  let stays: Stay[] = tenants.filter((t) => t.start < ring.end && ring.start < t.end);
  let cursor = ring.start;
  let from = 0;
  for (const load of loads) {
    const bytes = roundUp(bytesOf(load), alignBytes);
    const [first, last] = [at(load.uses, 0), lastUse(load)];
    const starts = [cursor, ring.start, ...stays.map((s) => roundUp(s.end, alignBytes))];
    let best: { readonly base: number; readonly at: number; readonly way: number } | null = null;
    for (const base of starts) {
      if (base < ring.start || base + bytes > ring.end) continue;
      const rivals = stays.filter((s) => s.start < base + bytes && base < s.end && s.from <= last);
      const free = rivals.reduce((most, s) => Math.max(most, s.to + 1), from);
      const way = base >= cursor ? base - cursor : base - cursor + ring.end - ring.start;
      if (free <= first && (best === null || free < best.at || (free === best.at && way < best.way)))
        best = { base, at: free, way };
    }
    if (best === null) continue;
    placed.push({ load, base: best.base, at: best.at });
    cursor = best.base + bytes;
    from = best.at;
    stays = [...stays.filter((s) => s.to >= from), { start: best.base, end: cursor, from, to: last }];
  }
  return placed;
}

/** Each copy as late as keeps the DRAM at work. */
function inTime(staged: readonly Staged[], pace: Float64Array, bytesPerCycle: number): Staged[] {
  const ends: number[] = [];
  // What waiting for weights has added to the pace from the last use on.
  let late = 0;
  let position = 0;
  return staged.map((s, i) => {
    const first = at(s.load.uses, 0);
    const wanted = ends[i - LOADS_AHEAD] ?? 0;
    position = Math.max(position, s.at);
    while (position < first && at(pace, position) + late < wanted) position++;
    const end = Math.max(at(pace, position) + late, ends[i - 1] ?? 0) + bytesOf(s.load) / bytesPerCycle;
    ends.push(end);
    late = Math.max(late, end - at(pace, first));
    return { ...s, at: position };
  });
}

/** Copies in front of their drafts, and writes that read the ring. */
function rewrite(
  drafts: readonly Draft[],
  staged: readonly Staged[],
  { channel }: StagingRoom,
  stay: boolean,
): StagedWeights {
  const copies = new Map<number, Draft[]>();
  const sources = new Map<number, Staged>();
  for (const s of staged) {
    const first = at(drafts, at(s.load.uses, 0)) as DraftOf<'ww'>;
    const load = copyOf(s, first, channel);
    copies.set(s.at, [...(copies.get(s.at) ?? []), load]);
    for (const use of s.load.uses) sources.set(use, s);
  }
  const out: Draft[] = [];
  drafts.forEach((draft, i) => {
    for (const copy of copies.get(i) ?? []) out.push(copy);
    const source = sources.get(i);
    out.push(source === undefined || draft.op !== 'ww' ? draft : fromRing(draft, source));
  });
  return {
    drafts: out,
    kept: new Set(stay ? [...copies.values()].flat() : []),
    layers: new Set(staged.map((s) => s.load.layer)),
  };
}

function copyOf({ load, base }: Staged, { src, site }: DraftOf<'ww'>, channel: number): Draft {
  const count = bytesOf(load);
  const walk = { axes: [{ extent: count, stride: 1, modulo: 0, origin: 0 }], dims: [{ count, axis: 0, step: 1 }] };
  const name = nameOf(load);
  const bytes: NamedTensor = { ...src, ...walk, name, base: load.start, widthBits: 8, coding: 'unsigned', fill: 0 };
  const dst: NamedTensor = { ...bytes, space: 'buffer', base };
  const copy = {
    op: 'copy',
    layer: load.layer,
    dst,
    src: bytes,
    channel,
    accumulate: false,
    core: 0,
    signalRemote: 0,
    cores: 0,
  } as const;
  // No part of what the cores of its layer make together.
  return site === undefined ? copy : { ...copy, site: { ...site, group: -1 } };
}

function fromRing(write: DraftOf<'ww'>, { load, base }: Staged): Draft {
  return {
    ...write,
    src: { ...write.src, name: nameOf(load), space: 'buffer', base: base + write.src.base - load.start },
  };
}

/** Of a copy and of all that read it: the DRAM bytes that it holds. */
function nameOf({ start, end }: Load): string {
  return `weights[${start}..${end}]`;
}

function totalBytes(writes: readonly Write[]): number {
  return writes.reduce((n, w) => n + bytesOf(w.range), 0);
}

function bytesOf(range: Interval): number {
  return range.end - range.start;
}

function lastUse(load: Load): number {
  return load.uses.at(-1) ?? 0;
}
