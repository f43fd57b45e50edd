import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { InputError } from '../../../isa/base/errors.ts';
import { ddr4X64 } from '../../../isa/machine/presets/dram/ddr4-3200.ts';
import { hbm2Channel } from '../../../isa/machine/presets/dram/hbm2.ts';
import { lpddr4X16, lpddr4X32 } from '../../../isa/machine/presets/dram/lpddr4-3200.ts';
import { lpddr5X16 } from '../../../isa/machine/presets/dram/lpddr5-6400.ts';
import {
  CACTI_LEAKAGE_MW_PER_MB,
  CACTI_NODES,
  CACTI_POINTS,
  CACTI_SUPPLY_V,
  WORD_BITS,
} from '../../../sim/energy/memories/cacti.ts';
import { dramPrices } from '../../../sim/energy/memories/dram.ts';
import { sramPrices } from '../../../sim/energy/memories/sram.ts';
import { interpolate, logInterpolate } from '../../../sim/energy/technology/interpolate.ts';

const REFERENCE = join(import.meta.dirname, '../../../../shared/reference/silicon.json');

interface ReferencePoint {
  readonly capacity_KB: number;
  readonly word_bits: number;
  readonly node_nm: number;
  readonly device: string;
  readonly read_pJ: number;
  readonly write_pJ: number;
  readonly area_mm2: number;
  readonly subthreshold_leak_mW: number;
  readonly gate_leak_mW: number;
}

describe('SRAM', () => {
  it('gives back every CACTI point at its node and supply', () => {
    let points = 0;
    for (const node of CACTI_NODES) {
      for (const word of WORD_BITS) {
        for (const [kb, readPj, writePj] of CACTI_POINTS[node][word]) {
          const shape = { sizeBytes: kb * 1024, banks: 1, portBits: word };
          const p = sramPrices(shape, { nodeNm: node, supplyV: CACTI_SUPPLY_V[node] }, 'point');
          expect(p.readBit.value).toBe((1000 * readPj) / word);
          expect(p.writeBit.value).toBe((1000 * writePj) / word);
          expect(p.readBit.basis).toBe('cited');
          points += 1;
        }
      }
    }
    expect(points).toBe(94);
  });

  it('lies between its neighbours in size and node', () => {
    const read = (kb: number, nodeNm: number) =>
      sramPrices({ sizeBytes: kb * 1024, banks: 1, portBits: 128 }, { nodeNm, supplyV: 0.9 }, 'x').readBit.value;
    expect(read(24, 32)).toBeGreaterThan(read(16, 32));
    expect(read(24, 32)).toBeLessThan(read(32, 32));
    // 28 nm, 64 KB x 128 bit by hand: 0.6 of the way from 7.36 to 18.95 pJ, supply 0.9 over 0.86 V.
    const by22 = 7.36 + 0.6 * (18.95 - 7.36);
    expect(read(64, 28)).toBeCloseTo(((1000 * by22) / 128) * (0.9 / 0.86) * (0.9 / 0.86), 8);
  });

  it('splits wide ports into arrays side by side and banks into their own', () => {
    const corner = { nodeNm: 32, supplyV: 0.9 };
    const wide = sramPrices({ sizeBytes: 64 * 1024, banks: 1, portBits: 1024 }, corner, 'wide');
    // Four arrays of 16 KB x 256 bit: 6.506 pJ each.
    expect(wide.readBit.value).toBeCloseTo(6506 / 256, 9);
    const banked = sramPrices({ sizeBytes: 256 * 1024, banks: 4, portBits: 1024 }, corner, 'banked');
    expect(banked.readBit.value).toBe(wide.readBit.value);
    expect(banked.area.value).toBeCloseTo(4 * wide.area.value, 6);
    expect(wide.readBit.low / wide.readBit.value).toBeCloseTo(0.5, 9);
    const small = sramPrices({ sizeBytes: 1024, banks: 1, portBits: 256 }, corner, 'small');
    expect(small.readBit.basis).toBe('assumed');
    expect(small.readBit.low / small.readBit.value).toBeCloseTo(0.2, 9);
  });

  it('meets points of the tables that are left out, as well as it says', () => {
    const [capacity, nodes] = [[] as number[], [] as number[]];
    for (const word of WORD_BITS) {
      for (const column of [1, 2] as const) {
        for (const node of CACTI_NODES) {
          const points = CACTI_POINTS[node][word].map((p) => ({ x: p[0], y: p[column] }));
          for (let i = 1; i < points.length - 1; i++)
            capacity.push(logInterpolate(points.toSpliced(i, 1), points[i]!.x) / points[i]!.y);
        }
        for (const node of [32, 45] as const) {
          CACTI_POINTS[node][word].forEach((p, i) => {
            const others = CACTI_NODES.filter((n) => n !== node).map((n) => CACTI_POINTS[n][word][i]);
            if (others.some((o) => o?.[0] !== p[0])) return;
            const points = CACTI_NODES.filter((n) => n !== node).map((x, n) => ({ x, y: others[n]![column] }));
            nodes.push(interpolate(points, node) / p[column]);
          });
        }
      }
    }
    for (const [all, count] of [
      [capacity, 140],
      [nodes, 80],
    ] as const) {
      expect(all.length).toBeGreaterThanOrEqual(count);
      expect(Math.min(...all)).toBeGreaterThan(0.7);
      expect(Math.max(...all)).toBeLessThan(1.35);
      expect(all.filter((r) => r > 0.8 && r < 1.2).length / all.length).toBeGreaterThan(0.9);
    }
  });

  it('costs less in smaller nodes, and says that it guesses below 22 nm', () => {
    const at = (nodeNm: number) =>
      sramPrices({ sizeBytes: 65536, banks: 1, portBits: 128 }, { nodeNm, supplyV: 0.8 }, 'x');
    const nodes = [65, 45, 32, 28, 22, 16, 7, 5].map(at);
    for (let i = 1; i < nodes.length; i++) expect(nodes[i]!.area.value).toBeLessThan(nodes[i - 1]!.area.value);
    expect(at(7).readBit.value).toBeLessThan(at(22).readBit.value);
    expect(at(7).readBit.basis).toBe('assumed');
    expect(at(22).readBit.basis).toBe('cited');
  });

  it.skipIf(!existsSync(REFERENCE))('holds the reference tables unchanged (skipped where ../shared is absent)', () => {
    const { sram } = JSON.parse(readFileSync(REFERENCE, 'utf8')) as { sram: ReferencePoint[] };
    const reference = sram.filter((p) => p.device === 'itrs-hp');
    expect(reference).toHaveLength(94);
    for (const p of reference) {
      const ours = CACTI_POINTS[p.node_nm as 22][p.word_bits as 64].find(([kb]) => kb === p.capacity_KB);
      expect(ours).toEqual([p.capacity_KB, p.read_pJ, p.write_pJ, p.area_mm2]);
    }
    for (const p of sram.filter((x) => x.capacity_KB === 128 && x.word_bits === 256 && x.device !== 'itrs-lop')) {
      const ours = CACTI_LEAKAGE_MW_PER_MB[p.node_nm as 22][p.device === 'itrs-hp' ? 'hp' : 'lstp'];
      expect(ours).toBeCloseTo(8 * (p.subthreshold_leak_mW + p.gate_leak_mW), 3);
    }
  });
});

describe('DRAM', () => {
  it('has the current-derived LPDDR4 figures', () => {
    const p = dramPrices(lpddr4X16);
    expect(p.activate.value).toBe(1_204_700);
    expect(p.readBit.value).toBe(8470);
    expect(p.writeBit.value).toBe(5040);
    expect(p.refresh.value).toBe(22_400_000);
    expect(p.background.value).toBeCloseTo(33_300_000, 6);
    expect(dramPrices(lpddr4X32).background.value).toBeCloseTo(66_600_000, 6);
    expect(p.readBit.basis).toBe('cited');
  });

  it('holds read energy against an outside flat figure of 8 pJ per bit', () => {
    // Streaming a whole row: activation spread over 2048 bytes.
    const p = dramPrices(lpddr4X16);
    const perBit = p.readBit.value + p.activate.value / (2048 * 8);
    expect(perBit / 8000).toBeGreaterThan(0.9);
    expect(perBit / 8000).toBeLessThan(1.1);
  });

  it('has figures for every DRAM preset, in the order of their generations, assumed where no currents are known', () => {
    const x16 = { ...lpddr4X16, name: 'LPDDR4X-4266 x16', technology: 'lpddr4x' };
    const perBit = (d: typeof lpddr4X16) => dramPrices(d).readBit.value;
    expect([perBit(lpddr4X16), perBit(x16), perBit(lpddr5X16), perBit(ddr4X64), perBit(hbm2Channel)]).toEqual([
      8470, 6220, 5920, 5480, 3900,
    ]);
    const bases = [lpddr4X16, x16, lpddr5X16, ddr4X64, hbm2Channel].map((d) => dramPrices(d).readBit.basis);
    expect(bases).toEqual(['cited', 'assumed', 'assumed', 'cited', 'assumed']);
    // A rank of eight DDR4 devices; two 64-bit pseudo channels are one 128-bit channel of HBM2.
    expect(dramPrices(ddr4X64).refresh.value).toBeCloseTo(8 * 83.8e6, 3);
    expect(dramPrices(ddr4X64).background.value).toBeCloseTo(8 * 44.4e6, 3);
    expect(dramPrices(hbm2Channel).background.value).toBeCloseTo(66e6, 3);
  });

  it('refuses a technology without figures and names those it has', () => {
    const wrong = { ...lpddr4X16, technology: 'lpddr6' };
    expect(() => dramPrices(wrong)).toThrow(InputError);
    expect(() => dramPrices({ ...lpddr4X16, technology: 'toString' })).toThrow(InputError);
  });
});
