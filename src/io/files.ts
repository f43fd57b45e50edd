/** Files of the command line: errors that say what to do, writes that are whole or not there. */
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { InputError } from '../../isa/base/errors.ts';

/** Larger files are refused: the reader holds a model in memory. */
const MAX_BYTES = 2 ** 31 - 1;

export function readInput(path: string, what: string): Uint8Array {
  const problem = unreadable(path);
  if (problem !== undefined) {
    throw new InputError(`cannot read ${what} ${path}: ${problem}`, {
      code: 'E-FILE',
      diagnostics: [{ code: 'E-FILE', message: problem, where: path, hint: 'check the path' }],
    });
  }
  return new Uint8Array(readFileSync(path));
}

function unreadable(path: string): string | undefined {
  if (!existsSync(path)) return 'there is no such file';
  const stat = statSync(path);
  if (stat.isDirectory()) return 'it is a folder';
  if (stat.size > MAX_BYTES) return `it has ${stat.size} bytes, more than ${MAX_BYTES}`;
  return undefined;
}

/** Writes next to the target and renames, so that a reader never sees half a file. */
export function writeOutput(path: string, data: Uint8Array | string): void {
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${process.pid}.part`);
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(temporary, data);
    renameSync(temporary, path);
  } catch (cause) {
    rmSync(temporary, { force: true });
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new InputError(`cannot write ${path}: ${reason}`, { code: 'E-FILE', cause });
  }
}

/** Loader of a model's external data: only files in the model's own folder, only ranges that exist. */
export function externalLoader(
  modelPath: string,
): (location: string, offset: number, length: number | undefined) => Uint8Array {
  const folder = resolve(dirname(modelPath));
  return (location, offset, length) => {
    const path = resolve(folder, location);
    const fail = (problem: string): never => {
      throw new InputError(`external data ${location}: ${problem}`, {
        code: 'E-ONNX-EXTERNAL',
        diagnostics: [
          { code: 'E-ONNX-EXTERNAL', message: problem, where: location, hint: 'keep the data file beside the model' },
        ],
      });
    };
    if (!path.startsWith(folder + sep)) fail('the path leaves the folder of the model');
    if (!existsSync(path)) fail('there is no such file');
    const available = statSync(path).size - offset;
    const wanted = length ?? available;
    if (offset < 0 || wanted < 0 || wanted > available)
      fail(`bytes ${offset} .. ${offset + wanted} lie outside the file`);
    const bytes = new Uint8Array(wanted);
    const file = openSync(path, 'r');
    try {
      for (let done = 0; done < wanted; ) {
        const n = readSync(file, bytes, done, wanted - done, offset + done);
        if (n === 0) fail('the file ended early');
        done += n;
      }
    } finally {
      closeSync(file);
    }
    return bytes;
  };
}
