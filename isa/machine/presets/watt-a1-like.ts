/**
 * A low-bit edge NPU of the size that was announced for the Watt A1: 28 nm, 24 TOPS, 6 TOPS/W, 1 to 3-bit weights resident on chip. Hypothetical: array, clock, memories and
 * DRAM are not public, and nothing says that it computes in memory. Here weight memories of 4 MiB feed adder trees beside them, 64 cell columns to a tree: 24.6 TOPS
 * at 2-bit weights and 8-bit activations.
 */
import type { Machine } from '../schema.ts';
import { edgeDcim28nm } from './edge-dcim-28nm.ts';

export const wattA1Like: Machine = {
  ...edgeDcim28nm,
  name: 'watt-a1-like',
  summary: '24.6 TOPS at W2A8, 4 MiB of resident 1-3 bit weights, 2 MiB of activations, 28 nm, 750 MHz, LPDDR4-3200 x32',
  basis: { kind: 'hypothetical', reason: 'sized to the announced envelope of the Watt A1 (China Science Daily: TSMC 28 nm, 24 TOPS, 6 TOPS/W, 1 to 3 bits); not a model of the chip' },
  technology: { nodeNm: 28, supplyV: 0.9 },
  clocks: { coreMhz: 750, bufferMhz: 750 },
  core: {
    ...edgeDcim28nm.core,
    matrix: {
      kind: 'digital-cim', macros: 64, rows: 1024, columns: 512, rowsAtOnce: 64, inputBitsPerCycle: 8, columnMux: 64, pipelineCycles: 4,
      macroAdder: { fanIn: 64, latencyCycles: 2 }, planes: 1, planeSwapCycles: 0, writeBits: 512, writeRowCycles: 1, writeInterference: 'steals',
      feedBits: 8192, weightBitsMin: 1, weightBitsMax: 8, inputBitsMin: 1, inputBitsMax: 8,
    },
    scratchpad: { sizeBytes: 2097152, banks: 32, portBits: 1024, latencyCycles: 3 },
    accumulators: { sizeBytes: 131072, widthBits: 32, banks: 4, portBits: 8192 },
  },
  buffer: { sizeBytes: 1048576, banks: 16, portBits: 256, latencyCycles: 4 },
  capabilities: { ...edgeDcim28nm.capabilities, weightPlanes: false },
};
