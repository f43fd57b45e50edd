/** Leaves of the price list against the reference figures that they were taken from, where ../shared is at hand. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { lpddr4X16 } from '../../../isa/machine/presets/dram/lpddr4-3200.ts';
import { dramPrices } from '../../../sim/energy/memories/dram.ts';
import { adderTree, gateArea, gateEnergy, lineEnergy, multiplierEnergy } from '../../../sim/energy/technology/gates.ts';
import {
  macArea,
  macEnergy,
  type Operation,
  operationArea,
  operationEnergy,
} from '../../../sim/energy/technology/operations.ts';
import { areaScale, polynomialScale } from '../../../sim/energy/technology/scaling.ts';
import { sharedFile } from '../../harness/shared.ts';

interface Reference {
  readonly ops: readonly {
    readonly op: string;
    readonly node_nm: number;
    readonly energy_pJ?: number;
    readonly energy_pJ_per_cycle?: number;
    readonly area_um2?: number;
  }[];
  readonly scaling: {
    readonly tech_nodes_nm: readonly number[];
    readonly energy_poly_a2_a1_a0: readonly (readonly [number, number, number])[];
    readonly area_matrix_from_to: readonly (readonly number[])[];
    readonly factors_from_45nm: readonly {
      node_nm: number;
      energy_factor_0V9: number;
      energy_factor_0V8: number;
      area_factor: number;
    }[];
  };
  readonly cim_unit_costs: {
    readonly nd2_cap_fF: number;
    readonly nd2_area_um2: number;
    readonly wordline_cap_per_cell_fF: number;
    readonly vdd: number;
  };
  readonly dram: readonly { readonly name: string; readonly energy: Readonly<Record<string, number>> }[];
}

const file = sharedFile('reference', 'silicon.json');

describe.skipIf(file === undefined)('reference figures (skipped where ../shared is absent)', () => {
  // A skipped suite is still read through, so there must be something to read.
  const reference = (file === undefined ? {} : JSON.parse(readFileSync(file, 'utf8'))) as Reference;
  const at45 = { nodeNm: 45, supplyV: 0.9 };

  it('Horowitz operations and areas at 45 nm', () => {
    const names: Operation[] = [
      'int8 add',
      'int16 add',
      'int32 add',
      'int8 mul',
      'int32 mul',
      'fp16 add',
      'fp32 add',
      'fp16 mul',
      'fp32 mul',
    ];
    for (const name of names) {
      const row = reference.ops.find((o) => o.op === name && o.node_nm === 45)!;
      expect(operationEnergy(name, at45).value, name).toBeCloseTo(1000 * row.energy_pJ!, 9);
      expect(operationArea(name, at45).value, name).toBe(row.area_um2);
    }
  });

  it('Bit Fusion elements', () => {
    for (const bits of [2, 4, 8, 16]) {
      const row = reference.ops.find((o) => o.op.startsWith(`BitFusion 1x1 PE max${bits}b/min${bits}b`))!;
      expect(macEnergy(bits, at45).value).toBeCloseTo(1000 * row.energy_pJ_per_cycle!, 9);
      expect(macArea(bits, at45).value).toBe(row.area_um2);
    }
  });

  it('scaling: each polynomial at three supplies, the table of factors, each area of the matrix within its two digits', () => {
    const { tech_nodes_nm: nodes, energy_poly_a2_a1_a0: polynomials, area_matrix_from_to: areas } = reference.scaling;
    const e = (i: number, v: number) => polynomials[i]![0] * v * v + polynomials[i]![1] * v + polynomials[i]![2];
    nodes.forEach((node, i) => {
      for (const v of [0.7, 0.9, 1.2])
        expect(polynomialScale(at45, { nodeNm: node, supplyV: v })).toBeCloseTo(
          e(i, v) / e(nodes.indexOf(45), 0.9),
          12,
        );
      nodes.forEach((to, j) => {
        expect(Math.abs(areaScale(node, to).value / areas[i]![j]! - 1), `${node} to ${to}`).toBeLessThan(0.07);
      });
    });
    for (const f of reference.scaling.factors_from_45nm) {
      const at = (v: number) => polynomialScale({ nodeNm: 45, supplyV: v }, { nodeNm: f.node_nm, supplyV: v });
      expect(at(0.9) / f.energy_factor_0V9).toBeCloseTo(1, 3);
      expect(at(0.8) / f.energy_factor_0V8).toBeCloseTo(1, 3);
      expect(areaScale(45, f.node_nm).value / f.area_factor).toBeCloseTo(1, 3);
    }
  });

  it('gates at 28 nm: 3.40 fJ and 4.79 um2 of a full adder, 0.2835 fJ of a product, the adders of a tree', () => {
    const u = reference.cim_unit_costs;
    const unit = u.nd2_cap_fF * u.vdd ** 2;
    expect(gateEnergy('fullAdder').value).toBeCloseTo(6 * unit, 12);
    expect(gateEnergy('fullAdder').value).toBeCloseTo(3.4, 2);
    expect(gateEnergy('flipFlop').value).toBeCloseTo(3 * unit, 12);
    expect(multiplierEnergy().value).toBeCloseTo(0.2835, 10);
    expect(gateArea('fullAdder').value).toBeCloseTo(4.79, 2);
    expect(gateArea('flipFlop').value).toBeCloseTo(6 * u.nd2_area_um2, 12);
    expect(lineEnergy(256, 'line').value).toBeCloseTo(256 * u.wordline_cap_per_cell_fF * u.vdd ** 2, 9);
    for (const [n, p] of [
      [32, 8],
      [256, 4],
      [128, 1],
    ] as const) {
      const t = adderTree(n, p);
      expect(t.fullAdders + t.halfAdders).toBe(n * (p + 1) - (p + Math.log2(n) + 1));
    }
  });

  it('DRAM energies', () => {
    const of = (name: string) => (key: string) => reference.dram.find((d) => d.name.startsWith(name))!.energy[key]!;
    const like = (technology: string, channelBits: number, rowBytes: number) =>
      dramPrices({ ...lpddr4X16, technology, channelBits, rowBytes });
    const lpddr4 = of('LPDDR4-3200 x16');
    const ours = like('lpddr4', 16, 2048);
    expect(ours.activate.value).toBeCloseTo(1000 * lpddr4('activate_precharge_pJ_per_row'), 6);
    expect(ours.readBit.value).toBeCloseTo(1000 * lpddr4('read_total_pJ_per_bit'), 6);
    expect(ours.readBit.low).toBeCloseTo(1000 * lpddr4('read_core_pJ_per_bit'), 6);
    expect(ours.writeBit.value).toBeCloseTo(1000 * lpddr4('write_total_pJ_per_bit'), 6);
    expect(ours.refresh.value).toBeCloseTo(1e6 * lpddr4('refresh_nJ_per_REFab'), 3);
    expect(ours.background.value).toBeCloseTo(1e6 * lpddr4('precharge_standby_mW'), 3);
    const vddq = (kind: string, volt: number) =>
      1000 * (lpddr4(`${kind}_core_pJ_per_bit`) + lpddr4(`${kind}_vddq_pJ_per_bit`) * (volt / 1.1) ** 2);
    for (const [technology, volt] of [
      ['lpddr4x', 0.6],
      ['lpddr5', 0.5],
    ] as const) {
      expect(Math.abs(like(technology, 16, 2048).readBit.value - vddq('read', volt))).toBeLessThan(10);
      expect(Math.abs(like(technology, 16, 2048).writeBit.value - vddq('write', volt))).toBeLessThan(10);
    }
    const [ddr4, hbm2] = [of('DDR4-3200AA'), of('HBM2')];
    expect(like('ddr4', 64, 8192).activate.value).toBeCloseTo(1000 * ddr4('activate_pJ_per_rank'), 6);
    expect(like('ddr4', 64, 8192).readBit.value).toBeCloseTo(1000 * ddr4('read_pJ_per_bit'), 6);
    expect(like('ddr4', 64, 8192).writeBit.value).toBeCloseTo(1000 * ddr4('write_pJ_per_bit'), 6);
    expect(like('hbm2', 128, 1024).activate.value).toBeCloseTo(1000 * hbm2('activate_pJ'), 6);
    expect(like('hbm2', 128, 1024).readBit.value).toBeCloseTo(1000 * hbm2('total_pJ_per_bit_literature'), 6);
    expect(like('hbm2', 128, 1024).refresh.value).toBeCloseTo(1e6 * hbm2('refresh_nJ_per_REF'), 3);
  });
});
