/** Words of one line of the graph's text form, with columns for messages. */
import type { Diagnostic } from '../../../isa/base/errors.ts';

export type WordKind = 'name' | 'string' | 'number' | 'mark' | 'end';

export interface Word {
  readonly kind: WordKind;
  /** Names and marks as written; strings without quotes. */
  readonly text: string;
  /** Numbers only. */
  readonly value: number;
  /** 1-based. */
  readonly column: number;
}

/** A mistake in the text; carries where it is. */
export class TextError extends Error {
  readonly column: number;
  readonly expected: string | undefined;

  constructor(message: string, column: number, expected?: string) {
    super(message);
    this.column = column;
    this.expected = expected;
  }
}

/** The diagnostic of a mistake, with the line and a caret under it. */
export function textDiagnostic(error: TextError, source: string, line: number, file: string): Diagnostic {
  const shown = error.column > 80 ? `...${source.slice(error.column - 60, error.column + 20)}` : source.slice(0, 100);
  const caret = error.column > 80 ? 62 : error.column - 1;
  return {
    code: 'E-GRAPH-TEXT',
    message: error.message,
    where: file,
    line,
    column: error.column,
    excerpt: `${shown}\n${' '.repeat(caret)}^`,
    ...(error.expected === undefined ? {} : { expected: error.expected }),
  };
}

const NUMBER = /^-?(?:Infinity|NaN|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?f?)(?![A-Za-z0-9_.])/;
const NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]*/;
const STRING = /^"(?:[^"\\]|\\.)*"/;

/** Splits a line; a comment ends it. Throws TextError on a character that begins no word. */
export function scan(line: string): Word[] {
  const words: Word[] = [];
  let at = 0;
  while (at < line.length) {
    const rest = line.slice(at);
    const space = /^\s+/.exec(rest);
    if (space !== null) {
      at += space[0].length;
      continue;
    }
    if (rest.startsWith(';')) break;
    const word = scanWord(rest, at + 1);
    words.push(word.word);
    at += word.length;
  }
  words.push({ kind: 'end', text: 'the end of the line', value: 0, column: line.length + 1 });
  return words;
}

function scanWord(rest: string, column: number): { word: Word; length: number } {
  const string = STRING.exec(rest)?.[0];
  if (string !== undefined)
    return { word: { kind: 'string', text: unquote(string, column), value: 0, column }, length: string.length };
  const number = NUMBER.exec(rest)?.[0];
  if (number !== undefined)
    return { word: { kind: 'number', text: number, value: numberOf(number), column }, length: number.length };
  const name = NAME.exec(rest)?.[0];
  if (name !== undefined) return { word: { kind: 'name', text: name, value: 0, column }, length: name.length };
  const mark = /^[[\](){}:,=]/.exec(rest)?.[0];
  if (mark !== undefined) return { word: { kind: 'mark', text: mark, value: 0, column }, length: 1 };
  throw new TextError(
    `'${rest.slice(0, 1)}' begins no word`,
    column,
    'a name, a number, a string or one of [ ] ( ) { } : , =',
  );
}

function unquote(text: string, column: number): string {
  try {
    return JSON.parse(text) as string;
  } catch {
    throw new TextError('a broken string', column, 'JSON string escapes');
  }
}

/** A trailing f means float32: the nearest one. */
function numberOf(text: string): number {
  return text.endsWith('f') ? Math.fround(Number(text.slice(0, -1))) : Number(text);
}
