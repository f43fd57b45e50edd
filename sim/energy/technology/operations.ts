/**
 * Energy and area of arithmetic: Horowitz's 45 nm table for adders, multipliers and floating point; Bit Fusion's 45 nm synthesis for multiply-accumulate elements with
 * their registers. The 40 nm Aladdin family is about four times Horowitz for a multiply and is not mixed in, except for the lower end of a comparator.
 */
import { cited, type Price, product } from '../price.ts';
import { logInterpolate } from './interpolate.ts';
import { areaScale, type Corner, energyScale } from './scaling.ts';

const HOROWITZ_CORNER: Corner = { nodeNm: 45, supplyV: 0.9 };

/** pJ and um2 at 45 nm, 0.9 V. */
const OPERATIONS = {
  'int8 add': [0.03, 36],
  'int16 add': [0.05, 67],
  'int32 add': [0.1, 137],
  'int8 mul': [0.2, 282],
  'int32 mul': [3.1, 3495],
  'fp16 add': [0.4, 1360],
  'fp32 add': [0.9, 4184],
  'fp16 mul': [1.1, 1640],
  'fp32 mul': [3.7, 7700],
} as const;
export type Operation = keyof typeof OPERATIONS;

/** fJ of one operation at the corner; the source gives rounded figures of one library, so +-20 %. */
export function operationEnergy(op: Operation, corner: Corner): Price {
  const fj = OPERATIONS[op][0] * 1000;
  return product(
    cited(fj, 'fJ', 'horowitz-2014', `${op} ${OPERATIONS[op][0]} pJ`, [0.8 * fj, 1.2 * fj]),
    [energyScale(HOROWITZ_CORNER, corner)],
    op,
  );
}

export function operationArea(op: Operation, corner: Corner): Price {
  const um2 = OPERATIONS[op][1];
  return product(
    cited(um2, 'um2', 'horowitz-2014-area', op, [0.7 * um2, 1.5 * um2]),
    [areaScale(HOROWITZ_CORNER.nodeNm, corner.nodeNm)],
    `${op} area`,
  );
}

/** A lane operation of unknown kind in float32: between an add and a multiply. */
export function floatEnergy(corner: Corner): Price {
  const price = cited(
    2300,
    'fJ',
    'horowitz-2014',
    'fp32 operation, mean of add 0.9 pJ and multiply 3.7 pJ',
    [900, 3700],
  );
  return product(price, [energyScale(HOROWITZ_CORNER, corner)], 'fp32 operation');
}

/** Compare at accumulator width: as an int32 add; lower end a 32-bit comparator. */
export function compareEnergy(corner: Corner): Price {
  const price = cited(
    100,
    'fJ',
    'horowitz-2014',
    'int32 compare as an add 0.1 pJ; lower end 29.5 fJ of a 40 nm comparator',
    [29.47, 120],
  );
  const low = cited(1, '1', 'aladdin-40nm', '32b comparator 0.02947 pJ at 40 nm');
  return product(price, [low, energyScale(HOROWITZ_CORNER, corner)], 'compare');
}

/** Bit Fusion 1x1 PE of fixed width at 45 nm: operand bits, fJ per cycle, um2. Includes the accumulation register. */
const MAC_ELEMENTS: readonly (readonly [bits: number, fj: number, um2: number])[] = [
  [2, 57.48, 124.891],
  [4, 120.2, 282.24],
  [8, 297.7, 687.607],
  [16, 947.4, 2203.24],
];
/** The synthesis does not state its supply; 45 nm libraries of that kind are characterized at 1.1 V, so the lower end is (0.9 / 1.1)^2. */
const MAC_RANGE = [0.67, 1.3] as const;

/**
 * fJ of one partial product in a multiplier: the slope of the table between 8 and 16 bits, (947.4 - 297.7) / (16^2 - 8^2). From 4 to 8 bits it is 3.70, from 2 to
 * 4 bits 5.23; what is left (44 to 81 fJ) is registers and control.
 */
const PRODUCT_BIT_FJ = (947.4 - 297.7) / (256 - 64);

/** One partial product of a multiplier, at 45 nm 3.38 fJ. */
export function productBitEnergy(corner: Corner): Price {
  const price = cited(PRODUCT_BIT_FJ, 'fJ', 'bitfusion-synthesis', 'multiply-accumulate elements, 16 bit less 8 bit', [
    MAC_RANGE[0] * PRODUCT_BIT_FJ,
    5.23 * MAC_RANGE[1],
  ]);
  return product(price, [energyScale(HOROWITZ_CORNER, corner)], 'partial product');
}

/** Registers and control of an element for operands of a x b bits: the whole element less its partial products. */
export function macRegisterEnergy(a: number, b: number, corner: Corner): Price {
  const fj = elementEnergy(Math.sqrt(a * b)) - PRODUCT_BIT_FJ * a * b;
  const price = cited(fj, 'fJ', 'bitfusion-synthesis', `${a} x ${b} bit multiply-accumulate less its products`, [
    MAC_RANGE[0] * fj,
    MAC_RANGE[1] * fj,
  ]);
  return product(price, [energyScale(HOROWITZ_CORNER, corner)], 'registers of a multiply-accumulate');
}

function elementEnergy(operandBits: number): number {
  return logInterpolate(
    MAC_ELEMENTS.map(([x, y]) => ({ x, y })),
    operandBits,
  );
}

/** Multiply-accumulate of two operands of the given width, registers included; log-log between the widths of the table. */
export function macEnergy(operandBits: number, corner: Corner): Price {
  const fj = elementEnergy(operandBits);
  const price = cited(
    fj,
    'fJ',
    'bitfusion-synthesis',
    `${operandBits} x ${operandBits} bit multiply-accumulate with register`,
    [MAC_RANGE[0] * fj, MAC_RANGE[1] * fj],
  );
  return product(price, [energyScale(HOROWITZ_CORNER, corner)], `${operandBits}-bit multiply-accumulate`);
}

export function macArea(operandBits: number, corner: Corner): Price {
  const um2 = logInterpolate(
    MAC_ELEMENTS.map(([x, , y]) => ({ x, y })),
    operandBits,
  );
  const price = cited(um2, 'um2', 'bitfusion-synthesis', `${operandBits}-bit multiply-accumulate element`, [
    0.8 * um2,
    1.3 * um2,
  ]);
  return product(
    price,
    [areaScale(HOROWITZ_CORNER.nodeNm, corner.nodeNm)],
    `${operandBits}-bit multiply-accumulate element`,
  );
}
