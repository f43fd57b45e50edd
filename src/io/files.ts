/** Files of the command line: errors that say what to do, writes that are whole or not there. */
import {
  accessSync,
  closeSync,
  constants,
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
  if (problem !== undefined) throw notRead(path, what, problem);
  try {
    return new Uint8Array(readFileSync(path));
  } catch (cause) {
    throw notRead(path, what, cause instanceof Error ? cause.message : String(cause), cause);
  }
}

function notRead(path: string, what: string, problem: string, cause?: unknown): InputError {
  return new InputError(`cannot read ${what} ${path}: ${problem}`, {
    code: 'E-FILE',
    cause,
    diagnostics: [
      { code: 'E-FILE', message: problem, where: path, expected: 'a file that can be read', hint: 'check the path' },
    ],
  });
}

function unreadable(path: string): string | undefined {
  if (!existsSync(path)) return 'there is no such file';
  const stat = statSync(path);
  if (stat.isDirectory()) return 'it is a folder';
  if (!stat.isFile() && !stat.isFIFO() && !stat.isCharacterDevice()) return 'it is not a file';
  if (stat.size > MAX_BYTES) return `it has ${stat.size} bytes, more than ${MAX_BYTES}`;
  return undefined;
}

export interface OutputFile {
  readonly path: string;
  readonly data: Uint8Array | string;
}

/** One file, as writeAll does. */
export function writeOutput(path: string, data: Uint8Array | string): void {
  writeAll([{ path, data }]);
}

/** Throws InputError when a file cannot be put there; asked before long work, so that it is not done in vain. */
export function requireWritable(path: string, what: string): void {
  const folder = dirname(path);
  if (!existsSync(folder))
    throw unwritable(path, what, `the folder ${folder} does not exist`, 'create the folder first');
  if (!statSync(folder).isDirectory()) throw unwritable(path, what, `${folder} is not a folder`, 'name another path');
  requireAccess(folder, path, what);
  if (existsSync(path) && statSync(path).isDirectory())
    throw unwritable(path, what, 'it is a folder', 'name a file in it');
}

/** The same for a folder of results, which is made when it is not there. */
export function requireFolder(path: string, what: string): void {
  let existing = resolve(path);
  while (!existsSync(existing)) existing = dirname(existing);
  if (!statSync(existing).isDirectory()) throw unwritable(path, what, `${existing} is a file`, 'name another folder');
  requireAccess(existing, path, what);
}

function requireAccess(folder: string, path: string, what: string): void {
  try {
    accessSync(folder, constants.W_OK);
  } catch {
    throw unwritable(path, what, `no permission to write in ${folder}`, 'name another folder');
  }
}

function unwritable(path: string, what: string, problem: string, hint: string, cause?: unknown): InputError {
  return new InputError(`cannot write ${what} ${path}: ${problem}`, {
    code: 'E-FILE',
    cause,
    diagnostics: [{ code: 'E-FILE', where: path, message: problem, expected: 'a path that can be written', hint }],
  });
}

/** All files or none: each is written beside its target, then all are renamed. Folders that had to be made go again on failure. */
export function writeAll(files: readonly OutputFile[]): void {
  const staged: { temporary: string; path: string }[] = [];
  const made: string[] = [];
  let at = '';
  try {
    for (const { path, data } of files) {
      at = path;
      const folder = mkdirSync(dirname(path), { recursive: true });
      if (folder !== undefined) made.push(folder);
      if (existsSync(path) && statSync(path).isDirectory()) throw new Error('it is a folder');
      const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.part`);
      staged.push({ temporary, path });
      writeFileSync(temporary, data);
    }
    for (const { temporary, path } of staged) {
      at = path;
      renameSync(temporary, path);
    }
  } catch (cause) {
    for (const { temporary } of staged) rmSync(temporary, { force: true });
    for (const folder of made) rmSync(folder, { recursive: true, force: true });
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw unwritable(at, 'file', reason, 'free the space or name another path', cause);
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
