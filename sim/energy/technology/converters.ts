/**
 * Cells and data converters of an analog array, at 28 nm and 0.9 V: ZigZag-IMC's fits to 22-28 nm macros, times what Jia's and Papistas's chips say. Capacitors and lines
 * are lengths, so energy and area go with the node itself, and energy with V^2. Measured converters of single macros lie from a quarter to three and a half times of
 * such fits (CiMLoop calibrates its own survey fit by 0.275 for Jia's SAR and by 3.5 for Sinangil's flash); the range says so. Leaves out: reference
 * buffers, calibration logic, and the conversion rate, on which energy depends only above about 9 bits.
 */
import { exp } from '../../../isa/numerics/special.ts';
import { fittedConstant, fittedFactor, fittedValue } from '../macros/fitted.ts';
import { cited, type Price, product, times } from '../price.ts';
import { GATE_CORNER } from './gates.ts';
import { power } from './interpolate.ts';
import type { Corner } from './scaling.ts';

const V2 = GATE_CORNER.supplyV * GATE_CORNER.supplyV;

/** Energy of an analog part at a corner over 28 nm, 0.9 V; +-15 % away from the fitted nodes. */
function analogScale({ nodeNm, supplyV }: Corner): Price {
  const f = (power(nodeNm / GATE_CORNER.nodeNm, fittedValue('analogExponent')) * supplyV * supplyV) / V2;
  return fittedFactor('analogExponent', f, [0.85 * f, 1.15 * f], `28 nm 0.9 V to ${nodeNm} nm ${supplyV} V`);
}

/** Analog area over 28 nm. */
function analogAreaScale({ nodeNm }: Corner): Price {
  const f = power(nodeNm / GATE_CORNER.nodeNm, fittedValue('analogExponent'));
  return fittedFactor('analogExponent', f, [Math.min(f, f * f), Math.max(1, f)], `area 28 nm to ${nodeNm} nm`);
}

/** One conversion: (100 b + 0.001 4^b) V^2 fJ, times a fitted factor. */
export function adcEnergy(bits: number, corner: Corner): Price {
  const fj = (100 * bits + 0.001 * 4 ** bits) * V2;
  const what = `${bits}-bit conversion (100 x ${bits} + 0.001 x 4^${bits}) fJ x (0.9 V)^2`;
  const price = cited(fj, 'fJ', 'zigzag-imc-converters', what);
  return product(price, [fittedConstant('adcEnergy'), analogScale(corner)], 'ADC conversion');
}

/** One ADC: 10^(1.206 - 0.0369 b) 2^b um2, times a fitted factor. */
export function adcArea(bits: number, corner: Corner): Price {
  const um2 = exp(Math.LN10 * (1.206 - 0.0369 * bits)) * 2 ** bits;
  const price = cited(um2, 'um2', 'zigzag-imc-converters', `${bits}-bit ADC`);
  return product(price, [fittedConstant('adcArea'), analogAreaScale(corner)], 'ADC area');
}

/** One row driven with one slice of an input: 50 b V^2 fJ; a one-bit driver is no converter, which the low end says. */
export function dacEnergy(bits: number, corner: Corner): Price {
  const fj = 50 * bits * V2;
  const price = cited(fj, 'fJ', 'zigzag-imc-converters', `${bits}-bit DAC 50 x ${bits} fJ x (0.9 V)^2`, [
    0.1 * fj,
    1.5 * fj,
  ]);
  return product(price, [analogScale(corner)], 'DAC conversion');
}

/** What one cell and its share of the lines charge in one evaluation, at a product of 1: its compute capacitor, or the current of one evaluation. */
export function analogCellEnergy(corner: Corner): Price {
  return product(fittedConstant('analogCell'), [analogScale(corner)], 'cell evaluation');
}

/** A cell of `bits` bits with its compute circuit. */
export function analogCellArea(bits: number, corner: Corner): Price {
  const cell = times(fittedConstant('analogCellArea'), bits, `${bits} bits`);
  return product(cell, [analogAreaScale(corner)], 'compute cell');
}
