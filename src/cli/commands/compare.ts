/** qnpu compare: two results beside each other; with --fail-if, a check for CI. */
import process from 'node:process';
import type { CommandModule } from 'yargs';
import { type Comparison, changePercent, compareRuns, METRICS } from '../../analysis/compare.ts';
import { comparisonText } from '../../report/comparison.ts';
import { badOption } from '../options.ts';
import { readRun } from '../read-run.ts';

const FAILED_EXIT = 4;

interface CompareArguments {
  before: string;
  after: string;
  'fail-if': string[] | undefined;
  json: boolean;
}

export const compareCommand: CommandModule<object, CompareArguments> = {
  command: 'compare <before> <after>',
  describe: 'what changed between two results, and why',
  builder: (y) =>
    y
      .positional('before', { type: 'string', demandOption: true, describe: 'run.json' })
      .positional('after', { type: 'string', demandOption: true, describe: 'run.json' })
      .option('fail-if', {
        type: 'string',
        array: true,
        nargs: 1,
        requiresArg: true,
        describe: `exit 4 when it holds, e.g. 'latency>+2%' (${Object.keys(METRICS).join(', ')}; repeatable)`,
      })
      .option('json', { type: 'boolean', default: false, describe: 'print the document compare/1' })
      .example('$0 run net.onnx --json > a.json', '')
      .example('$0 run net.onnx --set core.matrix.macros=32 --json > b.json', '')
      .example("$0 compare a.json b.json --fail-if 'energy>+5%'", ''),
  handler: (a) => {
    const limits = (a['fail-if'] ?? []).map(parseLimit);
    const comparison = compareRuns(readRun(a.before), readRun(a.after));
    process.stdout.write(a.json ? `${JSON.stringify(comparison)}\n` : comparisonText(comparison));
    const failed = limits.filter((limit) => exceeds(comparison, limit));
    for (const { text, metric } of failed) {
      const percent = changePercent(comparison.metrics.find((m) => m.name === metric)!);
      process.stderr.write(`failed: ${text}: it is ${percent > 0 ? '+' : ''}${percent.toFixed(2)} %\n`);
    }
    if (failed.length > 0) process.exitCode = FAILED_EXIT;
  },
};

interface Limit {
  readonly text: string;
  readonly metric: string;
  readonly above: boolean;
  readonly percent: number;
}

function parseLimit(text: string): Limit {
  const match = /^\s*([a-z]+)\s*([<>])\s*([+-]?\d+(?:\.\d+)?)\s*%\s*$/.exec(text);
  if (match === null || !Object.hasOwn(METRICS, match[1]!))
    throw badOption('E-FAIL-IF', `--fail-if '${text}' is not a condition`, {
      expected: `a metric (${Object.keys(METRICS).join(', ')}), > or <, and a change in percent`,
      hint: "--fail-if 'latency>+2%'",
    });
  return { text, metric: match[1]!, above: match[2] === '>', percent: Number(match[3]) };
}

function exceeds({ metrics }: Comparison, { metric, above, percent }: Limit): boolean {
  const change = changePercent(metrics.find((m) => m.name === metric)!);
  return above ? change > percent : change < percent;
}
