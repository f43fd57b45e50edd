/**
 * Networks of the zoo compiled and timed on presets, for bench:mapping and bench:zoo: one inference in the steady state, sections as often as they run, each run
 * with nothing of its own on chip but the later steps of a recurrence. Times are CPU times of all threads of the process but for one.
 */
import process from 'node:process';
import type { Compiled } from '../../compiler/compile.ts';
import { CapacityError, QnpuError } from '../../isa/base/errors.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import { simulate } from '../../sim/timing/simulate.ts';
import { addBounds, type Bounds, boundsOf } from '../../src/analysis/bounds.ts';
import { reportFailure } from '../../src/cli/failure.ts';
import { loadMachine } from '../../src/cli/options.ts';
import { compileModel } from '../../src/run/model.ts';
import { prepareZoo, prepareZooSections } from '../../src/run/prepare-zoo.ts';
import { planZoo } from '../../src/workloads/zoo.ts';

export interface Measured {
  readonly cycles: number;
  /** Undefined where nothing was timed. */
  readonly bounds: Bounds | undefined;
  readonly buildMs: number;
  readonly compileMs: number;
  /** By the clock on the wall. */
  readonly compileWallMs: number;
  readonly simulateMs: number;
}

/** CPU milliseconds of all threads so far. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

interface Run {
  readonly cycles: number;
  readonly bounds: Bounds;
  readonly times: number;
}

/** The run of a compiled graph so many times, `first` of them from a cold start. */
function timed(compiled: Compiled, machine: Machine, first: number, times: number): Run[] {
  const run = (warmCode: boolean, count: number): Run[] => {
    if (count === 0) return [];
    const program = warmCode ? (compiled.steadyProgram ?? compiled.program) : compiled.program;
    const { cycles, layerActions } = simulate(program, machine, { warmCode });
    return [{ cycles, bounds: boundsOf(program, machine, layerActions), times: count }];
  };
  return [...run(false, first), ...run(true, times - first)];
}

/** Throws what the compiler refuses. One section is in memory at a time. */
export function measureNetwork(name: string, machine: Machine, compileOnly = false): Measured {
  const sections = prepareZooSections(name)?.sections;
  const runs: Run[] = [];
  const ms = { buildMs: 0, compileMs: 0, compileWallMs: 0, simulateMs: 0 };
  for (const { repeat, steps, open } of sections ?? [{ repeat: 1, steps: 1, open: () => prepareZoo(name) }]) {
    const start = cpuMs();
    const model = open();
    const built = cpuMs();
    const wall = performance.now();
    const compiled = compileModel(model, machine);
    ms.compileWallMs += performance.now() - wall;
    const done = cpuMs();
    if (!compileOnly) runs.push(...timed(compiled, machine, sections === undefined ? 0 : repeat, repeat * steps));
    ms.buildMs += built - start;
    ms.compileMs += done - built;
    ms.simulateMs += cpuMs() - done;
  }
  const cycles = runs.reduce((sum, r) => sum + r.cycles * r.times, 0);
  return { ...ms, cycles, bounds: compileOnly ? undefined : addBounds(machine, runs, []) };
}

/**
 * Calls `visit` for every network on every machine; `refused` hears what the compiler says of those it cannot run. The exit code: 1 where one was refused
 * for another reason than that it does not fit, and that of the error for a name or a machine that does not exist, before anything is run.
 */
export function forEachNetwork(
  names: readonly string[],
  machines: readonly string[],
  visit: (name: string, machine: Machine) => void,
  refused: (name: string, machine: Machine, why: string) => void,
): number {
  let exitCode = 0;
  try {
    const loaded = machines.map((machine) => loadMachine(machine, []));
    for (const name of names) planZoo(name.split('/')[0]!);
    for (const name of names) {
      for (const machine of loaded) {
        try {
          visit(name, machine);
        } catch (error) {
          if (!(error instanceof QnpuError)) throw error;
          if (!(error instanceof CapacityError)) exitCode = 1;
          refused(name, machine, `${error.code}: ${error.message}`);
        }
      }
    }
    return exitCode;
  } catch (error) {
    return reportFailure(error);
  }
}
