/** A reader over tokens. What does not fit the grammar stops the statement (StatementError); the parser goes on with the next one. */
import type { Diagnostic } from '../../base/errors.ts';
import { didYouMean } from '../../base/suggest.ts';
import { LIMITS } from '../../tensor.ts';
import type { Token, TokenKind } from './lexer.ts';
import type { Finding, Source, Span } from './source.ts';

/** Ends the reading of one statement; carries the finding. Never leaves the assembler. */
export class StatementError extends Error {
  readonly diagnostic: Diagnostic;

  constructor(diagnostic: Diagnostic) {
    super(diagnostic.message);
    this.diagnostic = diagnostic;
  }
}

/** A number with its place. */
export interface Located {
  readonly value: number;
  readonly span: Span;
}

export class Cursor {
  readonly source: Source;
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(source: Source, tokens: readonly Token[]) {
    this.source = source;
    this.#tokens = tokens;
  }

  get token(): Token {
    return this.#tokens[this.#at]!;
  }

  get next(): Token {
    return this.#tokens[Math.min(this.#at + 1, this.#tokens.length - 1)]!;
  }

  /** Place of the token that was taken last. */
  get last(): Token {
    return this.#tokens[Math.max(0, this.#at - 1)]!;
  }

  take(): Token {
    const { token } = this;
    if (token.kind !== 'end') this.#at += 1;
    return token;
  }

  is(kind: TokenKind, text?: string): boolean {
    return this.token.kind === kind && (text === undefined || this.token.text === text);
  }

  /** Whether the statement is over. */
  get atEnd(): boolean {
    return this.is('newline') || this.is('end') || this.is('punctuation', '{') || this.is('punctuation', '}');
  }

  /** Takes the punctuation when it is next. */
  accept(text: string): boolean {
    if (!this.is('punctuation', text)) return false;
    this.take();
    return true;
  }

  expect(text: string): Token {
    return this.is('punctuation', text) ? this.take() : this.fail(`expected '${text}'${this.#found()}`);
  }

  word(expected: string): Token {
    return this.is('word') ? this.take() : this.fail(`expected ${expected}${this.#found()}`);
  }

  string(expected: string): Token {
    return this.is('string') ? this.take() : this.fail(`expected ${expected}${this.#found()}`);
  }

  /** One of some words; the finding suggests the nearest. */
  oneOf<T extends string>(words: readonly T[], what: string): T {
    const token = this.word(`${what}: ${words.join(', ')}`);
    const found = words.find((w) => w === token.text);
    return found ?? this.unknown(token, what, token.text, words);
  }

  /** A number with an optional sign, an integer unless `real`. */
  number(expected: string, { min = -Infinity, max = Infinity, real = false } = {}): Located {
    const start = this.token.start;
    const negative = this.accept('-');
    if (!negative) this.accept('+');
    if (!this.is('number')) this.fail(`expected ${expected}${this.#found()}`);
    const token = this.take();
    const span = { start, end: token.end };
    const size = Number(token.text);
    const value = size === 0 && !real ? 0 : negative ? -size : size;
    if (!real && !Number.isSafeInteger(value))
      this.fail(`${token.text} is no integer that can be held exactly`, { span, expected });
    if (value < min || value > max)
      this.fail(`${value} is out of range`, { span, expected: `${expected}, ${min} .. ${max}` });
    return { value, span };
  }

  /** `r0` .. `r31`. */
  register(expected = 'a register r0 .. r31'): number {
    const token = this.word(expected);
    const number = registerNumber(token.text);
    return number ?? this.fail(`${token.text} is no register`, { span: token, expected });
  }

  /** The rest of the statement must be empty. */
  end(): void {
    if (!this.atEnd) this.fail(`the statement should end here${this.#found()}`);
  }

  /** Leaves the rest of the statement. */
  skipStatement(): void {
    while (!this.atEnd) this.take();
  }

  fail(
    message: string,
    { span = this.token as Span, expected, hint, code = 'E-ASM-SYNTAX' }: Partial<Finding> & { span?: Span } = {},
  ): never {
    throw new StatementError(this.source.diagnostic(span, { code, message, expected, hint }));
  }

  /** Fails on a name that is none of the known ones. */
  unknown(span: Span, what: string, name: string, known: readonly string[], code = 'E-ASM-NAME'): never {
    const near = didYouMean(name, known);
    const few = known.length > 0 && known.length <= 24 ? `one of ${known.join(', ')}` : undefined;
    this.fail(`there is no ${what} '${name}'`, {
      span,
      code,
      expected: few,
      hint: near === undefined ? undefined : `did you mean '${near}'?`,
    });
  }

  #found(): string {
    const { kind, text } = this.token;
    if (kind === 'newline' || kind === 'end') return ', found the end of the line';
    return `, found ${kind === 'string' ? JSON.stringify(text) : `'${text}'`}`;
  }
}

/** Number of a register name, or undefined. */
export function registerNumber(word: string): number | undefined {
  const digits = /^r(0|[1-9][0-9]?)$/.exec(word)?.[1];
  return digits !== undefined && Number(digits) < LIMITS.registers ? Number(digits) : undefined;
}
