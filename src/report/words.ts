/** Keys of the result in words: the same in every report. An unknown key (of a newer document) has none. */
import { formatCount } from '../../isa/base/units.ts';
import { ACTIONS } from '../../isa/demand/actions.ts';
import { CLOCK_DOCS } from '../../sim/energy/price-list.ts';
import { CAUSE_MEANING } from '../../sim/timing/causes.ts';
import type { RunResult } from './schema.ts';

const CAUSES: Readonly<Record<string, string>> = CAUSE_MEANING;
const ENERGIES: Readonly<Record<string, string>> = {
  ...ACTIONS,
  ...CLOCK_DOCS,
  'dram.background': 'power of all DRAM channels at rest',
  leakage: 'what all gates and cells on chip leak, busy or not',
};

/** Energy by action, with leakage of all components as one part. */
export function energyParts(r: RunResult): [string, number][] {
  const actions = Object.entries(r.energyFj.byAction).filter(([name]) => !name.startsWith('leakage.'));
  return [...actions.map(([name, a]): [string, number] => [name, a.energyFj]), ['leakage', r.energyFj.leakage]];
}

export function causeMeaning(cause: string): string {
  return CAUSES[cause] ?? '';
}

export function energyMeaning(action: string): string {
  const component = /^leakage\.(.+)$/.exec(action)?.[1];
  if (component !== undefined) return `what the gates and cells of ${component} leak, busy or not`;
  return ENERGIES[action] ?? '';
}

/** `1 sample`, `1,000 samples`. */
export function counted(n: number, noun: string): string {
  return `${grouped(n)} ${noun}${n === 1 ? '' : 's'}`;
}

/** A sentence on MACs that are done more than once; '' where there are none. */
export function doneAgain(layers: RunResult['layers']): string {
  const more = layers.filter((l) => l.macsDone > l.macs);
  const extra = more.reduce((n, l) => n + l.macsDone - l.macs, 0);
  const all = layers.reduce((n, l) => n + l.macs, 0);
  return more.length === 0
    ? ''
    : `Done again: ${formatCount(extra)} MAC, ${percent(extra, all)} of the network's, in ${counted(more.length, 'layer')}; rows that two bands or tiles need are computed by both, so that values between layers stay on the core.`;
}

/** A whole number in groups of three digits. */
export function grouped(n: number): string {
  return Math.round(n)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ',');
}

/** A share of a whole as `12.3 %`; two digits below one tenth. */
export function percent(part: number, whole: number): string {
  return `${(whole > 0 ? (100 * part) / whole : 0).toFixed(1)} %`;
}

/** Three significant figures, for ratios that may be tiny: 4.85, 0.0021. */
export function significant(n: number): string {
  return n === 0 ? '0' : Math.abs(n) >= 100 ? grouped(n) : String(Number(n.toPrecision(3)));
}

/** The first op and how many are fused behind it. */
export function opText(op: string): string {
  const [first = '', ...fused] = op.split('+');
  return fused.length === 0 ? first : `${first} +${fused.length}`;
}
