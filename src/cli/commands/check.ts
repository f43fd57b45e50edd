/** qnpu check <model>: can it be compiled, and if not, every reason at once. */
import process from 'node:process';
import type { CommandModule } from 'yargs';
import type { ModelCheck } from '../../../compiler/frontend/onnx/index.ts';
import { CapacityError, type Diagnostic, formatError, QnpuError, UnsupportedError } from '../../../isa/base/errors.ts';
import type { Machine } from '../../../isa/machine/schema.ts';
import { readInput } from '../../io/files.ts';
import { compileModel } from '../../run/model.ts';
import { checkBytes } from '../../run/prepare.ts';
import { compileSections } from '../../run/sections.ts';
import { importOptions, isZooName, modelOptions, modelPositional, openModel, openSections } from '../open-model.ts';
import { loadMachine, machineOption, setOption } from '../options.ts';
import type { QuantizeArguments } from '../quantize-options.ts';

interface CheckArguments extends QuantizeArguments {
  model: string;
  machine: string | undefined;
  set: string[] | undefined;
  dims: string[] | undefined;
  'input-type': string[] | undefined;
  outputs: string[] | undefined;
  json: boolean;
}

export const checkCommand: CommandModule<object, CheckArguments> = {
  command: 'check <model>',
  describe:
    'list everything in an ONNX or TensorFlow Lite model that is not supported; with -m, whether it fits a machine',
  builder: (y) =>
    y
      .positional('model', modelPositional)
      .option('machine', machineOption)
      .option('set', setOption)
      .options(modelOptions)
      .option('json', { type: 'boolean', default: false, describe: 'print {supported, issues, notes}' })
      .check((a) => {
        if (a.set !== undefined && a.machine === undefined) throw new Error('--set needs --machine');
        return true;
      }),
  handler: async (a) => {
    const machine = a.machine === undefined ? undefined : loadMachine(a.machine, a.set ?? []);
    const check = await findings(a, machine);
    if (!check.supported) process.exitCode = 1;
    const name = machine === undefined ? '' : ` on ${machine.name}`;
    if (a.json) process.stdout.write(`${JSON.stringify(check, null, 2)}\n`);
    else if (check.supported)
      process.stdout.write([`${a.model}: supported${name}`, ...check.notes.map((n) => `  note: ${n}`), ''].join('\n'));
    else {
      const found = `${check.issues.length} finding${check.issues.length === 1 ? '' : 's'}`;
      const error = new UnsupportedError(`${a.model}: ${found}`, { diagnostics: check.issues });
      process.stderr.write(`${formatError(error, 100)}\n`);
    }
  },
};

async function findings(a: CheckArguments, machine: Machine | undefined): Promise<ModelCheck> {
  const check: ModelCheck =
    isZooName(a.model) || a.quantize !== undefined
      ? { supported: true, issues: [], notes: [] }
      : checkBytes(readInput(a.model, 'model'), importOptions(a));
  if (!check.supported) return check;
  try {
    const network = await openSections(a);
    if (network !== undefined) {
      if (machine !== undefined) compileSections(network, machine);
      return check;
    }
    const model = await openModel(a);
    if (machine !== undefined) compileModel(model, machine);
    return { ...check, notes: model.notes };
  } catch (error) {
    if (!(error instanceof QnpuError) || error.exitCode !== 1) throw error;
    const own: Diagnostic = { code: error.code, message: error.message, ...roomOf(error) };
    return { supported: false, issues: error.diagnostics.length > 0 ? error.diagnostics : [own], notes: check.notes };
  }
}

/** What is missing where something does not fit. */
function roomOf(error: QnpuError): Pick<Diagnostic, 'expected' | 'hint'> {
  if (!(error instanceof CapacityError)) return {};
  const { needed, available, unit, knob } = error;
  return {
    expected: `at most ${available} ${unit}; needed are ${needed}`,
    hint: `a larger ${knob}: --set ${knob}=...`,
  };
}
