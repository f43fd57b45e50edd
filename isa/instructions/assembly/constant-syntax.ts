/**
 * Reads what stands behind the `:` of `.const` and `.bytes`: numbers, `iota`, `fill(v)`, `random(seed)`, or bytes in hex strings. Numbers and
 * strings may go on over the next lines, because no statement begins with one.
 */
import { createRandom } from '../../base/random.ts';
import { pack } from '../../numerics/packed.ts';
import { codeRange, elementCount, type TensorDescriptor } from '../../tensor.ts';
import { isCode } from '../descriptor-rules.ts';
import { randomCodeOf } from '../random.ts';
import type { Cursor } from './cursor.ts';

/** More elements than these in one text are no hand-written constants; a filler must not exhaust the memory. */
const MOST_ELEMENTS = 2 ** 24;

const FILLERS = ['iota', 'fill', 'random'] as const;

/** Packed bytes of a dense tensor's constants; `before` elements have been read for other constants of the text. */
export function readConstant(c: Cursor, t: TensorDescriptor, before: number): Uint8Array {
  const count = elementCount(t);
  if (before + count > MOST_ELEMENTS)
    c.fail(
      `a constant of ${count} elements${before > 0 ? `, behind ${before} others,` : ''} is too large for assembly`,
      {
        expected: `at most ${MOST_ELEMENTS} in all`,
        code: 'E-ASM-RANGE',
      },
    );
  c.expect(':');
  const values = c.is('word') ? readFiller(c, t, count) : readNumbers(c, t, count);
  return pack(values, t.widthBits, t.coding);
}

function readNumbers(c: Cursor, t: TensorDescriptor, count: number): number[] {
  const { start } = c.token;
  const values: number[] = [];
  while (startsNumber(c)) values.push(readCode(c, t));
  if (values.length !== count) {
    c.fail(`${values.length} values for ${count} elements`, {
      span: { start, end: c.last.end },
      expected: `${count} numbers, or one of ${FILLERS.join(', ')}`,
      code: 'E-ASM-COUNT',
    });
  }
  return values;
}

/** True at a number; steps over the newlines before one. */
function startsNumber(c: Cursor): boolean {
  while (c.is('newline') && (c.next.kind === 'number' || c.next.kind === 'newline' || ['-', '+'].includes(c.next.text)))
    c.take();
  return c.is('number') || c.is('punctuation', '-') || c.is('punctuation', '+');
}

function readCode(c: Cursor, t: TensorDescriptor): number {
  const float = t.coding === 'float';
  const { value, span } = c.number('a value', { real: float });
  if (isCode(t.coding, t.widthBits, value)) return value;
  const { min, max } = codeRange(t.coding, t.widthBits);
  return c.fail(`${value} is no ${t.widthBits}-bit ${t.coding} code`, {
    span,
    expected: t.coding === 'bipolar' ? '-1 or 1' : `${min} .. ${max}`,
    code: 'E-ASM-RANGE',
  });
}

function readFiller(c: Cursor, t: TensorDescriptor, count: number): Float64Array {
  const filler = c.oneOf(FILLERS, 'constants');
  const values = new Float64Array(count);
  if (filler === 'iota') return values.map((_, i) => iota(t, i));
  c.expect('(');
  if (filler === 'fill') values.fill(readCode(c, t));
  else {
    const random = createRandom(c.number('a seed').value);
    for (let i = 0; i < count; i++) values[i] = randomCodeOf(random, t.coding, t.widthBits);
  }
  c.expect(')');
  return values;
}

/** 0, 1, 2, ... ; where the coding ends it goes on from its other end. */
function iota(t: TensorDescriptor, i: number): number {
  if (t.coding === 'float') return i;
  if (t.coding === 'bipolar') return i % 2 === 0 ? -1 : 1;
  const { min, max } = codeRange(t.coding, t.widthBits);
  const size = max - min + 1;
  return ((i - min) % size) + min;
}

/** `"00ff12" "34"`: bytes in hex, in reading order. */
export function readHex(c: Cursor): Uint8Array {
  c.expect(':');
  const bytes: number[] = [];
  do {
    const token = c.string('bytes in hex, in quotes');
    if (!/^(?:[0-9a-f]{2})*$/i.test(token.text))
      c.fail('these are no whole bytes in hex', { span: token, expected: 'an even number of digits 0-9, a-f' });
    for (let i = 0; i < token.text.length; i += 2) bytes.push(Number.parseInt(token.text.slice(i, i + 2), 16));
    while (c.is('newline') && (c.next.kind === 'string' || c.next.kind === 'newline')) c.take();
  } while (c.is('string'));
  return Uint8Array.from(bytes);
}
