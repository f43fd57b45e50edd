/** The presets that heavy tests run on: one of each kind that the compiler treats differently. All presets have their own, lighter test. */
import { PRESETS } from '../../isa/machine/presets/index.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import { LONG } from './long.ts';

export const MAIN_PRESETS: Readonly<Record<string, Machine>> = Object.fromEntries(
  ['teach-8x8', 'edge-dcim-28nm', 'conventional-int8'].map((name) => [name, PRESETS[name]!]),
);

/** The cases of a table of forms: each runs on one machine, by turns one of macros and one with a systolic array, in the long run on both. */
export function casesOf<Form>(
  forms: Iterable<readonly [string, Form]>,
): readonly (readonly [name: string, form: Form, machines: readonly Machine[]])[] {
  const machines = ['edge-dcim-28nm', 'conventional-int8'].map((name) => PRESETS[name]!);
  return [...forms].map(([name, form], i) => [name, form, LONG ? machines : [machines[i % 2]!]]);
}
