/**
 * Modelled after Colonnade (Kim et al., JSSC 2021): 128 x 128 digital bit-serial cells, 65 nm, its 100 MHz test clock at 0.8 V, 1 to 16 bits (here up to 8). Four such
 * arrays; the system around them is assumed. Its in-cell ripple adders are not a tree: cycles are its own, energy is priced as a tree's.
 */
import type { Machine } from '../schema.ts';
import { edgeDcim28nm } from './edge-dcim-28nm.ts';

export const colonnade65nm: Machine = {
  ...edgeDcim28nm,
  name: 'colonnade-65nm',
  summary: '4 digital bit-serial CIM arrays of 128x128 cells, 0.8 V, 100 MHz; the system around them as in edge-dcim-28nm',
  basis: { kind: 'modelled-after', source: 'Kim et al., Colonnade, JSSC 2021 (the array; the system is assumed)' },
  technology: { nodeNm: 65, supplyV: 0.8 },
  clocks: { coreMhz: 100, bufferMhz: 100 },
  core: {
    ...edgeDcim28nm.core,
    matrix: {
      kind: 'digital-cim', macros: 4, rows: 128, columns: 128, rowsAtOnce: 128, inputBitsPerCycle: 1, columnMux: 1, pipelineCycles: 2,
      macroAdder: { fanIn: 4, latencyCycles: 1 }, planes: 1, planeSwapCycles: 0, writeBits: 128, writeRowCycles: 1, writeInterference: 'blocks',
      feedBits: 512, weightBitsMin: 1, weightBitsMax: 8, inputBitsMin: 1, inputBitsMax: 8,
    },
  },
  capabilities: { ...edgeDcim28nm.capabilities, weightPlanes: false },
};
