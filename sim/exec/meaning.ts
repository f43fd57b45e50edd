/** What each instruction does, one entry per mnemonic. Sequencer instructions act in sim/walk/sequence.ts and touch no memory here. */
import type { Instruction, InstructionOf, PerMnemonic } from '../../isa/instructions/table.ts';
import { descriptorOf, type ExecContext, failAt, readTensor, requireSpace, tensorName } from './context.ts';
import { copy, fill, gather } from './dma.ts';
import { rq } from './drain.ts';
import { mm, ww } from './matrix.ts';
import { vdot, vred } from './reduce.ts';
import { vadd, vaddq, vcvt, vdiv, vfun, vlut, vmax, vmin, vmul, vsqrt, vsub } from './vector.ts';

const nothing = (): void => undefined;

const MEANING: PerMnemonic<[ExecContext], void> = {
  nop: nothing,
  halt: nothing,
  li: nothing,
  addi: nothing,
  add: nothing,
  cadd: nothing,
  loop: nothing,
  skip: nothing,
  ldr: nothing,
  sync: nothing,
  copy,
  fill,
  gather,
  ww,
  mm,
  rq,
  vadd,
  vsub,
  vmul,
  vdiv,
  vmax,
  vmin,
  vcvt,
  vsqrt,
  vfun,
  vaddq,
  vlut,
  vred,
  vdot,
};

/** Carries out one instruction on the context's memories; throws SimFault where it is illegal. */
export function carryOut(instruction: Instruction, cx: ExecContext): void {
  (MEANING[instruction.op] as (i: Instruction, cx: ExecContext) => void)(instruction, cx);
}

/** The value of an ldr: the first element of a scratchpad tensor, as its raw code. */
export function loadScalar(i: InstructionOf<'ldr'>, cx: ExecContext): number {
  requireSpace(cx, i.src, ['spad']);
  if (descriptorOf(cx, i.src).coding === 'float')
    failAt(cx, `${tensorName(cx.program, i.src)} is float; a register holds an integer`, 'convert it with vcvt');
  return readTensor(cx, i.src)[0]!;
}
