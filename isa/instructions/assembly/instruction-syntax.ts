/** Reads one instruction as syntax: mnemonic, operands by commas, keywords, `wait a, b`, `signal c, d@release`. Names are resolved later. */
import type { Cursor } from './cursor.ts';
import type { InstructionSyntax, KeywordOperand, Operand, SignalSyntax } from './program-draft.ts';

export function readInstruction(c: Cursor, layer: number): InstructionSyntax {
  const mnemonic = c.word('an instruction');
  const operands: Operand[] = [];
  if (!c.atEnd && !startsTail(c)) {
    do operands.push(readOperand(c));
    while (c.accept(','));
  }
  const keywords: KeywordOperand[] = [];
  const waits: Operand[] = [];
  const signals: SignalSyntax[] = [];
  while (!c.atEnd) {
    const word = c.word("a keyword, 'wait', 'signal' or the end of the line");
    if (word.text === 'wait') readList(c, () => waits.push(readSemaphoreName(c)));
    else if (word.text === 'signal') readList(c, () => signals.push(readSignal(c)));
    else {
      const values: Operand[] = [];
      if (c.accept('=')) readList(c, () => values.push(readOperand(c)));
      keywords.push({ name: word.text, span: word, value: values[0], more: values.slice(1) });
    }
  }
  return {
    mnemonic,
    operands,
    keywords,
    waits,
    signals,
    length: undefined,
    layer,
    span: { start: mnemonic.start, end: c.last.end },
  };
}

/** Whether what comes next is no operand: an ordering, or a keyword with a value. */
function startsTail(c: Cursor): boolean {
  return c.is('word', 'wait') || c.is('word', 'signal') || (c.is('word') && c.next.text === '=');
}

function readOperand(c: Cursor): Operand {
  if (c.is('word')) return { kind: 'word', token: c.take() };
  if (c.accept('#')) return { kind: 'raw', located: c.number('a number', { min: 0 }) };
  return { kind: 'number', located: c.number('an operand') };
}

function readList(c: Cursor, item: () => void): void {
  do item();
  while (c.accept(','));
}

function readSemaphoreName(c: Cursor): Operand {
  if (c.accept('#')) return { kind: 'raw', located: c.number('a semaphore number', { min: 1, max: 63 }) };
  return { kind: 'word', token: c.word('the name of a semaphore') };
}

function readSignal(c: Cursor): SignalSyntax {
  const semaphore = readSemaphoreName(c);
  return { semaphore, at: c.accept('@') ? c.oneOf(['release', 'done'], 'a moment') : 'done' };
}
