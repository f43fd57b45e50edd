/** The first screen: what was run, and the four answers (latency, energy, area, efficiency). */
import { formatAreaUm2, formatBytes, formatCount, formatEnergyFj, formatTimePs } from '../../../isa/base/units.ts';
import type { RunResult } from '../schema.ts';

export function identitySection(r: RunResult): string[] {
  return [
    `${r.model.name}  ${formatCount(r.model.macs)} MAC, ${formatCount(r.model.params)} parameters, ${formatBytes(r.model.weightBytes)} of weights`,
    `${r.machine.name}  ${r.machine.summary}`,
    ...(r.machine.overrides.length > 0 ? [`  with ${r.machine.overrides.join('  ')}`] : []),
  ];
}

export function answersSection(r: RunResult): string[] {
  const e = r.energyFj;
  const perSecond = r.latencyPs > 0 ? 1e12 / r.latencyPs : 0;
  const topsW = r.topsPerWatt;
  return [
    `latency   ${formatTimePs(r.latencyPs)}  (${r.cycles.toLocaleString('en-US')} cycles, ${perSecond.toFixed(perSecond < 100 ? 1 : 0)} inferences/s, ${r.state === 'steady' ? 'steady state' : 'cold start'}; cold start ${formatTimePs(r.coldLatencyPs)})`,
    `energy    ${formatEnergyFj(e.total)} [${formatEnergyFj(e.low)} .. ${formatEnergyFj(e.high)}] per inference, chip and DRAM`,
    `area      ${formatAreaUm2(r.areaUm2)} [${formatAreaUm2(r.area.lowUm2)} .. ${formatAreaUm2(r.area.highUm2)}]`,
    `TOPS/W    arrays ${topsW.arrays.toFixed(2)}   chip ${topsW.chip.toFixed(2)}   chip + DRAM ${topsW.chipAndDram.toFixed(2)}   (1 MAC = 2 operations)`,
    `priced    ${percent(e.shares.cited)} cited, ${percent(e.shares.fitted)} fitted, ${percent(e.shares.assumed)} assumed (${r.prices.name}; ${r.prices.activity})`,
  ];
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
