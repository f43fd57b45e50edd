/** Turns an error into one screen on stderr and the exit code of its kind. */
import process from 'node:process';
import { formatError, InputError, QnpuError } from '../../isa/base/errors.ts';
import { VERSION } from '../version.ts';

const USAGE_EXIT = 2;
const INTERNAL_EXIT = 70;

/** The command line itself is wrong: an unknown option, a missing argument, two options that exclude each other. */
export class UsageError extends Error {
  readonly command: string | undefined;
  constructor(message: string, command: string | undefined) {
    super(message);
    this.command = command;
  }
}

/** What V8 says when a value is larger than it can hold: the work is too large, not wrong. */
const TOO_LARGE =
  /array buffer allocation failed|invalid (typed )?array length|invalid string length|maximum size exceeded/i;

export function reportFailure(thrown: unknown): number {
  if (thrown instanceof UsageError) {
    const help = thrown.command === undefined ? 'qnpu --help' : `qnpu ${thrown.command} --help`;
    process.stderr.write(`error: ${thrown.message}\n  try: ${help}\n`);
    return USAGE_EXIT;
  }
  const error = thrown instanceof RangeError && TOO_LARGE.test(thrown.message) ? tooLarge(thrown) : thrown;
  if (error instanceof QnpuError) {
    process.stderr.write(`${formatError(error, 6)}\n`);
    return error.exitCode;
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(
    `internal error in qnpu ${VERSION}: ${text}\nThis is a defect of qnpu: please report it with the command that you ran.\n`,
  );
  return INTERNAL_EXIT;
}

function tooLarge(cause: RangeError): InputError {
  const message = `this is too large for the memory of this process (${cause.message})`;
  const hint = 'smaller inputs (--dims), fewer samples, or without --trace and -o';
  return new InputError(message, {
    code: 'E-HOST-MEMORY',
    cause,
    diagnostics: [{ code: 'E-HOST-MEMORY', message, expected: 'tensors and timelines that fit in memory', hint }],
  });
}
