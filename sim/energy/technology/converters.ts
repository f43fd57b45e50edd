/**
 * Data converters at the edge of an analog array, at 28 nm and 0.9 V (ZigZag-IMC's fits to 22-28 nm macros). Measured converters of single macros lie from a quarter to
 * three and a half times of such fits (CiMLoop calibrates its own survey fit by 0.275 for Jia's SAR and by 3.5 for Sinangil's flash); the range says so.
 * Leaves out: reference buffers, calibration logic, and the conversion rate, on which energy depends only above about 9 bits.
 */
import { exp } from '../../../isa/numerics/special.ts';
import { assumed, cited, type Price, product } from '../price.ts';
import { GATE_CORNER } from './gates.ts';
import { areaScale, type Corner, energyScale } from './scaling.ts';

const V2 = GATE_CORNER.supplyV * GATE_CORNER.supplyV;
const SCATTER = [0.5, 3.5] as const;

/** One conversion: (100 b + 0.001 4^b) V^2 fJ. */
export function adcEnergy(bits: number, corner: Corner): Price {
  const fj = (100 * bits + 0.001 * 4 ** bits) * V2;
  const price = cited(
    fj,
    'fJ',
    'zigzag-imc-converters',
    `${bits}-bit conversion (100 x ${bits} + 0.001 x 4^${bits}) fJ x (0.9 V)^2`,
    [SCATTER[0] * fj, SCATTER[1] * fj],
  );
  return product(price, [energyScale(GATE_CORNER, corner)], 'ADC conversion');
}

/** One ADC: 10^(1.206 - 0.0369 b) 2^b um2. */
export function adcArea(bits: number, corner: Corner): Price {
  const um2 = exp(Math.LN10 * (1.206 - 0.0369 * bits)) * 2 ** bits;
  const price = cited(um2, 'um2', 'zigzag-imc-converters', `${bits}-bit ADC`, [0.25 * um2, 2 * um2]);
  return product(price, [areaScale(GATE_CORNER.nodeNm, corner.nodeNm)], 'ADC area');
}

/** One row driven with one slice of an input: 50 b V^2 fJ; a one-bit driver is no converter, which the low end says. */
export function dacEnergy(bits: number, corner: Corner): Price {
  const fj = 50 * bits * V2;
  const price = cited(fj, 'fJ', 'zigzag-imc-converters', `${bits}-bit DAC 50 x ${bits} fJ x (0.9 V)^2`, [
    0.1 * fj,
    1.5 * fj,
  ]);
  return product(price, [energyScale(GATE_CORNER, corner)], 'DAC conversion');
}

/** What one cell adds to its bitline: its compute capacitor, or the current of one evaluation. */
export function analogCellEnergy(corner: Corner): Price {
  const why =
    'cell of 1 fF charged once per evaluation; published charge-domain cells 0.3 to 2 fF, current-domain cells similar per read';
  const price = assumed(V2, 'fJ', why, [0.2 * V2, 4 * V2]);
  return product(price, [energyScale(GATE_CORNER, corner)], 'cell evaluation');
}
