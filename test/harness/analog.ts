/** An analog variation of edge-dcim-28nm: converters wide enough that nothing is lost unless a test says otherwise. */
import { edgeDcim28nm } from '../../isa/machine/presets/edge-dcim-28nm.ts';
import type { AnalogCim, Machine } from '../../isa/machine/schema.ts';

export const IDEAL = { cellSigma: 0, stuckAtZero: 0, stuckAtTop: 0, readNoiseSteps: 0, adcOffsetSteps: 0 };

export function analogMachine(change: Partial<AnalogCim> = {}): Machine {
  const matrix: AnalogCim = {
    kind: 'analog-cim',
    macros: 8,
    rows: 128,
    columns: 128,
    cellBits: 2,
    rowsAtOnce: 64,
    dacBits: 2,
    inputBufferCycles: 1,
    dacCycles: 1,
    settleCycles: 6,
    holdCycles: 1,
    adcCycles: 4,
    shiftAddCycles: 1,
    outputBufferCycles: 1,
    columnsPerAdc: 8,
    adcBits: 10,
    adcFullScale: 64 * 3 * 3,
    nonIdealities: IDEAL,
    macroAdder: { fanIn: 8, latencyCycles: 1 },
    planes: 1,
    planeSwapCycles: 1,
    writeBits: 128,
    writeRowCycles: 4,
    writeInterference: 'blocks',
    feedBits: 2048,
    weightBitsMin: 1,
    weightBitsMax: 8,
    inputBitsMin: 1,
    inputBitsMax: 16,
    ...change,
  };
  const { core, capabilities } = edgeDcim28nm;
  return {
    ...edgeDcim28nm,
    name: 'analog-test',
    core: { ...core, matrix },
    capabilities: { ...capabilities, weightPlanes: matrix.planes === 2 },
  };
}
