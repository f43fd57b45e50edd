/** Low-bit edge NPU built on digital compute-in-memory, 1..8-bit weights, two planes, LPDDR4. Hypothetical. */
import type { Machine } from '../schema.ts';
import { lpddr4X32 } from './dram/lpddr4-3200.ts';

export const edgeDcim28nm: Machine = {
  name: 'edge-dcim-28nm',
  summary: '16 digital-CIM macros of 256x256 cells, 1-8 bit, 2 planes, 256 KiB scratchpad, 1 MiB buffer, LPDDR4-3200 x32, 500 MHz',
  basis: { kind: 'hypothetical', reason: 'dimensions in the range of published 28/22 nm digital CIM macros; not any one chip' },
  technology: { nodeNm: 28, supplyV: 0.9 },
  clocks: { coreMhz: 500, bufferMhz: 500 },
  cores: 1,
  core: {
    sequencer: { dispatchCycles: 1, queueDepth: 8, instructionBytes: 32768, descriptorEntries: 1024, fetchBits: 128 },
    matrix: {
      kind: 'digital-cim', macros: 16, rows: 256, columns: 256, rowsAtOnce: 256, inputBitsPerCycle: 1, columnMux: 1, pipelineCycles: 4,
      macroAdder: { fanIn: 16, latencyCycles: 2 }, planes: 2, planeSwapCycles: 1, writeBits: 256, writeRowCycles: 1, writeInterference: 'none',
      feedBits: 4096, weightBitsMin: 1, weightBitsMax: 8, inputBitsMin: 1, inputBitsMax: 16,
    },
    vector: { lanes: 64, startupCycles: 6, windowMacLanes: 128, divideCycles: 4 },
    drain: { lanes: 64, startupCycles: 6 },
    requantizers: ['threshold', 'fixed-point', 'float32'],
    scratchpad: { sizeBytes: 262144, banks: 16, portBits: 1024, latencyCycles: 2 },
    accumulators: { sizeBytes: 65536, widthBits: 32, banks: 4, portBits: 8192 },
    windowBufferBytes: 8192,
    dma: { channels: 4, outstanding: 64, setupCycles: 16 },
  },
  interconnect: { linkBits: 256, latencyCycles: 4, multicast: true },
  buffer: { sizeBytes: 1048576, banks: 16, portBits: 256, latencyCycles: 4 },
  dram: lpddr4X32,
  capabilities: { weightPlanes: true, doubleBuffering: true, zeroSkipping: false, compressedWeights: false, fusion: true, weightResidency: true },
};
