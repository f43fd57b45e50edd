/** qnpu run <model>: the main job. Prints the report; files are written only after everything has been computed. */
import { basename, join } from 'node:path';
import process from 'node:process';
import pc from 'picocolors';
import type { CommandModule } from 'yargs';
import { InputError } from '../../../isa/base/errors.ts';
import { hashHex } from '../../../isa/base/hash.ts';
import { createRandom } from '../../../isa/base/random.ts';
import { climb } from '../../analysis/ladder.ts';
import { externalLoader, readInput, writeOutput } from '../../io/files.ts';
import { readNpy, writeNpy } from '../../io/npy.ts';
import { renderCsv } from '../../report/csv.ts';
import { renderHtml } from '../../report/html.ts';
import type { RunResult } from '../../report/schema.ts';
import { renderText } from '../../report/text.ts';
import { renderTrace } from '../../report/trace.ts';
import { compileModel, type Model, prepareModel } from '../../run/prepare.ts';
import { buildResult } from '../../run/result.ts';
import { type DesignPoint, simulatePoint } from '../../run/simulate-model.ts';
import { countCorrect, randomInputs, runValues, splitSamples, type ValueRun } from '../../run/values.ts';
import { loadMachine, machineOption, setOption } from '../options.ts';

interface RunArguments {
  model: string;
  machine: string;
  set: string[] | undefined;
  values: boolean;
  ladder: boolean;
  cold: boolean;
  seed: number;
  input: string | undefined;
  labels: string | undefined;
  output: string | undefined;
  json: boolean;
  csv: boolean;
  html: string | undefined;
  trace: string | undefined;
  dir: string | undefined;
}

export const runCommand: CommandModule<object, RunArguments> = {
  command: 'run <model>',
  describe: 'compile a quantized ONNX model and report cycles, energy, area and the memory wall',
  builder: (y) =>
    y
      .positional('model', { type: 'string', demandOption: true, describe: 'ONNX file' })
      .option('machine', { ...machineOption, default: 'edge-dcim-28nm' })
      .option('set', setOption)
      .option('values', {
        type: 'boolean',
        default: false,
        describe: 'compute the outputs too, bit-exactly (seeded input unless --input is given)',
      })
      .option('ladder', { type: 'boolean', default: false, describe: 'simulate the memory-wall ladder' })
      .option('cold', { type: 'boolean', default: false, describe: 'report a cold start instead of the steady state' })
      .option('seed', { type: 'number', default: 1, describe: 'seed of the inputs when none are given' })
      .option('input', { type: 'string', describe: '.npy file with one or more inputs (implies --values)' })
      .option('labels', { type: 'string', describe: '.npy file with a class per input: prints the accuracy' })
      .option('output', { type: 'string', describe: 'write the first output to this .npy file (implies --values)' })
      .option('json', {
        type: 'boolean',
        default: false,
        describe: 'print the result as one JSON document (qnpu schema run)',
      })
      .option('csv', { type: 'boolean', default: false, describe: 'print the layers as CSV' })
      .option('html', { type: 'string', describe: 'write the report as one HTML file' })
      .option('trace', { type: 'string', describe: 'write the timeline as a Chrome trace (opens in Perfetto)' })
      .option('dir', {
        type: 'string',
        alias: 'o',
        describe: 'write report, JSON, CSV, HTML and trace into this folder',
      })
      .check((a) => !(a.json && a.csv) || 'choose one of --json and --csv: both print on standard output'),
  handler: (a) => {
    const { result, point, outputs } = runAll(a);
    const files = filesOf(a, result, point, outputs);
    for (const [path, data] of files) writeOutput(path, data);
    if (a.json) process.stdout.write(`${JSON.stringify(result)}\n`);
    else if (a.csv) process.stdout.write(renderCsv(result));
    else process.stdout.write(renderText(result, { color: pc.isColorSupported }));
    for (const [path] of files) process.stderr.write(`wrote ${path}\n`);
  },
};

function runAll(a: RunArguments): { result: RunResult; point: DesignPoint; outputs: ValueRun | undefined } {
  const overrides = a.set ?? [];
  const machine = loadMachine(a.machine, overrides);
  const model = prepareModel(readInput(a.model, 'model'), basename(a.model).replace(/\.onnx$/, ''), {
    loadExternal: externalLoader(a.model),
  });
  const compiled = compileModel(model, machine);
  const point = simulatePoint(compiled, machine, { state: a.cold ? 'cold' : 'steady' });
  const wanted = a.values || a.input !== undefined || a.output !== undefined || a.labels !== undefined;
  const samples = wanted ? samplesOf(a, model) : [];
  const outputs = wanted ? runValues(compiled, machine, samples) : undefined;
  const ladder = a.ladder ? climb(model, machine) : undefined;
  const result = buildResult(model, point, {
    seed: a.seed,
    overrides,
    warnings: [...model.notes, ...(ladder?.notes ?? []).map((n) => `ladder: ${n}`)],
    ...(outputs === undefined ? {} : { values: describeValues(a, outputs) }),
    ...(ladder === undefined ? {} : { ladder }),
  });
  return { result, point, outputs };
}

function samplesOf(a: RunArguments, model: Model): ReadonlyMap<string, ArrayLike<number>>[] {
  if (a.input === undefined) return [randomInputs(model.graph, createRandom(a.seed))];
  const { shape, data } = readNpy(readInput(a.input, 'input'), a.input);
  return splitSamples(model.graph, shape, data, a.input);
}

function describeValues(a: RunArguments, run: ValueRun): NonNullable<RunResult['values']> {
  const outputs = Object.fromEntries(
    [...run.outputs].map(([name, data]) => [name, hashHex(new Uint8Array(Float64Array.from(data).buffer))]),
  );
  const base = {
    exact: true,
    outputs,
    inputSource: a.input === undefined ? `seeded input, seed ${a.seed}` : basename(a.input),
    samples: run.samples,
  };
  if (a.labels === undefined) return base;
  const labels = readNpy(readInput(a.labels, 'labels'), a.labels).data;
  if (labels.length !== run.samples) {
    throw new InputError(`${a.labels} has ${labels.length} labels for ${run.samples} inputs`, {
      code: 'E-RUN-LABELS',
      diagnostics: [
        {
          code: 'E-RUN-LABELS',
          where: a.labels,
          message: 'one label per input is needed',
          hint: 'give --input the images that belong to these labels',
        },
      ],
    });
  }
  const first = [...run.outputs.values()][0]!;
  return {
    ...base,
    accuracy: { correct: countCorrect(first, labels), total: labels.length, labels: basename(a.labels) },
  };
}

/** Everything that goes to files, complete before the first byte is written. */
function filesOf(
  a: RunArguments,
  result: RunResult,
  point: DesignPoint,
  run: ValueRun | undefined,
): [string, Uint8Array | string][] {
  const files: [string, Uint8Array | string][] = [];
  if (a.output !== undefined && run !== undefined) {
    const [name, data] = [...run.outputs][0]!;
    const described = result.model.outputs.find((o) => o.name === name)!;
    files.push([
      a.output,
      writeNpy(
        [run.samples * described.shape[0]!, ...described.shape.slice(1)],
        described.type === 'f32' ? 'f4' : 'i4',
        data,
      ),
    ]);
  }
  const trace = () => renderTrace(point.result, point.program);
  if (a.html !== undefined) files.push([a.html, renderHtml(result)]);
  if (a.trace !== undefined) files.push([a.trace, trace()]);
  if (a.dir !== undefined) {
    const text = renderText(result, { color: false });
    const all: [string, string][] = [
      ['report.txt', text],
      ['run.json', `${JSON.stringify(result, null, 2)}\n`],
      ['layers.csv', renderCsv(result)],
      ['report.html', renderHtml(result)],
      ['trace.json', trace()],
    ];
    const manifest = {
      schema: 'manifest/1',
      tool: result.tool,
      files: all.map(([name, data]) => ({ name, bytes: new TextEncoder().encode(data).length, sha256: hashHex(data) })),
    };
    for (const [name, data] of [
      ...all,
      ['manifest.json', `${JSON.stringify(manifest, null, 2)}\n`] as [string, string],
    ])
      files.push([join(a.dir, name), data]);
  }
  return files;
}
