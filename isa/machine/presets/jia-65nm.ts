/**
 * Modelled after Jia's bit-scalable in-memory processor (JSSC 2020) at its 0.85 V, 40 MHz point: 2304 x 256 charge-domain cells, one-bit DACs on all rows, an 8-bit SAR ADC a
 * column, 54 cycles an evaluation, 20 cycles a row write. Deviations are not published and zero; the system around the array is assumed.
 */
import type { Machine } from '../schema.ts';
import { edgeDcim28nm } from './edge-dcim-28nm.ts';

export const jia65nm: Machine = {
  ...edgeDcim28nm,
  name: 'jia-65nm',
  summary: 'one analog-CIM array of 2304x256 cells, 1-bit DACs, 256 8-bit ADCs, 0.85 V, 40 MHz; the system around it as in edge-dcim-28nm',
  basis: { kind: 'modelled-after', source: 'Jia et al., A Programmable Heterogeneous Microprocessor Based on Bit-Scalable In-Memory Computing, JSSC 2020 (the array)' },
  technology: { nodeNm: 65, supplyV: 0.85 },
  clocks: { coreMhz: 40, bufferMhz: 40 },
  core: {
    ...edgeDcim28nm.core,
    matrix: {
      kind: 'analog-cim', macros: 1, rows: 2304, columns: 256, cellBits: 1, rowsAtOnce: 2304, dacBits: 1, inputBufferCycles: 1, dacCycles: 1,
      settleCycles: 50, holdCycles: 2, adcCycles: 16, shiftAddCycles: 1, outputBufferCycles: 1, columnsPerAdc: 1, adcBits: 8, adcFullScale: 2304,
      nonIdealities: { cellSigma: 0, stuckAtZero: 0, stuckAtTop: 0, readNoiseSteps: 0, adcOffsetSteps: 0 },
      macroAdder: { fanIn: 1, latencyCycles: 0 }, planes: 1, planeSwapCycles: 0, writeBits: 768, writeRowCycles: 20, writeInterference: 'blocks',
      feedBits: 2304, weightBitsMin: 1, weightBitsMax: 8, inputBitsMin: 1, inputBitsMax: 8,
    },
  },
  capabilities: { ...edgeDcim28nm.capabilities, weightPlanes: false },
};
