/** qnpu disasm prog.qnpu: a program file as assembly that assembles to the same program. */
import process from 'node:process';
import type { CommandModule } from 'yargs';
import { readProgram } from '../../../isa/container.ts';
import { disassemble } from '../../../isa/instructions/assembly/disassemble.ts';
import { readInput, writeOutput } from '../../io/files.ts';

export const disasmCommand: CommandModule<object, { program: string; output: string | undefined }> = {
  command: 'disasm <program>',
  describe: 'print a program file as assembly',
  builder: (y) =>
    y
      .positional('program', { type: 'string', demandOption: true, describe: 'program file (.qnpu)' })
      .option('output', { type: 'string', alias: 'o', describe: 'write to this file instead of standard output' }),
  handler: ({ program, output }) => {
    const text = disassemble(readProgram(readInput(program, 'program')));
    if (output === undefined) process.stdout.write(text);
    else writeOutput(output, text);
  },
};
