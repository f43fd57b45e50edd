/** qnpu run <model>: the main job. Prints the report; files are written, all or none, only after everything has been computed. */
import process from 'node:process';
import pc from 'picocolors';
import type { CommandModule } from 'yargs';
import { createRandom } from '../../../isa/base/random.ts';
import type { Machine } from '../../../isa/machine/schema.ts';
import { buildAnalog, type ValuesMode } from '../../../sim/exec/analog.ts';
import { climb } from '../../analysis/ladder.ts';
import { writeAll } from '../../io/files.ts';
import { renderCsv } from '../../report/csv.ts';
import { renderText } from '../../report/text.ts';
import { inertOverrides, type Observed, observed } from '../../run/inert.ts';
import { compileModel, type Model } from '../../run/model.ts';
import { randomInputs } from '../../run/random-inputs.ts';
import { buildResult } from '../../run/result.ts';
import type { Sample } from '../../run/samples.ts';
import { type DesignPoint, repriced } from '../../run/simulate-model.ts';
import { arrayMode, modeNotes, runValues } from '../../run/values.ts';
import { whatIfs } from '../../run/what-if.ts';
import { explainWanted, mappingOptions, pinned, telling } from '../mapping-options.ts';
import { modelOptions, modelPositional, openModel, openSections } from '../open-model.ts';
import { loadMachine, machineOption, setOption } from '../options.ts';
import type { QuantizeArguments } from '../quantize-options.ts';
import { filesOf, type RunOutput, requireTargets } from '../run-files.ts';
import { runNetwork } from '../run-sections.ts';
import { simulatorOf } from '../run-statistics.ts';
import { describeValues, readLabels, readSamples } from '../run-values.ts';
import { valuesOption } from '../values-option.ts';

interface RunArguments extends QuantizeArguments {
  model: string;
  machine: string;
  set: string[] | undefined;
  dims: string[] | undefined;
  'input-type': string[] | undefined;
  outputs: string[] | undefined;
  values: ValuesMode | undefined;
  ladder: boolean;
  cold: boolean;
  stream: boolean | undefined;
  seed: number;
  input: string[] | undefined;
  labels: string | undefined;
  statistics: string | undefined;
  'statistics-out': string | undefined;
  mapping: string | undefined;
  'mapping-out': string | undefined;
  explain: boolean | undefined;
  output: string | undefined;
  json: boolean;
  csv: boolean;
  html: string | undefined;
  trace: string | undefined;
  dir: string | undefined;
}

const flag = { type: 'boolean', default: false } as const;
const file = { type: 'string', requiresArg: true } as const;

export const runCommand: CommandModule<object, RunArguments> = {
  command: 'run <model>',
  describe: 'compile a quantized network and report cycles, energy, area and the memory wall',
  builder: (y) =>
    y
      .positional('model', modelPositional)
      .option('machine', { ...machineOption, default: 'edge-dcim-28nm' })
      .option('set', setOption)
      .options(modelOptions)
      .option('cold', { ...flag, describe: 'report a cold start instead of the steady state' })
      .option('stream', {
        type: 'boolean',
        describe:
          'inferences come one after the other: layers may be pipelined over several cores, and the interval between results is reported',
      })
      .option('ladder', { ...flag, describe: 'simulate the memory-wall ladder too, one run for each help' })
      .option('values', valuesOption)
      .option('seed', {
        type: 'number',
        requiresArg: true,
        default: 1,
        describe: 'seed of the input, when none is given, and of what --values noisy draws',
      })
      .option('input', {
        ...file,
        array: true,
        nargs: 1,
        describe: '.npy file with one or more samples; name=file for each of several inputs (implies --values)',
      })
      .option('labels', {
        ...file,
        describe:
          '.npy file with the class of each sample of --input: prints the accuracy; the first output holds scores, or the class (ArgMax, TopK of one)',
      })
      .option('statistics', {
        ...file,
        describe:
          'operand statistics of an earlier run (its --statistics-out), to price switching and to time skipped zeros without data',
      })
      .option('statistics-out', {
        ...file,
        describe: 'write what the operands were to this file, for --statistics of later runs (implies --values)',
      })
      .options(mappingOptions)
      .option('output', { ...file, describe: 'write the first output to this .npy file (implies --values)' })
      .option('json', { ...flag, describe: 'print the result as one JSON document (qnpu schema run), nothing else' })
      .option('csv', { ...flag, describe: 'print the layers as CSV, nothing else' })
      .option('html', { ...file, describe: 'write the report as one self-contained HTML file' })
      .option('trace', { ...file, describe: 'write the timeline as a Chrome trace (opens in Perfetto)' })
      .option('dir', {
        ...file,
        alias: 'o',
        describe: 'write report, JSON, CSV, HTML, trace and, with --values, statistics into this folder',
      })
      .check((a) => consistent(a))
      .example('$0 run net.onnx --ladder', 'on edge-dcim-28nm, and what each help against the memory wall saves')
      .example('$0 run net.onnx -m teach-8x8 --set core.matrix.rows=16', 'a preset with one field changed')
      .example('$0 run zoo:resnet18-w4a4', 'a network of the zoo (qnpu zoo) at 4-bit weights and activations')
      .example(
        '$0 run net.onnx --mapping-out m.json',
        'what the compiler decided; edit it, and run with --mapping m.json',
      )
      .example('$0 run zoo:gpt2-decode-w8a8', 'a network whose blocks repeat: each compiled and run once, and added up')
      .example('$0 run zoo:gpt2-decode-w8a8/block --values', 'one section of it, like any other network')
      .example('$0 run float.onnx --quantize w4a8 --calibrate x.npy', 'a float network, quantized first')
      .example('$0 run net.onnx --input x.npy --output y.npy', 'what the network computes on the machine')
      .example(
        '$0 run net.onnx -m jia-65nm --set core.matrix.nonIdealities.cellSigma=0.1 --values noisy --seed 7',
        'the same on analog arrays whose cells vary',
      ),
  handler: async (a) => {
    requireTargets(a);
    const network = await openSections(a);
    const ran = network === undefined ? await runAll(a) : runNetwork(a, network);
    const { result } = ran;
    const files = await filesOf(a, ran);
    writeAll(files);
    if (a.json) process.stdout.write(`${JSON.stringify(result)}\n`);
    else if (a.csv) process.stdout.write(renderCsv(result));
    else process.stdout.write(renderText(result, { color: pc.isColorSupported && process.stdout.isTTY }));
    for (const { path } of files) process.stderr.write(`wrote ${path}\n`);
  },
};

type Combined = 'json' | 'csv' | 'labels' | 'input' | 'seed' | 'stream' | 'cold' | 'mapping' | 'mapping-out';

function consistent(a: { readonly [O in Combined]?: unknown }): true {
  if (a.stream === true && (a.cold === true || a.mapping !== undefined || a['mapping-out'] !== undefined))
    throw new Error('--stream goes with neither --cold nor a mapping: they are of one inference at a time');
  if (a.json === true && a.csv === true)
    throw new Error('choose one of --json and --csv: both print on standard output (-o writes both)');
  if (a.labels !== undefined && a.input === undefined)
    throw new Error('--labels needs --input: labels of which samples?');
  if (!Number.isSafeInteger(a.seed) || Number(a.seed) < 0) throw new Error('--seed must be a whole number from 0 on');
  return true;
}

async function runAll(a: RunArguments): Promise<RunOutput> {
  const overrides = a.set ?? [];
  const machineWith = (some: readonly string[]) => loadMachine(a.machine, some);
  const machine = machineWith(overrides);
  const mode = a.values ?? 'exact';
  const how = arrayMode(machine, mode, a.seed);
  const opened = await openModel(a);
  const { model, warnings } = pinned(a.mapping, a.stream === true ? { ...opened, stream: true } : opened, machine);
  const samples = wantedSamples(a, model);
  const labels = a.labels === undefined ? undefined : readLabels(a.labels, model, samples.length);
  const simulated = simulatorOf(a, model, samples);
  const design = (m: Machine) => simulated(compileModel(model, m, explainWanted(a)), m);
  const point = telling(warnings, () => design(machine));
  const outputs =
    samples.length > 0 ? runValues(point.compiled, machine, samples, buildAnalog(machine, mode, a.seed)) : undefined;
  const observe = (p: DesignPoint) => see(p, samples, a);
  const inert =
    overrides.length === 0
      ? []
      : inertOverrides({ overrides, machine, machineWith, observe: (m) => observe(design(m)), seen: observe(point) });
  const priced = outputs === undefined || a.statistics !== undefined ? point : repriced(point, outputs.statistics);
  const ladder = a.ladder ? climb(model, machine, priced.statistics) : undefined;
  const result = buildResult(model, priced, {
    seed: a.seed,
    overrides,
    whatIfs: whatIfs(model, priced),
    warnings: [
      ...warnings,
      ...(a.stream === true && point.compiled.delayRuns === 0 ? [notPipelined(machine)] : []),
      ...inert,
      ...unusedStatistics(a.statistics, machine),
      ...(outputs === undefined ? [] : modeNotes(machine, mode)),
      ...model.notes,
      ...(ladder?.notes ?? []).map((n) => `ladder: ${n}`),
      ...(ladder === undefined || point.compiled.delayRuns === 0 ? [] : [LADDER_OF_ONE]),
    ],
    ...(outputs === undefined ? {} : { values: describeValues(a, outputs, { labels, how }) }),
    ...(ladder === undefined ? {} : { ladder }),
    mapping: point.compiled.report.choices ?? undefined,
    ...(model.quantization === undefined ? {} : { quantization: model.quantization }),
  });
  return { result, single: { point: priced, outputs, model } };
}

const LADDER_OF_ONE = 'ladder: its rungs take one inference at a time, so none of them is the interval of the stream';

function notPipelined({ cores, name }: Machine): string {
  const why = cores < 2 ? `${name} has one core` : 'no pipeline is estimated to give results more often';
  return `--stream changes nothing: ${why}`;
}

function unusedStatistics(path: string | undefined, { core: { matrix } }: Machine): string[] {
  if (path === undefined || matrix.kind !== 'systolic') return [];
  return ['--statistics is inert: elements of a systolic array are priced by their synthesis, not by their operands'];
}

/** What a run shows, with the values of its first sample. */
function see(point: DesignPoint, samples: readonly Sample[], a: RunArguments): Observed {
  const { compiled, machine } = point;
  if (samples.length === 0) return observed(point);
  const analog = buildAnalog(machine, a.values ?? 'exact', a.seed);
  const { outputs } = runValues(compiled, machine, samples.slice(0, 1), analog);
  return observed(point, [...outputs].map(([name, data]) => `${name} ${data.join(' ')}`).join(' '));
}

function wantedSamples(a: RunArguments, model: Model): readonly Sample[] {
  if (a.input !== undefined) return readSamples(a.input, model.graph);
  const needed = [a.values, a.output, a['statistics-out']].some((option) => option !== undefined);
  return needed ? [randomInputs(model.graph, createRandom(a.seed))] : [];
}
