#!/usr/bin/env node
/** The command line: one file a command; errors become one screen and an exit code here and nowhere else. */
import process from 'node:process';
import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import { VERSION } from '../version.ts';
import { asmCommand } from './commands/asm.ts';
import { checkCommand } from './commands/check.ts';
import { disasmCommand } from './commands/disasm.ts';
import { machineCommand } from './commands/machine.ts';
import { runCommand } from './commands/run.ts';
import { schemaCommand } from './commands/schema.ts';
import { simCommand } from './commands/sim.ts';
import { reportFailure, USAGE_EXIT } from './failure.ts';

async function main(): Promise<void> {
  const parser = yargs(hideBin(process.argv))
    .scriptName('qnpu')
    .usage('$0 <command>\n\nCycles, energy, area and memory-wall traffic of a low-bit NPU, and why.')
    .command(runCommand)
    .command(checkCommand)
    .command(simCommand)
    .command(asmCommand)
    .command(disasmCommand)
    .command(machineCommand)
    .command(schemaCommand)
    .demandCommand(1, 'name a command')
    .strict()
    .recommendCommands()
    .version(VERSION)
    .alias('h', 'help')
    .wrap(Math.min(110, process.stdout.columns ?? 100))
    .fail((message: string | null, error: Error | undefined) => {
      if (error !== undefined) throw error;
      process.stderr.write(`error: ${message}\n  try: qnpu --help\n`);
      process.exit(USAGE_EXIT);
    });
  await parser.parseAsync();
}

main().catch((error: unknown) => {
  process.exitCode = reportFailure(error);
});
