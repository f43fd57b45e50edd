/**
 * DDR4-3200AA, one 64-bit channel of eight 8 Gb x8 devices, one rank. Timings in 0.625 ns clocks: JEDEC JESD79-4 speed bin 3200AA (22-22-22) as Ramulator 2.1
 * has them, tRFC 350 ns. Leaves out the command bus, second rank and power-down.
 */
import type { Dram } from '../../schema.ts';

export const ddr4X64: Dram = {
  name: 'DDR4-3200 x64',
  technology: 'ddr4',
  channels: 1,
  channelBits: 64,
  capacityBytes: 2 ** 33,
  clockPs: 625,
  burstBytes: 64,
  burstClocks: 4,
  banks: 16,
  bankGroups: 4,
  rowBytes: 8192,
  mapping: ['group:2', 'column:7', 'bank:2', 'row:16'],
  readQueue: 32,
  writeQueue: 32,
  controllerPs: 0,
  timing: {
    readLatency: 22, writeLatency: 16, rcd: 22, rp: 22, rpAll: 22, ras: 52, ccdShort: 4, ccdLong: 8, rrdShort: 4, rrdLong: 8, faw: 34,
    writeRecovery: 24, readToPrecharge: 12, writeToReadShort: 4, writeToReadLong: 12, readToWrite: 12, rowCommand: 0, rfc: 560, refi: 12480,
  },
};
