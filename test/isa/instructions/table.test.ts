/** Lint of the instruction table: whoever adds a row is told here what is wrong with it. */
import { describe, expect, it } from 'vitest';
import { accessFields, readsDestination } from '../../../isa/instructions/access.ts';
import { fieldsOf } from '../../../isa/instructions/fields.ts';
import { COMMON_FIELDS } from '../../../isa/instructions/header.ts';
import { MNEMONICS, TABLE, UNIT_KINDS } from '../../../isa/instructions/table.ts';

describe('the instruction table', () => {
  it('has one opcode a row, within 8 bits', () => {
    const opcodes = MNEMONICS.map((m) => TABLE[m].opcode);
    expect(new Set(opcodes).size).toBe(opcodes.length);
    for (const opcode of opcodes) expect(opcode).toSatisfy((n: number) => Number.isInteger(n) && n >= 0 && n <= 255);
  });

  it.each(MNEMONICS)('%s: no bit has two owners and no field crosses a word', (op) => {
    const owner = new Map<number, string>();
    const fields = [...COMMON_FIELDS, ...fieldsOf(op).map(([name, f]) => ({ name, ...f }))];
    for (const f of fields) {
      expect(f.bits, f.name).toBeGreaterThan(0);
      expect(f.lsb + f.bits, f.name).toBeLessThanOrEqual(32);
      for (let b = f.lsb; b < f.lsb + f.bits; b++) {
        expect(owner.get(f.word * 32 + b), `bit ${b} of word ${f.word}`).toBeUndefined();
        owner.set(f.word * 32 + b, f.name);
      }
    }
  });

  it.each(MNEMONICS)('%s: is documented, its unit exists, its fields have the bits of their kind', (op) => {
    expect(TABLE[op].doc).toMatch(/^[A-Za-z].{5,}\.$/s);
    expect(UNIT_KINDS).toContain(TABLE[op].unit);
    for (const [name, f] of fieldsOf(op)) {
      expect(f.doc.length, name).toBeGreaterThan(2);
      const bits = { tensor: 16, optionalTensor: 16, array: 16, register: 5, flag: 1 }[f.kind as string];
      if (bits !== undefined) expect(f.bits, name).toBe(bits);
      expect(f.kind === 'choice', name).toBe(f.choices !== undefined);
      if (f.choices === undefined) continue;
      expect(new Set(f.choices).size, name).toBe(f.choices.length);
      expect(f.choices.length, name).toBeLessThanOrEqual(2 ** f.bits);
    }
  });

  it('lets every instruction of a unit write one thing: dst, or the tile of a weight write', () => {
    for (const op of MNEMONICS.filter((m) => TABLE[m].unit !== 'seq')) {
      const written = accessFields(op).filter((f) => f.write);
      expect(
        written.map((f) => f.name),
        op,
      ).toEqual([TABLE[op].unit === 'write' ? 'tile' : 'dst']);
      expect(
        accessFields(op).some((f) => f.optional && f.write),
        op,
      ).toBe(false);
    }
    expect(readsDestination({ op: 'mm', accumulate: true })).toBe(true);
    expect(readsDestination({ op: 'mm', accumulate: false })).toBe(false);
    expect(readsDestination({ op: 'ww' })).toBe(false);
  });

  it('gives every DMA instruction a channel and no other unit one, save sync', () => {
    for (const op of MNEMONICS.filter((m) => m !== 'sync')) {
      expect(
        fieldsOf(op).some(([name]) => name === 'channel'),
        op,
      ).toBe(TABLE[op].unit === 'dma');
    }
  });
});
