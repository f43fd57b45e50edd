/** Results of earlier runs, as `qnpu run --json` and `-o` write them. */
import { type Diagnostic, InputError } from '../../isa/base/errors.ts';
import { readInput } from '../io/files.ts';
import { type RunResult, runSchema } from '../report/schema.ts';

/** Throws InputError for what is not JSON, or not the document run/1. */
export function readRun(path: string): RunResult {
  const parsed = runSchema.safeParse(parseJson(path));
  if (parsed.success) return parsed.data;
  const expected = 'a document run/1: qnpu run ... --json > a.json, or run.json of qnpu run ... -o a';
  const diagnostics = parsed.error.issues.map(
    (i): Diagnostic => ({ code: 'E-RUN-DOCUMENT', where: i.path.join('.') || path, message: plainMessage(i.message) }),
  );
  throw new InputError(`${path} is not the result of a run; expected ${expected}`, {
    code: 'E-RUN-DOCUMENT',
    diagnostics,
  });
}

/** As zod says it, without what only programmers know. */
function plainMessage(message: string): string {
  return message.replace(/^Invalid input: /, '').replace(/, received undefined$/, ', and it is missing');
}

function parseJson(path: string): unknown {
  const text = new TextDecoder().decode(readInput(path, 'result'));
  try {
    return JSON.parse(text);
  } catch (cause) {
    const message = 'it is not JSON';
    const hint = 'qnpu run <model> --json > result.json';
    const diagnostics = [{ code: 'E-RUN-DOCUMENT', where: path, message, expected: 'the result of a run', hint }];
    throw new InputError(`cannot read result ${path}`, { code: 'E-RUN-DOCUMENT', cause, diagnostics });
  }
}
