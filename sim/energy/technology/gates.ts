/**
 * Gates of digital CIM at 28 nm, 0.9 V (ZigZag's constants), and how many of them an adder tree takes. Energies are C V^2 of the gate capacitance at full
 * activity; the one-bit multiplier (a NOR2) is half of it, as in the source. Leaves out wire load inside the array, which the source folds into its gates.
 */
import { fittedConstant, fittedFactor, fittedValue } from '../macros/fitted.ts';
import { assumed, cited, type Price, product, type Range, sum, times } from '../price.ts';
import { ceilLog2 } from './interpolate.ts';
import { areaScale, type Corner, energyScale } from './scaling.ts';

export const GATE_CORNER: Corner = { nodeNm: 28, supplyV: 0.9 };
const NAND2_FF = 0.7;
const NAND2_UM2 = 0.614;
const V2 = GATE_CORNER.supplyV * GATE_CORNER.supplyV;

/** Relative capacitance, in NAND2: full adder 3 NAND2 + 2 XOR2 of 1.5; half adder 1 NAND2 + 1 XOR2; flip-flop 3. */
const CAPACITANCE = { fullAdder: 6, halfAdder: 2.5, flipFlop: 3, inverter: 1 } as const;
/** Relative area, in NAND2: XOR2 2.4, flip-flop 6. */
const AREA = { fullAdder: 7.8, halfAdder: 3.4, flipFlop: 6, inverter: 1 } as const;
export type Gate = keyof typeof CAPACITANCE;

/** Energy of one operation of a gate at full activity, at 28 nm and 0.9 V: full adder 3.40 fJ. */
export function gateEnergy(gate: Gate): Price {
  return cited(
    CAPACITANCE[gate] * NAND2_FF * V2,
    'fJ',
    'zigzag-gates',
    `${gate} ${CAPACITANCE[gate]} x ${NAND2_FF} fF x (0.9 V)^2`,
  );
}

/** One-bit multiplier: 0.5 C V^2 of a NOR2 = 0.2835 fJ. */
export function multiplierEnergy(): Price {
  const full = NAND2_FF * V2;
  return cited(0.5 * full, 'fJ', 'zigzag-gates', `one-bit multiplier 0.5 x ${NAND2_FF} fF x (0.9 V)^2`, [
    0.5 * full,
    full,
  ]);
}

/** Charge of word- or bitline: 0.35 fF a cell, one full swing. */
export function lineEnergy(cells: number, what: string): Price {
  return cited(cells * 0.35 * V2, 'fJ', 'zigzag-gates', `${what}: ${cells} cells x 0.35 fF x (0.9 V)^2`, [
    0.5 * cells * 0.35 * V2,
    1.5 * cells * 0.35 * V2,
  ]);
}

export function gateArea(gate: Gate): Price {
  return cited(AREA[gate] * NAND2_UM2, 'um2', 'zigzag-gates', `${gate} ${AREA[gate]} x ${NAND2_UM2} um2`);
}

export interface AdderCount {
  readonly fullAdders: number;
  readonly halfAdders: number;
}

/**
 * One-bit adders of a binary tree of ripple adders over n inputs of p bits: n (p + 1) - (p + log2 n + 1) in all [zigzag-gates], of which
 * each of the n - 1 adders has a half adder at its lowest bit. n need not be a power of two.
 */
export function adderTree(inputs: number, bits: number): AdderCount {
  if (inputs <= 1) return { fullAdders: 0, halfAdders: 0 };
  const all = inputs * (bits + 1) - (bits + ceilLog2(inputs) + 1);
  return { fullAdders: Math.max(0, all - (inputs - 1)), halfAdders: inputs - 1 };
}

/** Energy of one pass through the tree per leaf bit, at full activity, 28 nm and 0.9 V; ends: compressors only, full adders only. */
export function adderTreeEnergy(inputs: number, bits: number): Price {
  const tree = adderTree(inputs, bits);
  const leaves = inputs * bits;
  const price = sum(
    [
      times(
        gateEnergy('fullAdder'),
        tree.fullAdders / leaves,
        `${tree.fullAdders} full adders over ${leaves} leaf bits`,
      ),
      times(
        gateEnergy('halfAdder'),
        tree.halfAdders / leaves,
        `${tree.halfAdders} half adders over ${leaves} leaf bits`,
      ),
    ],
    `adder tree of ${inputs} inputs of ${bits} bit`,
  );
  return product(price, [treeStyle([0.7, 1.4]), glitches(inputs, bits)], 'adder tree with its circuit style');
}

/** Deepest tree among the macros that the growth was fitted to; below it growth is taken to have ended. */
const DEEPEST_FITTED_LEVEL = 8;

/**
 * Transitions of a tree over those of its leaves. Operands of an adder arrive at different times, so each level switches more often than the one before, by a fitted
 * factor between 1 (all at once) and 2 (every arrival is a transition); half as many adders a level, each a bit wider.
 */
export function glitches(inputs: number, bits: number, growth: number = fittedValue('glitchGrowth')): Price {
  const mean = (rate: number) => {
    let left = inputs;
    let [energy, weighted, transitions] = [0, 0, 1];
    for (let level = 1; left > 1; level++) {
      const adders = Math.floor(left / 2);
      const each = (bits + level - 2) * CAPACITANCE.fullAdder + CAPACITANCE.halfAdder;
      energy += adders * each;
      weighted += adders * each * transitions;
      left -= adders;
      if (level < DEEPEST_FITTED_LEVEL) transitions *= rate;
    }
    return energy === 0 ? 1 : weighted / energy;
  };
  return fittedFactor(
    'glitchGrowth',
    mean(growth),
    [1, Math.max(mean(growth), mean(GLITCH_LIMIT))],
    `${inputs} inputs of ${bits} bit`,
  );
}

/** Upper end of the growth: what 256-row trees at twice their published energy would need. */
const GLITCH_LIMIT = 1.8;

/** Area of one tree of library gates; placedGates() says how much denser they are drawn with the cells. */
export function adderTreeArea(inputs: number, bits: number): Price {
  const tree = adderTree(inputs, bits);
  const price = sum(
    [
      times(gateArea('fullAdder'), tree.fullAdders, 'full adders'),
      times(gateArea('halfAdder'), tree.halfAdders, 'half adders'),
    ],
    `adder tree of ${inputs} inputs of ${bits} bit`,
  );
  return product(price, [treeStyle([0.6, 1.4])], 'adder tree with its circuit style');
}

/** Energy of compressor trees is about 0.7 of these gates; counting every adder as a full one gives 1.4. */
function treeStyle(range: Range): Price {
  return cited(1, '1', 'zigzag-gates', 'tree style: own range from compressors to full adders everywhere', range);
}

/** A 28 nm, 0.9 V gate energy at the machine's corner. */
export function gatesAt(price: Price, corner: Corner, what: string): Price {
  return product(price, [energyScale(GATE_CORNER, corner)], what);
}

export function gateAreaAt(price: Price, corner: Corner, what: string): Price {
  return product(price, [areaScale(GATE_CORNER.nodeNm, corner.nodeNm)], what);
}

/** Area of gates drawn with the cells of an array against the sum of library gates; published over modelled areas of three more macros are 0.81 to 1.27. */
export function placedGates(): Price {
  const spread = cited(1, '1', 'zigzag-validation', 'published over modelled areas', [0.81, 1.27]);
  return product(fittedConstant('arrayDensity'), [spread], 'gates drawn with cells');
}

/** Energy of gates drawn inside an array against those of the source. */
export function arrayGates(): Price {
  return fittedConstant('arrayGates');
}

/** Toggle rate of registers and operand latches with data that nobody measured. */
export function registerActivity(): Price {
  return assumed(
    0.5,
    '1',
    'register activity: half of the bits change; clock pins included in the flip-flop',
    [0.25, 1],
  );
}
