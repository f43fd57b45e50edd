/**
 * npm run bench:zoo [-- --machines a,b] [--compile] [network ...]: every network of the zoo compiled and timed once on each machine (networks.ts), with cycles, their
 * bound, CPU time of the making of graphs, of the compiler (also as a ratio to a fixed reference, and by the clock) and of the timed run, all threads of the process, and the memory of
 * the process so far. One process for all: later networks find the engine warm. `--compile` leaves the timed run out. Networks that a machine cannot hold or run
 * say why.
 */
import process from 'node:process';
import { parseArgs } from 'node:util';
import { ZOO } from '../../src/workloads/networks/index.ts';
import { forEachNetwork, measureNetwork } from './networks.ts';
import { integerSteps } from './references.ts';

/** CPU milliseconds of a million integer steps, now: machines are shared and slow down. */
function referenceMs(): number {
  const { units, cpuSeconds } = integerSteps().measure(0.1);
  return (1000 * cpuSeconds) / units;
}

const MACHINES = ['edge-dcim-28nm', 'conventional-int8', 'tpu-v1'];

/** Ternary networks at two bits, the others at eight. */
function recipeOf(name: string): string {
  if (name.startsWith('bitnet')) return 'w2a8';
  return name.startsWith('llama') ? 'w4a8' : 'w8a8';
}

function main(args: readonly string[]): number {
  const options = {
    machines: { type: 'string', default: MACHINES.join(',') },
    compile: { type: 'boolean', default: false },
  } as const;
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
  const names = positionals.length > 0 ? positionals : ZOO.map((e) => `zoo:${e.name}-${recipeOf(e.name)}`);
  const line = (cells: readonly string[]) =>
    process.stdout.write(`${cells.map((c, i) => (i < 2 ? c.padEnd(34 - 14 * i) : c.padStart(12))).join(' ')}\n`);
  const heads = [
    'cycles',
    'bound',
    'x bound',
    'build ms',
    'compile ms',
    'x reference',
    'wall ms',
    'simulate ms',
    'RSS MiB',
  ];
  line(['network', 'machine', ...heads]);
  return forEachNetwork(
    names,
    values.machines.split(','),
    (name, machine) => {
      const before = referenceMs();
      const m = measureNetwork(name, machine, values.compile);
      const reference = (before + referenceMs()) / 2;
      const bound = m.bounds?.boundCycles;
      const reached = bound === undefined ? ['-', '-', '-'] : [m.cycles, bound, (m.cycles / bound).toFixed(2)];
      const memory = process.resourceUsage().maxRSS / 1024;
      const times = [m.buildMs, m.compileMs, m.compileMs / reference, m.compileWallMs, m.simulateMs, memory].map((n) =>
        n.toFixed(0),
      );
      line([name, machine.name, ...reached.map(String), ...times]);
    },
    (name, machine, why) => line([name, machine.name, why]),
  );
}

process.exitCode = main(process.argv.slice(2));
