/** Why it took that long and that much: critical-path cycles by cause, energy by action. Both add up to their totals. */
import { formatEnergyFj } from '../../../isa/base/units.ts';
import type { RunResult } from '../schema.ts';
import { bar, type Column, renderTable } from '../table.ts';
import { causeMeaning, counted, energyMeaning, energyParts, grouped } from '../words.ts';
import { clip } from '../wrap.ts';

/** Rows shown before the rest is summed into one. */
const SHOWN = 8;
const BAR_COLUMNS = 10;
const MEANING_COLUMNS = 56;

interface Part {
  readonly name: string;
  readonly amount: number;
  readonly meaning: string;
}

const columns = (what: string, amount: string): Column[] => [
  { title: what, align: 'left' },
  { title: amount, align: 'right' },
  { title: '%', align: 'right' },
  { title: '', align: 'left' },
  { title: 'what it is', align: 'left' },
];

export function causesSection(r: RunResult): string[] {
  const parts = Object.entries(r.causes).map(([name, amount]) => ({ name, amount, meaning: causeMeaning(name) }));
  return renderTable(columns('critical path', 'cycles'), topRows(parts, r.cycles, grouped));
}

export function actionsSection(r: RunResult): string[] {
  const parts = energyParts(r).map(([name, amount]) => ({ name, amount, meaning: energyMeaning(name) }));
  return renderTable(columns('energy', 'per inference'), topRows(parts, r.energyFj.total, formatEnergyFj));
}

function topRows(parts: readonly Part[], total: number, format: (n: number) => string): string[][] {
  const sorted = parts.filter((p) => p.amount !== 0).sort((a, b) => b.amount - a.amount || (a.name < b.name ? -1 : 1));
  const shown = sorted.slice(0, sorted.length === SHOWN + 1 ? SHOWN + 1 : SHOWN);
  const rest = sorted.slice(shown.length);
  const share = (n: number) => (total > 0 ? n / total : 0);
  const row = ({ name, amount, meaning }: Part) => [
    name,
    format(amount),
    (100 * share(amount)).toFixed(1),
    bar(share(amount), BAR_COLUMNS),
    clip(meaning, MEANING_COLUMNS),
  ];
  const others = { name: counted(rest.length, 'other'), amount: rest.reduce((n, p) => n + p.amount, 0), meaning: '' };
  return [
    ...shown.map(row),
    ...(rest.length > 0 ? [row(others)] : []),
    ['total', format(total), total > 0 ? '100.0' : '0.0', '', ''],
  ];
}
