/** How many cases a test draws: few in a normal run, which is a gate, more in the long one (QNPU_MODELS). */
import process from 'node:process';

const RUNS = process.env.QNPU_MODELS;

export const LONG = RUNS !== undefined;

/** `normal`, or the long run's count where that is more. */
export function drawsOf(normal: number): number {
  return Math.max(normal, Number(RUNS ?? 0));
}
