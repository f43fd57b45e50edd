/** UNIDIRECTIONAL_SEQUENCE_LSTM of int8 with 16-bit cells as TensorFlow Lite for Microcontrollers computes it: one number at a time. */
import type { Frame } from './reference.ts';
import { type Factor, rescale, toFactor } from './reference-fixed.ts';
import { wordLine } from './reference-words.ts';

const word = (x: number): number => Math.min(32767, Math.max(-32768, x));
const byte = (x: number): number => Math.min(127, Math.max(-128, x));

export function lstm(f: Frame): number[] {
  const [x, state, cell] = [f.t(0), f.t(18), f.t(19)];
  const timeMajor = f.o.byte(3) !== 0;
  const [batch, steps] = timeMajor ? [x.shape[1]!, x.shape[0]!] : [x.shape[0]!, x.shape[1]!];
  const [inputs, units] = [x.shape[2]!, f.t(1).shape[0]!];
  const clip = Math.trunc(f.o.float(1) / cell.scale[0]!);
  const logistic = wordLine(3n, 0n, false);
  const tanh = wordLine(3n, 0n, true);
  const left = 12 + Math.round(Math.log2(cell.scale[0]!));
  const shown = wordLine(3n << BigInt(left), 0n, true);
  const scaled = (a: number, b: number, factor: Factor): number => Number(rescale(BigInt(a * b), factor));
  const [keep, add, out] = [2 ** -15, 2 ** -30 / cell.scale[0]!, 2 ** -30 / state.scale[0]!].map(toFactor) as [
    Factor,
    Factor,
    Factor,
  ];
  const result = new Array<number>(batch * steps * units).fill(0);
  for (let b = 0; b < batch; b++) {
    let h = new Array<number>(units).fill(state.zero[0]!);
    let c = new Array<number>(units).fill(0);
    for (let t = 0; t < steps; t++) {
      const row = timeMajor ? t * batch + b : b * steps + t;
      const own = f.v(0).slice(row * inputs, (row + 1) * inputs);
      const before = h;
      /** Gate `g` of unit u, by the numbers of its operands. */
      const gate = (w: number, r: number, bias: number, u: number): number => {
        const product = (
          weights: number,
          values: readonly number[],
          scale: number,
          zero: number,
          start: number,
        ): number => {
          const n = values.length;
          const sum = values.reduce((s, v, i) => s + (v - zero) * f.v(weights)[u * n + i]!, start);
          return word(Number(rescale(BigInt(sum), toFactor(Math.fround(scale * f.t(weights).scale[0]!) / 2 ** -12))));
        };
        const start = (f.o.inputs[bias] ?? -1) >= 0 ? f.v(bias)[u]! : 0;
        return word(
          product(w, own, x.scale[0]!, x.zero[0]!, start) + product(r, before, state.scale[0]!, state.zero[0]!, 0),
        );
      };
      c = c.map((old, u) => {
        const [i, forget, g] = [logistic(gate(1, 5, 12, u)), logistic(gate(2, 6, 13, u)), tanh(gate(3, 7, 14, u))];
        const next = word(word(scaled(forget, old, keep)) + word(scaled(i, g, add)));
        return clip > 0 ? Math.min(clip, Math.max(-clip, next)) : next;
      });
      h = c.map((v, u) => byte(scaled(shown(v), logistic(gate(4, 8, 15, u)), out) + state.zero[0]!));
      h.forEach((v, u) => {
        result[row * units + u] = v;
      });
    }
  }
  return result;
}
