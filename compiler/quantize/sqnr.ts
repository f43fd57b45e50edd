/** Signal to quantization noise: 10 log10(sum of squares of the signal / sum of squares of the difference), summed over as much as is given. */
import { logarithm } from './logarithm.ts';

export class NoiseMeter {
  #signal = 0;
  #noise = 0;

  add(exact: ArrayLike<number>, quantized: ArrayLike<number>): void {
    for (let i = 0; i < exact.length; i++) {
      this.#signal += exact[i]! ** 2;
      this.#noise += (exact[i]! - quantized[i]!) ** 2;
    }
  }

  /** In decibels, to 1/100; null where there is no noise, or no signal. */
  get db(): number | null {
    if (this.#noise === 0 || this.#signal === 0) return null;
    return Math.round((1000 * logarithm(this.#signal / this.#noise)) / Math.LN10) / 100 + 0;
  }
}
