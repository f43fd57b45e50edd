import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DIRECTIVES_DOC } from '../../../isa/instructions/assembly/directive-doc.ts';
import { DIRECTIVE_NAMES } from '../../../isa/instructions/assembly/directives.ts';
import { generateManual, syntaxOf } from '../../../isa/instructions/manual.ts';
import { MNEMONICS } from '../../../isa/instructions/table.ts';

describe('the manual', () => {
  it('isa/ISA.md is what the table says now (npm run bless writes it)', async () => {
    await expect(generateManual()).toMatchFileSnapshot(join(import.meta.dirname, '../../../isa/ISA.md'));
  });

  it('shows every instruction with its four words', () => {
    const manual = generateManual();
    for (const op of MNEMONICS) {
      const section = manual.split(`### ${op}\n`)[1]!.split('\n### ')[0]!;
      expect(section.match(/^word [0-3] \|/gm), op).toHaveLength(4);
      expect(section, op).toContain(syntaxOf(op));
    }
  });

  it('has a line for each directive', () => {
    expect(new Set(DIRECTIVES_DOC.map(([form]) => form.split(' ')[0]))).toEqual(new Set(DIRECTIVE_NAMES));
  });
});
