/** DRAM channels against cycle-level simulators (../shared/reference/dram.md) and against hand-made closed forms. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { lpddr4X16, lpddr4X32 } from '../../../isa/machine/presets/dram/lpddr4-3200.ts';
import { driveDram, patternAccesses } from '../../harness/dram-driver.ts';
import { sharedFile } from '../../harness/shared.ts';

const table = sharedFile('reference', 'dram-throughput.csv');
const CONFIGS = {
  'lpddr4-A': { dram: lpddr4X16, quarterSpan: 4096 },
  'lpddr4-2ch256': { dram: lpddr4X32, quarterSpan: 8192 },
} as const;
/** One MiB is past the start-up of every pattern and keeps the test short. */
const BYTES = 1 << 20;

/** Same-bank interleaves and read/write mixes: the cycle-level simulators differ by 20 % among themselves. */
const band = (pattern: string) => (pattern.startsWith('rwmix') || pattern === 'interleave_aligned' ? 0.2 : 0.05);

describe.skipIf(table === undefined)('against cycle-level simulators (needs ../shared/reference)', () => {
  const rows =
    table === undefined
      ? []
      : readFileSync(table, 'utf8')
          .trim()
          .split('\n')
          .slice(1)
          .map((l) => l.split(','));
  const cases = rows.filter((r) => r[0]! in CONFIGS).map((r) => ({ name: `${r[0]} ${r[3]} ${r[4]} x ${r[5]} B`, r }));
  it.each(cases)('$name', ({ r }) => {
    const { dram, quarterSpan } = CONFIGS[r[0] as keyof typeof CONFIGS];
    const accesses = patternAccesses(r[3]!, r[4]!, Number(r[5]), Math.min(BYTES, Number(r[7])), quarterSpan);
    const bytes = accesses.reduce((n, a) => n + a.bytes, 0);
    const percentOfPeak = (100 * bytes) / (driveDram(dram, accesses, Number(r[6])) / 1000) / Number(r[12]);
    expect(Math.abs(percentOfPeak / Number(r[13]) - 1)).toBeLessThanOrEqual(band(r[3]!));
  });
  it('covers both configurations', () => expect(cases.length).toBe(78));
});

describe('closed forms from the timing table', () => {
  const t = lpddr4X16.timing;
  const clock = lpddr4X16.clockPs;
  const read = (address: number, bytes = 64) => ({ address, bytes, write: false });

  it('64 B from a closed bank take rcd + latency + two bursts: 50 ns', () => {
    expect(driveDram(lpddr4X16, [read(0)], 0)).toBe((t.rcd + t.readLatency + 2 * 8) * clock);
    expect(driveDram(lpddr4X16, [read(0)], 0)).toBe(50_000);
  });
  it('a row hit after it takes latency + two bursts, one access in flight', () => {
    const one = driveDram(lpddr4X16, [read(0)], 1);
    expect(driveDram(lpddr4X16, [read(0), read(64)], 1) - one).toBe((t.readLatency + 2 * 8) * clock);
  });
  it('another row of the same bank waits for tRAS, precharges and activates', () => {
    const conflict = driveDram(lpddr4X16, [read(0), read(64 * 1024)], 1);
    const precharge = Math.max(t.ras * clock, (t.rcd + t.readLatency + 16) * clock);
    expect(conflict).toBe(precharge + (t.rp + t.rcd + t.readLatency + 16) * clock);
  });
  it('a long sequential read loses only the refresh share and its restart', () => {
    const bytes = 1 << 20;
    const ps = driveDram(
      lpddr4X16,
      Array.from({ length: bytes / 64 }, (_, k) => read(64 * k)),
      0,
    );
    const peak = bytes / 4 / 1.6e9;
    const share = peak / (ps / 1e12);
    expect(share).toBeLessThan(1 - t.rfc / t.refi);
    expect(share).toBeGreaterThan(1 - (t.rfc + t.rpAll + t.rcd + t.readLatency) / t.refi - 0.005);
  });
});
