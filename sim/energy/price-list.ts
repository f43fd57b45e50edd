/**
 * The price list of one machine: every action, clock, leaking component and area, each with reason and range. `priceList` builds the generic list from technology,
 * memories and parts for the machine's node, supply and sizes; a private list can overlay any entry. A list is data: what is priced with it never asks for names.
 */
import { canonicalJson, hashHex } from '../../isa/base/hash.ts';
import { ACTIONS, type ActionName } from '../../isa/demand/actions.ts';
import type { UnitKind } from '../../isa/instructions/table.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import { COMPONENTS, type Component } from './actions.ts';
import { type Activity, ASSUMED_ACTIVITY, type Rates } from './activity.ts';
import { outsideDomain } from './domain.ts';
import { dramPrices } from './memories/dram.ts';
import { tierPrices } from './memories/tier.ts';
import { controlActions, controlComponents } from './parts/control.ts';
import { lanesPart } from './parts/lanes.ts';
import { matrixPart } from './parts/matrix.ts';
import { memoriesPart } from './parts/memories.ts';
import type { Footprint } from './parts/part.ts';
import { absent, type Price, sum, times } from './price.ts';
import { describeSource } from './sources.ts';
import { clockEnergy } from './technology/static.ts';

/** A unit's clock runs in the cycles in which one of its kind is busy; `clock.always` runs in all cycles. */
export type ClockName = `clock.${Exclude<UnitKind, 'seq'>}` | 'clock.always';
export const CLOCK_DOCS: Readonly<Record<ClockName, string>> = {
  'clock.dma': 'clock of one DMA channel, per busy cycle',
  'clock.write': 'clock of the weight writer, per busy cycle',
  'clock.matrix': 'clock trunk of the systolic array of one core, per busy cycle',
  'clock.drain': 'clock of the drain of one core, per busy cycle',
  'clock.vector': 'clock of the vector unit of one core, per busy cycle',
  'clock.always': 'clock of sequencers and interconnect, per cycle',
};
export const CLOCK_NAMES = Object.keys(CLOCK_DOCS) as readonly ClockName[];

/** What a list holds; `fJ` per action or cycle, `nW` of all copies, `um2` of all copies. */
export interface PriceEntries {
  readonly actions: Readonly<Record<ActionName, Price>>;
  readonly clocks: Readonly<Record<ClockName, Price>>;
  readonly leakage: Readonly<Record<Component, Price>>;
  readonly dramBackground: Price;
  readonly area: Readonly<Record<Component, Price>>;
}

export interface PriceList extends PriceEntries {
  readonly name: string;
  /** SHA-256 of every value, range and reason. */
  readonly hash: string;
  readonly activity: Activity;
  /** fJ of the actions that depend on operands, by layer index, where they were measured by layer; `actions` has their means. */
  readonly byLayer: ReadonlyMap<number, Readonly<Partial<Record<ActionName, number>>>>;
  /** Why numbers are less sure than their ranges say (domain.ts). */
  readonly warnings: readonly string[];
}

export interface PriceOptions {
  /** Switching of digital arrays: measured on the operands (`measuredActivity`) or ASSUMED_ACTIVITY. */
  readonly activity?: Activity;
}

/** The generic list for a machine. Throws InputError for a node or DRAM technology without figures. */
export function priceList(machine: Machine, options: PriceOptions = {}): PriceList {
  const activity = options.activity ?? ASSUMED_ACTIVITY;
  const matrix = matrixPart(machine, activity);
  const memories = memoriesPart(machine);
  const lanes = lanesPart(machine);
  const dram = dramPrices(machine.dram);
  const footprints: Readonly<Record<Component, Footprint>> = {
    ...matrix.components,
    ...memories.components,
    ...lanes.components,
    ...controlComponents(machine),
  };
  const area = pick(footprints, (f) => f.area);
  const chipUm2 = COMPONENTS.reduce((n, c) => n + area[c].value, 0);
  const entries: PriceEntries = {
    actions: {
      ...matrix.actions,
      'array.macroCycle': macroClock(machine, area),
      ...memories.actions,
      ...lanes.actions,
      ...controlActions(machine, chipUm2),
      'dram.activate': dram.activate,
      'dram.readBit': dram.readBit,
      'dram.writeBit': dram.writeBit,
      'dram.refresh': dram.refresh,
      ...tierPrices(machine.tier),
    },
    clocks: clockPrices(machine, area),
    leakage: pick(footprints, (f) => f.leakage),
    dramBackground: dram.background,
    area,
  };
  const name = `generic-${machine.technology.nodeNm}nm`;
  const warnings = outsideDomain(machine).map((why) => `extrapolated: ${why}`);
  return { ...entries, name, activity, byLayer: layerPrices(machine, activity), warnings, hash: hashOf(name, entries) };
}

function layerPrices(machine: Machine, activity: Activity): PriceList['byLayer'] {
  const own = (rates: Rates) => matrixPart(machine, { ...activity, ...rates }).actions;
  return new Map(
    [...activity.layers].map(([layer, rates]) => [
      layer,
      Object.fromEntries(Object.entries(own(rates)).map(([a, p]) => [a, p.value])),
    ]),
  );
}

function pick(
  from: Readonly<Record<Component, Footprint>>,
  which: (f: Footprint) => Price,
): Readonly<Record<Component, Price>> {
  return Object.fromEntries(COMPONENTS.map((c) => [c, which(from[c])])) as Record<Component, Price>;
}

type Areas = Readonly<Record<Component, Price>>;

/** Area of some components, divided over `among` equal parts. */
function areaEach(area: Areas, components: readonly Component[], among: number, what: string): Price {
  return times(
    sum(
      components.map((c) => area[c]),
      what,
    ),
    1 / among,
    what,
  );
}

function clockPrices(machine: Machine, area: Areas): Readonly<Record<ClockName, Price>> {
  const corner = machine.technology;
  const perCore = (component: Component) => areaEach(area, [component], machine.cores, component);
  const channels = machine.core.dma.channels * machine.cores;
  const channel = clockEnergy(areaEach(area, ['dma'], channels, 'DMA channel'), corner, 'one DMA channel');
  const always = areaEach(area, ['sequencer', 'interconnect'], 1, 'sequencers and interconnect');
  const systolic = machine.core.matrix.kind === 'systolic';
  return {
    'clock.dma': channel,
    'clock.write': channel,
    'clock.matrix': systolic
      ? clockEnergy(perCore('arrays'), corner, 'systolic array')
      : absent('fJ', 'macros are clocked one by one: array.macroCycle'),
    'clock.drain': clockEnergy(perCore('drain'), corner, 'drain'),
    'clock.vector': clockEnergy(perCore('vector'), corner, 'vector unit'),
    'clock.always': clockEnergy(always, corner, 'sequencers and interconnect'),
  };
}

/** Clock of one macro while it computes. Cells have no clock, and macros that rest are gated; how well is in the range of a clock trunk. */
function macroClock(machine: Machine, area: Areas): Price {
  const { matrix } = machine.core;
  if (matrix.kind === 'systolic') return absent('fJ', 'no macros in this machine');
  const clocked = ['adderTrees', 'shiftAdd', 'macroAdder'] as const;
  const macro = areaEach(area, clocked, matrix.macros * machine.cores, 'adder trees and shift-add of one macro');
  return clockEnergy(macro, machine.technology, 'one macro');
}

/** Entries of a private list that replace ours; `fJ` per action or cycle, `nW`, `um2` as in PriceEntries. */
export interface Overlay {
  readonly actions?: Readonly<Partial<Record<ActionName, Price>>>;
  readonly clocks?: Readonly<Partial<Record<ClockName, Price>>>;
  readonly leakage?: Readonly<Partial<Record<Component, Price>>>;
  readonly dramBackground?: Price;
  readonly area?: Readonly<Partial<Record<Component, Price>>>;
}

/** A list with some entries replaced, in every layer; its hash tells it from the list it came from. */
export function overlayPrices(list: PriceList, name: string, overlay: Overlay): PriceList {
  const entries: PriceEntries = {
    actions: { ...list.actions, ...overlay.actions },
    clocks: { ...list.clocks, ...overlay.clocks },
    leakage: { ...list.leakage, ...overlay.leakage },
    dramBackground: overlay.dramBackground ?? list.dramBackground,
    area: { ...list.area, ...overlay.area },
  };
  const replaced = Object.keys(overlay.actions ?? {});
  const keep = (prices: object) => Object.fromEntries(Object.entries(prices).filter(([a]) => !replaced.includes(a)));
  const byLayer = new Map([...list.byLayer].map(([layer, prices]) => [layer, keep(prices)]));
  return { ...list, ...entries, byLayer, name, hash: hashOf(name, entries) };
}

/** The list with every number zero: what remains of a result is not energy. */
export function zeroPrices(list: PriceList): PriceList {
  const zero = (p: Price) => times(p, 0, 'nothing');
  const all = <K extends string>(from: Readonly<Record<K, Price>>) =>
    Object.fromEntries(Object.entries<Price>(from).map(([k, p]) => [k, zero(p)])) as Record<K, Price>;
  return overlayPrices(list, 'zero', {
    actions: all(list.actions),
    clocks: all(list.clocks),
    leakage: all(list.leakage),
    dramBackground: zero(list.dramBackground),
    area: all(list.area),
  });
}

function hashOf(name: string, entries: PriceEntries): string {
  return hashHex(canonicalJson({ name, ...entries }));
}

/** Every entry with its name as reports print it: `mac.bit`, `clock.matrix`, `leakage.arrays`, `dram.background`, `area.buffer`. */
export function allPrices(list: PriceList): readonly (readonly [name: string, price: Price])[] {
  return [
    ...Object.entries<Price>(list.actions),
    ...Object.entries<Price>(list.clocks),
    ...Object.entries<Price>(list.leakage).map(([c, p]) => [`leakage.${c}`, p] as const),
    ['dram.background', list.dramBackground],
    ...Object.entries<Price>(list.area).map(([c, p]) => [`area.${c}`, p] as const),
  ];
}

/** Lines that explain one entry: what it is, the number with its parts indented, then each source in full. Undefined for an unknown name. */
export function explainPrice(name: string, list: PriceList): string[] | undefined {
  const price = allPrices(list).find(([n]) => n === name)?.[1];
  if (price === undefined) return undefined;
  const docs: Readonly<Record<string, string>> = {
    ...ACTIONS,
    ...CLOCK_DOCS,
    'dram.background': 'power of all DRAM channels at rest',
  };
  return [
    `${name}: ${docs[name] ?? name} (${list.name})`,
    ...price.lines.map((l) => `  ${l}`),
    ...price.sources.map((s) => `  source ${describeSource(s)}`),
  ];
}
