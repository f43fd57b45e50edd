/** The options of `npm run bench`. A wrong one is an Error whose message says what is wanted. */
import { parseArgs } from 'node:util';
import type { Benchmark } from './benchmark.ts';

export interface BenchOptions {
  readonly json: boolean;
  readonly rounds: number;
  readonly wanted: readonly Benchmark[];
}

export function parseOptions(args: readonly string[], benchmarks: readonly Benchmark[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      json: { type: 'boolean', default: false },
      rounds: { type: 'string', default: '7' },
      only: { type: 'string', multiple: true, default: [] },
    },
  });
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > 1000)
    throw new Error(`--rounds ${values.rounds}: expected a whole number, 1 .. 1000`);
  const names = values.only.flatMap((text) => text.split(','));
  const unknown = names.filter((name) => !benchmarks.some((b) => b.name === name));
  if (unknown.length > 0)
    throw new Error(`--only ${unknown.join(', ')}: expected some of ${benchmarks.map((b) => b.name).join(', ')}`);
  const wanted = benchmarks.filter((b) => names.length === 0 || names.includes(b.name));
  return { json: values.json, rounds, wanted };
}
