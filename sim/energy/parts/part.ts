/** What every part of the chip answers: prices of its actions, its area, its leakage. A part is data made from the machine; it knows no names of chips. */
import type { ActionName } from '../../../isa/demand/actions.ts';
import type { Component } from '../actions.ts';
import { type Price, product, times } from '../price.ts';
import { placedGates } from '../technology/gates.ts';
import type { Corner } from '../technology/scaling.ts';
import { layoutOverhead, logicLeakage } from '../technology/static.ts';

/** Area in um2 and leakage in nW of one component, all its copies. */
export interface Footprint {
  readonly area: Price;
  readonly leakage: Price;
}

export interface Part<A extends ActionName, C extends Component> {
  readonly actions: Readonly<Record<A, Price>>;
  readonly components: Readonly<Record<C, Footprint>>;
}

/** Logic of the given gate area, `copies` times: placed with overhead, leaking by its area. */
export function logicFootprint(gates: Price, copies: number, corner: Corner, name: string): Footprint {
  const area = product(times(gates, copies, name), [layoutOverhead()], `area of ${name}`);
  return { area, leakage: logicLeakage(area, corner, name) };
}

/** The same thing several times, e.g. in each core. */
export function copies(f: Footprint, count: number, what: string): Footprint {
  if (count === 1) return f;
  return { area: times(f.area, count, what), leakage: times(f.leakage, count, what) };
}

/** Gates of an array, whose area figures were validated on placed macros: no overhead on top, but the spread of that validation. */
export function arrayFootprint(gates: Price, copies: number, corner: Corner, name: string): Footprint {
  const area = product(times(gates, copies, name), [placedGates()], `area of ${name}`);
  return { area, leakage: logicLeakage(area, corner, name) };
}
