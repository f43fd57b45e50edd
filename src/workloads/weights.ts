/** Seeded weights: bell-shaped, at the step that loses least for their width, in symmetric codes; one bit is the sign, two bits are -1, 0, +1. */
import { type IntegerType, integerRange } from '../../compiler/graph/types.ts';
import { BELL_OUTCOMES, bellDraw, bellStep, bellValue, codeOf } from './bell.ts';

/** `count` codes of stream `key`. The same key gives the same codes, whatever else is drawn. */
export function drawWeights(count: number, type: IntegerType, key: number): Int8Array | Int32Array {
  const table = codeTable(type);
  const codes = integerRange(type).max < 2 ** 7 ? new Int8Array(count) : new Int32Array(count);
  for (let i = 0; i < count; i++) codes[i] = table[bellDraw(key, i)]!;
  return codes;
}

function codeTable(type: IntegerType): Int32Array {
  const { max } = integerRange(type);
  const step = bellStep(-max, max);
  return Int32Array.from({ length: BELL_OUTCOMES }, (_, outcome) => {
    const z = bellValue(outcome);
    return type.coding === 'bipolar' ? (z < 0 ? -1 : 1) : codeOf(z / step, -max, max);
  });
}
