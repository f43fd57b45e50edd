/** npm run bench [-- --json] [--rounds n] [--only name[,name]]: how fast qnpu itself is, as ratios to fixed references. Speed never fails it. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { parseOptions } from './options.ts';
import { renderBench } from './report.ts';
import { BENCHMARKS, runBenchmarks } from './run.ts';

/** CPU seconds of each side in each round: short enough to alternate often, long enough for several collections of garbage. */
const SECONDS = 0.5;

/** The compiled file lies deeper than the source; both are below the folder of package.json. */
function rootAbove(folder: string): string {
  return existsSync(join(folder, 'package.json')) ? folder : rootAbove(dirname(folder));
}

function main(args: readonly string[]): number {
  try {
    const { json, rounds, wanted } = parseOptions(args, BENCHMARKS);
    const root = rootAbove(import.meta.dirname);
    const surroundings = { root, cli: join(root, 'dist', 'src', 'cli', 'main.js'), size: 'full' } as const;
    const progress = (line: string) => process.stderr.write(`${line}\n`);
    const report = runBenchmarks(wanted, surroundings, { rounds, seconds: SECONDS, progress });
    process.stdout.write(json ? `${JSON.stringify(report)}\n` : renderBench(report));
    return 0;
  } catch (error) {
    process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
    return 2;
  }
}

process.exitCode = main(process.argv.slice(2));
