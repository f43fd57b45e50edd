/** qnpu asm prog.qasm -o prog.qnpu: assembly to a program file; nothing is written when there is a mistake. */
import process from 'node:process';
import type { CommandModule } from 'yargs';
import { writeProgram } from '../../../isa/container.ts';
import { assemble } from '../../../isa/instructions/assembly/assemble.ts';
import { readInput, writeOutput } from '../../io/files.ts';

export const asmCommand: CommandModule<object, { source: string; output: string | undefined }> = {
  command: 'asm <source>',
  describe: 'assemble into a program file',
  builder: (y) =>
    y
      .positional('source', { type: 'string', demandOption: true, describe: 'assembly text (.qasm)' })
      .option('output', { type: 'string', alias: 'o', describe: 'program file; the source with .qnpu when left out' }),
  handler: ({ source, output }) => {
    const { program } = assemble(new TextDecoder().decode(readInput(source, 'assembly')), { fileName: source });
    const bytes = writeProgram(program);
    const path = output ?? source.replace(/(\.[a-z]+)?$/, '.qnpu');
    writeOutput(path, bytes);
    const instructions = program.cores.reduce((n, c) => n + c.instructions.length, 0);
    process.stderr.write(
      `wrote ${path}: ${instructions} instructions, ${program.tensors.length} tensor descriptors, ${bytes.length} bytes\n`,
    );
  },
};
