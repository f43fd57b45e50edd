/** One instruction as a line of assembly for messages, also of programs whose side table has been cut off. */
import { instructionText } from '../../isa/instructions/assembly/code-text.ts';
import type { Program } from '../../isa/program.ts';

export function formatInstruction(program: Program, core: number, pc: number): string {
  const { symbols, tensors, arrays } = program;
  const tensorNames = tensors.map((_, i) => symbols.tensorNames[i] ?? '');
  const arrayNames = arrays.map((_, i) => symbols.arrayNames[i] ?? '');
  return instructionText({ ...program, symbols: { ...symbols, tensorNames, arrayNames } }, core, pc).trim();
}
