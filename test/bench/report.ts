/** The document `bench/1` and its table. Times are seconds; a ratio is subject over reference, each for one of its units. */
import { z } from 'zod';
import { type Column, renderTable } from '../../src/report/table.ts';
import type { Spread } from './measure.ts';

const positive = z.number().positive();
const spreadSchema = z.strictObject({ min: positive, median: positive, max: positive });
const partSchema = z.strictObject({ unit: z.string(), doc: z.string() });

const measuredSchema = z.strictObject({
  name: z.string(),
  shows: z.enum(['seconds', 'rate']),
  subject: partSchema,
  reference: partSchema,
  facts: z.record(z.string(), z.number()),
  rounds: z.number().int().positive(),
  ratio: spreadSchema,
  cpuSecondsPerUnit: spreadSchema,
  referenceCpuSecondsPerUnit: spreadSchema,
  wallSecondsPerUnit: spreadSchema.optional(),
  /** For the wall seconds on an idle machine. */
  goalSeconds: positive.optional(),
});

const skippedSchema = z.strictObject({ name: z.string(), reason: z.string() });

export const benchSchema = z.strictObject({
  schema: z.literal('bench/1'),
  tool: z.string(),
  node: z.string(),
  platform: z.string(),
  cores: z.number().int().positive(),
  /** Processes that wanted a core, over the last minute; 0 where the system does not say. */
  load: z.number().min(0),
  measured: z.array(measuredSchema),
  skipped: z.array(skippedSchema),
});

export type BenchReport = z.infer<typeof benchSchema>;
export type Measured = z.infer<typeof measuredSchema>;

const COLUMNS: readonly Column[] = [
  { title: 'benchmark', align: 'left' },
  { title: 'ratio min', align: 'right' },
  { title: 'median', align: 'right' },
  { title: 'max', align: 'right' },
  { title: 'costs one ... in ...', align: 'left' },
  { title: 'CPU here (median)', align: 'right' },
  { title: 'wall here', align: 'right' },
];

export function renderBench(report: BenchReport): string {
  const { cores, load, platform } = report;
  const busy = load > cores ? ': busy, so rely on the ratios' : '';
  const lines = [
    `qnpu ${report.tool}, Node ${report.node}, ${platform}, ${cores} cores, load ${load.toFixed(1)}${busy}`,
    '',
    ...renderTable(COLUMNS, report.measured.map(row)),
    '',
    'ratio: CPU time of one unit over CPU time of one reference unit, measured in turn; lower is faster.',
    ...report.measured.flatMap(goalLine),
    ...report.measured.map(factsLine),
    ...report.skipped.map(({ name, reason }) => `skipped ${name}: ${reason}`),
  ];
  return `${lines.join('\n')}\n`;
}

function row(m: Measured): string[] {
  const { min, median, max } = m.ratio;
  const wall = m.wallSecondsPerUnit;
  return [
    m.name,
    significant(min),
    significant(median),
    significant(max),
    `${m.subject.unit} / ${m.reference.unit}`,
    absolute(m, m.cpuSecondsPerUnit),
    wall === undefined ? '' : absolute(m, wall),
  ];
}

function absolute({ shows, subject }: Measured, { median }: Spread): string {
  return shows === 'seconds' ? `${significant(median)} s` : `${withPrefix(1 / median)} ${subject.unit}s/s`;
}

/** On a busy machine only the CPU time can tell: the wall time of an idle one is about that. */
function goalLine({ name, goalSeconds, cpuSecondsPerUnit: cpu, wallSecondsPerUnit: wall }: Measured): string[] {
  if (goalSeconds === undefined || wall === undefined) return [];
  const verdict =
    wall.median < goalSeconds
      ? 'met'
      : cpu.median < goalSeconds
        ? 'met by the CPU time; the wall time is for an idle machine'
        : 'NOT met';
  return [
    `goal of ${name}: under ${goalSeconds} s: ${verdict} (wall ${significant(wall.median)} s, CPU ${significant(cpu.median)} s).`,
  ];
}

function factsLine({ name, subject, reference, facts, rounds }: Measured): string {
  const sizes = Object.entries(facts).map(([what, n]) => `${what} ${n}`);
  return `${name}: ${subject.doc} (${sizes.join(', ')}); reference: ${reference.doc}; ${rounds} round${rounds === 1 ? '' : 's'}`;
}

/** Three significant digits, never an exponent. */
export function significant(x: number): string {
  if (x >= 100) return String(Math.round(x));
  const decimals = Math.min(9, 2 - Math.floor(Math.log10(x)));
  return x.toFixed(decimals);
}

function withPrefix(x: number): string {
  const [scale, prefix] = x >= 1e9 ? [1e9, 'G'] : x >= 1e6 ? [1e6, 'M'] : x >= 1e3 ? [1e3, 'k'] : [1, ''];
  return `${significant(x / scale)} ${prefix}`.trimEnd();
}
