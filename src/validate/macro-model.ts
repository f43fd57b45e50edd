/**
 * What our model says of a published macro at one operating point: full tiles, every cell in use, through the same demand, prices and energy as any run. The clock is the
 * chip's own, so TOPS are not a test; TOPS/W, TOPS/mm2 (area) and the change of the cycle with the supply are. Ports are free and nothing
 * around the macro is counted.
 */
import { InternalError } from '../../isa/base/errors.ts';
import { noActions } from '../../isa/demand/actions.ts';
import { matmulDemand } from '../../isa/demand/matrix.ts';
import { edgeDcim28nm } from '../../isa/machine/presets/edge-dcim-28nm.ts';
import type { AnalogCim, DigitalCim, Machine, MatrixUnit } from '../../isa/machine/schema.ts';
import type { Component } from '../../sim/energy/actions.ts';
import { type Activity, ASSUMED_ACTIVITY, type Rates } from '../../sim/energy/activity.ts';
import { energy } from '../../sim/energy/energy.ts';
import { type PriceList, priceList } from '../../sim/energy/price-list.ts';
import { delayRatio } from '../../sim/energy/technology/delay.ts';
import type { MacroPoint, MacroShape, PublishedMacro } from './references/macro.ts';

/** Vectors of the tile; many, so that fill does not count. */
const VECTORS = 10_000;
/**
 * Macros are measured at room temperature, our leakage holds at 350 K: a doubling every 17 K, as of subthreshold currents at 90 mV a decade and falling thresholds
 * (assumed; it matters where a slow clock lets a large array leak).
 */
const LAB_LEAKAGE = 0.125;
const PARTS: readonly Component[] = ['arrays', 'adderTrees', 'shiftAdd', 'macroAdder'];

export interface MacroFigures {
  readonly topsPerWatt: number;
  /** At the high and at the low ends of all prices. */
  readonly topsPerWattRange: readonly [low: number, high: number];
  readonly topsPerMm2: number;
  /** fJ of a multiply-accumulate by action and `leakage`. */
  readonly macFj: Readonly<Record<string, number>>;
  readonly areaMm2: number;
  /** Cycle predicted from the one published at another supply. */
  readonly cycleNs: number | undefined;
}

export function macroFigures(macro: PublishedMacro, point: MacroPoint): MacroFigures {
  const machine = macroMachine(macro, point);
  const activity = point.activity === undefined ? ASSUMED_ACTIVITY : stated(point.activity);
  const prices = priceList(machine, { activity });
  const { macs, macFj, topsPerWatt, topsPerWattRange, seconds } = fullTile(machine, prices, point);
  const areaMm2 = PARTS.reduce((n, c) => n + prices.area[c].value, 0) / 1e6;
  const kind = macro.matrix.kind === 'analog-cim' ? 'analog' : 'logic';
  const from = point.cycleFrom;
  return {
    topsPerWatt,
    topsPerWattRange,
    topsPerMm2: (2 * macs) / seconds / 1e12 / areaMm2,
    macFj,
    areaMm2,
    cycleNs: from === undefined ? undefined : from.ns * delayRatio(kind, from.supplyV, point.supplyV),
  };
}

/** Rates that a source gives with its figure. */
function stated(rates: Rates): Activity {
  return { ...ASSUMED_ACTIVITY, ...rates, origin: 'stated with the figure', measured: true };
}

/** Every cell busy, as many output tiles side by side as there are macros that do not share rows. */
function fullTile(machine: Machine, prices: PriceList, point: MacroPoint) {
  const { matrix } = machine.core;
  if (matrix.kind === 'systolic') throw new InternalError('a macro is no systolic array');
  const { inputBits, weightBits } = point.runs ?? point;
  const gridK = point.gridK ?? 1;
  const gridN = matrix.macros / gridK;
  const cells = matrix.kind === 'analog-cim' ? Math.ceil(weightBits / matrix.cellBits) : weightBits;
  const [k, n] = [matrix.rows * gridK, Math.floor(matrix.columns / cells) * gridN];
  const shape = { m: VECTORS, k, n, inputBits, weightBits, gridK, gridN, replicas: 1, accumulate: false };
  const demand = matmulDemand({ ...shape, uniqueInputBits: VECTORS * k * inputBits }, machine, true);
  const latencyPs = demand.busyCycles * point.cycleNs * 1000;
  const run = {
    cycles: demand.busyCycles,
    latencyPs,
    actions: { ...noActions(), ...demand.actions },
    units: [{ kind: 'matrix' as const, busyCycles: demand.busyCycles }],
    layerActions: new Map(),
    layerCycles: new Map(),
  };
  const result = energy(run, prices);
  const macs = VECTORS * k * n;
  const own = Object.entries(result.byAction).filter(([name]) => /^(mac|array|analog)\./.test(name));
  const rows = [...own, ...PARTS.map((c) => ['leakage', result.leakageByComponent[c]] as const)];
  const macFj: Record<string, number> = {};
  const ends = { low: 0, high: 0 };
  for (const [name, { energyFj, lowFj, highFj }] of rows) {
    const part = (name === 'leakage' ? LAB_LEAKAGE : 1) / macs;
    if (energyFj > 0) macFj[name] = (macFj[name] ?? 0) + part * energyFj;
    ends.low += part * lowFj;
    ends.high += part * highFj;
  }
  const totalFj = Object.values(macFj).reduce((sum, fj) => sum + fj, 0);
  const topsPerWattRange = [2000 / ends.high, 2000 / ends.low] as const;
  return { macs, macFj, topsPerWatt: 2000 / totalFj, topsPerWattRange, seconds: latencyPs * 1e-12 };
}

/** The macro alone: the machine around it is there because a price list needs one, and costs nothing here. */
function macroMachine(macro: PublishedMacro, point: MacroPoint): Machine {
  const coreMhz = 1000 / point.cycleNs;
  return {
    ...edgeDcim28nm,
    name: macro.key,
    technology: { nodeNm: macro.nodeNm, supplyV: point.supplyV },
    clocks: { coreMhz, bufferMhz: coreMhz },
    core: {
      ...edgeDcim28nm.core,
      // Sums leave the macro as they are; what adds macros up outside is not part of a published macro.
      accumulators: { ...edgeDcim28nm.core.accumulators, widthBits: 0 as never },
      matrix: matrixOf(macro.matrix, point),
    },
  };
}

function matrixOf(shape: MacroShape, point: MacroPoint): MatrixUnit {
  const common = {
    macros: 1,
    columnMux: 1,
    pipelineCycles: 0,
    macroAdder: { fanIn: 2, latencyCycles: 0 },
    planes: 1,
    planeSwapCycles: 0,
    writeBits: shape.columns,
    writeRowCycles: 1,
    writeInterference: 'blocks',
    feedBits: shape.rows,
    inputBitsMin: 1,
  } as const;
  if (shape.kind === 'digital-cim') {
    const digital: DigitalCim = { ...common, inputBitsPerCycle: 1, ...shape, ...point.matrix };
    return digital;
  }
  const analog: AnalogCim = {
    ...common,
    ...shape,
    rowsAtOnce: shape.rows,
    columnsPerAdc: 1,
    adcFullScale: shape.rows,
    inputBufferCycles: 0,
    dacCycles: 0,
    settleCycles: 1,
    holdCycles: 0,
    adcCycles: 1,
    shiftAddCycles: 0,
    outputBufferCycles: 0,
    nonIdealities: { cellSigma: 0, stuckAtZero: 0, stuckAtTop: 0, readNoiseSteps: 0, adcOffsetSteps: 0 },
    weightBitsMin: 1,
  };
  return analog;
}
