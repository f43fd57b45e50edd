/** qnpu machine: the presets; one machine in full as YAML; whether a machine file is right. */
import process from 'node:process';
import { stringify } from 'yaml';
import type { CommandModule } from 'yargs';
import { machineHash } from '../../../isa/machine/parse.ts';
import { PRESETS } from '../../../isa/machine/presets/index.ts';
import { wrapText } from '../../report/wrap.ts';
import { loadMachine, setOption } from '../options.ts';

interface MachineArguments {
  what: string;
  name: string | undefined;
  set: string[] | undefined;
}

export const machineCommand: CommandModule<object, MachineArguments> = {
  command: 'machine [what] [name]',
  describe: 'list the machine presets, show one machine as YAML, or check a machine file',
  builder: (y) =>
    y
      .positional('what', { type: 'string', default: 'list', describe: 'list, show, check, or a machine to show' })
      .positional('name', { type: 'string', describe: 'preset or file, for show and check' })
      .option('set', setOption)
      .check((a) => {
        const needs = a.what === 'show' || a.what === 'check';
        if (needs && a.name === undefined) throw new Error(`which machine? qnpu machine ${a.what} <preset or file>`);
        if (!needs && a.name !== undefined) throw new Error(`'${a.what}' is not one of list, show, check`);
        return true;
      })
      .example('$0 machine show edge-dcim-28nm > mine.yaml', 'start a machine of your own')
      .example('$0 machine check mine.yaml', 'every mistake in it at once'),
  handler: ({ what, name, set }) => {
    if (what === 'list') process.stdout.write(list());
    else if (what === 'check') {
      const machine = loadMachine(name!, set ?? []);
      process.stdout.write(`${name}: valid, machine ${machine.name}, hash ${machineHash(machine)}\n`);
    } else process.stdout.write(stringify(loadMachine(what === 'show' ? name! : what, set ?? []), { lineWidth: 0 }));
  },
};

function list(): string {
  const width = Math.max(...Object.keys(PRESETS).map((name) => name.length)) + 2;
  const lines = Object.values(PRESETS).flatMap((m) =>
    wrapText(`${m.summary} (${m.basis.kind})`, { first: m.name.padEnd(width), rest: ' '.repeat(width) }),
  );
  return `${lines.join('\n')}\n`;
}
