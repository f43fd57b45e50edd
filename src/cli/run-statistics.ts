/** Operand statistics of `qnpu run`: from the file that --statistics names, else from samples, where time needs them. */
import { basename } from 'node:path';
import type { Compiled } from '../../compiler/compile.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import { buildAnalog, type ValuesMode } from '../../sim/exec/analog.ts';
import type { Model } from '../run/model.ts';
import type { Sample } from '../run/samples.ts';
import { type DesignPoint, type PointOptions, simulatePoint } from '../run/simulate-model.ts';
import {
  measuredBy,
  originText,
  requireMeasuredLayers,
  requireStatisticsOf,
  statisticsSchema,
} from '../run/statistics-file.ts';
import { runValues, STATISTICS_SAMPLES } from '../run/values.ts';
import { readDocument } from './read-document.ts';

/** Simulates a compiled model with the statistics that the command line asks for. */
export type Simulated = (compiled: Compiled, machine: Machine) => DesignPoint;

interface StatisticsArguments {
  readonly statistics: string | undefined;
  readonly values: ValuesMode | undefined;
  readonly seed: number;
  readonly cold: boolean;
}

/** Reads the file of --statistics once. Throws InputError for a file that is not the document; for one of another model when it is used. */
export function simulatorOf(a: StatisticsArguments, model: Model, samples: readonly Sample[]): Simulated {
  const state = a.cold ? 'cold' : 'steady';
  const path = a.statistics;
  if (path === undefined)
    return (compiled, machine) =>
      simulatePoint(compiled, machine, { state, ...neededStatistics(compiled, machine, samples, a) });
  const { document, hash } = readDocument(path, {
    schema: statisticsSchema,
    code: 'E-STATISTICS',
    what: 'operand statistics',
    expected: 'a document statistics/1, as qnpu run <model> --values --statistics-out <file> writes it',
  });
  const given = { statistics: measuredBy(document), origin: originText(document, basename(path), hash) };
  return (compiled, machine) => {
    requireStatisticsOf(document, path, model, compiled.program);
    const point = simulatePoint(compiled, machine, { state, ...given });
    requireMeasuredLayers(document, path, point);
    return point;
  };
}

/** What the first samples show, where time depends on it: on machines that skip zeros. */
function neededStatistics(
  compiled: Compiled,
  machine: Machine,
  samples: readonly Sample[],
  a: StatisticsArguments,
): Pick<PointOptions, 'statistics'> {
  if (!machine.capabilities.zeroSkipping || samples.length === 0) return {};
  const analog = buildAnalog(machine, a.values ?? 'exact', a.seed);
  const { statistics } = runValues(compiled, machine, samples.slice(0, STATISTICS_SAMPLES), analog);
  return { statistics };
}
