/**
 * Modelled after Bit Fusion (Sharma et al., ISCA 2018): 512 fusion units of sixteen 2-bit multipliers at 500 MHz, 192 bits of DRAM a cycle. Its composable units are described
 * as an array whose products cost by their bits, which is their throughput; its buffers of 64, 32 and 16 KB become scratchpad and accumulators. Not CIM: energy
 * of the array is that of trees, not of fusion units.
 */
import type { Machine } from '../schema.ts';
import { ddr4X64 } from './dram/ddr4-3200.ts';
import { edgeDcim28nm } from './edge-dcim-28nm.ts';

export const bitfusion45nm: Machine = {
  ...edgeDcim28nm,
  name: 'bitfusion-45nm',
  summary: '512 bit-composable units (2-8 bit), 128 KiB on chip, about 12 GB/s of DRAM used of DDR4-3200, 500 MHz',
  basis: { kind: 'modelled-after', source: 'Sharma et al., Bit Fusion, ISCA 2018, and its public simulator (throughput and sizes)' },
  technology: { nodeNm: 45, supplyV: 0.9 },
  clocks: { coreMhz: 500, bufferMhz: 500 },
  core: {
    ...edgeDcim28nm.core,
    matrix: {
      kind: 'digital-cim', macros: 1, rows: 128, columns: 128, rowsAtOnce: 128, inputBitsPerCycle: 2, columnMux: 1, pipelineCycles: 4,
      macroAdder: { fanIn: 1, latencyCycles: 0 }, planes: 2, planeSwapCycles: 1, writeBits: 128, writeRowCycles: 1, writeInterference: 'none',
      feedBits: 256, weightBitsMin: 2, weightBitsMax: 8, inputBitsMin: 2, inputBitsMax: 8,
    },
    scratchpad: { sizeBytes: 32768, banks: 8, portBits: 256, latencyCycles: 1 },
    accumulators: { sizeBytes: 16384, widthBits: 32, banks: 2, portBits: 4096 },
  },
  interconnect: { linkBits: 192, latencyCycles: 4, multicast: false },
  buffer: { sizeBytes: 65536, banks: 4, portBits: 256, latencyCycles: 2 },
  dram: ddr4X64,
  capabilities: { ...edgeDcim28nm.capabilities, weightResidency: false },
};
