/** Assembly text to tokens. A comment runs from `;` to the end of the line; newlines are tokens because they end statements. */
import type { Diagnostic } from '../../base/errors.ts';
import type { Source, Span } from './source.ts';

export type TokenKind = 'word' | 'directive' | 'number' | 'string' | 'punctuation' | 'newline' | 'end';

export interface Token extends Span {
  readonly kind: TokenKind;
  /** As written; of a string, what it says. */
  readonly text: string;
}

/**
 * A token is a first piece and then as many more pieces as there are. Words may hold dots and hyphens inside (`copy.0`, `rq.fixed-point`);
 * `->` is no hyphen. No pattern repeats a group: on a line of megabytes the regular expression would run out of stack.
 */
const PATTERNS: readonly (readonly [kind: TokenKind, first: RegExp, more?: RegExp, last?: RegExp])[] = [
  ['newline', /\n/y],
  ['word', /[A-Za-z_][A-Za-z0-9_]*/y, /[.-][A-Za-z0-9_]+/y],
  ['directive', /\.[A-Za-z]+/y],
  ['number', /0[xX][0-9A-Fa-f]+|[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y],
  ['string', /"/y, /[^"\\\n]+|\\[^\n]/y, /"/y],
  ['punctuation', /->|[=,:@+\-*%()[\]{}#]/y],
];

/** Editors may begin a file with a byte order mark. */
const BLANK = /[ \t\r\uFEFF]+|;[^\n]*/y;

/** Longest word or number; what is longer was not meant as one. */
const LONGEST = 1000;

/** All tokens, the last one of kind `end`. Characters that begin no token are reported and left out. */
export function tokenize(source: Source, report: (d: Diagnostic) => void): Token[] {
  const { text } = source;
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    BLANK.lastIndex = at;
    if (BLANK.test(text)) {
      at = BLANK.lastIndex;
      continue;
    }
    const token = tokenAt(text, at);
    const problem = token === undefined ? strangeCharacter(text, at) : undefined;
    if (token !== undefined) tokens.push(token);
    if (problem !== undefined) report(source.diagnostic({ start: at, end: problem.end }, problem));
    at = token?.end ?? problem?.end ?? at + 1;
  }
  tokens.push({ kind: 'end', text: '', start: text.length, end: text.length });
  return tokens;
}

function tokenAt(text: string, at: number): Token | undefined {
  for (const [kind, first, more, last] of PATTERNS) {
    let end = endOf(first, text, at);
    if (end === undefined) continue;
    for (let next: number | undefined = end; next !== undefined; next = more && endOf(more, text, end)) end = next;
    if (last !== undefined) end = endOf(last, text, end);
    if (end === undefined || (kind !== 'string' && end - at > LONGEST)) return undefined;
    const said = kind === 'string' ? unquote(text.slice(at, end)) : text.slice(at, end);
    return said === undefined ? undefined : { kind, text: said, start: at, end };
  }
  return undefined;
}

/** Where a pattern that matches at `at` ends. */
function endOf(pattern: RegExp, text: string, at: number): number | undefined {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : undefined;
}

/** Strings are JSON strings; undefined for an escape that JSON does not know. */
function unquote(text: string): string | undefined {
  try {
    return JSON.parse(text) as string;
  } catch {
    return undefined;
  }
}

function strangeCharacter(text: string, at: number): { code: string; message: string; expected: string; end: number } {
  const newline = text.indexOf('\n', at);
  const code = 'E-ASM-CHARACTER';
  if (text[at] === '"')
    return {
      code,
      message: 'this string does not end on its line, or has an unknown escape',
      expected: 'a JSON string',
      end: newline < 0 ? text.length : newline,
    };
  if (/[A-Za-z0-9_]/.test(text[at]!)) {
    let end = at;
    while (end < text.length && /[A-Za-z0-9_.-]/.test(text[end]!)) end += 1;
    return { code, message: `this word has ${end - at} characters`, expected: `at most ${LONGEST}`, end };
  }
  const character = String.fromCodePoint(text.codePointAt(at)!);
  return {
    code,
    message: `${JSON.stringify(character)} begins nothing in this language`,
    expected: 'a directive, an instruction, or a comment after ;',
    end: at + character.length,
  };
}
