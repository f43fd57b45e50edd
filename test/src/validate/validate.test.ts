/** The validation table: its references are those of ../shared, exact rows are exact, and what misses is known and explained. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { validationText } from '../../../src/report/validation.ts';
import { DRAM_THROUGHPUT } from '../../../src/validate/references/dram-throughput.ts';
import { SCALE_SIM } from '../../../src/validate/references/scale-sim.ts';
import { errorOf, makeRow, type Row } from '../../../src/validate/row.ts';
import { validate, validationSchema } from '../../../src/validate/validate.ts';
import { sharedFile } from '../../harness/shared.ts';

const lines = (text: string) => text.trim().split('\n');
const input = { group: 'macros', reference: 'r', quantity: 'q', unit: 'u', read: 'by eye' } as const;

describe('a row', () => {
  it('has its error in percent of the published figure, and passes inside its band', () => {
    const row = (ours: number, bandPercent: number) =>
      makeRow({ ...input, published: 80, ours, use: 'held-out', bandPercent });
    expect(row(100, 25)).toMatchObject({ errorPercent: 25, ok: true });
    expect(row(60, 25)).toMatchObject({ errorPercent: -25, ok: true });
    expect(row(101, 25)).toMatchObject({ ok: false });
  });
  it('exact rows pass only when equal; listed ones are not judged', () => {
    expect(makeRow({ ...input, published: 3, ours: 3.0001, use: 'exact' }).ok).toBe(false);
    expect(makeRow({ ...input, published: 3, ours: 9, use: 'listed' })).toMatchObject({ ok: true, bandPercent: null });
  });
  it('a violated law fails whatever the band', () => {
    expect(makeRow({ ...input, published: 0, ours: 2, use: 'exact' })).toMatchObject({ errorPercent: null, ok: false });
  });
});

describe('exact figures and laws', () => {
  const result = validate(['exact', 'laws']);
  it('all hold', () => {
    expect(result.rows.filter((r) => !r.ok)).toEqual([]);
    expect(result.ok).toBe(true);
    expect(result.groups.map((g) => [g.name, g.rows, g.missed])).toEqual([
      ['exact', 404, 0],
      ['laws', 6, 0],
    ]);
  });
  it('laws are checked often enough to mean something', () => {
    for (const r of result.rows.filter((row) => row.group === 'laws'))
      expect(Number(/^\d+/.exec(r.note)?.[0])).toBeGreaterThan(20);
  });
  it('is a document of its schema, also as JSON', () => {
    expect(validationSchema.parse(JSON.parse(JSON.stringify(result)))).toEqual(result);
  });
  it('reads as a table with a summary', () => {
    const text = validationText(result, false);
    expect(text).toMatch(/^qnpu \S+ validate: 410 rows, 0 miss their band\n/);
    expect(validationText(result, true).split('\n').length).toBeGreaterThan(410);
  });
});

describe('dram', () => {
  const { rows, groups } = validate(['dram']);
  it('has medians by unit, and over references', () => {
    const [{ heldOut }] = groups as [(typeof groups)[number]];
    expect(heldOut.map((h) => [h.unit, h.references])).toEqual([
      ['% of peak', 2],
      ['ns', 2],
    ]);
    expect(heldOut.reduce((n, h) => n + h.rows, 0)).toBe(rows.filter((r) => r.use === 'held-out').length);
  });
  it('misses only where the note says why', () => {
    const missed = rows.filter((r: Row) => !r.ok);
    expect(missed.every((r) => r.note !== '')).toBe(true);
    expect(missed.length).toBeLessThanOrEqual(7);
  });
  it('half of the patterns are within half a percent', () => {
    const errors = rows
      .filter((r) => r.use === 'held-out')
      .map(errorOf)
      .sort((a, b) => a - b);
    expect(errors[Math.floor(errors.length / 2)]).toBeLessThan(0.5);
  });
});

const shared = {
  scaleSim: sharedFile('reference', 'scalesim.csv'),
  dram: sharedFile('reference', 'dram-throughput.csv'),
};
describe.skipIf(shared.scaleSim === undefined || shared.dram === undefined)(
  'references (needs ../shared/reference)',
  () => {
    const columns = (path: string, which: readonly number[]) =>
      lines(readFileSync(path, 'utf8'))
        .slice(1)
        .map((l) => which.map((c) => l.split(',')[c]).join());
    it('SCALE-Sim: every row', () => {
      expect(lines(SCALE_SIM)).toEqual(columns(shared.scaleSim!, [0, 1, 2, 3, 4, 5, 6, 7]));
    });
    it('DRAM: every row of the five configurations', () => {
      const wanted = columns(shared.dram!, [0, 3, 4, 5, 6, 7, 13]).filter((l) =>
        /^(lpddr4-A|lpddr4-2ch256|lpddr5-G|ddr4-G|hbm2-G),/.test(l),
      );
      expect(lines(DRAM_THROUGHPUT)).toEqual(wanted);
    });
  },
);
