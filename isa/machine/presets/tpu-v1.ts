/**
 * Modelled after TPUv1 (Jouppi et al., ISCA 2017): 256 x 256 INT8 weight stationary at 700 MHz, weights from DDR3 through a FIFO of four tiles, 24 MiB unified buffer,
 * 4096 x 256 accumulators. Widths of ports and latencies are not published and assumed; the host's PCIe link is not modelled, its activations come from the same DRAM.
 */
import type { Machine } from '../schema.ts';
import { ddr3X128 } from './dram/ddr3-2133.ts';

export const tpuV1: Machine = {
  name: 'tpu-v1',
  summary: '256x256 INT8 weight-stationary systolic array, 24 MiB unified buffer, 4 MiB accumulators, DDR3 34 GB/s, 700 MHz',
  basis: { kind: 'modelled-after', source: 'Jouppi et al., In-Datacenter Performance Analysis of a Tensor Processing Unit, ISCA 2017, Tables 1 to 3' },
  technology: { nodeNm: 28, supplyV: 0.9 },
  clocks: { coreMhz: 700, bufferMhz: 700 },
  cores: 1,
  core: {
    sequencer: { dispatchCycles: 1, queueDepth: 16, instructionBytes: 65536, descriptorEntries: 2048, fetchBits: 128 },
    matrix: {
      kind: 'systolic', rows: 256, columns: 256, dataflow: 'weight-stationary', planes: 2, preload: 'overlapped', setupCycles: 4,
      writeBits: 2048, feedBits: 2048, weightBitsMin: 8, weightBitsMax: 8, inputBitsMin: 8, inputBitsMax: 8,
    },
    vector: { lanes: 256, startupCycles: 8, windowMacLanes: 256, divideCycles: 4 },
    drain: { lanes: 256, startupCycles: 8 },
    requantizers: ['threshold', 'fixed-point', 'float32'],
    scratchpad: { sizeBytes: 25165824, banks: 16, portBits: 2048, latencyCycles: 4 },
    accumulators: { sizeBytes: 4194304, widthBits: 32, banks: 4, portBits: 8192 },
    windowBufferBytes: 0,
    dma: { channels: 4, outstanding: 32, setupCycles: 16 },
  },
  interconnect: { linkBits: 2048, latencyCycles: 4, multicast: false },
  buffer: { sizeBytes: 262144, banks: 4, portBits: 2048, latencyCycles: 4 },
  dram: ddr3X128,
  capabilities: { weightPlanes: true, doubleBuffering: true, zeroSkipping: false, compressedWeights: false, fusion: true, weightResidency: false },
};
