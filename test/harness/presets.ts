/** The presets that heavy tests run on: one of each kind that the compiler treats differently. All presets have their own, lighter test. */
import { PRESETS } from '../../isa/machine/presets/index.ts';
import type { Machine } from '../../isa/machine/schema.ts';

export const MAIN_PRESETS: Readonly<Record<string, Machine>> = Object.fromEntries(
  ['teach-8x8', 'edge-dcim-28nm', 'conventional-int8'].map((name) => [name, PRESETS[name]!]),
);
