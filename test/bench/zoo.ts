/**
 * npm run bench:zoo [-- --machines a,b] [network ...]: every network of the zoo compiled and timed once on each machine, with cycles, their bound, how long the
 * compiler and the timed run took, and the memory of the process so far. Networks that a machine cannot hold or run say why.
 */
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { QnpuError } from '../../isa/base/errors.ts';
import { PRESETS } from '../../isa/machine/presets/index.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import { simulate } from '../../sim/timing/simulate.ts';
import { boundsOf } from '../../src/analysis/bounds.ts';
import { compileModel, type Model } from '../../src/run/model.ts';
import { prepareZoo, prepareZooSections } from '../../src/run/prepare-zoo.ts';
import { ZOO } from '../../src/workloads/networks/index.ts';

interface Measured {
  readonly cycles: number;
  readonly boundCycles: number;
  readonly compileMs: number;
  readonly simulateMs: number;
}

const MACHINES = ['edge-dcim-28nm', 'conventional-int8', 'tpu-v1'];

/** Ternary networks at two bits, the others at eight. */
function recipeOf(name: string): string {
  if (name.startsWith('bitnet')) return 'w2a8';
  return name.startsWith('llama') ? 'w4a8' : 'w8a8';
}

function measure(model: Model, machine: Machine): Measured {
  const start = performance.now();
  const { program } = compileModel(model, machine);
  const compiled = performance.now();
  const result = simulate(program, machine);
  const end = performance.now();
  const { boundCycles } = boundsOf(program, machine, result.layerActions);
  return { cycles: result.cycles, boundCycles, compileMs: compiled - start, simulateMs: end - compiled };
}

/** From a cold start, sections as often as they run. */
function measureNetwork(name: string, machine: Machine): Measured {
  const sections = prepareZooSections(name)?.sections ?? [{ repeat: 1, steps: 1, open: () => prepareZoo(name) }];
  const sum = { cycles: 0, boundCycles: 0, compileMs: 0, simulateMs: 0 };
  for (const { repeat, steps, open } of sections) {
    const one = measure(open(), machine);
    sum.cycles += repeat * steps * one.cycles;
    sum.boundCycles += repeat * steps * one.boundCycles;
    sum.compileMs += one.compileMs;
    sum.simulateMs += one.simulateMs;
  }
  return sum;
}

function main(args: readonly string[]): void {
  const options = { machines: { type: 'string', default: MACHINES.join(',') } } as const;
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
  const machines = values.machines.split(',');
  const names = positionals.length > 0 ? positionals : ZOO.map((e) => `zoo:${e.name}-${recipeOf(e.name)}`);
  const line = (cells: readonly string[]) =>
    process.stdout.write(`${cells.map((c, i) => (i < 2 ? c.padEnd(34 - 14 * i) : c.padStart(13))).join(' ')}\n`);
  line(['network', 'machine', 'cycles', 'bound', 'x bound', 'compile ms', 'simulate ms', 'RSS MiB']);
  for (const name of names) {
    for (const machine of machines) {
      const preset = PRESETS[machine];
      if (preset === undefined) throw new Error(`there is no preset ${machine}`);
      try {
        const m = measureNetwork(name, preset);
        const ratio = (m.cycles / m.boundCycles).toFixed(2);
        const memory = process.resourceUsage().maxRSS / 1024;
        const numbers = [m.cycles, m.boundCycles].map(String);
        line([name, machine, ...numbers, ratio, ...[m.compileMs, m.simulateMs, memory].map((n) => n.toFixed(0))]);
      } catch (error) {
        if (!(error instanceof QnpuError)) throw error;
        line([name, machine, `${error.code}: ${error.message}`]);
      }
    }
  }
}

main(process.argv.slice(2));
