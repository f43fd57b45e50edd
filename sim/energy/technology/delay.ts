/**
 * How much slower a macro gets when its supply falls: the alpha-power law, delay ~ V / (V - Vt)^alpha (Sakurai and Newton, 1990). Only ratios: how deep a published
 * pipeline is, and so its clock at one supply, is not derived. Leaves out temperature, and clocks that a tester chose.
 */
import { InputError } from '../../../isa/base/errors.ts';
import { power } from './interpolate.ts';

export interface DelayLaw {
  /** V. */
  readonly threshold: number;
  readonly alpha: number;
}

export type DelayKind = 'logic' | 'analog';

/**
 * Logic: alpha 1.3 of short channels [the law's authors], threshold fitted to Fujiwara's macro at 0.5 and 0.9 V. Analog front ends work in the square law;
 * threshold fitted to Jia's and Papistas's.
 */
export const DELAY_LAWS: Readonly<Record<DelayKind, DelayLaw>> = {
  logic: { threshold: 0.388, alpha: 1.3 },
  analog: { threshold: 0.45, alpha: 2 },
};

/** Delay at `toV` over delay at `fromV`. Throws InputError where a supply does not exceed the threshold. */
export function delayRatio(kind: DelayKind, fromV: number, toV: number): number {
  const { threshold, alpha } = DELAY_LAWS[kind];
  const delay = (v: number) => v / power(v - threshold, alpha);
  const low = Math.min(fromV, toV);
  if (low <= threshold)
    throw new InputError(`no delay at ${low} V: the ${kind} threshold is ${threshold} V`, {
      code: 'E-PRICE-SUPPLY',
      diagnostics: [
        {
          code: 'E-PRICE-SUPPLY',
          message: `a supply of ${low} V does not switch`,
          where: 'technology.supplyV',
          expected: `more than ${threshold} V`,
          hint: 'raise the supply',
        },
      ],
    });
  return delay(toV) / delay(fromV);
}
