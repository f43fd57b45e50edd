/** Places in an assembly text, and findings that show them: line, column, excerpt with a caret. */
import type { Diagnostic } from '../../base/errors.ts';

/** A stretch of the text, by offset. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export interface Finding {
  readonly code: string;
  readonly message: string;
  readonly expected?: string | undefined;
  readonly hint?: string | undefined;
}

/** Widest excerpt of a line, so that one long line of constants does not fill the screen. */
const EXCERPT_COLUMNS = 100;

export class Source {
  readonly text: string;
  readonly fileName: string;
  /** Offset of the first character of each line. */
  readonly #lineStarts: number[] = [0];

  constructor(text: string, fileName: string) {
    this.text = text;
    this.fileName = fileName;
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) this.#lineStarts.push(at + 1);
  }

  /** 1-based line of an offset. */
  lineOf(offset: number): number {
    let low = 0;
    let high = this.#lineStarts.length;
    while (high - low > 1) {
      const mid = (low + high) >> 1;
      if (this.#lineStarts[mid]! <= offset) low = mid;
      else high = mid;
    }
    return low + 1;
  }

  diagnostic(span: Span, { code, message, expected, hint }: Finding): Diagnostic {
    const line = this.lineOf(span.start);
    const start = this.#lineStarts[line - 1]!;
    return {
      code,
      message,
      where: this.fileName,
      line,
      column: span.start - start + 1,
      excerpt: this.#excerpt(start, span),
      ...(expected === undefined ? {} : { expected }),
      ...(hint === undefined ? {} : { hint }),
    };
  }

  #excerpt(lineStart: number, span: Span): string {
    const newline = this.text.indexOf('\n', lineStart);
    const line = this.text.slice(lineStart, newline < 0 ? undefined : newline).replace(/[\t\r]/g, ' ');
    const column = span.start - lineStart;
    const from = column < EXCERPT_COLUMNS - 20 ? 0 : column - 40;
    const shown = line.slice(from, from + EXCERPT_COLUMNS).trimEnd();
    const width = Math.max(1, Math.min(span.end, lineStart + line.length) - span.start);
    return `${shown}\n${' '.repeat(column - from)}${'^'.repeat(Math.min(width, Math.max(1, EXCERPT_COLUMNS - (column - from))))}`;
  }
}
