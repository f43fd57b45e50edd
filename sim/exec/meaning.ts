/** What each instruction does, one entry per mnemonic. Sequencer instructions act in sim/walk/sequence.ts and touch no memory here. */
import type { PerMnemonic } from '../../isa/instructions/table.ts';
import type { ExecContext } from './context.ts';
import { copy, fill, gather, ww } from './dma.ts';
import { rq } from './drain.ts';
import { mm } from './matrix.ts';
import { vadd, vaddq, vcvt, vdiv, vdot, vfun, vlut, vmax, vmin, vmul, vred, vsqrt, vsub } from './vector.ts';

const nothing = (): void => undefined;

export const MEANING: PerMnemonic<[ExecContext], void> = {
  nop: nothing, halt: nothing, li: nothing, addi: nothing, add: nothing, cadd: nothing, loop: nothing, skip: nothing, ldr: nothing, sync: nothing,
  copy, fill, gather, ww, mm, rq, vadd, vsub, vmul, vdiv, vmax, vmin, vcvt, vsqrt, vfun, vaddq, vlut, vred, vdot,
};
