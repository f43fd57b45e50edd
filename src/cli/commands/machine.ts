/** qnpu machine [name]: the presets, or one machine in full as YAML. */
import process from 'node:process';
import { stringify } from 'yaml';
import type { CommandModule } from 'yargs';
import { PRESETS } from '../../../isa/machine/presets/index.ts';
import { renderTable } from '../../report/table.ts';
import { loadMachine, setOption } from '../options.ts';

export const machineCommand: CommandModule<object, { name: string | undefined; set: string[] | undefined }> = {
  command: 'machine [name]',
  describe: 'list the machine presets, or print one machine in full as YAML',
  builder: (y) => y.positional('name', { type: 'string', describe: 'preset or file' }).option('set', setOption),
  handler: ({ name, set }) => {
    if (name !== undefined) process.stdout.write(stringify(loadMachine(name, set ?? [])));
    else {
      const rows = Object.values(PRESETS).map((m) => [m.name, m.basis.kind, m.summary]);
      const columns = ['machine', 'basis', 'what it is'].map((title) => ({ title, align: 'left' as const }));
      process.stdout.write(`${renderTable(columns, rows).join('\n')}\n`);
    }
  },
};
