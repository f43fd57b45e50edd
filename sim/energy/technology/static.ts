/**
 * What no action pays for: clock trunk, leakage of logic, wires between blocks, layout overhead. All assumed, with wide ranges: none of the sources that
 * are at hand states them for 28 nm. Registers' own clock pins are in the flip-flop energies.
 */
import { asFactor, assumed, type Price, product, times } from '../price.ts';
import { type Corner, energyScale } from './scaling.ts';

const BASE: Corner = { nodeNm: 28, supplyV: 0.9 };

/** Clock distribution of a block while it is clocked: fJ per cycle; `area` in um2, whose range counts too. */
export function clockEnergy(area: Price, corner: Corner, block: string): Price {
  const perMm2 = assumed(
    4000,
    'fJ',
    'clock trunk 4 pJ per cycle and mm2 at 28 nm, 0.9 V: about 5 pF of buffered wire per mm2',
    [1000, 12000],
  );
  return product(perMm2, [asFactor(area, 1e6, `mm2 of ${block}`), energyScale(BASE, corner)], `clock of ${block}`);
}

/** Leakage of logic in nW; falls with the supply. `area` in um2, whose range counts too. */
export function logicLeakage(area: Price, { supplyV }: Corner, block: string): Price {
  const why =
    'logic leakage 3 nW per um2: high-threshold cells are below 1, the 45 nm general-purpose synthesis of Bit Fusion is at 33';
  const perUm2 = assumed(3, 'nW', why, [0.5, 12]);
  return product(
    perUm2,
    [
      asFactor(area, 1, `um2 of ${block}`),
      assumed(supplyV / BASE.supplyV, '1', 'leakage in proportion to the supply', [
        supplyV / BASE.supplyV,
        supplyV / BASE.supplyV,
      ]),
    ],
    `leakage of ${block}`,
  );
}

/** Moving one bit of random data over a wire: fJ. Wires do not shrink with the node; only the supply counts. */
export function wireEnergy(lengthMm: number, { supplyV }: Corner, what: string): Price {
  const v = (supplyV / BASE.supplyV) * (supplyV / BASE.supplyV);
  const perMm = assumed(
    60,
    'fJ',
    'wire 60 fJ per bit and mm: 0.3 pF per mm with repeaters, a quarter of the bits rise, 0.9 V',
    [30, 150],
  );
  return product(
    times(perMm, lengthMm, `${lengthMm.toPrecision(4)} mm`),
    [assumed(v, '1', 'energy as V^2', [v, v])],
    what,
  );
}

/** Placed logic against the sum of its gates. */
export function layoutOverhead(): Price {
  return assumed(1.35, '1', 'layout: 75 % of placed area is gates', [1.1, 1.8]);
}
