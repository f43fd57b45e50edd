/** Random graphs that must have the right bits, or be refused for want of room: the frame of the differential tests. */
import fc from 'fast-check';
import { expect } from 'vitest';
import { CapacityError } from '../../isa/base/errors.ts';

/** Runs `check` on so many seeds; how many it refused with a CapacityError, which must need more than there is. The seed is in the failure. */
export function countRefused(graphs: number, check: (seed: number) => void): number {
  let refused = 0;
  fc.assert(
    fc.property(fc.nat(2 ** 31 - 1), (seed) => {
      try {
        check(seed);
      } catch (error) {
        if (!(error instanceof CapacityError)) throw error;
        expect(error.needed).toBeGreaterThan(error.available);
        refused++;
      }
    }),
    { numRuns: graphs },
  );
  return refused;
}
