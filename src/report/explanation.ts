/**
 * `qnpu explain`: from one number of a result to what it is made of: a metric to its parts, a cause to the machine fields that act on it, an action to count, price
 * and sources, a layer to its bound and the mapper's reason. Everything is read from the document.
 */
import { formatAreaUm2, formatBytes, formatEnergyFj, formatTimePs } from '../../isa/base/units.ts';
import type { RunResult } from './schema.ts';
import { choiceLines } from './sections/mapping.ts';
import { actionsSection, causesSection } from './sections/why.ts';
import { renderTable } from './table.ts';
import { causeMeaning, energyMeaning, grouped, percent, significant } from './words.ts';
import { wrapText } from './wrap.ts';

/** Fields that act on a cause: which, by whoever knows the machine. */
export type FieldsOf = (cause: string) => readonly string[];

const METRICS = ['latency', 'energy', 'area', 'dram'] as const;

/** Everything that can be asked about. */
export function explainable(r: RunResult): string[] {
  return [
    ...METRICS,
    ...Object.keys(r.causes),
    ...Object.keys(r.energyFj.byAction),
    'leakage',
    ...r.layers.map((l) => l.name),
  ];
}

/** Lines that explain `what`, one of `explainable`. */
export function explain(r: RunResult, what: string, fieldsOf: FieldsOf): string[] {
  if (what === 'latency') return latency(r);
  if (what === 'energy') return energy(r);
  if (what === 'area') return areaLines(r);
  if (what === 'dram') return dram(r);
  if (Object.hasOwn(r.causes, what)) return cause(r, what, fieldsOf(what));
  if (Object.hasOwn(r.energyFj.byAction, what)) return action(r, what);
  if (what === 'leakage') return leakage(r);
  return layer(r, what);
}

const indented = (text: string) => wrapText(text, { first: '  ', rest: '    ' });

function latency(r: RunResult): string[] {
  return [
    `latency: ${formatTimePs(r.latencyPs)} = ${grouped(r.cycles)} cycles of ${grouped(r.latencyPs / r.cycles)} ps`,
    ...indented(
      `the critical path, walked back from the end: every cycle has one cause. No less than ${grouped(r.bounds.boundCycles)} cycles on this machine (${r.bounds.binding}).`,
    ),
    ...(r.pipeline === undefined
      ? []
      : indented(
          `it is the interval between results of a stream; one inference takes ${formatTimePs(r.pipeline.latencyPs)}, through ${r.pipeline.stages} stages.`,
        )),
    ...causesSection(r),
  ];
}

function energy(r: RunResult): string[] {
  const { total, low, high } = r.energyFj;
  return [
    `energy: ${formatEnergyFj(total)} [${formatEnergyFj(low)} .. ${formatEnergyFj(high)}]`,
    ...indented(
      'the sum of counts x prices and of leakage x time; the range is that of its prices, all low or all high.',
    ),
    ...indented(`priced for ${r.prices.name}; ${r.prices.activity}`),
    ...actionsSection(r),
  ];
}

function areaLines(r: RunResult): string[] {
  const parts = Object.entries(r.area.byComponent).sort((a, b) => b[1] - a[1]);
  return [
    `area: ${formatAreaUm2(r.areaUm2)} [${formatAreaUm2(r.area.lowUm2)} .. ${formatAreaUm2(r.area.highUm2)}]`,
    ...renderTable(
      [
        { title: 'component', align: 'left' },
        { title: 'area', align: 'right' },
        { title: '%', align: 'right' },
      ],
      parts.map(([name, um2]) => [name, formatAreaUm2(um2), percent(um2, r.areaUm2)]),
    ),
  ];
}

function dram(r: RunResult): string[] {
  const rows = r.traffic.filter((t) => t.boundary === 'dram');
  const total = rows.reduce((n, t) => n + t.readBytes + t.writeBytes, 0);
  return [
    `dram: ${formatBytes(total)} cross between DRAM and chip; ${formatBytes(r.bounds.compulsoryBytes)} must, at least once`,
    ...renderTable(
      [
        { title: 'layer', align: 'left' },
        { title: 'kind', align: 'left' },
        { title: 'read', align: 'right' },
        { title: 'written', align: 'right' },
      ],
      rows.map((t) => [t.layer, t.kind, formatBytes(t.readBytes), formatBytes(t.writeBytes)]),
    ),
    ...indented(
      `a free DRAM would save ${grouped(r.wall.dramCycles)} cycles (${percent(r.wall.dramCycles, r.cycles)}): that was run.`,
    ),
  ];
}

function cause(r: RunResult, name: string, fields: readonly string[]): string[] {
  const cycles = r.causes[name] ?? 0;
  const tried = r.whatIfs.filter((w) => w.set.some((s) => fields.includes(s.split('=')[0]!)));
  return [
    `${name}: ${causeMeaning(name)}`,
    ...indented(
      `${grouped(cycles)} of ${grouped(r.cycles)} cycles of the critical path (${percent(cycles, r.cycles)}): a perfect remedy saves no more.`,
    ),
    ...(fields.length === 0 ? [] : indented(`machine fields that act on it: ${fields.join(', ')}`)),
    ...tried.flatMap((w) =>
      indented(
        `measured with --set ${w.set.join(' --set ')}: ${grouped(w.cycles)} cycles, ${formatEnergyFj(w.energyFj)}, ${formatAreaUm2(w.areaUm2)}`,
      ),
    ),
  ];
}

function action(r: RunResult, name: string): string[] {
  const a = r.energyFj.byAction[name]!;
  return [
    `${name}: ${energyMeaning(name)}`,
    ...indented(
      `${grouped(a.count)} x ${significant(a.priceFj)} fJ = ${formatEnergyFj(a.energyFj)} (${percent(a.energyFj, r.energyFj.total)} of the energy), ${formatEnergyFj(a.lowFj)} .. ${formatEnergyFj(a.highFj)}`,
    ),
    ...indented(`the price is ${a.basis}: ${a.source}. Down to its parts: qnpu prices ${name} -m <machine>`),
  ];
}

function leakage(r: RunResult): string[] {
  const { leakage: fj, total, byAction } = r.energyFj;
  const rows = Object.entries(byAction).filter(([name]) => name.startsWith('leakage.'));
  return [
    `leakage: ${energyMeaning('leakage')}`,
    ...indented(
      `${formatEnergyFj(fj)} (${percent(fj, total)} of the energy) in ${formatTimePs(r.latencyPs)}: ${significant(fj / r.latencyPs)} mW of ${formatAreaUm2(r.areaUm2)}. Shorter runs and smaller chips leak less.`,
    ),
    ...renderTable(
      [
        { title: 'component', align: 'left' },
        { title: 'energy', align: 'right' },
        { title: '%', align: 'right' },
      ],
      rows
        .sort((x, y) => y[1].energyFj - x[1].energyFj)
        .map(([name, a]) => [name.slice('leakage.'.length), formatEnergyFj(a.energyFj), percent(a.energyFj, fj)]),
    ),
  ];
}

function layer(r: RunResult, name: string): string[] {
  const l = r.layers.find((x) => x.name === name)!;
  const traffic = r.traffic.filter((t) => t.layer === name);
  return [
    `${name}: ${l.op}${l.macs > 0 ? `, M x K x N = ${l.m} x ${l.k} x ${l.n}, ${grouped(l.macs)} MAC${l.macsDone > l.macs ? `, and ${grouped(l.macsDone - l.macs)} of them again` : ''}` : ''}`,
    ...indented(
      `${grouped(l.cycles)} cycles of the critical path (${percent(l.cycles, r.cycles)}); its work and bytes need ${grouped(l.boundCycles)} at least (${l.bound}). What other layers hide has no cycles.`,
    ),
    ...(l.macs > 0 ? indented(`arrays used to ${percent(l.utilization, 1)} of their peak in these cycles`) : []),
    ...(l.mapping === '' ? [] : indented(`mapping: ${l.mapping}`)),
    ...choiceLines(r.mapping?.layers.find((m) => m.layer === name)?.choices ?? []),
    ...indented(`energy ${formatEnergyFj(l.energyFj)} (${percent(l.energyFj, r.energyFj.total)})`),
    ...(traffic.length === 0
      ? []
      : renderTable(
          [
            { title: 'boundary', align: 'left' },
            { title: 'kind', align: 'left' },
            { title: 'read', align: 'right' },
            { title: 'written', align: 'right' },
          ],
          traffic.map((t) => [t.boundary, t.kind, formatBytes(t.readBytes), formatBytes(t.writeBytes)]),
        )),
  ];
}
