/**
 * Modelled after the 7 nm macro of TSMC (Dong, ISSCC 2020; Sinangil, JSSC 2021) at 0.8 V: 64 x 64 8T cells, 4-bit inputs by pulse count, four columns joined to one
 * 4-bit weight before its 4-bit flash ADC, 5.5 ns an evaluation. A cell here is such a group of four. Full scale is assumed at a quarter of the largest sum.
 * Sixteen macros; the system around them is assumed.
 */
import type { Machine } from '../schema.ts';
import { edgeDcim28nm } from './edge-dcim-28nm.ts';

export const sinangil7nm: Machine = {
  ...edgeDcim28nm,
  name: 'sinangil-7nm',
  summary: '16 analog-CIM macros of 64x16 4-bit weights, 4-bit DACs, 4-bit flash ADCs, 0.8 V, 182 MHz; the system around them as in edge-dcim-28nm',
  basis: { kind: 'modelled-after', source: 'Dong et al., ISSCC 2020, 15.3; Sinangil et al., JSSC 2021 (the macro; the system is assumed)' },
  technology: { nodeNm: 7, supplyV: 0.8 },
  clocks: { coreMhz: 182, bufferMhz: 182 },
  core: {
    ...edgeDcim28nm.core,
    matrix: {
      kind: 'analog-cim', macros: 16, rows: 64, columns: 16, cellBits: 4, rowsAtOnce: 64, dacBits: 4, inputBufferCycles: 0, dacCycles: 0,
      settleCycles: 1, holdCycles: 0, adcCycles: 1, shiftAddCycles: 0, outputBufferCycles: 0, columnsPerAdc: 1, adcBits: 4, adcFullScale: 3600,
      nonIdealities: { cellSigma: 0, stuckAtZero: 0, stuckAtTop: 0, readNoiseSteps: 0, adcOffsetSteps: 0 },
      macroAdder: { fanIn: 16, latencyCycles: 1 }, planes: 1, planeSwapCycles: 0, writeBits: 64, writeRowCycles: 1, writeInterference: 'blocks',
      feedBits: 4096, weightBitsMin: 4, weightBitsMax: 8, inputBitsMin: 1, inputBitsMax: 8,
    },
  },
  capabilities: { ...edgeDcim28nm.capabilities, weightPlanes: false },
};
