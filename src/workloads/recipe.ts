/**
 * Width recipes. `w4a4`: 4-bit weights, 4-bit activations, and 8 bits in the first and the last products, as networks of low width are usually
 * trained (DoReFa, PACT, LSQ); `w4a4f4` says the width of those too. One-bit weights are -1 and +1, two-bit weights -1, 0 and +1. One-bit
 * activations are -1 and +1. `published` takes the widths that the network's authors gave layer by layer.
 */
import type { IntegerType } from '../../compiler/graph/types.ts';
import { InputError } from '../../isa/base/errors.ts';

/** Widths of one product layer, in bits. */
export interface Widths {
  readonly weights: number;
  /** Of the result; 16 at most. */
  readonly activations: number;
}

export interface Recipe {
  readonly name: string;
  readonly weights: number;
  readonly activations: number;
  /** Weights of the first and last products, their inputs and the network's outputs. */
  readonly edge: number;
  /** By number of the product layer, from 0; null where the pattern above decides. */
  readonly published: readonly Widths[] | null;
}

const PATTERN = /^w([1-8])a([1-8]|16)(?:f([1-8]))?$/;

/** Parses `w4a4`, `w4a4f4`; throws InputError. */
export function parseRecipe(text: string): Recipe {
  const match = PATTERN.exec(text);
  if (match === null) {
    const message = `'${text}' is not a width recipe`;
    const expected = 'w<1..8>a<1..8 or 16>, and f<1..8> for the first and last layers';
    const hint = 'w8a8, w4a4, w2a4f8 or w8a16';
    throw new InputError(message, { diagnostics: [{ code: 'E-ZOO-RECIPE', message, expected, hint }] });
  }
  const weights = Number(match[1]);
  return { name: text, weights, activations: Number(match[2]), edge: Number(match[3] ?? 8), published: null };
}

/** Whether a text is meant as a recipe, right or wrong: how a zoo name is told from its recipe. */
export function looksLikeRecipe(text: string): boolean {
  return text === 'published' || /^w[\d.]+a[\d.]+/.test(text);
}

/** Codes of weights of a width. */
export function weightType(bits: number): IntegerType {
  if (bits === 1) return { kind: 'int', bits: 1, coding: 'bipolar' };
  return { kind: 'int', bits, coding: bits === 2 ? 'ternary' : 'signed' };
}

/** Codes of activations; one-sided after ReLU and the like. One bit is -1 and +1 either way. */
export function activationType(bits: number, oneSided: boolean): IntegerType {
  if (bits === 1) return { kind: 'int', bits: 1, coding: 'bipolar' };
  return { kind: 'int', bits, coding: oneSided ? 'unsigned' : 'signed' };
}
