/** The command line: one file a command, loaded when it is named; errors become one screen and an exit code here and nowhere else. */
import process from 'node:process';
import type { CommandModule } from 'yargs';
import yargs from 'yargs';
import { VERSION } from '../version.ts';
import { reportFailure, UsageError } from './failure.ts';
import { spellValues } from './values-option.ts';

/** In the order of the help. A module is the whole cost of its command's start, so no other is loaded. */
const COMMANDS: Readonly<Record<string, () => Promise<unknown>>> = {
  run: async () => (await import('./commands/run.ts')).runCommand,
  compare: async () => (await import('./commands/compare.ts')).compareCommand,
  explain: async () => (await import('./commands/explain.ts')).explainCommand,
  check: async () => (await import('./commands/check.ts')).checkCommand,
  sim: async () => (await import('./commands/sim.ts')).simCommand,
  asm: async () => (await import('./commands/asm.ts')).asmCommand,
  disasm: async () => (await import('./commands/disasm.ts')).disasmCommand,
  validate: async () => (await import('./commands/validate.ts')).validateCommand,
  machine: async () => (await import('./commands/machine.ts')).machineCommand,
  zoo: async () => (await import('./commands/zoo.ts')).zooCommand,
  prices: async () => (await import('./commands/prices.ts')).pricesCommand,
  schema: async () => (await import('./commands/schema.ts')).schemaCommand,
};

/** Options that may be given more than once. */
const REPEATABLE = new Set([
  '_',
  'group',
  'set',
  'dims',
  'input',
  'input-type',
  'inputType',
  'outputs',
  'fail-if',
  'failIf',
  'calibrate',
  'quantize-layer',
  'quantizeLayer',
]);

/** The command that the arguments name; all of them when that is not plain, for help and suggestions. */
async function wantedCommands(args: readonly string[]): Promise<CommandModule[]> {
  const first = args.find((a) => !a.startsWith('-')) ?? '';
  const loaders = Object.hasOwn(COMMANDS, first) ? [COMMANDS[first]!] : Object.values(COMMANDS);
  return (await Promise.all(loaders.map((load) => load()))) as CommandModule[];
}

/** Runs one command line (without `node qnpu`) and gives its exit code; never throws, never ends the process. */
export async function runCli(given: readonly string[]): Promise<number> {
  const args = spellValues(given);
  process.exitCode = 0;
  try {
    await parserOf(args, await wantedCommands(args)).parseAsync();
    return Number(process.exitCode);
  } catch (error) {
    return reportFailure(error);
  }
}

function parserOf(args: readonly string[], commands: readonly CommandModule[]) {
  return yargs([...args])
    .scriptName('qnpu')
    .usage('$0 <command>\n\nCycles, energy, area and memory-wall traffic of a low-bit NPU, and why.')
    .command([...commands])
    .demandCommand(1, 'name a command')
    .strict()
    .recommendCommands()
    .locale('en')
    .updateStrings({
      'Did you mean %s?': "there is no such command: did you mean '%s'?",
      'Not enough non-option arguments: got %s, need at least %s': plural(
        'an argument is missing: got %s, need at least %s',
      ),
      'Not enough arguments following: %s': '--%s needs a value',
      'Unknown argument: %s': plural('unknown option or argument: %s'),
    })
    .check((argv) => plainValues(argv))
    .epilogue(commands.length > 1 ? 'More on one command: qnpu <command> --help' : '')
    .version(VERSION)
    .alias('h', 'help')
    .exitProcess(false)
    .wrap(Math.min(110, process.stdout.columns ?? 100))
    .fail((message: string | null, error: Error | undefined) => {
      if (error !== undefined && message !== error.message) throw error;
      throw new UsageError(message ?? 'unknown usage error', commands.length === 1 ? String(args[0]) : undefined);
    });
}

/** yargs counts; its types know only texts. */
function plural(text: string): string {
  return { one: text, other: text } as unknown as string;
}

/** yargs makes a list of an option that is given twice, and an empty text of one without a value. */
function plainValues(argv: Readonly<Record<string, unknown>>): true {
  for (const [key, value] of Object.entries(argv)) {
    if (Array.isArray(value) && !REPEATABLE.has(key)) throw new Error(`--${key} may be given once`);
    if (value === '' || (Array.isArray(value) && value.includes(''))) throw new Error(`--${key} needs a value`);
    if (typeof value === 'number' && Number.isNaN(value)) throw new Error(`--${key} needs a number`);
  }
  return true;
}
