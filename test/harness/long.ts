/** Whether this is the long run, and how many cases a test of models draws: few in a normal run, which is a gate, more in the long one. */
import process from 'node:process';

const { QNPU_GRAPHS, QNPU_MODELS } = process.env;

/** `npm run test:long`, or either number given by hand. */
export const LONG = QNPU_GRAPHS !== undefined || QNPU_MODELS !== undefined;

/** `normal`, or QNPU_MODELS where that is more. */
export function drawsOf(normal: number): number {
  return Math.max(normal, Number(QNPU_MODELS ?? 0));
}
