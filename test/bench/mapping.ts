/**
 * npm run bench:mapping [-- network ...]: how far compiled networks are from the bound of their own program, worst first, with what binds and how
 * long the compiler took. Cycles are exact and the same on every machine; the seconds are of this one. Steady state, batch 1.
 */
import process from 'node:process';
import { compile } from '../../compiler/compile.ts';
import { runPasses } from '../../compiler/passes/pipeline.ts';
import { PRESETS } from '../../isa/machine/presets/index.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import { simulate } from '../../sim/timing/simulate.ts';
import { boundsOf } from '../../src/analysis/bounds.ts';
import { openZoo } from '../../src/workloads/zoo.ts';

const MACHINES = ['edge-dcim-28nm', 'conventional-int8'] as const;

/** CNNs of the zoo that make one graph, smallest weights first where there is a choice. */
const NETWORKS = [
  'resnet18-w4a4',
  'resnet50-w4a4',
  'alexnet-w4a4',
  'mobilenetv1-w8a8',
  'mobilenetv2-w8a8',
  'mobilenetv3-small-w8a8',
  'mobilenext-w8a8',
  'efficientnet-lite0-w8a8',
  'mobilefacenet-w8a8',
  'yolov3-tiny-w4a4',
  'yolo-fastest-w8a8',
  'dcgan-w8a8',
  'dqn-w8a8',
  'alphago-policy-w4a4',
  'mlperf-tiny-resnet8-w8a8',
  'mlperf-tiny-dscnn-w8a8',
  'mlperf-tiny-mobilenetv1-w8a8',
  'mlperf-tiny-autoencoder-w8a8',
  'riair-mixnet-s-published',
  'riair-densenet100-published',
] as const;

interface Row {
  readonly network: string;
  readonly machine: string;
  readonly cycles: number;
  readonly boundCycles: number;
  readonly binding: string;
  readonly compileSeconds: number;
}

function measure(network: string, machine: Machine): Row {
  const graph = runPasses(openZoo(network));
  const began = process.hrtime.bigint();
  const { program, steadyProgram } = compile(graph, machine);
  const compileSeconds = Number(process.hrtime.bigint() - began) / 1e9;
  const steady = steadyProgram ?? program;
  const { cycles, layerActions } = simulate(steady, machine, { warmCode: true });
  const { boundCycles, binding } = boundsOf(steady, machine, layerActions);
  return { network, machine: machine.name, cycles, boundCycles, binding, compileSeconds };
}

const wanted = process.argv.slice(2);
const rows: Row[] = [];
for (const network of wanted.length > 0 ? wanted : NETWORKS) {
  for (const name of MACHINES) {
    process.stderr.write(`${network} on ${name}\n`);
    rows.push(measure(network, PRESETS[name]!));
  }
}
rows.sort((a, b) => b.cycles / b.boundCycles - a.cycles / a.boundCycles);
process.stdout.write(
  '| network | machine | cycles | bound | x bound | binds | compiled in |\n|---|---|---|---|---|---|---|\n',
);
for (const r of rows) {
  const figures = [
    r.cycles.toLocaleString('en'),
    r.boundCycles.toLocaleString('en'),
    (r.cycles / r.boundCycles).toFixed(2),
  ];
  const cells = [r.network, `\`${r.machine}\``, ...figures, r.binding, `${r.compileSeconds.toFixed(1)} s`];
  process.stdout.write(`| ${cells.join(' | ')} |\n`);
}
