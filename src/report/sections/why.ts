/** Why it took that long and that much: critical-path cycles by cause, energy by action. Both add up to their totals. */
import { formatEnergyFj } from '../../../isa/base/units.ts';
import type { RunResult } from '../schema.ts';
import { bar, renderTable } from '../table.ts';

/** Rows shown before the rest is summed into one. */
const SHOWN = 8;

export function causesSection(r: RunResult): string[] {
  const rows = topRows(Object.entries(r.causes), r.cycles, (n) => n.toLocaleString('en-US'));
  return renderTable(
    [
      { title: 'critical path', align: 'left' },
      { title: 'cycles', align: 'right' },
      { title: '%', align: 'right' },
      { title: '', align: 'left' },
    ],
    rows,
  );
}

export function actionsSection(r: RunResult): string[] {
  const entries = Object.entries(r.energyFj.byAction).map(([name, a]) => [name, a.energyFj] as const);
  const rows = topRows([...entries, ['leakage', r.energyFj.leakage]], r.energyFj.total, formatEnergyFj);
  return renderTable(
    [
      { title: 'energy', align: 'left' },
      { title: 'per inference', align: 'right' },
      { title: '%', align: 'right' },
      { title: '', align: 'left' },
    ],
    rows,
  );
}

function topRows(
  entries: readonly (readonly [string, number])[],
  total: number,
  format: (n: number) => string,
): string[][] {
  const sorted = entries.filter(([, n]) => n !== 0).sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  const shown = sorted.slice(0, SHOWN);
  const rest = sorted.slice(SHOWN);
  const row = (name: string, n: number) => [
    name,
    format(n),
    total > 0 ? ((100 * n) / total).toFixed(1) : '0.0',
    bar(total > 0 ? n / total : 0, 20),
  ];
  const rows = shown.map(([name, n]) => row(name, n));
  if (rest.length > 0)
    rows.push(
      row(
        `${rest.length} others`,
        rest.reduce((s, [, n]) => s + n, 0),
      ),
    );
  rows.push(['total', format(total), total > 0 ? '100.0' : '0.0', '']);
  return rows;
}
