/** What was run, warnings, the answers as cards, and the stamps that make the page repeatable. */
import { formatBytes, formatCount, formatEnergyFj, formatTimePs } from '../../../isa/base/units.ts';
import type { RunResult } from '../schema.ts';
import { counted, grouped, percent, significant } from '../words.ts';
import { escapeHtml } from './parts.ts';

export function identityPart(r: RunResult): string {
  const { model, machine } = r;
  const tensors = (all: RunResult['model']['inputs']) =>
    all.map((t) => `${t.name} ${t.type} ${t.shape.join(' x ')}`).join(', ');
  const size = `${formatCount(model.macs)} MAC, ${formatCount(model.params)} weights in ${formatBytes(model.weightBytes)}`;
  const overrides = machine.overrides.map((o) => `<code>${escapeHtml(o)}</code>`).join(' ');
  return `<h1>${escapeHtml(model.name)} on ${escapeHtml(machine.name)}</h1>
<p class="soft">${escapeHtml(`${size}; ${tensors(model.inputs)} → ${tensors(model.outputs)}`)}</p>
<p class="soft">${escapeHtml(`${machine.summary} (${machine.basis})`)}</p>${overrides === '' ? '' : `\n<p>changed: ${overrides}</p>`}`;
}

export function warningsPart(r: RunResult): string {
  return r.warnings.map((w) => `<p class="warn">${escapeHtml(w)}</p>`).join('\n');
}

export function answersPart(r: RunResult): string {
  const e = r.energyFj;
  const mm2 = (um2: number) => significant(um2 / 1e6);
  const card = (value: string, ...lines: readonly string[]) =>
    `<div class="card"><b>${escapeHtml(value)}</b>${lines.map((l) => `<span>${escapeHtml(l)}</span>`).join('')}</div>`;
  const perSecond = r.latencyPs > 0 ? 1e12 / r.latencyPs : 0;
  const rate = perSecond < 100 ? significant(perSecond) : grouped(perSecond);
  const accuracy = r.values?.accuracy;
  const cards = [
    card(
      formatTimePs(r.latencyPs),
      `${r.pipeline === undefined ? 'latency' : 'interval'}, ${r.state === 'steady' ? 'steady state' : 'cold start'}`,
      `${counted(r.cycles, 'cycle')}, ${rate} inferences/s`,
      ...(r.pipeline === undefined
        ? []
        : [`one inference ${formatTimePs(r.pipeline.latencyPs)}, ${r.pipeline.stages} stages`]),
      ...(r.state === 'steady' ? [`cold start ${formatTimePs(r.coldLatencyPs)}`] : []),
    ),
    card(
      formatEnergyFj(e.total),
      'energy per inference, chip and DRAM',
      `range ${formatEnergyFj(e.low)} .. ${formatEnergyFj(e.high)}`,
    ),
    card(
      `${significant(r.topsPerWatt.chipAndDram)} TOPS/W`,
      'chip and DRAM; 1 MAC = 2 operations',
      `chip ${significant(r.topsPerWatt.chip)}, arrays ${significant(r.topsPerWatt.arrays)}`,
    ),
    card(`${mm2(r.areaUm2)} mm²`, 'area', `range ${mm2(r.area.lowUm2)} .. ${mm2(r.area.highUm2)} mm²`),
    card(percent(r.wall.dramCycles, r.cycles), 'of the time is the DRAM wall', 'what a free DRAM would save, by a run'),
    card(
      r.bounds.boundCycles > 0 ? `${(r.cycles / r.bounds.boundCycles).toFixed(2)} x` : 'no bound',
      'above the lower bound',
      `${counted(r.bounds.boundCycles, 'cycle')}, set by ${r.bounds.binding}`,
    ),
    ...(accuracy === undefined
      ? []
      : [
          card(
            percent(accuracy.correct, accuracy.total),
            `accuracy, ${grouped(accuracy.correct)} of ${grouped(accuracy.total)}`,
            r.values?.exact === true
              ? 'computed bit-exactly by the simulated program'
              : `computed on analog arrays: ${r.values?.arrays ?? ''}`,
          ),
        ]),
  ];
  return `<div class="cards">${cards.join('')}</div>`;
}

export function stampsPart(r: RunResult): string {
  const text = `qnpu ${r.tool}, ISA ${r.isa}, model ${r.model.hash}, machine ${r.machine.hash}, prices ${r.prices.name} ${r.prices.hash} (${r.prices.activity}), seed ${r.seed}`;
  return `<footer class="soft small"><p>${escapeHtml(text)}</p></footer>`;
}
