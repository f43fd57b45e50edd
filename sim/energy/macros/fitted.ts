/**
 * Every constant that was set so that published CIM macros come out right, with the chips that set it; split.json says which may. The rest of the list is cited or
 * assumed. How each was found, and how well the other chips are met, stands in README.md; `qnpu validate macros` prints it.
 */
import { fitted, type Price, type Range, type Unit } from '../price.ts';

const DIGITAL = 'Tu 28 nm, Chih 22 nm, Fujiwara 5 nm';
const ANALOG = 'Jia 65 nm, Papistas 22 nm';

interface Constant {
  readonly value: number;
  readonly unit: Unit;
  readonly chips: string;
  readonly what: string;
  readonly range: Range;
}

const CONSTANTS = {
  /** Gates drawn inside an array over the library gates of the source. */
  arrayGates: {
    value: 0.71,
    unit: '1',
    chips: DIGITAL,
    what: 'capacitance of gates in an array over those of the source',
    range: [0.5, 1.1],
  },
  /** Switching grows from level to level of a tree, since operands arrive at different times: up to 2, where every arrival makes a transition. */
  glitchGrowth: {
    value: 1.62,
    unit: '1',
    chips: DIGITAL,
    what: 'transitions of a tree level over the one before',
    range: [1.2, 1.8],
  },
  /** Energy ~ node^x V^2 at and below 28 nm. */
  nodeExponent: {
    value: 0.06,
    unit: '1',
    chips: DIGITAL,
    what: 'exponent of the node in gate energy below 28 nm',
    range: [0, 1],
  },
  /** Trees and shift-add drawn with the cells over the sum of library gates. */
  arrayDensity: {
    value: 0.79,
    unit: '1',
    chips: 'Chih 22 nm, Fujiwara 5 nm',
    what: 'area of drawn adders over library gates',
    range: [0.25, 1.3],
  },
  /** Cell and its share of the lines, at a product of 1, 28 nm, 0.9 V. */
  analogCell: {
    value: 6.4,
    unit: 'fJ',
    chips: ANALOG,
    what: 'evaluation of a cell whose product is 1, 28 nm, 0.9 V',
    range: [2.5, 16],
  },
  /** Conversion energy over the source's. */
  adcEnergy: {
    value: 1.23,
    unit: '1',
    chips: 'Jia 65 nm',
    what: 'conversion over the fit of the source',
    range: [0.5, 3.5],
  },
  /** Lengths set capacitances: energy ~ node^x V^2. */
  analogExponent: {
    value: 1,
    unit: '1',
    chips: ANALOG,
    what: 'exponent of the node in analog energy',
    range: [0.6, 1.3],
  },
  analogCellArea: {
    value: 2.1,
    unit: 'um2',
    chips: ANALOG,
    what: 'um2 at 28 nm of a bit with its compute circuit',
    range: [0.7, 4],
  },
  adcArea: {
    value: 0.4,
    unit: '1',
    chips: 'Jia 65 nm',
    what: 'converter area over the fit of the source',
    range: [0.25, 1.5],
  },
} as const satisfies Readonly<Record<string, Constant>>;

export type FittedName = keyof typeof CONSTANTS;
export const FITTED_NAMES = Object.keys(CONSTANTS) as readonly FittedName[];

export function fittedValue(name: FittedName): number {
  return CONSTANTS[name].value;
}

/** A factor that follows from a constant, as a price leaf that names the constant and its chips. */
export function fittedFactor(name: FittedName, value: number, range: Range, of: string): Price {
  const c: Constant = CONSTANTS[name];
  return fitted(value, '1', c.chips, `${c.what} ${c.value}, ${of}`, range);
}

/** The constant as a price leaf: what, value, range and the chips that set it. */
export function fittedConstant(name: FittedName): Price {
  const c: Constant = CONSTANTS[name];
  return fitted(c.value, c.unit, c.chips, c.what, c.range);
}
