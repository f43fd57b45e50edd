/** Two runs beside each other: totals, then what made the difference, by cause, action, traffic and layer. */
import { formatAreaUm2, formatBytes, formatEnergyFj, formatTimePs } from '../../isa/base/units.ts';
import { type Comparison, changePercent, type Part } from '../analysis/compare.ts';
import { type Column, renderTable } from './table.ts';
import { causeMeaning, counted, energyMeaning } from './words.ts';
import { clip, wrapText } from './wrap.ts';

const SHOWN = 6;
const MEANING_COLUMNS = 44;

type Format = (n: number) => string;
const UNITS: Readonly<Record<string, Format>> = {
  latency: formatTimePs,
  cold: formatTimePs,
  energy: formatEnergyFj,
  area: formatAreaUm2,
  dram: formatBytes,
};

export function comparisonText(c: Comparison): string {
  const identity = c.differs.flatMap((d) =>
    wrapText(`${d.what}: ${d.before || 'none'} -> ${d.after || 'none'}`, { first: '  ', rest: '    ' }),
  );
  const lines = [
    'What differs',
    ...(identity.length > 0 ? identity : ['  nothing: same model, machine and prices']),
    '',
    'Answers',
    ...table(
      c.metrics,
      (p) => UNITS[p.name]!,
      () => '',
    ),
    ...section('Why: time by cause', c.causesPs, formatTimePs, causeMeaning),
    ...section('Why: energy by action', c.energyFj, formatEnergyFj, energyMeaning),
    ...section('DRAM traffic by kind', c.dramBytes, formatBytes, () => ''),
    ...section('Layers: time on the critical path', c.layersPs, formatTimePs, () => ''),
  ];
  return `${lines.join('\n')}\n`;
}

function section(title: string, parts: readonly Part[], format: Format, meaning: (name: string) => string): string[] {
  const changed = parts.filter((p) => p.delta !== 0);
  if (changed.length === 0) return ['', title, '  no change'];
  const shown = changed.slice(0, changed.length === SHOWN + 1 ? SHOWN + 1 : SHOWN);
  const rest = changed.slice(shown.length);
  const others = sum(counted(rest.length, 'other'), rest);
  const rows = [...shown, ...(rest.length > 0 ? [others] : [])];
  const same = sum(
    'unchanged',
    parts.filter((p) => p.delta === 0),
  );
  const all = [...rows, ...(same.before !== 0 ? [same] : []), sum('total', parts)];
  return ['', title, ...table(all, () => format, meaning)];
}

function sum(name: string, parts: readonly Part[]): Part {
  const total = (pick: (p: Part) => number) => parts.reduce((n, p) => n + pick(p), 0);
  return { name, before: total((p) => p.before), after: total((p) => p.after), delta: total((p) => p.delta) };
}

function table(parts: readonly Part[], format: (p: Part) => Format, meaning: (name: string) => string): string[] {
  const right = (title: string): Column => ({ title, align: 'right' });
  const columns: Column[] = [
    { title: '', align: 'left' },
    right('before'),
    right('after'),
    right('change'),
    right('%'),
  ];
  const words = parts.map((p) => clip(meaning(p.name), MEANING_COLUMNS));
  const named = words.some((w) => w !== '');
  const rows = parts.map((p, i) => {
    const f = format(p);
    const sign = p.delta > 0 ? '+' : p.delta < 0 ? '-' : '';
    const cells = [
      p.name,
      f(p.before),
      f(p.after),
      p.delta === 0 ? '0' : `${sign}${f(Math.abs(p.delta))}`,
      percentText(p),
    ];
    return named ? [...cells, words[i]!] : cells;
  });
  return renderTable(named ? [...columns, { title: 'what it is', align: 'left' }] : columns, rows);
}

function percentText(p: Part): string {
  if (p.delta !== 0 && p.before === 0) return 'new';
  const percent = changePercent(p);
  return `${percent > 0 ? '+' : ''}${percent.toFixed(1)}`;
}
