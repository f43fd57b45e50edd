/** What can be wrong with a pinned tile, in words: sizes that the result has not, or that no instruction can walk, or that find no room. */
import type { InputError } from '../../isa/base/errors.ts';
import type { Kernel } from '../lower/kernel.ts';
import { at } from '../lower/layout.ts';
import { dimNames } from './decisions.ts';
import { type KernelPins, pinError, pinErrors } from './pinned.ts';

/** Throws InputError for sizes that the kernel's result (one core's share of it) cannot be cut into. */
export function requireSizes(kernel: Kernel, { layer, sizes = [] }: KernelPins): void {
  const names = dimNames(kernel.shape.length);
  const findings = sizes.flatMap((size, d) => {
    const [most, grain] = [at(kernel.shape, d), Math.min(at(kernel.grain, d), at(kernel.shape, d))];
    if (size === undefined || size === most || (size < most && size > 0 && size % grain === 0)) return [];
    const name = at(names, d);
    const message = size > most ? `a tile has ${size} ${name}, the result has ${most}` : `a tile has ${size} ${name}`;
    const whole = grain === most ? `${most}: this dim is not cut` : `1 .. ${most}`;
    const expected = grain === 1 || grain === most ? whole : `a multiple of ${grain}, or ${most}`;
    return [{ code: 'E-MAPPING-PIN', where: `layer ${layer}, tile`, message, expected }];
  });
  if (findings.length > 0) throw pinErrors(findings);
}

/** Tiles that cut an operand into more pieces than a tensor descriptor has dims. */
export function uncuttable({ layer, sizes = [] }: KernelPins): InputError {
  const message = `${tileText(sizes)} cuts an operand or the result into more pieces than an instruction can walk`;
  const possible = 'other sizes (those left out are chosen), with fewer dims cut, or network, copies: true';
  return pinError(`layer ${layer}, tile`, message, possible);
}

/** Slices of a product that cannot be summed so. */
export function unsliced({ layer, sizes = [], summed }: KernelPins): InputError {
  const message = `slices of ${summed} of the summed axis need a tile whose sums all fit the accumulators, and activations in plain order`;
  const smaller =
    sizes.length === 0 ? 'no such decision' : `no such decision, or tiles smaller than ${tileText(sizes)}`;
  return pinError(`layer ${layer}, tile`, message, smaller);
}

/** `rows 4, columns 16`; free dims are left out. */
export function tileText(sizes: readonly (number | undefined)[]): string {
  const names = dimNames(sizes.length);
  return sizes.flatMap((size, d) => (size === undefined ? [] : [`${at(names, d)} ${size}`])).join(', ');
}
