/**
 * Energy of the slower tier, per bit with its link: no published figure with all parts was found, so both entries are assumed over wide ranges. Leaves out
 * power at rest: a host is there anyway, and flash sleeps.
 */
import { InputError } from '../../../isa/base/errors.ts';
import { didYouMean } from '../../../isa/base/suggest.ts';
import type { Tier } from '../../../isa/machine/schema.ts';
import { absent, assumed, type Price, type Range } from '../price.ts';

interface TierEntry {
  readonly pjPerBit: number;
  readonly range: Range;
  readonly why: string;
}

const ENTRIES: Readonly<Record<string, TierEntry>> = {
  'host-link': {
    pjPerBit: 30,
    range: [15, 90],
    why: 'serial links at both ends take 5 to 10 pJ/bit, the host memory and its controller the rest',
  },
  flash: {
    pjPerBit: 100,
    range: [30, 300],
    why: 'a page read with its controller and link: tens to hundreds of pJ/bit',
  },
};

/** Nothing where there is no tier. Throws InputError for a technology that has no entry. */
export function tierPrices(tier: Tier | undefined): Readonly<Record<'tier.readBit' | 'tier.writeBit', Price>> {
  if (tier === undefined) {
    const none = absent('fJ', 'no slower tier');
    return { 'tier.readBit': none, 'tier.writeBit': none };
  }
  const entry = ENTRIES[tier.technology];
  if (entry === undefined) {
    const known = Object.keys(ENTRIES);
    const near = didYouMean(tier.technology, known);
    const message = `there are no energies for tier technology '${tier.technology}'`;
    const hint = near === undefined ? {} : { hint: `did you mean '${near}'?` };
    const diagnostics = [
      { code: 'E-PRICE', where: 'tier.technology', message, expected: `one of ${known.join(', ')}`, ...hint },
    ];
    throw new InputError(message, { code: 'E-PRICE', diagnostics });
  }
  const { pjPerBit, range, why } = entry;
  const bit = assumed(1000 * pjPerBit, 'fJ', why, [1000 * range[0], 1000 * range[1]]);
  return { 'tier.readBit': bit, 'tier.writeBit': bit };
}
