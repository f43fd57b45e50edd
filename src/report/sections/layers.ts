/** The layers that cost most, the rest in one row, so that the columns add up to the whole. */
import { formatBytes, formatEnergyFj } from '../../../isa/base/units.ts';
import type { RunResult } from '../schema.ts';
import { type Column, renderTable } from '../table.ts';
import { counted, doneAgain, grouped, opText, significant } from '../words.ts';
import { shorten, wrapText } from '../wrap.ts';

const SHOWN = 6;
const NAME_COLUMNS = 24;
type Layer = RunResult['layers'][number];

const COLUMNS: readonly Column[] = [
  { title: 'layer', align: 'left' },
  { title: 'op', align: 'left' },
  { title: 'MxKxN', align: 'right' },
  { title: 'cycles', align: 'right' },
  { title: 'energy', align: 'right' },
  { title: 'DRAM', align: 'right' },
  { title: 'x bound', align: 'right' },
  { title: 'bound by', align: 'left' },
  { title: 'use', align: 'right' },
];

export function layersSection(r: RunResult): string[] {
  const sorted = [...r.layers].sort((a, b) => b.cycles - a.cycles);
  const busy = sorted.filter((l) => l.cycles > 0);
  const shown = busy.slice(0, busy.length === SHOWN + 1 && busy.length === sorted.length ? SHOWN + 1 : SHOWN);
  const rest = sorted.slice(shown.length);
  const rows = shown.map((l) => [
    shorten(l.name, NAME_COLUMNS),
    opText(l.op),
    l.macs > 0 ? `${l.m}x${l.k}x${l.n}` : '',
    ...sums([l]),
    ...bound(l.cycles, l.boundCycles, l.bound),
    l.macs > 0 ? `${significant(Number((100 * l.utilization).toPrecision(2)))} %` : '',
  ]);
  if (rest.length > 0) rows.push([counted(rest.length, 'other'), '', '', ...sums(rest), '', '', '']);
  rows.push(['total', '', '', ...sums(r.layers), ...bound(r.cycles, r.bounds.boundCycles, r.bounds.binding), '']);
  return [
    ...renderTable(COLUMNS, rows),
    ...wrapText(
      `x bound: cycles on the critical path over the least that the layer's work, or its DRAM bytes, can take. use: MACs over the peak of the unit at these widths. Work hidden behind other layers has no cycles. ${doneAgain(r.layers)}`.trim(),
      { first: '  ', rest: '  ' },
    ),
  ];
}

function bound(cycles: number, boundCycles: number, by: string): [string, string] {
  return cycles > 0 && boundCycles > 0 ? [(cycles / boundCycles).toFixed(2), by] : ['', ''];
}

function sums(layers: readonly Layer[]): string[] {
  const add = (f: (l: Layer) => number) => layers.reduce((s, l) => s + f(l), 0);
  return [grouped(add((l) => l.cycles)), formatEnergyFj(add((l) => l.energyFj)), formatBytes(add((l) => l.dramBytes))];
}
