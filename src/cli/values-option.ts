/** The option --values, alone or with a mode: which of the machine's arrays compute, as designed or as built. */
import type { ValuesMode } from '../../sim/exec/analog.ts';

const MODES: readonly ValuesMode[] = ['exact', 'noisy'];

export const valuesOption = {
  choices: MODES,
  describe:
    'compute the outputs too: --values (exact) on arrays as designed, bit-exact unless ADCs quantize or clip; --values noisy with the random deviations that an analog machine states, drawn from --seed',
} as const;

/** `--values` without a mode as `--values=exact`, for yargs would take the next argument, a file perhaps, as its value. */
export function spellValues(args: readonly string[]): string[] {
  return args.map((a, i) => (a === '--values' && !MODES.some((m) => m === args[i + 1]) ? '--values=exact' : a));
}
