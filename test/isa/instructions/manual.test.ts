import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { assemble } from '../../../isa/instructions/assembly/assemble.ts';
import { DIRECTIVES_DOC } from '../../../isa/instructions/assembly/directive-doc.ts';
import { DIRECTIVE_NAMES } from '../../../isa/instructions/assembly/directives.ts';
import { generateManual, syntaxOf } from '../../../isa/instructions/manual.ts';
import { MANUAL_PROGRAM } from '../../../isa/instructions/manual-intro.ts';
import { MNEMONICS } from '../../../isa/instructions/table.ts';
import { requireValid } from '../../../isa/instructions/validate/program.ts';
import { teach8x8 } from '../../../isa/machine/presets/teach-8x8.ts';
import { execute } from '../../../sim/exec/execute.ts';
import { checkOrder } from '../../../sim/order/check.ts';

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

  it('shows a program that assembles, is in order, and computes what the text says', () => {
    const { program } = assemble(MANUAL_PROGRAM, { fileName: 'manual.qasm' });
    expect(generateManual()).toContain(MANUAL_PROGRAM);
    requireValid(program, teach8x8);
    expect(checkOrder(program, teach8x8)).toEqual([]);
    expect([...execute(program, teach8x8, new Map()).outputs.get('y')!]).toEqual([36, 72]);
    expect(generateManual()).toContain('y = 36, 72');
  });

  it('shows walks that assemble', () => {
    const walks = generateManual()
      .split('\n')
      .filter((line) => line.startsWith('.tensor img') || line.startsWith('.tensor win'));
    const [, win] = assemble(`${walks.join('\n')}\nhalt\n`, { fileName: 'walks.qasm' }).program.tensors;
    expect(win!.dims.map((d) => d.count)).toEqual([3, 3, 3, 3, 3]);
  });

  it('has a line for each directive', () => {
    expect(new Set(DIRECTIVES_DOC.map(([form]) => form.split(' ')[0]))).toEqual(new Set(DIRECTIVE_NAMES));
  });
});
