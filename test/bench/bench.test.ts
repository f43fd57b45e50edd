/** The benchmarks work, run once with tiny sizes: each gives its figures, counts its units and says what it measured. No test here is about speed. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { qnpu, scratchFolder } from '../src/cli/rig.ts';
import type { Benchmark, Surroundings } from './benchmark.ts';
import { inProcess, measurePairs, spread } from './measure.ts';
import { parseOptions } from './options.ts';
import { processSubject, runArguments } from './process.ts';
import { benchSchema, renderBench, significant } from './report.ts';
import { BENCHMARKS, runBenchmarks } from './run.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const folder = scratchFolder();
/** Stands for the built command line: the real one is asked below, without a process. */
const cli = join(folder, 'cli.mjs');
const surroundings: Surroundings = { root: ROOT, cli, size: 'tiny' };
const quick = { rounds: 1, seconds: 0, progress: () => undefined };
const shared = existsSync(join(ROOT, '..', 'shared', 'models', 'tfc-w2a2.qonnx.onnx'));

beforeAll(() => writeFileSync(cli, "if (process.argv[2] !== 'run') process.exit(3);\n"));

describe.each(BENCHMARKS)('$name', (benchmark) => {
  it.skipIf(benchmark.name === 'run-tfc' && !shared)('gives its figures (run-tfc needs ../shared/models)', () => {
    const report = benchSchema.parse(runBenchmarks([benchmark], surroundings, quick));
    expect(report.skipped).toEqual([]);
    expect(report.measured.map((m) => [m.name, m.rounds])).toEqual([[benchmark.name, 1]]);
    const [{ ratio, cpuSecondsPerUnit, referenceCpuSecondsPerUnit, facts }] = report.measured as [
      (typeof report.measured)[0],
    ];
    expect(ratio.median).toBeCloseTo(cpuSecondsPerUnit.median / referenceCpuSecondsPerUnit.median, 6);
    expect(Object.keys(facts)).not.toEqual([]);
    expect(renderBench(report)).toContain(benchmark.name);
  });
});

describe('whole processes', () => {
  it('run a command that qnpu knows', async () => {
    const model = join(ROOT, 'examples', 'digits', 'models', 'digits-w2a4.qonnx.onnx');
    expect(await qnpu(...runArguments(model))).toMatchObject({ code: 0, err: '' });
  });

  it('give CPU and wall time of one run', () => {
    const { units, cpuSeconds, wallSeconds } = processSubject('nothing', ['-e', '0'], folder).measure(0);
    expect(units).toBe(1);
    expect(cpuSeconds).toBeGreaterThan(0);
    expect(wallSeconds).toBeGreaterThan(0);
  });

  it('that fail stop the benchmark with what they said', () => {
    const failing = processSubject('failure', ['-e', 'console.error("no such luck"); process.exit(4)'], folder);
    expect(() => failing.measure(0)).toThrow(/ended with 4\nno such luck/);
  });

  it('are skipped with a reason where the model or the build is missing', () => {
    const without = (wanted: Benchmark, more: Partial<Surroundings>) =>
      runBenchmarks([wanted], { ...surroundings, ...more }, quick).skipped[0]!.reason;
    const named = (name: string) => BENCHMARKS.find((b) => b.name === name)!;
    expect(without(named('run-tfc'), { root: join(folder, 'nowhere', 'at-all') })).toMatch(
      /tfc-w2a2\.qonnx\.onnx is not here/,
    );
    expect(without(named('run-digits'), { cli: join(folder, 'absent.js') })).toMatch(/not built: npm run build/);
  });
});

describe('measuring', () => {
  it('alternates who begins, warms up once, and compares units', () => {
    const calls: string[] = [];
    const fake = (unit: string, units: number, cpuSeconds: number) => ({
      unit,
      doc: '',
      measure: () => {
        calls.push(unit);
        return { units, cpuSeconds };
      },
    });
    const figures = measurePairs({ subject: fake('s', 10, 2), reference: fake('r', 100, 1), facts: {} }, 3, 1);
    expect(calls.join('')).toBe('sr' + 'sr' + 'rs' + 'sr');
    expect(figures.ratio.median).toBeCloseTo(20, 12);
    expect(figures.wallSecondsPerUnit).toBeUndefined();
  });

  it('repeats until the time is up and counts every unit', () => {
    let calls = 0;
    const work = inProcess('call', '', () => {
      calls += 1;
      return 3;
    }).measure(0.02);
    expect(work.units).toBe(3 * calls);
    expect(work.cpuSeconds).toBeGreaterThanOrEqual(0.02);
  });

  it('spreads', () => {
    expect(spread([5, 1, 3])).toEqual({ min: 1, median: 3, max: 5 });
    expect(spread([4, 1, 2, 9])).toEqual({ min: 1, median: 3, max: 9 });
    expect(() => spread([])).toThrow(RangeError);
  });

  it('prints three digits without an exponent', () => {
    expect([1234.4, 99.94, 1.2345, 0.0123, 0.00000012].map(significant)).toEqual([
      '1234',
      '99.9',
      '1.23',
      '0.0123',
      '0.000000120',
    ]);
  });
});

describe('a goal', () => {
  const report = runBenchmarks([BENCHMARKS.find((b) => b.name === 'encode')!], surroundings, quick);
  const verdict = (wall: number, cpu: number) => {
    const same = (median: number) => ({ min: median, median, max: median });
    const [m] = report.measured;
    const measured = [{ ...m!, goalSeconds: 1, cpuSecondsPerUnit: same(cpu), wallSecondsPerUnit: same(wall) }];
    return /goal of [^:]*: under 1 s: ([^(]*) \(/.exec(renderBench({ ...report, measured }))?.[1];
  };
  it('is held against the wall time, and says when only the CPU time keeps it', () => {
    expect(verdict(0.7, 0.8)).toBe('met');
    expect(verdict(1.7, 0.8)).toBe('met by the CPU time; the wall time is for an idle machine');
    expect(verdict(1.7, 1.6)).toBe('NOT met');
  });
});

describe('options', () => {
  const parse = (...args: string[]) => parseOptions(args, BENCHMARKS);
  it('choose rounds, benchmarks and form', () => {
    expect(parse()).toMatchObject({ json: false, rounds: 7, wanted: BENCHMARKS });
    const some = parse('--json', '--rounds', '3', '--only', 'decode,compile', '--only', 'execute');
    expect(some).toMatchObject({ json: true, rounds: 3 });
    expect(some.wanted.map((b) => b.name)).toEqual(['compile', 'execute', 'decode']);
  });

  it('are refused with what is wanted', () => {
    expect(() => parse('--only', 'sleep')).toThrow(/expected some of run-digits, run-tfc, compile/);
    expect(() => parse('--rounds', '0')).toThrow(/whole number/);
    expect(() => parse('--fast')).toThrow(/--fast/);
  });
});
