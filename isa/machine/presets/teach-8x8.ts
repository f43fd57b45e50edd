/** Everything visible: one 8 x 8 macro, tiny memories, round numbers. Hypothetical; made for lessons, not for silicon. */
import type { Machine } from '../schema.ts';
import { lpddr4X16 } from './dram/lpddr4-3200.ts';

export const teach8x8: Machine = {
  name: 'teach-8x8',
  summary: 'one 8x8 digital-CIM macro, 4 KiB scratchpad, 100 MHz: small enough to follow by hand',
  basis: { kind: 'hypothetical', reason: 'made for teaching: sizes are chosen so that every cycle can be counted by hand' },
  technology: { nodeNm: 28, supplyV: 0.9 },
  clocks: { coreMhz: 100, bufferMhz: 100 },
  cores: 1,
  core: {
    sequencer: { dispatchCycles: 1, queueDepth: 4, instructionBytes: 4096, descriptorEntries: 64, fetchBits: 128 },
    matrix: {
      kind: 'digital-cim', macros: 1, rows: 8, columns: 8, rowsAtOnce: 8, inputBitsPerCycle: 1, columnMux: 1, pipelineCycles: 2,
      macroAdder: { fanIn: 2, latencyCycles: 1 }, planes: 2, planeSwapCycles: 1, writeBits: 8, writeRowCycles: 1, writeInterference: 'none',
      feedBits: 64, weightBitsMin: 1, weightBitsMax: 8, inputBitsMin: 1, inputBitsMax: 16,
    },
    vector: { lanes: 4, startupCycles: 2, windowMacLanes: 4, divideCycles: 4 },
    drain: { lanes: 4, startupCycles: 2 },
    requantizers: ['threshold', 'fixed-point', 'float32'],
    scratchpad: { sizeBytes: 4096, banks: 2, portBits: 64, latencyCycles: 1 },
    accumulators: { sizeBytes: 1024, widthBits: 32, banks: 2, portBits: 256 },
    windowBufferBytes: 0,
    dma: { channels: 2, outstanding: 4, setupCycles: 4 },
  },
  interconnect: { linkBits: 64, latencyCycles: 2, multicast: false },
  buffer: { sizeBytes: 16384, banks: 2, portBits: 64, latencyCycles: 2 },
  dram: lpddr4X16,
  capabilities: { weightPlanes: true, doubleBuffering: true, zeroSkipping: false, compressedWeights: false, fusion: true, weightResidency: true },
};
