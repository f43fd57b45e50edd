/** What an instruction reads and writes, from its row of the table: the one answer for compiler, order check, timing and ledger. */
import { fieldsOf } from './fields.ts';
import { MNEMONICS, type Mnemonic } from './table.ts';

/** A field that names a descriptor. */
export interface FieldAccess {
  readonly name: string;
  /** Bytes of a tensor, or cells of a weight tile. */
  readonly of: 'tensor' | 'array';
  /** May name nothing. */
  readonly optional: boolean;
  readonly write: boolean;
}

const FIELDS: ReadonlyMap<Mnemonic, readonly FieldAccess[]> = new Map(MNEMONICS.map((op) => [op, collect(op)]));

function collect(op: Mnemonic): FieldAccess[] {
  return fieldsOf(op).flatMap(([name, { kind, access }]) => {
    if (kind !== 'tensor' && kind !== 'optionalTensor' && kind !== 'array') return [];
    const of = kind === 'array' ? kind : 'tensor';
    return [{ name, of, optional: kind === 'optionalTensor', write: access === 'write' }];
  });
}

/** Descriptor fields of a mnemonic in table order. */
export function accessFields(op: Mnemonic): readonly FieldAccess[] {
  return FIELDS.get(op)!;
}

/** Whether the destination is read as well: an instruction that accumulates. */
export function readsDestination(instruction: object): boolean {
  return 'accumulate' in instruction && instruction.accumulate === true;
}
