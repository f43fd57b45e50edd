/** qnpu schema <name>: the JSON Schema of a document that qnpu reads or prints. */
import process from 'node:process';
import type { CommandModule } from 'yargs';
import { z } from 'zod';
import { machineSchema } from '../../../isa/machine/schema.ts';
import { comparisonSchema } from '../../analysis/compare.ts';
import { runSchema } from '../../report/schema.ts';
import { mappingSchema } from '../../run/mapping-file.ts';
import { statisticsSchema } from '../../run/statistics-file.ts';
import { validationSchema } from '../../validate/validate.ts';

const SCHEMAS = {
  run: runSchema,
  compare: comparisonSchema,
  validate: validationSchema,
  machine: machineSchema,
  statistics: statisticsSchema,
  mapping: mappingSchema,
} as const;
type SchemaName = keyof typeof SCHEMAS;

export const schemaCommand: CommandModule<object, { name: SchemaName }> = {
  command: 'schema <name>',
  describe: 'print the JSON Schema of a document that qnpu prints or reads',
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
