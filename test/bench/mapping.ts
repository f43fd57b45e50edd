/**
 * npm run bench:mapping [-- network ...]: how far compiled networks are from the bound of their own program, worst first, with what binds and how
 * long the compiler took. Cycles are exact and the same on every machine; the CPU seconds are of this one. Steady state, batch 1; networks of sections
 * as in networks.ts. The two of several cameras only by name: they take minutes.
 */
import process from 'node:process';
import { ZOO } from '../../src/workloads/networks/index.ts';
import { forEachNetwork, measureNetwork } from './networks.ts';

const MACHINES = ['edge-dcim-28nm', 'conventional-int8'];

/** Of the networks that are no CNNs. */
const OTHERS = ['bert-base-s128', 'bert-base-s384', 'convbert-base-s128', 'transformer-base']
  .concat(['gpt2-decode', 'gnmt', 'deepspeech2'])
  .map((name) => `${name}-w8a8`);

/** CNNs with many weights. */
const FOUR_BITS = [
  'resnet18',
  'resnet50',
  'resnet50-v1-225',
  'vgg16',
  'alexnet',
  'alexnet-2group',
  'yolov3-tiny',
].concat('alphago-policy');

const CNNS = ZOO.filter((e) => e.kind === 'cnn' && (e.batch ?? 1) === 1).map(({ name, publishedWidths }) => {
  if (publishedWidths !== undefined) return `${name}-published`;
  return `${name}-${FOUR_BITS.includes(name) ? 'w4a4' : 'w8a8'}`;
});

interface Row {
  readonly ratio: number;
  readonly cells: readonly string[];
}

const rows: Row[] = [];
const wanted = process.argv.slice(2);
process.exitCode = forEachNetwork(
  wanted.length > 0 ? wanted : [...CNNS, ...OTHERS],
  MACHINES,
  (network, machine) => {
    process.stderr.write(`${network} on ${machine.name}\n`);
    const { cycles, bounds, compileMs } = measureNetwork(network, machine);
    const { boundCycles, binding } = bounds!;
    const ratio = cycles / boundCycles;
    const figures = [cycles.toLocaleString('en'), boundCycles.toLocaleString('en'), ratio.toFixed(2)];
    const seconds = `${(compileMs / 1000).toFixed(1)} s`;
    rows.push({ ratio, cells: [network, `\`${machine.name}\``, ...figures, binding, seconds] });
  },
  (network, machine, why) => process.stderr.write(`${network} on ${machine.name}: ${why}\n`),
);
rows.sort((a, b) => b.ratio - a.ratio);
if (rows.length > 0)
  process.stdout.write(
    '| network | machine | cycles | bound | x bound | binds | compiled in |\n|---|---|---|---|---|---|---|\n',
  );
for (const { cells } of rows) process.stdout.write(`| ${cells.join(' | ')} |\n`);
