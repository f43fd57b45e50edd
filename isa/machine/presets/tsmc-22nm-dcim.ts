/**
 * Modelled after the 22 nm all-digital CIM macro of TSMC (Chih et al., ISSCC 2021): 256 x 256 cells of 6T SRAM, one input bit a cycle, 4-bit weights, at its 0.72 V, 100 MHz
 * point. Eight such macros; everything around them is assumed.
 */
import type { Machine } from '../schema.ts';
import { edgeDcim28nm } from './edge-dcim-28nm.ts';

export const tsmc22nmDcim: Machine = {
  ...edgeDcim28nm,
  name: 'tsmc-22nm-dcim',
  summary: '8 digital-CIM macros of 256x256 cells, 1-8 bit inputs, 4-bit weights, 0.72 V, 100 MHz; the system around them as in edge-dcim-28nm',
  basis: { kind: 'modelled-after', source: 'Chih et al., ISSCC 2021, 16.4 (the macro; the system is assumed)' },
  technology: { nodeNm: 22, supplyV: 0.72 },
  clocks: { coreMhz: 100, bufferMhz: 100 },
  core: {
    ...edgeDcim28nm.core,
    matrix: {
      kind: 'digital-cim', macros: 8, rows: 256, columns: 256, rowsAtOnce: 256, inputBitsPerCycle: 1, columnMux: 1, pipelineCycles: 2,
      macroAdder: { fanIn: 8, latencyCycles: 1 }, planes: 1, planeSwapCycles: 0, writeBits: 256, writeRowCycles: 1, writeInterference: 'blocks',
      feedBits: 2048, weightBitsMin: 4, weightBitsMax: 8, inputBitsMin: 1, inputBitsMax: 8,
    },
  },
  capabilities: { ...edgeDcim28nm.capabilities, weightPlanes: false },
};
