/** Every layer with its cycles, energy and distance to its bound; and what to try. */
import { formatBytes, formatEnergyFj } from '../../../isa/base/units.ts';
import type { RunResult } from '../schema.ts';
import { adviceOf, changesText } from '../sections/advice.ts';
import { doneAgain, grouped, opText, significant } from '../words.ts';
import { escapeHtml, mini, type Row, table } from './parts.ts';

/** Layers in the open table; the others are behind a click. */
const SHOWN = 12;
const HEADINGS = [
  { title: 'layer', kind: 'name' },
  { title: 'op', kind: 'what' },
  { title: 'M x K x N', kind: 'n' },
  { title: 'cycles', kind: 'n' },
  { title: '', kind: 'graph' },
  { title: 'energy', kind: 'n' },
  { title: 'DRAM', kind: 'n' },
  { title: 'x bound', kind: 'n' },
  { title: 'bound by' },
  { title: 'use', kind: 'n' },
] as const;

export function layersPart(r: RunResult): string {
  const sorted = [...r.layers].sort((a, b) => b.cycles - a.cycles);
  const most = Math.max(1, ...sorted.map((l) => l.cycles));
  const rows = sorted.map((l) => layerRow(l, most));
  const sum = (f: (l: RunResult['layers'][number]) => number) => r.layers.reduce((n, l) => n + f(l), 0);
  const total: Row = {
    kind: 'sum',
    cells: [
      'total',
      '',
      '',
      grouped(sum((l) => l.cycles)),
      '',
      formatEnergyFj(sum((l) => l.energyFj)),
      formatBytes(sum((l) => l.dramBytes)),
      r.bounds.boundCycles > 0 ? (r.cycles / r.bounds.boundCycles).toFixed(2) : '',
      escapeHtml(r.bounds.binding),
      '',
    ],
  };
  const hidden = rows.slice(SHOWN);
  return `<h2>Layers</h2>
<p class="soft">By cycles on the critical path; work hidden behind other layers has none. x bound: those cycles over the least that the layer's work, or its DRAM bytes, can take. use: MACs over the peak at these widths. ${escapeHtml(doneAgain(r.layers))}</p>
${table(HEADINGS, [...rows.slice(0, SHOWN), ...(hidden.length === 0 ? [total] : [])])}${
  hidden.length === 0
    ? ''
    : `\n<details><summary>all ${rows.length} layers, and their total</summary>${table(HEADINGS, [...rows, total])}</details>`
}`;
}

function layerRow(l: RunResult['layers'][number], most: number): Row {
  const bound = l.cycles > 0 && l.boundCycles > 0;
  return {
    cells: [
      `<span title="${escapeHtml(l.mapping)}">${escapeHtml(l.name)}</span>`,
      `<span title="${escapeHtml(l.op)}">${escapeHtml(opText(l.op))}</span>`,
      l.macs > 0 ? `${l.m} x ${l.k} x ${l.n}` : '',
      grouped(l.cycles),
      mini([[l.cycles, 0]], most),
      formatEnergyFj(l.energyFj),
      formatBytes(l.dramBytes),
      bound ? (l.cycles / l.boundCycles).toFixed(2) : '',
      bound ? escapeHtml(l.bound) : '',
      l.macs > 0 && l.cycles > 0 ? `${significant(Number((100 * l.utilization).toPrecision(2)))} %` : '',
    ],
  };
}

export function tryPart(r: RunResult): string {
  const { helped, idle, ideas } = adviceOf(r);
  const items = [
    ...helped.map(
      (w) => `<code>--set ${w.set.map(escapeHtml).join(' --set ')}</code>: ${escapeHtml(changesText(r, w))} (measured)`,
    ),
    ...ideas.map((i) => `${escapeHtml(i.evidence)}: ${escapeHtml(i.remedies.join('; '))}`),
  ];
  const tried =
    idle.length === 0
      ? ''
      : `<p class="soft">Tried, without 1 % of effect: ${idle.map((f) => `<code>${escapeHtml(f)}</code>`).join(', ')}</p>`;
  return `<h2>What to try</h2>
${items.length === 0 ? '<p>Nothing stands out: no cause takes more than 5 % of the critical path.</p>' : `<ul>${items.map((i) => `<li>${i}</li>`).join('')}</ul>`}
${tried}`;
}
