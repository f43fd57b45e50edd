/** The presets, one chip a file. A row here is all that a new chip needs besides its file. */
import type { Machine } from '../schema.ts';
import { conventionalInt8 } from './conventional-int8.ts';
import { edgeDcim28nm } from './edge-dcim-28nm.ts';
import { teach8x8 } from './teach-8x8.ts';

export const PRESETS: Readonly<Record<string, Machine>> = {
  [teach8x8.name]: teach8x8,
  [edgeDcim28nm.name]: edgeDcim28nm,
  [conventionalInt8.name]: conventionalInt8,
};
