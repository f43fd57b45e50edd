/** What each cause of passing time means, for people: the same words in the report, the README and the lessons. */
import type { Cause } from '../result.ts';

export const CAUSE_MEANING: Readonly<Record<Cause, string>> = {
  matrix: 'the matrix unit takes in vectors',
  'matrix-pipeline': 'the last sums pass adder tree, shift-add and adders between macros',
  'weight-write': 'rows of weights are written into the arrays',
  drain: 'the drain requantizes, adds, clamps or pools',
  vector: 'the vector unit computes',
  transfer: 'words move on chip: memory ports and interconnect',
  'dram-transfer': 'the DRAM bus moves data, of this request or of one before it',
  dispatch: 'the sequencer dispatches, one instruction a slot',
  scalar: 'the sequencer loads a register',
  'dma-setup': 'a DMA channel sets up a transfer',
  'dram-latency': 'from a DRAM column command to its first data, and to the next clock edge',
  'dram-activate': 'a DRAM row is closed and another opened',
  'dram-turnaround': 'the DRAM bus turns between reading and writing',
  'dram-refresh': 'the DRAM refreshes',
  interconnect: 'another transfer has the link, or its clock edge is awaited',
  bank: 'the scratchpad banks are taken by another unit',
  'accumulator-port': 'the accumulator banks are taken by another unit',
  'buffer-port': 'the banks of the global buffer are taken',
  outstanding: 'as many DMA requests are in flight as the channel may have',
  array: 'the array is being written, or computing while it should be written',
  semaphore: 'another unit has not signalled yet',
  operand: 'an earlier result of the same unit is needed',
  queue: 'the queue of the unit is full, or the unit is busy with earlier work',
  fetch: 'code or descriptors have not come from DRAM yet',
};
