/**
 * LPDDR4-3200, one or two x16 channels. Timings in 0.625 ns clocks as read from Ramulator 1's LPDDR4 table (typical
 * speed bin; JEDEC JESD209-4 names), with tDQSCK 3 folded into the read latency. Leaves out per-bank refresh and power-down.
 */
import type { Dram } from '../../schema.ts';

export const lpddr4X16: Dram = {
  name: 'LPDDR4-3200 x16',
  technology: 'lpddr4',
  channels: 1,
  channelBits: 16,
  capacityBytes: 512 * 2 ** 20,
  clockPs: 625,
  burstBytes: 32,
  burstClocks: 8,
  banks: 8,
  bankGroups: 1,
  rowBytes: 2048,
  mapping: ['column:6', 'bank:3', 'row:15'],
  readQueue: 32,
  writeQueue: 32,
  controllerPs: 0,
  timing: {
    readLatency: 35, writeLatency: 18, rcd: 29, rp: 27, rpAll: 32, ras: 68, ccdShort: 8, ccdLong: 8, rrdShort: 16, rrdLong: 16, faw: 64,
    writeRecovery: 28, readToPrecharge: 14, writeToReadShort: 16, writeToReadLong: 16, readToWrite: 26, rowCommand: 0, rfc: 288, refi: 6247,
  },
};

/** Two channels, 256 B interleave: 12.8 GB/s. */
export const lpddr4X32: Dram = {
  ...lpddr4X16,
  name: 'LPDDR4-3200 x32',
  channels: 2,
  capacityBytes: 2 ** 30,
  mapping: ['column:3', 'channel:1', 'column:3', 'bank:3', 'row:15'],
};
