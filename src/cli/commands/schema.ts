/** qnpu schema <name>: the JSON Schema of a document that qnpu reads or prints. */
import process from 'node:process';
import type { CommandModule } from 'yargs';
import { z } from 'zod';
import { machineSchema } from '../../../isa/machine/schema.ts';
import { runSchema } from '../../report/schema.ts';

const SCHEMAS = { run: runSchema, machine: machineSchema } as const;
type SchemaName = keyof typeof SCHEMAS;

export const schemaCommand: CommandModule<object, { name: SchemaName }> = {
  command: 'schema <name>',
  describe: 'print the JSON Schema of the run result or of the machine file',
  builder: (y) =>
    y.positional('name', {
      choices: Object.keys(SCHEMAS) as SchemaName[],
      demandOption: true,
      describe: 'which document',
    }),
  handler: ({ name }) => {
    process.stdout.write(`${JSON.stringify(z.toJSONSchema(SCHEMAS[name]), null, 2)}\n`);
  },
};
