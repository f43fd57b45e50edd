/** Assembly that nobody wrote on purpose: mutated examples, and texts made to exhaust time, stack or memory. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Diagnostic, formatError, InputError } from '../../../isa/base/errors.ts';
import { readProgram, writeProgram } from '../../../isa/container.ts';
import { assemble } from '../../../isa/instructions/assembly/assemble.ts';
import { disassemble } from '../../../isa/instructions/assembly/disassemble.ts';
import { validateProgram } from '../../../isa/instructions/validate/program.ts';
import type { Program } from '../../../isa/program.ts';

const FOLDER = join(import.meta.dirname, '../../../examples/asm');
const EXAMPLES = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.qasm'))
  .map((name) => readFileSync(join(FOLDER, name), 'utf8'));

/** A program, or findings with a place each; anything else thrown fails the test. */
function answer(text: string): Program | readonly Diagnostic[] {
  try {
    return assemble(text, { fileName: 'x.qasm' }).program;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    expect(formatError(error).length).toBeLessThan(20_000);
    return error.diagnostics;
  }
}

function requireGood(found: Program | readonly Diagnostic[]): void {
  if (!('cores' in found)) {
    expect(found.length).toBeGreaterThan(0);
    for (const d of found) expect(Math.min(d.line ?? 0, d.column ?? 0), d.message).toBeGreaterThan(0);
    return;
  }
  expect(validateProgram(found)).toEqual([]);
  expect(readProgram(writeProgram(found))).toEqual(found);
  const bare = (p: Program): Program => ({ ...p, symbols: { ...p.symbols, lineOf: [], sourceFile: '' } });
  expect(bare(assemble(disassemble(found), { fileName: 'x.qasm' }).program)).toEqual(bare(found));
}

/** Pieces that break things: limits, names of JavaScript, odd characters, punctuation of the language. */
const pieces = fc.constantFrom(
  ...['0', '-1', '65535', '65536', '4294967295', '4294967296', '281474976710655', '9007199254740993', '1e308', '0x'],
  ...['__proto__', 'constructor', 'r31', 'r32', 'wait', 'signal', 'loop 2 {', '}', '{', 'halt', '.core 30', 'barrier'],
  ...['+r3', 'dims(', 'origin(', 'axes(', 'fill=', '[', ']', ',', '*', '%', '=', '->', '#7', '@', '"', '\\', ';', '\n'],
  ...['é', '漢', '\u2028', '\ud800', '\0', '\r', '\t', '\ufeff'],
);

const mutation = fc.record({
  kind: fc.constantFrom('delete', 'insert', 'duplicate', 'swap', 'number'),
  at: fc.nat(),
  to: fc.nat(),
  length: fc.integer({ min: 1, max: 40 }),
  piece: pieces,
});
type Mutation = typeof mutation extends fc.Arbitrary<infer T> ? T : never;

function mutate(text: string, m: Mutation): string {
  if (text.length === 0) return m.piece;
  const at = m.at % text.length;
  const part = text.slice(at, at + m.length);
  const without = text.slice(0, at) + text.slice(at + m.length);
  const to = m.to % (without.length + 1);
  switch (m.kind) {
    case 'delete':
      return without;
    case 'insert':
      return text.slice(0, at) + m.piece + text.slice(at);
    case 'duplicate':
      return text.slice(0, at) + part + text.slice(at);
    case 'swap':
      return without.slice(0, to) + part + without.slice(to);
    default: {
      const number = /[0-9]+/g;
      number.lastIndex = at;
      const found = number.exec(text);
      if (found === null) return text;
      return text.slice(0, found.index) + m.piece + text.slice(found.index + found[0].length);
    }
  }
}

describe('mutated examples', () => {
  it('give a sound program or findings with line and column, never another exception', () => {
    let programs = 0;
    fc.assert(
      fc.property(
        fc.nat(EXAMPLES.length - 1),
        fc.array(mutation, { minLength: 1, maxLength: 4 }),
        (example, mutations) => {
          const found = answer(mutations.reduce(mutate, EXAMPLES[example]!));
          if ('cores' in found) programs += 1;
          requireGood(found);
        },
      ),
      { numRuns: 1500 },
    );
    expect(programs).toBeGreaterThan(50);
  });

  it('cut off anywhere likewise', () => {
    for (let at = 0; at < EXAMPLES[3]!.length; at += 3) requireGood(answer(EXAMPLES[3]!.slice(0, at)));
  });
});

const first = (text: string): string | undefined => {
  const found = answer(text);
  return 'cores' in found ? undefined : found[0]!.message;
};
const lines = (count: number, line: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => line(i)).join('\n');

describe('texts made to exhaust', () => {
  it.each<readonly [string, () => string, RegExp | undefined]>([
    ['a string of 8 MB', () => `.program "${'a'.repeat(2 ** 23)}"\nhalt\n`, undefined],
    ['8 MB of blanks', () => `${' '.repeat(2 ** 23)}halt\n`, undefined],
    ['a comment of 8 MB', () => `;${'x'.repeat(2 ** 23)}\nhalt\n`, undefined],
    ['an open string of 8 MB', () => `.program "${'a'.repeat(2 ** 23)}\nhalt\n`, /does not end/],
    ['a word of 1 MB', () => 'a'.repeat(2 ** 20), /1048576 characters/],
    ['a dotted word of 1 MB', () => `a${'.a'.repeat(2 ** 19)}`, /1048577 characters/],
    ['a number of 1 MB', () => `li r1, ${'9'.repeat(2 ** 20)}`, /1048576 characters/],
    ['a line of 1 MB in another script', () => '漢'.repeat(2 ** 20), /begins nothing/],
    ['100,000 operands', () => `copy.0 ${'a,'.repeat(100_000)}a`, /found 100001/],
    ['100,000 axes', () => `.tensor x = spad@0 u4[${'1,'.repeat(100_000)}1]`, /100001 axes/],
    ['20,000 nested loops', () => `${'loop 2 {\n'.repeat(20_000)}nop\n${'}\n'.repeat(20_000)}`, /nest 9 deep/],
    ['100,000 open braces', () => 'loop 2 {\n'.repeat(100_000), /never closed/],
    ['150,000 segments', () => lines(150_000, (i) => `.bytes ${i} : "00"`), undefined],
    ['50,000 semaphores', () => lines(50_000, (i) => `.sem s${i} dma0 -> matrix`), /63 semaphores already/],
    [
      '10,000 unknown names among 10,000',
      () =>
        `${lines(10_000, (i) => `.tensor t${i}long = dram@0 u4[1]`)}\n${lines(10_000, (i) => `vsqrt q${i}long, t0long`)}`,
      /no tensor 'q0long'/,
    ],
    [
      'constants of 800 MB',
      () => lines(100, (i) => `.const c${i} = dram@${i}0000000000 u8[8388608] : fill(1)`),
      /too large/,
    ],
    [
      'a tensor of 2^160 elements',
      () => `.tensor x = dram@0 u4[${'4294967295,'.repeat(4)}4294967295]`,
      /stride of axis 0/,
    ],
    ['a machine of 48-bit size', () => '.dram size=281474976710655\nhalt\n', undefined],
  ])('%s', (_, text, expected) => {
    const started = process.cpuUsage();
    const message = first(text());
    if (expected === undefined) expect(message).toBeUndefined();
    else expect(message).toMatch(expected);
    const { user, system } = process.cpuUsage(started);
    expect((user + system) / 1e6).toBeLessThan(10);
  });

  it('stop after a few hundred findings', () => {
    expect(() => assemble('?'.repeat(100_000), { fileName: 'x' })).toThrow('x: 200 or more mistakes in the assembly');
  });

  it('names of JavaScript objects are no names of ours', () => {
    expect(first('.tensor x = spad@0 u4[8] constructor')).toMatch(/no attribute of a tensor 'constructor'/);
    expect(first('.tensor x = spad@0 u4[8] __proto__')).toMatch(/no attribute of a tensor '__proto__'/);
    expect(first('toString r1')).toMatch(/no instruction 'toString'/);
    const { machine } = assemble('.machine teach-8x8 __proto__=1\nhalt\n', { fileName: 'x' });
    expect(Object.keys(machine!.overrides)).toEqual(['__proto__']);
  });

  it('a byte order mark and carriage returns are blanks', () => {
    expect(first('\ufeff.tensor x = spad@0 u4[8]\r\nhalt\r\n')).toBeUndefined();
  });
});
