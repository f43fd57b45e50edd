/** The layers that cost most, the rest in one row, so that the columns add up to the whole. */
import { formatBytes, formatEnergyFj } from '../../../isa/base/units.ts';
import type { RunResult } from '../schema.ts';
import { renderTable } from '../table.ts';

const SHOWN = 6;
type Layer = RunResult['layers'][number];

export function layersSection(r: RunResult): string[] {
  const sorted = [...r.layers].sort((a, b) => b.cycles - a.cycles);
  const shown = sorted.slice(0, SHOWN);
  const rest = sorted.slice(SHOWN);
  const rows = shown.map((l) => [
    l.name,
    l.op,
    l.macs > 0 ? `${l.m}x${l.k}x${l.n}` : '',
    ...sums([l]),
    l.boundCycles > 0 ? (l.cycles / l.boundCycles).toFixed(2) : '',
    l.bound,
    l.macs > 0 ? `${(100 * l.utilization).toFixed(0)} %` : '',
  ]);
  if (rest.length > 0) rows.push([`${rest.length} others`, '', '', ...sums(rest), '', '', '']);
  rows.push([
    'total',
    '',
    '',
    ...sums(r.layers),
    r.bounds.boundCycles > 0 ? (r.cycles / r.bounds.boundCycles).toFixed(2) : '',
    r.bounds.binding,
    '',
  ]);
  return renderTable(
    [
      { title: 'layer', align: 'left' },
      { title: 'op', align: 'left' },
      { title: 'MxKxN', align: 'right' },
      { title: 'cycles', align: 'right' },
      { title: 'energy', align: 'right' },
      { title: 'DRAM', align: 'right' },
      { title: 'x bound', align: 'right' },
      { title: 'bound by', align: 'left' },
      { title: 'use', align: 'right' },
    ],
    rows,
  );
}

function sums(layers: readonly Layer[]): string[] {
  const add = (f: (l: Layer) => number) => layers.reduce((s, l) => s + f(l), 0);
  return [
    add((l) => l.cycles).toLocaleString('en-US'),
    formatEnergyFj(add((l) => l.energyFj)),
    formatBytes(add((l) => l.dramBytes)),
  ];
}
