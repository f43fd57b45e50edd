/** Instructions to words, driven by the table. What a field cannot hold is an InputError, never cut off. */
import { InputError } from '../base/errors.ts';
import { LIMITS } from '../tensor.ts';
import { type FieldValue, fieldRange, fieldsOf, operandsOf } from './fields.ts';
import { AT_DONE, SIGNAL_FIELDS, WAIT_FIELDS, WORDS } from './header.ts';
import { type FieldSpec, type Instruction, NO_TENSOR, TABLE } from './table.ts';

/** Four words of one instruction. Throws InputError (E-ISA-RANGE) when an operand, a wait or a signal does not fit its field. */
export function encodeInstruction(instruction: Instruction): Uint32Array {
  const words = new Uint32Array(WORDS);
  words[0] = TABLE[instruction.op].opcode;
  putOrdering(words, instruction);
  const values = operandsOf(instruction);
  for (const [name, field] of fieldsOf(instruction.op))
    put(words, field, toNumber(instruction.op, name, field, values[name]));
  return words;
}

/** All instructions behind each other, 4 words each. */
export function encodeCode(instructions: readonly Instruction[]): Uint32Array {
  const words = new Uint32Array(instructions.length * WORDS);
  instructions.forEach((instruction, i) => {
    words.set(encodeInstruction(instruction), i * WORDS);
  });
  return words;
}

function put(words: Uint32Array, { word, lsb }: { readonly word: number; readonly lsb: number }, value: number): void {
  words[word] = (words[word]! | (value << lsb)) >>> 0;
}

function putOrdering(words: Uint32Array, { op, waits, signals }: Instruction): void {
  if (waits.length > LIMITS.waits) fail(op, 'waits', `${waits.length} waits`, `at most ${LIMITS.waits}`);
  if (signals.length > LIMITS.signals) fail(op, 'signals', `${signals.length} signals`, `at most ${LIMITS.signals}`);
  waits.forEach((semaphore, i) => {
    put(words, WAIT_FIELDS[i]!, checkedSemaphore(op, 'waits', semaphore));
  });
  signals.forEach(({ semaphore, at }, i) => {
    put(words, SIGNAL_FIELDS[i]!, checkedSemaphore(op, 'signals', semaphore) | (at === 'done' ? AT_DONE : 0));
  });
}

function checkedSemaphore(op: string, where: string, semaphore: number): number {
  const max = LIMITS.semaphores - 1;
  if (!Number.isInteger(semaphore) || semaphore < 1 || semaphore > max)
    fail(op, where, `semaphore ${semaphore}`, `1 .. ${max}`);
  return semaphore;
}

/** The bits of a field's value, before shifting. */
function toNumber(op: string, name: string, field: FieldSpec, value: FieldValue | undefined): number {
  if (field.kind === 'flag') {
    if (typeof value !== 'boolean') fail(op, name, String(value), 'true or false');
    return value ? 1 : 0;
  }
  if (field.kind === 'choice') {
    const index = (field.choices ?? []).indexOf(String(value));
    if (index < 0) fail(op, name, String(value), `one of ${(field.choices ?? []).join(', ')}`);
    return index;
  }
  const { min, max } = fieldRange(field);
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) {
    fail(
      op,
      name,
      String(value),
      `an integer ${min} .. ${field.kind === 'optionalTensor' ? `${max - 1}, or ${NO_TENSOR} for none` : max}`,
    );
  }
  return field.bits === 32 ? value | 0 : value & ((1 << field.bits) - 1);
}

function fail(op: string, field: string, found: string, expected: string): never {
  const message = `${op}: ${field} = ${found} cannot be encoded`;
  throw new InputError(`${message}; expected ${expected}`, {
    code: 'E-ISA-RANGE',
    diagnostics: [{ code: 'E-ISA-RANGE', where: `${op}.${field}`, message, expected }],
  });
}
