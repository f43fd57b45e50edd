/** The values of `qnpu run`: arrays from files to samples, outputs to what the report says about them. */
import { basename } from 'node:path';
import type { Graph } from '../../compiler/graph/types.ts';
import { hashHex } from '../../isa/base/hash.ts';
import { readInput } from '../io/files.ts';
import { readNpy } from '../io/npy.ts';
import type { RunResult } from '../report/schema.ts';
import { type Classes, classesOf, countCorrect } from '../run/classes.ts';
import type { Model } from '../run/model.ts';
import { type NamedArray, requireLabels, type Sample, samplesOf } from '../run/samples.ts';
import type { ArrayMode, ValueRun } from '../run/values.ts';
import { badOption } from './options.ts';

interface ValueArguments {
  readonly input: readonly string[] | undefined;
  readonly labels: string | undefined;
  readonly seed: number;
}

/** `file` for a model with one input, `name=file` for each of several. */
export function readSamples(texts: readonly string[], graph: Graph, option = '--input'): Sample[] {
  const { inputs } = graph;
  const arrays = new Map<string, NamedArray>();
  for (const text of texts) {
    const named = inputs.find((name) => text.startsWith(`${name}=`));
    if (named === undefined && inputs.length !== 1)
      throw badOption('E-RUN-INPUT', `${option} ${text}: the model has ${inputs.length} inputs`, {
        expected: `${inputs.map((i) => `${i}=file.npy`).join(', ')}`,
        hint: inputs.map((i) => `${option} ${i}=file.npy`).join(' '),
      });
    const name = named ?? inputs[0]!;
    if (arrays.has(name))
      throw badOption('E-RUN-INPUT', `${option} gives '${name}' twice`, { expected: 'one array for each input' });
    arrays.set(name, readArray(named === undefined ? text : text.slice(named.length + 1), 'input'));
  }
  return samplesOf(graph, arrays, option);
}

export interface Labels extends NamedArray {
  readonly classes: Classes;
}

/** Labels for the samples, and where their classes are among the outputs. */
export function readLabels(path: string, model: Model, samples: number): Labels {
  const labels = readArray(path, 'labels');
  const classes = classesOf(model.graph);
  requireLabels(labels, samples * classes.labels, classes.count);
  return { ...labels, classes };
}

function readArray(path: string, what: string): NamedArray {
  return { where: path, ...readNpy(readInput(path, what), path) };
}

export function describeValues(
  a: ValueArguments,
  run: ValueRun,
  { labels, how }: { readonly labels: Labels | undefined; readonly how: ArrayMode },
): NonNullable<RunResult['values']> {
  const outputs = Object.fromEntries(
    [...run.outputs].map(([name, data]) => [name, hashHex(new Uint8Array(Float64Array.from(data).buffer))]),
  );
  const inputSource =
    a.input === undefined ? `seeded input, seed ${a.seed}` : a.input.map((text) => basename(text)).join(', ');
  const base = { ...how, outputs, inputSource, samples: run.samples };
  if (labels === undefined) return base;
  const { output, count } = labels.classes;
  const correct = countCorrect(run.outputs.get(output)!, labels.data, count !== undefined);
  return { ...base, accuracy: { correct, total: labels.data.length, labels: basename(labels.where) } };
}
