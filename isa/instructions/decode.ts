/**
 * Words to instructions, driven by the table. A word that no encoder writes (unknown op, set reserved bit, choice without a
 * name, gap between waits) is an InputError, so that encode(decode(w)) = w for all words that decode.
 */
import { type Diagnostic, Diagnostics, InputError } from '../base/errors.ts';
import { type FieldValue, fieldsOf, mnemonicOf } from './fields.ts';
import { AT_DONE, COMMON_FIELDS, extract, OP_FIELD, SIGNAL_FIELDS, WAIT_FIELDS, WORDS } from './header.ts';
import { type FieldSpec, type Instruction, MNEMONICS, type Mnemonic, NO_TENSOR, type Signal } from './table.ts';

/** Owned bits of the four words, per mnemonic. */
const OWNED: ReadonlyMap<Mnemonic, Uint32Array> = new Map(MNEMONICS.map((op) => [op, ownedBits(op)]));

/** Bits of the words that a row and the common part own; the others are reserved and zero. */
export function ownedBits(op: Mnemonic): Uint32Array {
  const owned = new Uint32Array(WORDS);
  for (const { word, lsb, bits } of [...COMMON_FIELDS, ...fieldsOf(op).map(([, field]) => field)]) {
    const mask = bits === 32 ? 0xffffffff : ((1 << bits) - 1) << lsb;
    owned[word] = (owned[word]! | mask) >>> 0;
  }
  return owned;
}

/** One instruction from `words[at .. at + 3]`. Throws InputError (E-ISA-WORD) that names the word. */
export function decodeInstruction(words: Uint32Array, at = 0): Instruction {
  const found = new Diagnostics();
  const instruction = decodeInto(words, at, found);
  if (instruction === undefined)
    throw new InputError(`word ${at} is no instruction`, { code: 'E-ISA-WORD', diagnostics: found.items });
  return instruction;
}

/** More bad words than these are no code at all. */
const MOST_FINDINGS = 200;

/** A whole code section; bad words are reported at once, up to MOST_FINDINGS of them. */
export function decodeCode(words: Uint32Array): Instruction[] {
  const found = new Diagnostics();
  if (words.length % WORDS !== 0)
    found.add({
      code: 'E-ISA-WORD',
      where: `word ${words.length}`,
      message: 'the code ends inside an instruction',
      expected: `a multiple of ${WORDS} words`,
    });
  const instructions: Instruction[] = [];
  for (let at = 0; at + WORDS <= words.length && found.items.length < MOST_FINDINGS; at += WORDS) {
    const instruction = decodeInto(words, at, found);
    if (instruction !== undefined) instructions.push(instruction);
  }
  found.throwIfAny(
    InputError,
    `${found.items.length}${found.items.length < MOST_FINDINGS ? '' : ' or more'} words of the code are no instruction`,
  );
  return instructions;
}

function decodeInto(words: Uint32Array, at: number, found: Diagnostics): Instruction | undefined {
  const bad = (word: number, message: string, expected: string): undefined => {
    const item: Diagnostic = {
      code: 'E-ISA-WORD',
      where: `instruction ${Math.floor(at / WORDS)}, word ${at + word}`,
      message,
      expected,
    };
    found.add(item);
    return undefined;
  };
  if (at + WORDS > words.length) return bad(0, 'the code ends inside an instruction', `${WORDS} words`);
  const opcode = extract(words[at]!, OP_FIELD.lsb, OP_FIELD.bits);
  const op = mnemonicOf(opcode);
  if (op === undefined) return bad(0, `unknown op ${hex(opcode)}`, 'an op of isa/ISA.md');
  const before = found.items.length;
  const owned = OWNED.get(op)!;
  for (let w = 0; w < WORDS; w++) {
    const stray = (words[at + w]! & ~owned[w]!) >>> 0;
    if (stray !== 0) bad(w, `${op} has reserved bits set: ${hex(stray)}`, 'zero');
  }
  const out: Record<string, unknown> = { op, waits: waitsOf(words, at, bad), signals: signalsOf(words, at, bad) };
  for (const [name, field] of fieldsOf(op)) {
    const raw = extract(words[at + field.word]!, field.lsb, field.bits);
    const value = fromNumber(field, raw);
    if (value === undefined) bad(field.word, `${op}: ${name} = ${raw} has no meaning`, expectedOf(field));
    else out[name] = value;
  }
  return found.items.length > before ? undefined : (out as unknown as Instruction);
}

type Bad = (word: number, message: string, expected: string) => undefined;

function waitsOf(words: Uint32Array, at: number, bad: Bad): number[] {
  const slots = WAIT_FIELDS.map((f) => extract(words[at]!, f.lsb, f.bits));
  const used = slots.filter((s) => s !== 0);
  if (slots.slice(0, used.length).includes(0))
    bad(0, 'a wait slot is used behind an empty one', 'slots filled from the first');
  return used;
}

function signalsOf(words: Uint32Array, at: number, bad: Bad): Signal[] {
  const slots = SIGNAL_FIELDS.map((f) => extract(words[at + 1]!, f.lsb, f.bits));
  const used = slots.filter((s) => s !== 0);
  if (slots.slice(0, used.length).includes(0))
    bad(1, 'a signal slot is used behind an empty one', 'slots filled from the first');
  if (used.includes(AT_DONE)) bad(1, 'a signal at done names no semaphore', 'a semaphore 1 .. 63');
  return used.map((s) => ({ semaphore: s & (AT_DONE - 1), at: (s & AT_DONE) === 0 ? 'release' : 'done' }));
}

/** undefined for bits without a meaning. */
function fromNumber(field: FieldSpec, raw: number): FieldValue | undefined {
  switch (field.kind) {
    case 'flag':
      return raw === 1;
    case 'choice':
      return field.choices?.[raw];
    case 'signed':
      return raw >= 2 ** (field.bits - 1) ? raw - 2 ** field.bits : raw;
    case 'tensor':
    case 'array':
      return raw === NO_TENSOR ? undefined : raw;
    case 'optionalTensor':
    case 'register':
    case 'unsigned':
      return raw;
  }
}

function expectedOf(field: FieldSpec): string {
  return field.kind === 'choice'
    ? `0 .. ${(field.choices ?? []).length - 1} (${(field.choices ?? []).join(', ')})`
    : `a descriptor 0 .. ${NO_TENSOR - 1}`;
}

function hex(n: number): string {
  return `0x${n.toString(16)}`;
}
