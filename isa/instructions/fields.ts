/**
 * Questions to the instruction table that its makers (encoder, decoder, assembler, manual, generator) share. Rows are seen
 * here without their exact types: a table-driven tool treats every mnemonic alike.
 */
import {
  type FieldSpec,
  type Instruction,
  MNEMONICS,
  type Mnemonic,
  NO_TENSOR,
  TABLE,
  type UnitKind,
} from './table.ts';

export type FieldValue = number | boolean | string;

/** Operands by name, as every instruction has them beside `op`, `waits` and `signals`. */
export type OperandValues = Readonly<Record<string, FieldValue>>;

const BY_OPCODE: ReadonlyMap<number, Mnemonic> = new Map(MNEMONICS.map((m) => [TABLE[m].opcode, m]));

/** Fields of a row in table order, as [name, spec] pairs. */
export function fieldsOf(op: Mnemonic): readonly (readonly [string, FieldSpec])[] {
  return Object.entries(TABLE[op].fields as Readonly<Record<string, FieldSpec>>);
}

export function mnemonicOf(opcode: number): Mnemonic | undefined {
  return BY_OPCODE.get(opcode);
}

/** Operand values of an instruction, without their exact types. */
export function operandsOf(instruction: Instruction): OperandValues {
  return instruction as unknown as OperandValues;
}

/** Legal numbers of a field as its bits allow them; a choice counts its names. */
export function fieldRange(field: FieldSpec): { readonly min: number; readonly max: number } {
  switch (field.kind) {
    case 'flag':
      return { min: 0, max: 1 };
    case 'choice':
      return { min: 0, max: (field.choices ?? []).length - 1 };
    case 'signed':
      return { min: -(2 ** (field.bits - 1)), max: 2 ** (field.bits - 1) - 1 };
    case 'tensor':
    case 'array':
      return { min: 0, max: NO_TENSOR - 1 };
    case 'optionalTensor':
    case 'register':
    case 'unsigned':
      return { min: 0, max: 2 ** field.bits - 1 };
  }
}

/** Unit and DMA channel that execute an instruction. */
export function executingUnit(instruction: Instruction): { readonly kind: UnitKind; readonly channel: number } {
  if (instruction.op === 'sync')
    return { kind: instruction.unit, channel: instruction.unit === 'dma' ? instruction.channel : 0 };
  return { kind: TABLE[instruction.op].unit, channel: 'channel' in instruction ? instruction.channel : 0 };
}
