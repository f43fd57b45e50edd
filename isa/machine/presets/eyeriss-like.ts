/**
 * The dimensions of Eyeriss (Chen et al., JSSC 2017): 12 x 14 elements, 108 KiB of global buffer, 200 MHz, 65 nm. Its row-stationary dataflow and its 16-bit operands are
 * not ours: this is a weight-stationary INT8 array of its size, for comparison of sizes only.
 */
import type { Machine } from '../schema.ts';
import { edgeDcim28nm } from './edge-dcim-28nm.ts';

export const eyerissLike: Machine = {
  ...edgeDcim28nm,
  name: 'eyeriss-like',
  summary: '12x14 INT8 weight-stationary array (not row stationary), 108 KiB buffer, 65 nm, 200 MHz',
  basis: { kind: 'hypothetical', reason: 'dimensions of Eyeriss, Chen et al., JSSC 2017; dataflow and widths differ' },
  technology: { nodeNm: 65, supplyV: 1 },
  clocks: { coreMhz: 200, bufferMhz: 200 },
  core: {
    ...edgeDcim28nm.core,
    matrix: {
      kind: 'systolic', rows: 12, columns: 14, dataflow: 'weight-stationary', planes: 2, preload: 'overlapped', setupCycles: 4,
      writeBits: 112, feedBits: 96, weightBitsMin: 8, weightBitsMax: 8, inputBitsMin: 8, inputBitsMax: 8,
    },
    vector: { lanes: 14, startupCycles: 4, windowMacLanes: 14, divideCycles: 4 },
    drain: { lanes: 14, startupCycles: 4 },
    scratchpad: { sizeBytes: 32768, banks: 4, portBits: 128, latencyCycles: 1 },
    accumulators: { sizeBytes: 16384, widthBits: 32, banks: 2, portBits: 512 },
    windowBufferBytes: 0,
  },
  interconnect: { linkBits: 64, latencyCycles: 4, multicast: true },
  buffer: { sizeBytes: 110592, banks: 27, portBits: 64, latencyCycles: 2 },
  capabilities: { ...edgeDcim28nm.capabilities, weightResidency: false },
};
