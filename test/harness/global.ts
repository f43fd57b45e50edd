/**
 * Runs once, before all tests: the seed of every property test. A normal run has a fixed one, so that a failure here is a failure
 * everywhere; the long run (QNPU_GRAPHS or QNPU_MODELS) draws a new one. QNPU_SEED chooses it, to repeat what a long run found.
 */
import { randomInt } from 'node:crypto';
import process from 'node:process';
import { LONG } from './long.ts';

const FIXED = 20261121;

export function setup(): void {
  const { QNPU_SEED } = process.env;
  const seed = QNPU_SEED ?? String(LONG ? randomInt(2 ** 31) : FIXED);
  if (!/^\d{1,10}$/.test(seed)) throw new Error(`QNPU_SEED is '${seed}', expected an integer of at most ten digits`);
  process.env.QNPU_SEED = seed;
  if (seed !== String(FIXED)) process.stdout.write(`property tests draw from QNPU_SEED=${seed}\n`);
}
