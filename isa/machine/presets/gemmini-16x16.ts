/**
 * Modelled after Gemmini's default configuration (Chipyard): 16 x 16 INT8 weight stationary, 256 KiB scratchpad, 64 KiB accumulators, 128-bit DMA behind a
 * 512 KiB L2. Clock, DRAM and vector unit (Gemmini leaves those to its host core) are assumed.
 */
import type { Machine } from '../schema.ts';
import { ddr4X64 } from './dram/ddr4-3200.ts';

export const gemmini16x16: Machine = {
  name: 'gemmini-16x16',
  summary: '16x16 INT8 weight-stationary systolic array, 256 KiB scratchpad, 64 KiB accumulators, 512 KiB L2, DDR4, 1 GHz',
  basis: { kind: 'modelled-after', source: 'Genc et al., Gemmini, DAC 2021; GemminiRocketConfig of Chipyard' },
  technology: { nodeNm: 22, supplyV: 0.8 },
  clocks: { coreMhz: 1000, bufferMhz: 1000 },
  cores: 1,
  core: {
    sequencer: { dispatchCycles: 4, queueDepth: 16, instructionBytes: 32768, descriptorEntries: 1024, fetchBits: 128 },
    matrix: {
      kind: 'systolic', rows: 16, columns: 16, dataflow: 'weight-stationary', planes: 2, preload: 'overlapped', setupCycles: 4,
      writeBits: 128, feedBits: 128, weightBitsMin: 8, weightBitsMax: 8, inputBitsMin: 8, inputBitsMax: 8,
    },
    vector: { lanes: 16, startupCycles: 6, windowMacLanes: 16, divideCycles: 8 },
    drain: { lanes: 16, startupCycles: 6 },
    requantizers: ['threshold', 'fixed-point', 'float32'],
    scratchpad: { sizeBytes: 262144, banks: 4, portBits: 128, latencyCycles: 2 },
    accumulators: { sizeBytes: 65536, widthBits: 32, banks: 2, portBits: 512 },
    windowBufferBytes: 0,
    dma: { channels: 2, outstanding: 16, setupCycles: 30 },
  },
  interconnect: { linkBits: 128, latencyCycles: 10, multicast: false },
  buffer: { sizeBytes: 524288, banks: 4, portBits: 128, latencyCycles: 20 },
  dram: ddr4X64,
  capabilities: { weightPlanes: true, doubleBuffering: true, zeroSkipping: false, compressedWeights: false, fusion: true, weightResidency: false },
};
