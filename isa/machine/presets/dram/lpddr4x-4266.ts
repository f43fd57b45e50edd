/**
 * LPDDR4X-4266, two x16 channels (17 GB/s). Timings in 0.469 ns clocks: the LPDDR4-4266 file of DRAMSys, whose core timing LPDDR4X shares; tDQSCK of 3 clocks is in
 * the read latency, turnarounds as for LPDDR4-3200. Leaves out per-bank refresh and power-down.
 */
import type { Dram } from '../../schema.ts';

export const lpddr4xX32: Dram = {
  name: 'LPDDR4X-4266 x32',
  technology: 'lpddr4x',
  channels: 2,
  channelBits: 16,
  capacityBytes: 2 ** 30,
  clockPs: 469,
  burstBytes: 32,
  burstClocks: 8,
  banks: 8,
  bankGroups: 1,
  rowBytes: 2048,
  mapping: ['column:3', 'channel:1', 'column:3', 'bank:3', 'row:15'],
  readQueue: 32,
  writeQueue: 32,
  controllerPs: 0,
  timing: {
    readLatency: 39, writeLatency: 18, rcd: 39, rp: 39, rpAll: 45, ras: 90, ccdShort: 8, ccdLong: 8, rrdShort: 22, rrdLong: 22, faw: 86,
    writeRecovery: 38, readToPrecharge: 16, writeToReadShort: 22, writeToReadLong: 22, readToWrite: 31, rowCommand: 0, rfc: 599, refi: 8341,
  },
};
