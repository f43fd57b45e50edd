/**
 * DRAM patterns that are in no reference table, against utilization worked out by hand from the timings: clocks of data over clocks of what limits, less the share of
 * refresh (tRFC and closing all banks of each tREFI). Start-up and the row that was open count for the rest.
 */
import { expect, it } from 'vitest';
import { ddr4X64 } from '../../../isa/machine/presets/dram/ddr4-3200.ts';
import { lpddr4X16 } from '../../../isa/machine/presets/dram/lpddr4-3200.ts';
import type { Dram } from '../../../isa/machine/schema.ts';
import { driveDram } from '../../../src/validate/dram-patterns.ts';

/** Within what share of the figure by hand. */
const BAND = 0.02;
const LPDDR4_UP = 1 - (288 + 32) / 6247;
const DDR4_UP = 1 - (560 + 22) / 12480;

it.each([
  // LPDDR4: banks at 2 KiB, rows at 16 KiB; 64 B are 16 clocks of data.
  ['LPDDR4, two banks take turns, tRC 95', lpddr4X16, 40960, 64, false, (32 / 95) * LPDDR4_UP],
  ['LPDDR4, four banks take turns', lpddr4X16, 12288, 64, false, (64 / 95) * LPDDR4_UP],
  ['LPDDR4, eight banks: tRRD hides behind data', lpddr4X16, 6144, 64, false, LPDDR4_UP],
  ['LPDDR4, eight banks, half as much data: tRRD 16', lpddr4X16, 6144, 32, false, (8 / 16) * LPDDR4_UP],
  ['LPDDR4, one bank, writes: 29 + 18 + 16 + 28 + 27', lpddr4X16, 131072, 64, true, (16 / 118) * LPDDR4_UP],
  // DDR4: groups at 64 B, banks at 32 KiB, rows at 128 KiB; 64 B are 4 clocks of data.
  ['DDR4, one bank, tRC 74', ddr4X64, 524288, 64, false, (4 / 74) * DDR4_UP],
  ['DDR4, two groups take turns: tCCD_S', ddr4X64, 128, 64, false, DDR4_UP],
  ['DDR4, four banks of one group, new rows: tRC 74', ddr4X64, 98304, 64, false, (16 / 74) * DDR4_UP],
] as const satisfies readonly (readonly [string, Dram, number, number, boolean, number])[])(
  '%s',
  (_, dram, stride, bytes, write, byHand) => {
    const accesses = Array.from({ length: 4096 }, (_, i) => ({ address: i * stride, bytes, write }));
    const ps = driveDram(dram, accesses, Number.POSITIVE_INFINITY);
    const share = (4096 * bytes * dram.burstClocks * dram.clockPs) / (ps * dram.burstBytes);
    expect(Math.abs(share / byHand - 1)).toBeLessThan(BAND);
  },
);
