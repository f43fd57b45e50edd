/** The benchmarks in the order of the table, and one run of those that are wanted. */
import { availableParallelism, loadavg } from 'node:os';
import process from 'node:process';
import { VERSION } from '../../src/version.ts';
import type { Benchmark, Surroundings } from './benchmark.ts';
import { decodeBenchmark, encodeBenchmark } from './benchmarks/codec.ts';
import { compileBenchmark } from './benchmarks/compile.ts';
import { executeBenchmark } from './benchmarks/execute.ts';
import { runDigits } from './benchmarks/run-digits.ts';
import { runTfc } from './benchmarks/run-tfc.ts';
import { simulateBenchmark } from './benchmarks/simulate.ts';
import { measurePairs } from './measure.ts';
import type { BenchReport, Measured } from './report.ts';

export const BENCHMARKS: readonly Benchmark[] = [
  runDigits,
  runTfc,
  compileBenchmark,
  simulateBenchmark,
  executeBenchmark,
  encodeBenchmark,
  decodeBenchmark,
];

export interface RunOptions {
  readonly rounds: number;
  /** CPU seconds of each side in each round, for work inside this process. */
  readonly seconds: number;
  readonly progress: (line: string) => void;
}

export function runBenchmarks(
  wanted: readonly Benchmark[],
  surroundings: Surroundings,
  { rounds, seconds, progress }: RunOptions,
): BenchReport {
  const measured: Measured[] = [];
  const skipped: { name: string; reason: string }[] = [];
  const load = loadavg()[0] ?? 0;
  for (const benchmark of wanted) {
    const { name, shows, goalSeconds } = benchmark;
    progress(`${name} ...`);
    const prepared = benchmark.prepare(surroundings);
    if (typeof prepared === 'string') {
      skipped.push({ name, reason: prepared });
      continue;
    }
    const { subject, reference, facts } = prepared;
    measured.push({
      name,
      shows,
      subject: { unit: subject.unit, doc: subject.doc },
      reference: { unit: reference.unit, doc: reference.doc },
      facts: { ...facts },
      rounds,
      ...measurePairs(prepared, rounds, seconds),
      ...(goalSeconds === undefined ? {} : { goalSeconds }),
    });
  }
  return {
    schema: 'bench/1',
    tool: VERSION,
    node: process.versions.node,
    platform: `${process.platform}-${process.arch}`,
    cores: availableParallelism(),
    load,
    measured,
    skipped,
  };
}
