/** The presets, one chip a file. A row here is all that a new chip needs besides its file. */
import type { Machine } from '../schema.ts';
import { bitfusion45nm } from './bitfusion-45nm.ts';
import { colonnade65nm } from './colonnade-65nm.ts';
import { conventionalInt8 } from './conventional-int8.ts';
import { dimcEdgeSoc } from './dimc-edge-soc.ts';
import { edgeDcim28nm } from './edge-dcim-28nm.ts';
import { eyerissLike } from './eyeriss-like.ts';
import { gemmini16x16 } from './gemmini-16x16.ts';
import { jia65nm } from './jia-65nm.ts';
import { sinangil7nm } from './sinangil-7nm.ts';
import { teach8x8 } from './teach-8x8.ts';
import { tpuV1 } from './tpu-v1.ts';
import { tsmc22nmDcim } from './tsmc-22nm-dcim.ts';
import { visionServer } from './vision-server.ts';
import { wattA1Like } from './watt-a1-like.ts';

export const PRESETS: Readonly<Record<string, Machine>> = Object.fromEntries(
  [
    teach8x8,
    edgeDcim28nm,
    conventionalInt8,
    dimcEdgeSoc,
    wattA1Like,
    tsmc22nmDcim,
    colonnade65nm,
    jia65nm,
    sinangil7nm,
    tpuV1,
    gemmini16x16,
    bitfusion45nm,
    eyerissLike,
    visionServer,
  ].map((m) => [m.name, m]),
);
