/** What full tiles cost on a digital CIM machine, all of its arrays included. */
import { noActions } from '../../../isa/demand/actions.ts';
import { matmulDemand } from '../../../isa/demand/matrix.ts';
import { edgeDcim28nm } from '../../../isa/machine/presets/edge-dcim-28nm.ts';
import type { DigitalCim, Machine } from '../../../isa/machine/schema.ts';
import type { Component } from '../../../sim/energy/actions.ts';
import { energy } from '../../../sim/energy/energy.ts';
import { priceList } from '../../../sim/energy/price-list.ts';

const ARRAYS: readonly Component[] = ['arrays', 'adderTrees', 'shiftAdd', 'macroAdder'];

/** One macro of the edge preset in another shape and technology. */
export function macro(nodeNm: number, supplyV: number, shape: Partial<DigitalCim>): Machine {
  const { matrix } = edgeDcim28nm.core;
  if (matrix.kind !== 'digital-cim') throw new Error('the edge preset is a digital CIM machine');
  const alone = { ...matrix, macros: 1, planes: 1 as const, ...shape };
  return { ...edgeDcim28nm, technology: { nodeNm, supplyV }, core: { ...edgeDcim28nm.core, matrix: alone } };
}

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
