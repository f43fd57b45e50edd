/**
 * The programs of examples/asm against their README: every table, cycle count, verdict and mended program on that page is run and compared, so that the
 * page cannot go stale; values are computed here by plain loops.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { assemble } from '../../../isa/instructions/assembly/assemble.ts';
import { requireValid } from '../../../isa/instructions/validate/program.ts';
import { applyOverrides } from '../../../isa/machine/overrides.ts';
import { teach8x8 } from '../../../isa/machine/presets/teach-8x8.ts';
import type { Machine } from '../../../isa/machine/schema.ts';
import type { Program } from '../../../isa/program.ts';
import { execute } from '../../../sim/exec/execute.ts';
import { checkOrder } from '../../../sim/order/check.ts';
import { simulate } from '../../../sim/timing/simulate.ts';
import { Listing } from '../../../src/report/simulation/listing.ts';
import { simulationLines } from '../../../src/report/simulation/text.ts';
import { verdictLines } from '../../../src/report/simulation/verdict.ts';
import { renderTrace } from '../../../src/report/trace.ts';

const folder = new URL('../../../examples/asm/', import.meta.url);
const read = (name: string) => readFileSync(new URL(name, folder), 'utf8');
const readme = read('README.md');
const sections = new Map(
  readme
    .split(/^## /m)
    .slice(1)
    .map((text) => [text.slice(0, text.indexOf('\n')), text] as const),
);

interface Loaded {
  readonly program: Program;
  readonly machine: Machine;
  readonly source: string;
}

function load(name: string, source: string, settings: readonly string[]): Loaded {
  const { program, machine } = assemble(source, { fileName: `${name}.qasm` });
  const own = Object.entries(machine?.overrides ?? {}).map(([field, value]) => `${field}=${value}`);
  const built = applyOverrides(teach8x8, [...own, ...settings]);
  requireValid(program, built);
  return { program, machine: built, source };
}

/** A program of the page; `mended-` ones are made from the patch in their section. */
function source(name: string): string {
  if (!name.startsWith('mended-')) return read(`${name}.qasm`);
  const original = name.replace('mended-', '');
  const patch = /```diff\n([\s\S]*?)```/.exec(sections.get(original)!)![1]!;
  return patched(read(`${original}.qasm`), patch);
}

/** Applies a patch without line numbers: lines that stay or go are looked for from where the last one was. */
function patched(text: string, patch: string): string {
  const lines = text.split('\n');
  let at = 0;
  for (const change of patch.trimEnd().split('\n')) {
    const line = change.slice(2);
    if (change.startsWith('+')) lines.splice(at++, 0, line);
    else {
      const found = lines.indexOf(line, at);
      expect(found, `"${line}" is in the program`).toBeGreaterThanOrEqual(0);
      if (change.startsWith('-')) lines.splice(found, 1);
      at = change.startsWith('-') ? found : found + 1;
    }
  }
  return lines.join('\n');
}

/** Rows of the first table of a text whose header begins with the given column. */
function tableRows(text: string, firstColumn: string): string[][] {
  const lines = text.split('\n');
  const header = lines.findIndex((l) => l.startsWith(`| ${firstColumn} |`));
  if (header < 0) return [];
  const rows = lines.slice(header + 2);
  const end = rows.findIndex((l) => !l.startsWith('|'));
  return rows.slice(0, end < 0 ? rows.length : end).map((l) =>
    l
      .split('|')
      .slice(1, -1)
      .map((c) => c.trim()),
  );
}

interface Claim {
  readonly name: string;
  readonly arguments: string;
  readonly cycles: number;
  readonly rows: string[][];
}

/** `qnpu sim ...: **59 cycles**`, with the table behind it if there is one before the next such line. */
const claims: Claim[] = [...readme.matchAll(/^`qnpu sim (\S+)\.qasm([^`]*)`: \*\*(\d+) cycles\*\*$/gm)].map((m) => {
  const behind = readme.slice(m.index + m[0].length);
  const next = behind.search(/^(`qnpu sim|## )/m);
  return {
    name: m[1]!.replace('examples/asm/', ''),
    arguments: m[2]!,
    cycles: Number(m[3]),
    rows: tableRows(behind.slice(0, next), 'line'),
  };
});

const settingsOf = (text: string) => [...text.matchAll(/[a-zA-Z]+\.[a-zA-Z.]+=\S+/g)].map((m) => m[0]);

describe('the tables of examples/asm/README.md', () => {
  it('are there for every program that runs', () =>
    expect(claims.map((c) => c.rows.length)).toEqual([6, 6, 12, 12, 6, 8, 8, 0, 10, 11, 0]));

  it.each(claims)('$name$arguments takes $cycles cycles, line by line', ({ name, arguments: more, cycles, rows }) => {
    const { program, machine } = load(name, source(name), settingsOf(more));
    expect(checkOrder(program, machine)).toEqual([]);
    const r = simulate(program, machine, { warmCode: more.includes('--warm') });
    expect(r.cycles).toBe(cycles);
    if (rows.length === 0) return;
    const shown = r.timeline.map((t) => [
      program.symbols.lineOf[t.core]![t.pc],
      ...[t.dispatchPs, t.startPs, t.donePs].map((ps) => ps / 10_000),
    ]);
    expect(rows.map((r) => [r[0], r[2], r[3], r[4]].map(Number))).toEqual(shown);
    r.timeline.forEach(({ core, pc }, i) =>
      expect(program.cores[core]!.instructions[pc]!.op).toBe(rows[i]![1]!.split(' ')[0]),
    );
  });

  const exercises = tableRows(sections.get('Exercises')!, 'exercise');
  it.each(exercises.map((e) => ({ name: e[1]!, settings: e[2]!, cycles: Number(e[3]) })))(
    'exercise: $name with $settings takes $cycles cycles',
    ({ name, settings, cycles }) => {
      const { program, machine } = load(name, source(name), settingsOf(settings));
      expect(simulate(program, machine, { warmCode: settings.includes('--warm') }).cycles).toBe(cycles);
    },
  );
});

describe('values', () => {
  const iota = (n: number) => Array.from({ length: n }, (_, i) => i % 16);
  const dot = (x: readonly number[], w: (k: number) => number) => x.reduce((sum, v, k) => sum + v * w(k), 0);
  const ramp = [1, 2, 3, 4, 5, 6, 7, 8];
  const once = [1, 2].map((weight) => dot(ramp, () => weight));
  const split = iota(16);
  const kernels = [
    [1, 0, -1, 2, 0, -2, 1, 0, -1],
    [1, 1, 1, 1, 1, 1, 1, 1, 1],
  ];
  const pixel = (y: number, x: number) => (y < 0 || x < 0 || y > 4 || x > 4 ? 0 : (5 * y + x) % 16);
  const convolved = Array.from({ length: 9 }, (_, o) => [2 * Math.floor(o / 3) - 1, 2 * (o % 3) - 1] as const).flatMap(
    ([y, x]) =>
      kernels.map((kernel) => kernel.reduce((sum, w, i) => sum + w * pixel(y + Math.floor(i / 3), x + (i % 3)), 0)),
  );
  it.each([
    ['01-mvm', once],
    ['02-double-buffer', [dot(iota(32), () => 1), dot(iota(32), (k) => Math.floor(k / 8))]],
    ['03-k-split', [dot(split, () => 1), dot(split, (k) => (k < 8 ? 1 : -1))]],
    ['04-convolution', convolved],
    [
      'mended-05-race',
      [
        ...once,
        ...[1, 2].map((weight) =>
          dot(
            ramp.map(() => 8),
            () => weight,
          ),
        ),
      ],
    ],
    ['mended-06-deadlock', once],
    ['08-multicast', once],
    ['mended-07-queue-depth', once.map((v) => 5 * v)],
  ])('%s', (name, expected) => {
    const { program, machine } = load(name, source(name), []);
    const y = Array.from(execute(program, machine, new Map()).outputs.get('y')!);
    expect(y).toEqual(expected);
    expect(sections.get(name.replace('mended-', ''))).toMatch(new RegExp(`y =\\s\`${y.join(' ')}\``));
  });
});

describe('programs that are refused', () => {
  const refused = [...readme.matchAll(/^`qnpu sim examples\/asm\/(\S+)\.qasm([^`]*)`:\n\n```text\n([\s\S]*?)```/gm)];
  it('there are three, one of them twice', () =>
    expect(refused.map((m) => m[1])).toEqual(['05-race', '06-deadlock', '07-queue-depth', '07-queue-depth']));

  it.each(refused.map((m) => ({ name: m[1]!, more: m[2]!, text: m[3]! })))(
    '$name$more: the verdict as printed',
    ({ name, more, text }) => {
      const loaded = load(name, source(name), settingsOf(more));
      const findings = checkOrder(loaded.program, loaded.machine);
      const listing = new Listing(loaded.program, loaded.source);
      expect(findings.map((f) => verdictLines(f, listing).join('\n')).join('\n\n')).toBe(text.trimEnd());
    },
  );

  it('the race names both instructions, the bytes and the missing edge', () => {
    const { program, machine } = load('05-race', source('05-race'), []);
    const [finding] = checkOrder(program, machine);
    expect(finding).toMatchObject({ kind: 'race', space: 'spad', bytes: [0, 4] });
    expect(finding!.places.map((p) => program.cores[0]!.instructions[p.pc]!.op)).toEqual(['mm', 'copy']);
    expect(finding!.missing).toBe("dma0 must wait for matrix's release");
  });
});

describe('what qnpu sim prints', () => {
  const { program, machine, source: text } = load('01-mvm', source('01-mvm'), []);
  const result = simulate(program, machine);
  const outputs = execute(program, machine, new Map()).outputs;
  const lines = simulationLines({ machine, listing: new Listing(program, text), result, warm: false, outputs });

  it('fits 100 columns', () => expect(lines.filter((l) => l.length > 100)).toEqual([]));
  it('shows each line with its times and what it waited for', () => {
    expect(lines[0]).toBe('01-mvm on teach-8x8: 59 cycles, 590 ns at 100 MHz');
    const cells = lines
      .find((l) => l.includes('ww a, w signal written'))!
      .trim()
      .split(/\s{2,}/);
    expect(cells).toEqual(['19', 'ww a, w signal written', 'write', '23', '23', '37', 'fetch']);
    expect(lines.find((l) => l.startsWith('    20  mm'))).toMatch(/semaphore, line 19$/);
  });
  it('draws every instruction from dispatch to done', () => {
    const at = lines.findIndex((l) => l.startsWith('timeline'));
    expect(lines[at + 4]).toBe(`    20  matrix  ${' '.repeat(31)}${'.'.repeat(6)}${'█'.repeat(5)}${'░'.repeat(3)}`);
  });
  it('adds the causes up to the total', () => {
    const from = lines.findIndex((l) => l.startsWith('cycles of that path'));
    const numbers = lines
      .slice(from + 3, lines.indexOf('', from))
      .map((l) => Number(l.slice(18).trim().split(/\s+/)[0]));
    const total = numbers.pop();
    expect(numbers.reduce((n, v) => n + v, 0)).toBe(total);
    expect(total).toBe(59);
  });
  it('ends with the values', () => expect(lines.slice(-2)).toEqual(['values', '  y[2] = 36 72']));
});

describe('the trace of 02-double-buffer', () => {
  const { program, machine } = load('02-double-buffer', source('02-double-buffer'), []);
  const result = simulate(program, machine);
  const trace = JSON.parse(renderTrace(result, program)) as { traceEvents: Record<string, number & string>[] };
  const slices = trace.traceEvents.filter((e) => e.ph === 'X');

  it('is in the Chrome format: named tracks, complete events in microseconds', () => {
    const names = trace.traceEvents.filter((e) => e.ph === 'M');
    expect(names.every((e) => e.name === 'thread_name' || e.name === 'process_name')).toBe(true);
    expect(slices).toHaveLength(12);
    expect(slices[0]).toMatchObject({ name: 'copy', cat: 'dma0', ts: 0.19, dur: 0.07 });
  });
  it('has no two slices of one track at once', () => {
    for (const tid of new Set(slices.map((e) => e.tid))) {
      const own = slices.filter((e) => e.tid === tid).sort((a, b) => a.ts! - b.ts!);
      for (let i = 1; i < own.length; i++)
        expect(own[i]!.ts!).toBeGreaterThanOrEqual(own[i - 1]!.ts! + own[i - 1]!.dur! - 1e-9);
    }
  });
});
