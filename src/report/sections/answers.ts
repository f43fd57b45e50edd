/** The first screen: what was run, and the four answers (latency, energy, area, efficiency). */
import { formatBytes, formatCount, formatEnergyFj, formatTimePs } from '../../../isa/base/units.ts';
import type { RunResult } from '../schema.ts';
import { counted, grouped, significant } from '../words.ts';
import { wrapText } from '../wrap.ts';

export function identitySection(r: RunResult): string[] {
  const { model, machine } = r;
  const tensors = (all: RunResult['model']['inputs']) =>
    all.map((t) => `${t.name} ${t.type} ${t.shape.join('x')}`).join(', ');
  const size = `${formatCount(model.macs)} MAC, ${formatCount(model.params)} weights in ${formatBytes(model.weightBytes)}`;
  return [
    ...hanging('model    ', `${model.name}: ${size}; ${tensors(model.inputs)} -> ${tensors(model.outputs)}`),
    ...hanging('machine  ', `${machine.name}: ${machine.summary} (${machine.basis})`),
    ...(machine.overrides.length > 0 ? hanging('  with   ', machine.overrides.join('  ')) : []),
  ];
}

export function answersSection(r: RunResult): string[] {
  const e = r.energyFj;
  const topsW = r.topsPerWatt;
  const perSecond = r.latencyPs > 0 ? 1e12 / r.latencyPs : 0;
  const state = stateText(r);
  const rate = perSecond < 100 ? significant(perSecond) : grouped(perSecond);
  return [
    ...hanging(
      r.pipeline === undefined ? 'latency  ' : 'interval ',
      `${formatTimePs(r.latencyPs)}: ${counted(r.cycles, 'cycle')}, ${rate} inferences/s, ${state}`,
    ),
    ...hanging(
      'energy   ',
      `${formatEnergyFj(e.total)} [${formatEnergyFj(e.low)} .. ${formatEnergyFj(e.high)}] per inference, chip and DRAM`,
    ),
    ...hanging('area     ', `${mm2(r.areaUm2)} [${mm2(r.area.lowUm2)} .. ${mm2(r.area.highUm2)}]`),
    ...hanging(
      'TOPS/W   ',
      `arrays ${significant(topsW.arrays)}, chip ${significant(topsW.chip)}, chip and DRAM ${significant(topsW.chipAndDram)} (1 MAC = 2 operations)`,
    ),
    ...hanging(
      'priced   ',
      `${share(e.shares.cited)} cited, ${share(e.shares.fitted)} fitted, ${share(e.shares.assumed)} assumed (${r.prices.name}; ${r.prices.activity})`,
    ),
    ...(r.values === undefined ? [] : hanging('values   ', valuesText(r.values))),
  ];
}

function stateText(r: RunResult): string {
  if (r.sections !== undefined) return 'every section loaded anew';
  if (r.pipeline !== undefined) {
    const { stages, latencyPs } = r.pipeline;
    return `steady state of a stream; one inference takes ${formatTimePs(latencyPs)} through ${stages} stages; cold start ${formatTimePs(r.coldLatencyPs)}`;
  }
  return r.state === 'steady' ? `steady state; cold start ${formatTimePs(r.coldLatencyPs)}` : 'cold start';
}

function valuesText(v: NonNullable<RunResult['values']>): string {
  const how = v.exact
    ? 'bit-exactly by the simulated program'
    : `by the simulated program on its analog arrays (${v.arrays})`;
  const computed = `${counted(v.samples, 'sample')} computed ${how} (${v.inputSource})`;
  if (v.accuracy === undefined) return computed;
  const { correct, total, labels } = v.accuracy;
  return `${computed}; accuracy ${((100 * correct) / total).toFixed(1)} % (${grouped(correct)} of ${grouped(total)}, ${labels})`;
}

/** A label and its text, broken lines under the text. */
function hanging(label: string, text: string): string[] {
  return wrapText(text, { first: `  ${label}`, rest: ' '.repeat(label.length + 2) });
}

function mm2(um2: number): string {
  return `${significant(um2 / 1e6)} mm2`;
}

function share(part: number): string {
  return `${Math.round(part * 100)} %`;
}
