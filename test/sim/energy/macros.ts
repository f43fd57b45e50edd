/** Digital CIM macros of the literature as machines, and what full tiles on them cost: the unfitted list beside published figures. */
import { noActions } from '../../../isa/demand/actions.ts';
import { matmulDemand } from '../../../isa/demand/matrix.ts';
import { edgeDcim28nm } from '../../../isa/machine/presets/edge-dcim-28nm.ts';
import type { DigitalCim, Machine } from '../../../isa/machine/schema.ts';
import type { Component } from '../../../sim/energy/actions.ts';
import { energy } from '../../../sim/energy/energy.ts';
import { priceList } from '../../../sim/energy/price-list.ts';

const ARRAYS: readonly Component[] = ['arrays', 'adderTrees', 'shiftAdd', 'macroAdder'];

export interface PublishedMacro {
  readonly name: string;
  readonly machine: Machine;
  readonly inputBits: number;
  readonly weightBits: number;
  /** fJ of one one-bit operation, two operations a multiply-accumulate; UIUC-IMC benchmarking table (Shanbhag & Roy, CICC 2022). */
  readonly opFj: number;
  /** Whole macro, from the same table. */
  readonly areaMm2?: number;
}

function macro(nodeNm: number, supplyV: number, shape: Partial<DigitalCim>): Machine {
  const { matrix } = edgeDcim28nm.core;
  if (matrix.kind !== 'digital-cim') throw new Error('the edge preset is a digital CIM machine');
  const alone = { ...matrix, macros: 1, planes: 1 as const, ...shape };
  return { ...edgeDcim28nm, technology: { nodeNm, supplyV }, core: { ...edgeDcim28nm.core, matrix: alone } };
}

const fixed = (bits: number) => ({ weightBitsMin: bits, weightBitsMax: bits });

export const PUBLISHED: readonly PublishedMacro[] = [
  {
    name: 'TSMC 22 nm (Chih, ISSCC 2021), 0.72 V',
    machine: macro(22, 0.72, { rows: 256, columns: 256, rowsAtOnce: 256, ...fixed(4), weightBitsMax: 8 }),
    inputBits: 4,
    weightBits: 4,
    opFj: 0.7,
    areaMm2: 0.202,
  },
  {
    name: 'Wang 28 nm (ISSCC 2022), 0.9 V, exact adders',
    machine: macro(28, 0.9, { rows: 256, columns: 64, rowsAtOnce: 256, ...fixed(1) }),
    inputBits: 1,
    weightBits: 1,
    opFj: 1.623,
    areaMm2: 0.049,
  },
  {
    name: 'Wang 28 nm (ISSCC 2022), 0.9 V, approximate adders',
    machine: macro(28, 0.9, { rows: 256, columns: 64, rowsAtOnce: 256, ...fixed(1) }),
    inputBits: 1,
    weightBits: 1,
    opFj: 0.903,
    areaMm2: 0.033,
  },
  {
    name: 'He 28 nm (ISSCC 2023), 0.9 V, approximate',
    machine: macro(28, 0.9, { rows: 128, columns: 128, rowsAtOnce: 128, ...fixed(8) }),
    inputBits: 8,
    weightBits: 8,
    opFj: 0.41,
    areaMm2: 0.028,
  },
  {
    name: 'Jedhe 12 nm (VLSI 2023), 0.55 V',
    machine: macro(12, 0.55, { rows: 64, columns: 64, rowsAtOnce: 64, ...fixed(4), inputBitsMax: 4 }),
    inputBits: 4,
    weightBits: 4,
    opFj: 0.456,
  },
  {
    name: 'TSMC 5 nm (Fujiwara, ISSCC 2022), 0.9 V',
    machine: macro(5, 0.9, {
      rows: 256,
      columns: 256,
      rowsAtOnce: 64,
      ...fixed(4),
      inputBitsPerCycle: 4,
      inputBitsMax: 4,
    }),
    inputBits: 4,
    weightBits: 4,
    opFj: 0.89,
    areaMm2: 0.104 / 8,
  },
  {
    name: 'TSMC 4 nm (Mori, ISSCC 2023), 0.9 V',
    machine: macro(4, 0.9, { rows: 288, columns: 192, rowsAtOnce: 144, ...fixed(8) }),
    inputBits: 8,
    weightBits: 8,
    opFj: 0.57,
    areaMm2: 0.0171,
  },
];

export interface FullTile {
  /** TOPS at the machine's clock, and with all leakage of the arrays per watt. */
  readonly tops: number;
  readonly topsPerWatt: number;
  /** fJ of one one-bit operation, leakage apart. */
  readonly opFj: { readonly value: number; readonly low: number; readonly high: number };
  /** Arrays with trees and shift-add. */
  readonly areaMm2: { readonly value: number; readonly low: number; readonly high: number };
}

/** Every cell busy for many vectors, ports free: the best that the arrays can do. */
export function fullTile(machine: Machine, inputBits: number, weightBits: number): FullTile {
  const { matrix } = machine.core;
  if (matrix.kind !== 'digital-cim') throw new Error('digital CIM expected');
  const m = 10_000;
  const n = matrix.macros * Math.floor(matrix.columns / weightBits);
  const shape = { m, k: matrix.rows, n, inputBits, weightBits, gridK: 1, gridN: matrix.macros, replicas: 1 };
  const demand = matmulDemand(
    { ...shape, accumulate: false, uniqueInputBits: m * matrix.rows * inputBits },
    machine,
    true,
  );
  const cycles = demand.busyCycles;
  const latencyPs = Math.round((cycles * 1e6) / machine.clocks.coreMhz);
  const units = [{ kind: 'matrix' as const, busyCycles: cycles }];
  const actions = { ...noActions(), ...demand.actions };
  const prices = priceList(machine);
  const e = energy({ cycles, latencyPs, actions, units, layerActions: new Map(), layerCycles: new Map() }, prices);
  const macs = m * matrix.rows * n;
  const own = Object.entries(e.byAction).filter(([name]) => /^(mac|array)\./.test(name));
  const perOp = (of: 'energyFj' | 'lowFj' | 'highFj') =>
    own.reduce((sum, [, item]) => sum + item[of], 0) / (2 * macs * inputBits * weightBits);
  const area = (of: 'value' | 'low' | 'high') => ARRAYS.reduce((sum, c) => sum + prices.area[c][of], 0) / 1e6;
  return {
    tops: (2 * macs) / latencyPs,
    topsPerWatt: (2 * macs * 1000) / e.byScope.arrays,
    opFj: { value: perOp('energyFj'), low: perOp('lowFj'), high: perOp('highFj') },
    areaMm2: { value: area('value'), low: area('low'), high: area('high') },
  };
}
