/**
 * How a row of the table is written, for assembler, disassembler and manual alike: a choice or a DMA channel is a suffix of the mnemonic
 * (`rq.threshold`, `copy.0`); descriptors, registers and immediates are operands by position; everything else is a keyword.
 */
import { fieldsOf } from '../fields.ts';
import type { FieldSpec, Mnemonic } from '../table.ts';

export type NamedField = readonly [name: string, field: FieldSpec];

export interface OperandForm {
  readonly suffix: NamedField | undefined;
  readonly positional: readonly NamedField[];
  readonly keywords: readonly NamedField[];
}

export function operandForm(op: Mnemonic): OperandForm {
  const fields = fieldsOf(op);
  const suffix = fields.find(([name, f]) => f.kind === 'choice' || name === 'channel');
  const rest = fields.filter((f) => f !== suffix);
  const positional = rest.filter(([name, f]) => isPositional(name, f));
  return { suffix, positional, keywords: rest.filter((f) => !positional.includes(f)) };
}

function isPositional(name: string, { kind }: FieldSpec): boolean {
  return kind === 'tensor' || kind === 'array' || kind === 'register' || kind === 'signed' || name === 'modulus';
}
