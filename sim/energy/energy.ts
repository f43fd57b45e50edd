/**
 * Energy = counts x prices + clock + leakage + DRAM background. Every product is rounded to a whole femtojoule once, and every total is a sum of those, so
 * columns add up exactly (to 2^53 fJ, 9 J). Low and high take all prices at that end at once. Nothing here simulates: another list prices the same run again.
 */
import { ACTION_NAMES, type ActionCounts, type ActionName } from '../../isa/demand/actions.ts';
import type { UnitKind } from '../../isa/instructions/table.ts';
import { ACTION_SCOPE, COMPONENT_SCOPE, COMPONENTS, type Component, SCOPES, type Scope } from './actions.ts';
import type { Basis, Price, Shares } from './price.ts';
import { CLOCK_NAMES, type ClockName, type PriceList } from './price-list.ts';

/** What is priced; a SimResult fits. */
export interface PricedRun {
  readonly cycles: number;
  readonly latencyPs: number;
  readonly actions: ActionCounts;
  readonly units: readonly { readonly kind: UnitKind; readonly busyCycles: number }[];
  readonly layerActions: ReadonlyMap<number, ActionCounts>;
  readonly layerCycles: ReadonlyMap<number, number>;
}

export interface EnergyItem {
  /** Actions, busy cycles, or picoseconds (leakage and DRAM background). */
  readonly count: number;
  /** fJ of one; a real number. */
  readonly priceFj: number;
  readonly energyFj: number;
  readonly lowFj: number;
  readonly highFj: number;
  readonly basis: Basis;
  /** Keys of the sources, or the first reason where there is none. */
  readonly source: string;
}

export interface EnergyResult {
  /** All of byAction plus leakageFj. */
  readonly totalFj: number;
  readonly lowFj: number;
  readonly highFj: number;
  /** Actions, `clock.*` (count: busy cycles) and `dram.background` (count: ps). */
  readonly byAction: Readonly<Record<string, EnergyItem>>;
  readonly leakageByComponent: Readonly<Record<Component, EnergyItem>>;
  readonly leakageFj: number;
  /** The clock.* rows of byAction. */
  readonly clockFj: number;
  /** Energy inside each scope; a scope contains those before it, the last is totalFj. */
  readonly byScope: Readonly<Record<Scope, number>>;
  /** Parts of the total by basis; add up to 1, or are 0 when there is no energy. */
  readonly shares: Shares;
  /** By layer index: own actions, and clock, leakage and background by its share of the cycles, rounded down; -1 takes the rest, so they add up. */
  readonly byLayer: ReadonlyMap<number, number>;
}

/** nW x ps = 1e-21 J = 1e-6 fJ. */
const FJ_PER_NW_PS = 1e-6;

export function energy(run: PricedRun, list: PriceList): EnergyResult {
  const rows: Row[] = [
    ...ACTION_NAMES.map((a) => row(a, ACTION_SCOPE[a], run.actions[a], list.actions[a])),
    ...CLOCK_NAMES.map((c) => row(c, c === 'clock.matrix' ? 'arrays' : 'chip', clockCycles(c, run), list.clocks[c])),
    row('dram.background', 'chipAndDram', run.latencyPs, list.dramBackground, FJ_PER_NW_PS),
  ];
  const leaks = COMPONENTS.map((c) => row(c, COMPONENT_SCOPE[c], run.latencyPs, list.leakage[c], FJ_PER_NW_PS));
  const all = [...rows, ...leaks];
  const totalFj = add(all, (r) => r.item.energyFj);
  return {
    totalFj,
    lowFj: add(all, (r) => r.item.lowFj),
    highFj: add(all, (r) => r.item.highFj),
    byAction: record(rows),
    leakageByComponent: record(leaks) as Record<Component, EnergyItem>,
    leakageFj: add(leaks, (r) => r.item.energyFj),
    clockFj: add(
      rows.filter((r) => r.name.startsWith('clock.')),
      (r) => r.item.energyFj,
    ),
    byScope: scopes(all),
    shares: sharesOf(all, totalFj),
    byLayer: layers(run, list, all, totalFj),
  };
}

interface Row {
  readonly name: string;
  readonly scope: Scope;
  readonly item: EnergyItem;
  readonly shares: Shares;
}

function row(name: string, scope: Scope, count: number, price: Price, unit = 1): Row {
  const at = (each: number) => Math.round(count * (each * unit));
  const item = {
    count,
    priceFj: price.value * unit,
    energyFj: at(price.value),
    lowFj: at(price.low),
    highFj: at(price.high),
    basis: price.basis,
    source: price.sources.length > 0 ? price.sources.join(', ') : (price.lines[0] ?? ''),
  };
  return { name, scope, item, shares: price.shares };
}

function clockCycles(clock: ClockName, run: PricedRun): number {
  if (clock === 'clock.always') return run.cycles;
  return add(
    run.units.filter((u) => `clock.${u.kind}` === clock),
    (u) => u.busyCycles,
  );
}

function record(rows: readonly Row[]): Record<string, EnergyItem> {
  return Object.fromEntries(rows.map((r) => [r.name, r.item]));
}

function add<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((n, i) => n + of(i), 0);
}

function scopes(rows: readonly Row[]): Record<Scope, number> {
  const inside = (scope: Scope) => rows.filter((r) => SCOPES.indexOf(r.scope) <= SCOPES.indexOf(scope));
  return Object.fromEntries(SCOPES.map((s) => [s, add(inside(s), (r) => r.item.energyFj)])) as Record<Scope, number>;
}

function sharesOf(rows: readonly Row[], totalFj: number): Shares {
  const share = (b: Basis) => (totalFj === 0 ? 0 : add(rows, (r) => r.item.energyFj * r.shares[b]) / totalFj);
  return { cited: share('cited'), fitted: share('fitted'), assumed: share('assumed') };
}

function layers(run: PricedRun, list: PriceList, rows: readonly Row[], totalFj: number): Map<number, number> {
  const perCycle =
    run.cycles === 0
      ? 0
      : add(
          rows.filter((r) => !(r.name in run.actions)),
          (r) => r.item.energyFj,
        ) / run.cycles;
  const result = new Map<number, number>();
  const indices = new Set([...run.layerActions.keys(), ...run.layerCycles.keys()].filter((i) => i >= 0));
  for (const index of [...indices].sort((a, b) => a - b)) {
    const counts = run.layerActions.get(index);
    const prices = list.byLayer.get(index);
    const priceOf = (a: ActionName) => prices?.[a] ?? list.actions[a].value;
    // Layer prices differ from the mean by rounding, which must not leave the rest below zero.
    const own = counts === undefined ? 0 : add(ACTION_NAMES, (a) => Math.floor(counts[a] * priceOf(a) * (1 - 1e-12)));
    result.set(index, own + Math.floor(perCycle * (run.layerCycles.get(index) ?? 0)));
  }
  result.set(-1, totalFj - add([...result.values()], (v) => v));
  return result;
}

/** TOPS/W in each scope: 2 operations a MAC over energy; 0 where there is no energy. */
export function efficiency(result: EnergyResult, macs: number): Readonly<Record<Scope, number>> {
  const topsPerWatt = (fj: number) => (fj === 0 ? 0 : (2 * macs * 1000) / fj);
  return {
    arrays: topsPerWatt(result.byScope.arrays),
    chip: topsPerWatt(result.byScope.chip),
    chipAndDram: topsPerWatt(result.byScope.chipAndDram),
  };
}
