/**
 * A chip for many camera streams at once in a server: 16 nm, four cores of 16 digital-CIM macros, 8 MiB of shared buffer, two DDR4-3200 channels. Hypothetical: no published chip of
 * this kind was found with its dimensions. Leaves out host, video decoders and the link between chips.
 */
import type { Machine } from '../schema.ts';
import { ddr4X64 } from './dram/ddr4-3200.ts';
import { edgeDcim28nm } from './edge-dcim-28nm.ts';

export const visionServer: Machine = {
  ...edgeDcim28nm,
  name: 'vision-server',
  summary: '4 cores of 16 digital-CIM macros of 256x256 cells, 1-8 bit, 2 planes, 512 KiB scratchpads, 8 MiB buffer, two DDR4-3200 channels, 16 nm, 800 MHz',
  basis: { kind: 'hypothetical', reason: 'sized for tens of video streams; macros in the range of published digital CIM, memories as servers have them; not any one chip' },
  technology: { nodeNm: 16, supplyV: 0.8 },
  clocks: { coreMhz: 800, bufferMhz: 800 },
  cores: 4,
  core: {
    ...edgeDcim28nm.core,
    vector: { lanes: 128, startupCycles: 6, windowMacLanes: 512, divideCycles: 4 },
    drain: { lanes: 128, startupCycles: 6 },
    scratchpad: { sizeBytes: 524288, banks: 32, portBits: 1024, latencyCycles: 3 },
    accumulators: { sizeBytes: 131072, widthBits: 32, banks: 8, portBits: 8192 },
  },
  interconnect: { linkBits: 512, latencyCycles: 8, multicast: false },
  buffer: { sizeBytes: 8388608, banks: 32, portBits: 512, latencyCycles: 8 },
  dram: { ...ddr4X64, name: 'DDR4-3200 2 x64', channels: 2, capacityBytes: 2 ** 34, mapping: ['channel:1', ...ddr4X64.mapping] },
};
