/**
 * HBM2 at 2.0 Gb/s a pin, one 128-bit channel as two pseudo channels. Timings in 1 ns clocks as read from Ramulator 2.1's HBM2 table. Leaves out the
 * row-command bus that the pseudo channels share, the faster activation before a write (12 clocks) and per-bank refresh.
 */
import type { Dram } from '../../schema.ts';

export const hbm2Channel: Dram = {
  name: 'HBM2 2.0 Gb/s x128',
  technology: 'hbm2',
  channels: 2,
  channelBits: 64,
  capacityBytes: 2 ** 30,
  clockPs: 1000,
  burstBytes: 32,
  burstClocks: 2,
  banks: 16,
  bankGroups: 4,
  rowBytes: 1024,
  mapping: ['channel:1', 'group:2', 'column:5', 'bank:2', 'row:15'],
  readQueue: 32,
  writeQueue: 32,
  controllerPs: 0,
  timing: {
    readLatency: 15, writeLatency: 5, rcd: 16, rp: 14, rpAll: 14, ras: 34, ccdShort: 2, ccdLong: 4, rrdShort: 4, rrdLong: 4, faw: 15,
    writeRecovery: 16, readToPrecharge: 5, writeToReadShort: 6, writeToReadLong: 8, readToWrite: 13, rowCommand: 6, rfc: 260, refi: 3900,
  },
};
