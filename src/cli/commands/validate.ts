/** qnpu validate: how far to trust the numbers: published figures beside ours, exit 4 when one misses its band. */
import process from 'node:process';
import type { CommandModule } from 'yargs';
import { requireWritable, writeOutput } from '../../io/files.ts';
import { validationHtml } from '../../report/html/validation-page.ts';
import { validationText } from '../../report/validation.ts';
import { GROUPS, type Group } from '../../validate/row.ts';
import { validate } from '../../validate/validate.ts';

const MISSED_EXIT = 4;

interface ValidateArguments {
  group: Group[] | undefined;
  all: boolean;
  json: boolean;
  html: string | undefined;
}

export const validateCommand: CommandModule<object, ValidateArguments> = {
  command: 'validate [group..]',
  describe: 'compare with published silicon, other simulators, closed forms and laws',
  builder: (y) =>
    y
      .positional('group', { choices: GROUPS, array: true, describe: 'only these groups' })
      .option('all', { type: 'boolean', default: false, describe: 'every row, not only those that miss and the worst' })
      .option('json', { type: 'boolean', default: false, describe: 'print the document validate/1' })
      .option('html', {
        type: 'string',
        requiresArg: true,
        describe: 'write all rows as one self-contained HTML file',
      }),
  handler: (a) => {
    if (a.html !== undefined) requireWritable(a.html, '--html');
    const result = validate(a.group?.length ? a.group : undefined, (group) =>
      process.stderr.write(`validate: ${group}\n`),
    );
    process.stdout.write(a.json ? `${JSON.stringify(result, null, 1)}\n` : `${validationText(result, a.all)}\n`);
    if (a.html !== undefined) {
      writeOutput(a.html, validationHtml(result));
      process.stderr.write(`wrote ${a.html}\n`);
    }
    if (!result.ok) process.exitCode = MISSED_EXIT;
  },
};
