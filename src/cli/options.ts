/** Options that several commands share. */
import { InputError } from '../../isa/base/errors.ts';
import { didYouMean } from '../../isa/base/suggest.ts';
import { parseMachine } from '../../isa/machine/load.ts';
import { applyOverrides } from '../../isa/machine/overrides.ts';
import { PRESETS } from '../../isa/machine/presets/index.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import { readInput } from '../io/files.ts';

export const machineOption = {
  type: 'string',
  alias: 'm',
  describe: `machine: a preset (${Object.keys(PRESETS).join(', ')}) or a YAML or JSON file`,
} as const;

export const setOption = {
  type: 'string',
  array: true,
  requiresArg: true,
  nargs: 1,
  describe: 'override one machine field, e.g. --set core.matrix.rows=512 (repeatable)',
} as const;

/** A preset by name or a machine file by path, with overrides. */
export function loadMachine(name: string, overrides: readonly string[]): Machine {
  return applyOverrides(namedMachine(name), overrides);
}

function namedMachine(name: string): Machine {
  const preset = PRESETS[name];
  if (preset !== undefined) return preset;
  if (!/[./\\]/.test(name)) {
    const near = didYouMean(name, Object.keys(PRESETS));
    const message = `there is no machine preset '${name}'`;
    throw new InputError(message, {
      code: 'E-MACHINE-NAME',
      diagnostics: [
        {
          code: 'E-MACHINE-NAME',
          message,
          expected: `one of ${Object.keys(PRESETS).join(', ')}, or the path of a YAML or JSON file`,
          ...(near === undefined ? {} : { hint: near }),
        },
      ],
    });
  }
  const text = new TextDecoder().decode(readInput(name, 'machine file'));
  return parseMachine(text, { fileName: name, format: name.endsWith('.json') ? 'json' : 'yaml' });
}
