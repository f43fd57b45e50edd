/**
 * Runs with data: the simulated program computes the outputs, sample by sample, on memories that keep what is resident. Inputs are given as real
 * numbers for float inputs and as codes for integer ones.
 */
import type { Compiled } from '../../compiler/compile.ts';
import { type Graph, integerRange, sizeOf } from '../../compiler/graph/types.ts';
import { SimFault } from '../../isa/base/errors.ts';
import type { Random } from '../../isa/base/random.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import { AnalogArrays } from '../../sim/exec/analog.ts';
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

/** Arrays that compute as they are built; undefined for digital ones, which are exact. */
export function analogArrays(machine: Machine, seed: number): AnalogArrays | undefined {
  const { matrix } = machine.core;
  return matrix.kind === 'analog-cim' ? new AnalogArrays(matrix, seed) : undefined;
}

/** `samples[i]` maps input names to data. The first sample runs from cold, the others in steady state; the order of both programs is checked. */
export function runValues(
  compiled: Compiled,
  machine: Machine,
  samples: readonly ReadonlyMap<string, ArrayLike<number>>[],
  analog?: AnalogArrays,
): ValueRun {
  const outputs = new Map<string, Float64Array>();
  const statistics: ReadonlyMap<number, LayerStatistics>[] = [];
  let memories: ReturnType<typeof execute>['memories'] | undefined;
  samples.forEach((inputs, s) => {
    const program = s === 0 ? compiled.program : (compiled.steadyProgram ?? compiled.program);
    const run = execute(program, machine, inputs, {
      ...(memories === undefined ? {} : { memories }),
      ...(analog === undefined ? {} : { analog }),
      checkOrder: s < 2,
      statistics: s < STATISTICS_SAMPLES,
    });
    const finding = run.findings?.[0];
    if (finding !== undefined) throw new SimFault(formatFinding(finding, program), { code: 'E-SIM-ORDER' });
    memories = run.memories;
    if (run.statistics !== undefined) statistics.push(run.statistics.layers);
    for (const [name, data] of run.outputs) store(outputs, name, data, s, samples.length);
  });
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

/** Seeded data for every input of the graph: codes over their whole range, floats in [0, 1) with 8 bits. */
export function randomInputs(graph: Graph, random: Random): Map<string, ArrayLike<number>> {
  return new Map(
    graph.inputs.map((name): [string, ArrayLike<number>] => {
      const type = graph.values.get(name)!;
      const size = sizeOf(type.shape);
      if (type.element.kind === 'float32')
        return [name, Float32Array.from({ length: size }, () => random.int(0, 255) / 256)];
      const { min, max } = integerRange(type.element);
      return [
        name,
        Int32Array.from({ length: size }, () =>
          type.element.kind === 'int' && type.element.coding === 'bipolar'
            ? 2 * random.int(0, 1) - 1
            : random.int(min, max),
        ),
      ];
    }),
  );
}

/** Samples whose largest output (the first of equals) is at the label. */
export function countCorrect(outputs: Float64Array, labels: ArrayLike<number>): number {
  const classes = outputs.length / labels.length;
  let correct = 0;
  for (let s = 0; s < labels.length; s++) {
    let best = 0;
    for (let c = 1; c < classes; c++) if (outputs[s * classes + c]! > outputs[s * classes + best]!) best = c;
    if (best === labels[s]) correct += 1;
  }
  return correct;
}
