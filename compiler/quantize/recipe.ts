/** What post-training quantization is asked for: widths as in `w4a8`, how ranges are found, exceptions by layer. */
import { InputError } from '../../isa/base/errors.ts';

/** Bits of the weights of a layer and of the activations that it reads. */
export interface Widths {
  readonly weightBits: 2 | 4 | 8;
  readonly activationBits: 4 | 8 | 16;
}

export const CALIBRATION_METHODS = ['min-max', 'percentile', 'entropy'] as const;
/**
 * How a range is taken from what was seen. `min-max`: all of it. `percentile`: 99.99 % of the values. `entropy`: the clip with the least
 * Kullback-Leibler divergence between the histogram and its quantized form.
 */
export type CalibrationMethod = (typeof CALIBRATION_METHODS)[number];

export interface Recipe {
  readonly widths: Widths;
  /** Widths of single layers, by the name of their ONNX node, or of its result where it has none. */
  readonly layers: ReadonlyMap<string, Widths>;
  readonly method: CalibrationMethod;
  /** Adds to each bias what the rounding of the weights takes from the mean of a channel. */
  readonly biasCorrection: boolean;
}

/** `w4a8` as widths. Throws InputError. */
export function parseWidths(text: string, where: string): Widths {
  const found = /^w([248])a(4|8|16)$/.exec(text);
  if (found !== null)
    return {
      weightBits: Number(found[1]) as Widths['weightBits'],
      activationBits: Number(found[2]) as Widths['activationBits'],
    };
  const message = `${where}: '${text}' names no widths`;
  throw new InputError(message, {
    code: 'E-QUANTIZE-WIDTHS',
    diagnostics: [
      {
        code: 'E-QUANTIZE-WIDTHS',
        message,
        expected: 'w2, w4 or w8, then a4, a8 or a16: the widths that ONNX tensors have',
        hint: 'w8a8 is the common choice, w4a8 halves the weights',
      },
    ],
  });
}

export function widthsText({ weightBits, activationBits }: Widths): string {
  return `w${weightBits}a${activationBits}`;
}
