/** qnpu check model.onnx: can it be compiled, and if not, every reason at once. */
import process from 'node:process';
import type { CommandModule } from 'yargs';
import { checkModel } from '../../../compiler/frontend/onnx/index.ts';
import { formatError, UnsupportedError } from '../../../isa/base/errors.ts';
import { externalLoader, readInput } from '../../io/files.ts';

export const checkCommand: CommandModule<object, { model: string; json: boolean }> = {
  command: 'check <model>',
  describe: 'list everything in an ONNX model that is not supported',
  builder: (y) =>
    y
      .positional('model', { type: 'string', demandOption: true, describe: 'ONNX file' })
      .option('json', { type: 'boolean', default: false, describe: 'print {supported, issues, notes}' }),
  handler: ({ model, json }) => {
    const check = checkModel(readInput(model, 'model'), { loadExternal: externalLoader(model) });
    if (!check.supported) process.exitCode = 1;
    if (json) process.stdout.write(`${JSON.stringify(check, null, 2)}\n`);
    else if (check.supported)
      process.stdout.write([`${model}: supported`, ...check.notes.map((n) => `  note: ${n}`), ''].join('\n'));
    else
      process.stderr.write(
        `${formatError(new UnsupportedError(`${model}: ${check.issues.length} findings`, { diagnostics: check.issues }), 100)}\n`,
      );
  },
};
