/**
 * DDR3-2133N, two 64-bit channels (34 GB/s). Timings in 0.938 ns clocks by JEDEC JESD79-3F (14-14-14, 1 KB pages, 4 Gb dies), recalled and rounded up. Leaves
 * out second ranks and power-down.
 */
import type { Dram } from '../../schema.ts';

export const ddr3X128: Dram = {
  name: 'DDR3-2133 x128',
  technology: 'ddr3',
  channels: 2,
  channelBits: 64,
  capacityBytes: 2 ** 33,
  clockPs: 938,
  burstBytes: 64,
  burstClocks: 4,
  banks: 8,
  bankGroups: 1,
  rowBytes: 8192,
  mapping: ['column:2', 'channel:1', 'column:5', 'bank:3', 'row:16'],
  readQueue: 32,
  writeQueue: 32,
  controllerPs: 0,
  timing: {
    readLatency: 14, writeLatency: 10, rcd: 14, rp: 14, rpAll: 14, ras: 36, ccdShort: 4, ccdLong: 4, rrdShort: 6, rrdLong: 6, faw: 27,
    writeRecovery: 16, readToPrecharge: 8, writeToReadShort: 8, writeToReadLong: 8, readToWrite: 10, rowCommand: 0, rfc: 278, refi: 8316,
  },
};
