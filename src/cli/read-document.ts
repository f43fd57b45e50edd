/** JSON documents that qnpu wrote earlier: read, checked against their schema, every finding said at once. */
import type { z } from 'zod';
import { type Diagnostic, InputError } from '../../isa/base/errors.ts';
import { hashHex } from '../../isa/base/hash.ts';
import { readInput } from '../io/files.ts';

export interface DocumentKind<T> {
  readonly schema: z.ZodType<T>;
  readonly code: string;
  /** In a sentence: `a result`. */
  readonly what: string;
  /** Which document, and how to make one. */
  readonly expected: string;
}

export interface ReadDocument<T> {
  readonly document: T;
  /** Of the bytes of the file. */
  readonly hash: string;
}

/** Throws InputError for what cannot be read, is not JSON or not that document. */
export function readDocument<T>(path: string, { schema, code, what, expected }: DocumentKind<T>): ReadDocument<T> {
  const bytes = readInput(path, what.replace(/^an? /, ''));
  const parsed = schema.safeParse(parseJson(bytes, { path, code, expected }));
  if (parsed.success) return { document: parsed.data, hash: hashHex(bytes).slice(0, 16) };
  const diagnostics = parsed.error.issues.map(
    (i): Diagnostic => ({ code, where: i.path.join('.') || path, message: plainMessage(i.message) }),
  );
  throw new InputError(`${path} is not ${what}; expected ${expected}`, { code, diagnostics });
}

/** As zod says it, without what only programmers know. */
function plainMessage(message: string): string {
  return message.replace(/^Invalid input: /, '').replace(/, received undefined$/, ', and it is missing');
}

function parseJson(bytes: Uint8Array, at: { path: string; code: string; expected: string }): unknown {
  const { path, code, expected } = at;
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    const diagnostics = [{ code, where: path, message: 'it is not JSON', expected }];
    throw new InputError(`cannot read ${path}: it is not JSON`, { code, cause, diagnostics });
  }
}
