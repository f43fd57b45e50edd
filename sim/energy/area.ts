/** Area of the chip by component, from the area entries of a price list. Leaves out what no source at hand gives: DRAM PHY and controller, pads, power grid, test. */
import { COMPONENTS, type Component } from './actions.ts';
import type { Basis } from './price.ts';
import type { PriceList } from './price-list.ts';

export interface AreaItem {
  readonly um2: number;
  readonly lowUm2: number;
  readonly highUm2: number;
  readonly basis: Basis;
  readonly source: string;
}

export interface AreaResult {
  /** Sums of the components, whole um2. */
  readonly totalUm2: number;
  readonly lowUm2: number;
  readonly highUm2: number;
  readonly byComponent: Readonly<Record<Component, AreaItem>>;
  readonly excludes: readonly string[];
}

export function area(list: PriceList): AreaResult {
  const items = COMPONENTS.map((c) => {
    const p = list.area[c];
    const source = p.sources.length > 0 ? p.sources.join(', ') : (p.lines[0] ?? '');
    return [
      c,
      { um2: Math.round(p.value), lowUm2: Math.round(p.low), highUm2: Math.round(p.high), basis: p.basis, source },
    ] as const;
  });
  const total = (of: (i: AreaItem) => number) => items.reduce((n, [, i]) => n + of(i), 0);
  return {
    totalUm2: total((i) => i.um2),
    lowUm2: total((i) => i.lowUm2),
    highUm2: total((i) => i.highUm2),
    byComponent: Object.fromEntries(items) as Record<Component, AreaItem>,
    excludes: ['DRAM PHY and controller', 'pads', 'power grid', 'test'],
  };
}
