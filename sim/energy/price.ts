/**
 * A price: a number with its unit, its range and the reason to believe it. Leaves are cited, fitted or assumed; sums and products keep the lines of
 * their parts, so that any price can be explained down to its leaves. A product is as weak as its weakest factor; a sum keeps the share of each kind.
 * Ranges are interval arithmetic: all parts low, or all parts high, at once; so a range is an envelope, not a standard deviation.
 */
import { InternalError } from '../../isa/base/errors.ts';
import { SOURCES, type SourceKey } from './sources.ts';

/** fJ per action or per cycle, um2, nW; '1' is a pure factor. */
export type Unit = 'fJ' | 'um2' | 'nW' | '1';
export const BASES = ['cited', 'fitted', 'assumed'] as const;
export type Basis = (typeof BASES)[number];
export type Shares = Readonly<Record<Basis, number>>;
export type Range = readonly [low: number, high: number];

export interface Price {
  readonly value: number;
  readonly low: number;
  readonly high: number;
  readonly unit: Unit;
  /** The weakest basis among the parts. */
  readonly basis: Basis;
  /** Parts of the value by basis; they add up to 1. */
  readonly shares: Shares;
  readonly sources: readonly SourceKey[];
  /** How the number comes about: the first line is the price itself, deeper lines are indented. */
  readonly lines: readonly string[];
}

/** From a source, with the range that the source or its use leaves; without one the number is taken as exact. */
export function cited(
  value: number,
  unit: Unit,
  source: SourceKey,
  what: string,
  range: Range = [value, value],
): Price {
  return leaf(value, unit, 'cited', range, [source], `${what}: ${source}`);
}

/** Set so that a model meets published chips: which ones is part of the price. */
export function fitted(value: number, unit: Unit, toWhichChip: string, what: string, range: Range): Price {
  return leaf(value, unit, 'fitted', range, [], `${what}: fitted to ${toWhichChip}`);
}

/** No source: the reason, and a range wide enough to be believed. */
export function assumed(value: number, unit: Unit, why: string, range: Range): Price {
  return leaf(value, unit, 'assumed', range, [], why);
}

function leaf(
  value: number,
  unit: Unit,
  basis: Basis,
  [low, high]: Range,
  sources: readonly SourceKey[],
  text: string,
): Price {
  if (text.trim() === '') throw new InternalError('a price needs a reason');
  for (const s of sources) if (!(s in SOURCES)) throw new InternalError(`unknown source "${s}"`);
  const shares = { cited: 0, fitted: 0, assumed: 0, [basis]: 1 };
  return made({ value, low, high, unit, basis, shares, sources, lines: [] }, `${basis}, ${text}`);
}

/** Checks order and adds the first line; `below` are the lines of the parts. */
function made(
  p: Omit<Price, 'lines'> & { lines: readonly string[] },
  text: string,
  below: readonly Price[] = [],
): Price {
  if (!(p.low >= 0 && p.low <= p.value && p.value <= p.high && Number.isFinite(p.high))) {
    throw new InternalError(`price out of order: ${p.low} <= ${p.value} <= ${p.high} ${p.unit} (${text})`);
  }
  const unit = p.unit === '1' ? '' : ` ${p.unit}`;
  const range = p.low === p.high ? '' : ` [${short(p.low)} .. ${short(p.high)}]`;
  const lines = [`${short(p.value)}${unit}${range} ${text}`, ...below.flatMap((b) => b.lines.map((l) => `  ${l}`))];
  return { ...p, lines };
}

/** Adds parts of one unit. */
export function sum(parts: readonly Price[], what: string): Price {
  const first = parts[0];
  if (first === undefined || parts.some((p) => p.unit !== first.unit))
    throw new InternalError(`sum of different units: ${what}`);
  const value = total(parts, (p) => p.value);
  const share = (b: Basis) =>
    value === 0 ? total(parts, (p) => p.shares[b]) / parts.length : total(parts, (p) => p.value * p.shares[b]) / value;
  const all = {
    value,
    low: total(parts, (p) => p.low),
    high: total(parts, (p) => p.high),
    unit: first.unit,
    basis: weakest(parts),
    shares: { cited: share('cited'), fitted: share('fitted'), assumed: share('assumed') },
    sources: sourcesOf(parts),
    lines: [],
  };
  return made(all, `= ${what} (sum)`, parts);
}

/** Multiplies a price by pure factors that are prices themselves (scaling, activity). */
export function product(price: Price, factors: readonly Price[], what: string): Price {
  if (factors.some((f) => f.unit !== '1')) throw new InternalError(`factors must be pure numbers: ${what}`);
  const parts = [price, ...factors];
  const multiply = (pick: (p: Price) => number) => parts.reduce((n, p) => n * pick(p), 1);
  const basis = weakest(parts);
  // A factor weakens what it multiplies; shares of the price stay only where the factors are as strong.
  const factorBasis = weakest(factors);
  const shares = demote(price.shares, factorBasis);
  return made(
    {
      value: multiply((p) => p.value),
      low: multiply((p) => p.low),
      high: multiply((p) => p.high),
      unit: price.unit,
      basis,
      shares,
      sources: sourcesOf(parts),
      lines: [],
    },
    `= ${what} (product)`,
    parts,
  );
}

/** Multiplies a price by an exact count. */
export function times(price: Price, count: number, what: string): Price {
  return made(
    { ...price, value: price.value * count, low: price.low * count, high: price.high * count, lines: [] },
    `= ${what} (${short(count)} x)`,
    [price],
  );
}

/** A price as a pure number of `per` of its unit, to multiply with; its parts stay with the price itself. */
export function asFactor(price: Price, per: number, what: string): Price {
  const scaled = { value: price.value / per, low: price.low / per, high: price.high / per };
  return made({ ...price, ...scaled, unit: '1', lines: [] }, `= ${what}, priced apart (${price.basis})`);
}

/** What a machine does not have costs nothing; the reason stands in the list. */
export function absent(unit: Unit, why: string): Price {
  return assumed(0, unit, why, [0, 0]);
}

function demote(shares: Shares, to: Basis): Shares {
  if (to === 'cited') return shares;
  if (to === 'fitted') return { cited: 0, fitted: shares.cited + shares.fitted, assumed: shares.assumed };
  return { cited: 0, fitted: 0, assumed: 1 };
}

function weakest(parts: readonly Price[]): Basis {
  if (parts.some((p) => p.basis === 'assumed')) return 'assumed';
  return parts.some((p) => p.basis === 'fitted') ? 'fitted' : 'cited';
}

function total(parts: readonly Price[], pick: (p: Price) => number): number {
  return parts.reduce((n, p) => n + pick(p), 0);
}

function sourcesOf(parts: readonly Price[]): SourceKey[] {
  return [...new Set(parts.flatMap((p) => p.sources))].sort();
}

/** Four significant figures. */
function short(n: number): string {
  return Number(n.toPrecision(4)).toString();
}
