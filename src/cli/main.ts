#!/usr/bin/env node
/** The command line: one file a command, loaded when it is named; errors become one screen and an exit code here and nowhere else. */
import process from 'node:process';
import type { CommandModule } from 'yargs';
import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import { VERSION } from '../version.ts';
import { reportFailure, USAGE_EXIT } from './failure.ts';

/** In the order of the help. A module is the whole cost of its command's start, so no other is loaded. */
const COMMANDS: Readonly<Record<string, () => Promise<unknown>>> = {
  run: async () => (await import('./commands/run.ts')).runCommand,
  check: async () => (await import('./commands/check.ts')).checkCommand,
  sim: async () => (await import('./commands/sim.ts')).simCommand,
  asm: async () => (await import('./commands/asm.ts')).asmCommand,
  disasm: async () => (await import('./commands/disasm.ts')).disasmCommand,
  machine: async () => (await import('./commands/machine.ts')).machineCommand,
  schema: async () => (await import('./commands/schema.ts')).schemaCommand,
};

/** The command that the arguments name; all of them when that is not plain, for help and suggestions. */
async function wantedCommands(args: readonly string[]): Promise<CommandModule[]> {
  const first = args.find((a) => !a.startsWith('-')) ?? '';
  const loaders = Object.hasOwn(COMMANDS, first) ? [COMMANDS[first]!] : Object.values(COMMANDS);
  return (await Promise.all(loaders.map((load) => load()))) as CommandModule[];
}

async function main(): Promise<void> {
  const args = hideBin(process.argv);
  const parser = yargs(args)
    .scriptName('qnpu')
    .usage('$0 <command>\n\nCycles, energy, area and memory-wall traffic of a low-bit NPU, and why.')
    .command(await wantedCommands(args))
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
