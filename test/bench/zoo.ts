/**
 * npm run bench:zoo [-- --machines a,b] [--compile] [network ...]: every network of the zoo compiled and timed once on each machine, with cycles, their bound,
 * CPU time of the making of graphs, of the compiler (also as a ratio to a fixed reference) and of the timed run, all threads of the process, and the memory of the
 * process so far. One process for all: later networks find the engine warm. `--compile` leaves the timed run out. Networks that a machine cannot hold or run say why.
 */
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
import { integerSteps } from './references.ts';

interface Measured {
  readonly cycles: number;
  readonly boundCycles: number;
  readonly buildMs: number;
  readonly compileMs: number;
  readonly simulateMs: number;
}

const NOTHING: Measured = { cycles: 0, boundCycles: 0, buildMs: 0, compileMs: 0, simulateMs: 0 };

/** CPU milliseconds of all threads so far. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

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

function measure(open: () => Model, machine: Machine, timed: boolean): Measured {
  const start = cpuMs();
  const model = open();
  const built = cpuMs();
  const { program } = compileModel(model, machine);
  const compiled = cpuMs();
  const times = { buildMs: built - start, compileMs: compiled - built };
  if (!timed) return { ...NOTHING, ...times };
  const result = simulate(program, machine);
  const simulateMs = cpuMs() - compiled;
  const { boundCycles } = boundsOf(program, machine, result.layerActions);
  return { ...times, simulateMs, cycles: result.cycles, boundCycles };
}

/** From a cold start, sections as often as they run. */
function measureNetwork(name: string, machine: Machine, timed: boolean): Measured {
  const sections = prepareZooSections(name)?.sections ?? [{ repeat: 1, steps: 1, open: () => prepareZoo(name) }];
  return sections.reduce((sum, { repeat, steps, open }): Measured => {
    const one = measure(open, machine, timed);
    return {
      cycles: sum.cycles + repeat * steps * one.cycles,
      boundCycles: sum.boundCycles + repeat * steps * one.boundCycles,
      buildMs: sum.buildMs + one.buildMs,
      compileMs: sum.compileMs + one.compileMs,
      simulateMs: sum.simulateMs + one.simulateMs,
    };
  }, NOTHING);
}

function main(args: readonly string[]): void {
  const options = {
    machines: { type: 'string', default: MACHINES.join(',') },
    compile: { type: 'boolean', default: false },
  } as const;
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
  const machines = values.machines.split(',');
  const names = positionals.length > 0 ? positionals : ZOO.map((e) => `zoo:${e.name}-${recipeOf(e.name)}`);
  const line = (cells: readonly string[]) =>
    process.stdout.write(`${cells.map((c, i) => (i < 2 ? c.padEnd(34 - 14 * i) : c.padStart(12))).join(' ')}\n`);
  const heads = ['cycles', 'bound', 'x bound', 'build ms', 'compile ms', 'x reference', 'simulate ms', 'RSS MiB'];
  line(['network', 'machine', ...heads]);
  for (const name of names) {
    for (const machine of machines) {
      const preset = PRESETS[machine];
      if (preset === undefined) throw new Error(`there is no preset ${machine}`);
      try {
        const before = referenceMs();
        const m = measureNetwork(name, preset, !values.compile);
        const reference = (before + referenceMs()) / 2;
        const ratio = values.compile ? '-' : (m.cycles / m.boundCycles).toFixed(2);
        const memory = process.resourceUsage().maxRSS / 1024;
        const times = [m.buildMs, m.compileMs, m.compileMs / reference, m.simulateMs, memory].map((n) => n.toFixed(0));
        line([name, machine, String(m.cycles), String(m.boundCycles), ratio, ...times]);
      } catch (error) {
        if (!(error instanceof QnpuError)) throw error;
        line([name, machine, `${error.code}: ${error.message}`]);
      }
    }
  }
}

main(process.argv.slice(2));
