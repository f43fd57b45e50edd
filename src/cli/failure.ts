/** Turns an error into one screen on stderr and the exit code of its kind. */
import process from 'node:process';
import { formatError, QnpuError } from '../../isa/base/errors.ts';
import { VERSION } from '../version.ts';

export const USAGE_EXIT = 2;
const INTERNAL_EXIT = 70;

export function reportFailure(error: unknown): number {
  if (error instanceof QnpuError) {
    process.stderr.write(`${formatError(error)}\n`);
    return error.exitCode;
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(
    `internal error in qnpu ${VERSION}: ${text}\nThis is a defect of qnpu: please report it with the command that you ran.\n`,
  );
  return INTERNAL_EXIT;
}
