/**
 * Runs with data: the simulated program computes the outputs, sample by sample, on memories that keep what is resident. Inputs are given as real
 * numbers for float inputs and as codes for integer ones.
 */
import type { Compiled } from '../../compiler/compile.ts';
import { InputError, SimFault } from '../../isa/base/errors.ts';
import type { AnalogCim, Machine } from '../../isa/machine/schema.ts';
import { type AnalogArrays, deviates, resolvesEverySum, type ValuesMode } from '../../sim/exec/analog.ts';
import { execute, type OutputCodes } from '../../sim/exec/execute.ts';
import type { LayerStatistics } from '../../sim/exec/statistics.ts';
import { formatFinding } from '../../sim/order/format.ts';
import type { Statistics } from './simulate-model.ts';

export interface ValueRun {
  readonly samples: number;
  /** Outputs of all samples by name, concatenated in order. */
  readonly outputs: ReadonlyMap<string, Float64Array>;
  /** What went through the arrays in the first samples, up to STATISTICS_SAMPLES of them. */
  readonly statistics: Statistics;
}

/** Samples whose operands are counted: enough for a mean, few enough to cost nothing beside the run. */
export const STATISTICS_SAMPLES = 8;

/** What the report says of the arrays that computed. */
export interface ArrayMode {
  readonly mode: ValuesMode;
  /** Every product is exact, so that values are those of the network's integers, bit for bit. */
  readonly exact: boolean;
  /** In words: what deviates. */
  readonly arrays: string;
}

/** Throws InputError where `noisy` is asked of a machine that has nothing random. */
export function arrayMode(machine: Machine, mode: ValuesMode, seed: number): ArrayMode {
  const { matrix } = machine.core;
  if (matrix.kind !== 'analog-cim') {
    if (mode === 'exact') return { mode, exact: true, arrays: 'digital arrays are exact' };
    const message = `--values noisy: the arrays of ${machine.name} are digital (${matrix.kind}) and compute exactly`;
    const hint = 'use --values exact, or an analog machine: -m jia-65nm --set core.matrix.nonIdealities.cellSigma=0.05';
    throw new InputError(message, {
      code: 'E-VALUES-NOISY',
      diagnostics: [{ code: 'E-VALUES-NOISY', where: 'core.matrix.kind', message, expected: 'analog-cim', hint }],
    });
  }
  const resolved = resolvesEverySum(matrix);
  const adc = resolved
    ? `${matrix.adcBits}-bit ADCs resolve every sum`
    : `${matrix.adcBits}-bit ADCs quantize, and clip at ${matrix.adcFullScale}`;
  if (mode === 'exact' || !deviates(matrix)) return { mode, exact: resolved, arrays: `${adc}; nothing random` };
  return { mode, exact: false, arrays: `${adc}; ${deviationText(matrix.nonIdealities)}, drawn from seed ${seed}` };
}

function deviationText(n: AnalogCim['nonIdealities']): string {
  const percent = (share: number) => `${Number((100 * share).toPrecision(3))} %`;
  return [
    n.cellSigma > 0 ? `cells vary by ${percent(n.cellSigma)}` : '',
    n.stuckAtZero > 0 ? `${percent(n.stuckAtZero)} are stuck at zero` : '',
    n.stuckAtTop > 0 ? `${percent(n.stuckAtTop)} are stuck at the top` : '',
    n.readNoiseSteps > 0 ? `read noise of ${n.readNoiseSteps} ADC steps` : '',
    n.adcOffsetSteps > 0 ? `ADC offsets of ${n.adcOffsetSteps} steps` : '',
  ]
    .filter((text) => text !== '')
    .join(', ');
}

/** What to say where random deviations were stated and not asked for, or asked for and not stated. */
export function modeNotes(machine: Machine, mode: ValuesMode): string[] {
  const { matrix } = machine.core;
  if (matrix.kind !== 'analog-cim') return [];
  const random = deviates(matrix);
  if (mode === 'noisy' && !random)
    return [
      `--values noisy is as --values exact: all non-idealities of ${machine.name} are zero; state some, e.g. --set core.matrix.nonIdealities.cellSigma=0.05`,
    ];
  if (mode === 'exact' && random)
    return [
      `values are those of the arrays as designed: ${machine.name} states non-idealities, which --values noisy applies`,
    ];
  return [];
}

/**
 * `samples[i]` maps input names to data. The first sample runs from cold, the others in steady state; the order of both programs is checked. A
 * pipeline gives a sample as many runs later as it says; the last sample is put in again until it comes out.
 */
export function runValues(
  compiled: Compiled,
  machine: Machine,
  samples: readonly ReadonlyMap<string, ArrayLike<number>>[],
  analog?: AnalogArrays,
): ValueRun {
  const outputs = new Map<string, Float64Array>();
  const statistics: ReadonlyMap<number, LayerStatistics>[] = [];
  let memories: ReturnType<typeof execute>['memories'] | undefined;
  const delay = samples.length > 1 ? compiled.delayRuns : 0;
  for (let r = 0; r < samples.length + delay; r++) {
    const program = r === 0 ? compiled.program : (compiled.steadyProgram ?? compiled.program);
    const run = execute(program, machine, samples[Math.min(r, samples.length - 1)]!, {
      ...(memories === undefined ? {} : { memories }),
      ...(analog === undefined ? {} : { analog }),
      checkOrder: r < 2,
      statistics: r < Math.min(samples.length, STATISTICS_SAMPLES),
    });
    const finding = run.findings?.[0];
    if (finding !== undefined) throw new SimFault(formatFinding(finding, program), { code: 'E-SIM-ORDER' });
    memories = run.memories;
    if (run.statistics !== undefined) statistics.push(run.statistics.layers);
    const done = Math.max(0, r - delay);
    for (const [name, data] of run.outputs) store(outputs, name, data, done, samples.length);
  }
  return { samples: samples.length, outputs, statistics };
}

function store(
  outputs: Map<string, Float64Array>,
  name: string,
  data: OutputCodes,
  sample: number,
  samples: number,
): void {
  const all = outputs.get(name) ?? new Float64Array(data.length * samples);
  all.set(data, sample * data.length);
  outputs.set(name, all);
}
