/**
 * LPDDR5-6400, one x16 channel. Timings in 1.25 ns clocks (WCK 4:1) as read from Ramulator 2.1's LPDDR5 table. Leaves out the split of an activation in two
 * commands, the restart of a stopped WCK, per-bank refresh and power-down.
 */
import type { Dram } from '../../schema.ts';

export const lpddr5X16: Dram = {
  name: 'LPDDR5-6400 x16',
  technology: 'lpddr5',
  channels: 1,
  channelBits: 16,
  capacityBytes: 2 ** 30,
  clockPs: 1250,
  burstBytes: 32,
  burstClocks: 2,
  banks: 16,
  bankGroups: 4,
  rowBytes: 2048,
  mapping: ['column:1', 'group:2', 'column:5', 'bank:2', 'row:15'],
  readQueue: 32,
  writeQueue: 32,
  controllerPs: 0,
  timing: {
    readLatency: 18, writeLatency: 9, rcd: 15, rp: 15, rpAll: 17, ras: 34, ccdShort: 2, ccdLong: 4, rrdShort: 4, rrdLong: 4, faw: 16,
    writeRecovery: 28, readToPrecharge: 8, writeToReadShort: 5, writeToReadLong: 10, readToWrite: 12, rowCommand: 0, rfc: 168, refi: 3125,
  },
};
