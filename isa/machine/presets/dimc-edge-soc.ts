/**
 * A larger digital-CIM system on chip of today: 22 nm, 64 macros of two planes, LPDDR5. Hypothetical: macro sizes as published in 22 nm, the rest sized to feed them.
 * 4 GiB, so that language models of some billion weights run: two ranks of 16 Gb dies, taken as one of more rows, refreshed together (280 ns, Ramulator 2.1's table).
 */
import type { Machine } from '../schema.ts';
import { lpddr5X16 } from './dram/lpddr5-6400.ts';
import { edgeDcim28nm } from './edge-dcim-28nm.ts';

export const dimcEdgeSoc: Machine = {
  ...edgeDcim28nm,
  name: 'dimc-edge-soc',
  summary: '64 digital-CIM macros of 256x256 cells, 1-8 bit, 2 planes, 1 MiB scratchpad, 4 MiB buffer, 4 GiB of LPDDR5-6400 x16, 22 nm, 500 MHz',
  basis: { kind: 'hypothetical', reason: 'macros of the size of Chih et al., ISSCC 2021; system sized around them' },
  technology: { nodeNm: 22, supplyV: 0.8 },
  core: {
    ...edgeDcim28nm.core,
    matrix: {
      kind: 'digital-cim', macros: 64, rows: 256, columns: 256, rowsAtOnce: 256, inputBitsPerCycle: 1, columnMux: 1, pipelineCycles: 4,
      macroAdder: { fanIn: 64, latencyCycles: 3 }, planes: 2, planeSwapCycles: 1, writeBits: 256, writeRowCycles: 1, writeInterference: 'none',
      feedBits: 16384, weightBitsMin: 1, weightBitsMax: 8, inputBitsMin: 1, inputBitsMax: 16,
    },
    vector: { lanes: 128, startupCycles: 6, windowMacLanes: 512, divideCycles: 4 },
    drain: { lanes: 256, startupCycles: 6 },
    scratchpad: { sizeBytes: 1048576, banks: 32, portBits: 1024, latencyCycles: 3 },
    accumulators: { sizeBytes: 262144, widthBits: 32, banks: 8, portBits: 8192 },
  },
  interconnect: { linkBits: 512, latencyCycles: 6, multicast: true },
  buffer: { sizeBytes: 4194304, banks: 32, portBits: 512, latencyCycles: 6 },
  dram: {
    ...lpddr5X16,
    name: 'LPDDR5-6400 x16, 4 GiB',
    capacityBytes: 2 ** 32,
    mapping: ['column:1', 'group:2', 'column:5', 'bank:2', 'row:17'],
    timing: { ...lpddr5X16.timing, rfc: 224 },
  },
};
