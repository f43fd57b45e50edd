/** Switching rates against streams that are counted bit by bit, and an adder tree simulated at its gate outputs. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ActionCounts, noActions } from '../../../isa/demand/actions.ts';
import { edgeDcim28nm } from '../../../isa/machine/presets/edge-dcim-28nm.ts';
import { measuredActivity, toggleRate } from '../../../sim/energy/activity.ts';
import { energy } from '../../../sim/energy/energy.ts';
import { priceList } from '../../../sim/energy/price-list.ts';
import { OperandStatistics } from '../../../sim/exec/statistics.ts';
import { seeded } from '../../harness/differential.ts';

/** Share of steps in which the lines of one row change, for inputs that arrive one after the other. */
function counted(inputs: readonly number[], bits: number, lines: number): number {
  let [steps, toggles] = [0, 0];
  for (let line = 0; line < Math.min(lines, bits); line++) {
    const stream = inputs.flatMap((x) => {
      const own: number[] = [];
      for (let p = line; p < bits; p += lines) own.push((x >> p) & 1);
      return own;
    });
    for (let i = 1; i < stream.length; i++) {
      steps += 1;
      if (stream[i] !== stream[i - 1]) toggles += 1;
    }
  }
  return toggles / steps;
}

/** Independent inputs: zero with some probability, else any code up to `top`. */
function sparse(count: number, zero: number, top: number, seed: number): number[] {
  const random = seeded(seed);
  return Array.from({ length: count }, () => (random() < zero ? 0 : 1 + Math.floor(random() * top)));
}

describe('toggle rate of inputs', () => {
  it.each([
    [4, 0, 15, 1],
    [4, 0.5, 15, 1],
    [4, 0.8, 15, 1],
    [8, 0.5, 40, 1],
    [8, 0.7, 255, 2],
    [1, 0.7, 1, 1],
    [4, 0.6, 15, 4],
  ])('%i bits, %d zero, codes to %i, %i lines: as counted, within a tenth', (bits, zero, top, lines) => {
    const inputs = sparse(40_000, zero, top, bits + lines);
    const density = Array.from({ length: bits }, (_, p) => inputs.filter((x) => (x >> p) & 1).length / inputs.length);
    const some = inputs.filter((x) => x !== 0).length / inputs.length;
    const ours = toggleRate(density, some, lines);
    expect(ours / counted(inputs, bits, lines)).toBeGreaterThan(0.9);
    expect(ours / counted(inputs, bits, lines)).toBeLessThan(1.1);
  });

  it('is nothing for zeros and constant lines, and stays a rate', () => {
    expect(toggleRate([0, 0, 0], 0, 1)).toBe(0);
    expect(toggleRate([1], 1, 1)).toBe(0);
    const rate = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.array(rate, { minLength: 1, maxLength: 8 }), rate, (density, some) => {
        const t = toggleRate(density, Math.max(some, ...density), 1);
        expect(t).toBeGreaterThanOrEqual(0);
        expect(t).toBeLessThanOrEqual(1);
      }),
    );
  });
});

/** Toggles of all sum and carry outputs of a tree of ripple adders over its leaves' toggles, both per gate and step. */
function treeOverLeaves(leaves: number, ones: number, weightOnes: number, seed: number): number {
  const random = seeded(seed);
  const weights = Array.from({ length: leaves }, () => random() < weightOnes);
  const rate = { leaf: [0, 0] as [number, number], tree: [0, 0] as [number, number] };
  let before: { leaf: number[]; tree: number[] } | undefined;
  for (let step = 0; step < 300; step++) {
    const leaf = weights.map((w) => Number(w && random() < ones));
    const tree: number[] = [];
    let level = leaf;
    for (let bits = 1; level.length > 1; bits++) {
      const next: number[] = [];
      for (let i = 0; i < level.length; i += 2) {
        let carry = 0;
        for (let b = 0; b < bits; b++) {
          const [x, y] = [(level[i]! >> b) & 1, (level[i + 1]! >> b) & 1];
          const sum = x ^ y ^ carry;
          carry = (x & y) | (carry & (x ^ y));
          tree.push(sum, carry);
        }
        next.push(level[i]! + level[i + 1]!);
      }
      level = next;
    }
    for (const part of ['leaf', 'tree'] as const) {
      const now = part === 'leaf' ? leaf : tree;
      if (before === undefined) continue;
      rate[part][0] += now.filter((v, i) => v !== before![part][i]).length;
      rate[part][1] += now.length;
    }
    before = { leaf, tree };
  }
  return rate.tree[0] / rate.tree[1] / (rate.leaf[0] / rate.leaf[1]);
}

describe('toggle rate of an adder tree', () => {
  it.each([
    [16, 0.5, 0.5],
    [64, 0.25, 0.5],
    [64, 0.05, 0.5],
    [256, 0.5, 0.5],
    [256, 0.5, 0.25],
    [256, 0.5, 1],
    [256, 0.1, 0.5],
    [256, 0.02, 0.5],
  ])('%i leaves, inputs %d ones, weights %d ones: that of its leaves, within the stated 0.8 to 1.6', (n, x, w) => {
    const ratio = treeOverLeaves(n, x, w, n);
    expect(ratio).toBeGreaterThan(0.8);
    expect(ratio).toBeLessThan(1.6);
  });
});

describe('measured activity', () => {
  /** One layer of 4-bit inputs, 8 x 4 weights of 2 bits of which a share is ones. */
  function layerOf(statistics: OperandStatistics, layer: number, inputs: readonly number[], weightOnes: number): void {
    statistics.countInputs(layer, inputs, inputs.length / 8, 8, 8, 4);
    statistics.countWeights(layer, 32, weightOnes, 2);
  }
  const counts = (work: number): ActionCounts => ({
    ...noActions(),
    'mac.bit': 32 * work,
    'array.adderBit': 32 * work,
    'array.inputBit': 8 * work,
  });
  const price = (layers: ReadonlyMap<number, ActionCounts>, statistics: OperandStatistics) => {
    const activity = measuredActivity([statistics.layers], edgeDcim28nm, layers)!;
    const total = noActions();
    for (const c of layers.values()) for (const a of Object.keys(c) as (keyof ActionCounts)[]) total[a] += c[a];
    const run = { cycles: 0, latencyPs: 0, actions: total, units: [], layerActions: layers, layerCycles: new Map() };
    const prices = priceList(edgeDcim28nm, { activity });
    return { activity, prices, result: energy(run, prices) };
  };

  it('is less energy for sparser inputs and for sparser weights', () => {
    const totals = [
      [0, 40],
      [0.5, 40],
      [0.9, 40],
      [0.9, 10],
    ].map(([zero, ones]) => {
      const statistics = new OperandStatistics();
      layerOf(statistics, 0, sparse(800, zero!, 15, 7), ones!);
      return price(new Map([[0, counts(1e6)]]), statistics).result.totalFj;
    });
    for (let i = 1; i < totals.length; i++) expect(totals[i]).toBeLessThan(totals[i - 1]!);
  });

  it('weighs layers by their work, so that layers priced apart add up to the whole', () => {
    const statistics = new OperandStatistics();
    layerOf(statistics, 0, sparse(800, 0, 15, 1), 40);
    layerOf(statistics, 3, sparse(800, 0.9, 15, 2), 20);
    const layers = new Map([
      [0, counts(1e6)],
      [3, counts(9e6)],
    ]);
    const { activity, prices, result } = price(layers, statistics);
    const [dense, thin] = [activity.layers.get(0)!, activity.layers.get(3)!];
    expect(dense.inputActivity).toBeGreaterThan(2 * thin.inputActivity);
    expect(activity.inputActivity).toBeCloseTo(0.1 * dense.inputActivity + 0.9 * thin.inputActivity, 12);
    const product = (r: typeof dense) => r.inputActivity * r.weightDensity;
    expect(product(activity)).toBeCloseTo(0.1 * product(dense) + 0.9 * product(thin), 12);
    // 9 times the work at a fraction of the switching: less than 9 times the energy, and nothing is left over.
    expect(result.byLayer.get(3)!).toBeLessThan(5 * result.byLayer.get(0)!);
    expect(result.byLayer.get(-1)!).toBeGreaterThanOrEqual(0);
    expect(result.byLayer.get(-1)!).toBeLessThan(10);
    expect(prices.byLayer.size).toBe(2);
  });

  it('is undefined where no array multiplied', () => {
    expect(measuredActivity([], edgeDcim28nm, new Map())).toBeUndefined();
    expect(measuredActivity([new OperandStatistics().layers], edgeDcim28nm, new Map())).toBeUndefined();
  });
});
