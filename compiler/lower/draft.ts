/**
 * What lowering emits: instructions whose operands are descriptors themselves, in an order that is correct when each
 * one is finished before the next starts. Nothing here knows semaphores; order.ts adds them and link.ts numbers
 * the descriptors.
 */
import { InternalError } from '../../isa/base/errors.ts';
import { accessFields, readsDestination } from '../../isa/instructions/access.ts';
import { destinationCores } from '../../isa/instructions/destinations.ts';
import { type InstructionOf, MNEMONICS, type Mnemonic, type TABLE } from '../../isa/instructions/table.ts';
import type { ArrayDescriptor, TensorDescriptor } from '../../isa/tensor.ts';

/** A tensor descriptor with the name that the symbol table shows. */
export interface NamedTensor extends TensorDescriptor {
  readonly name: string;
}

/** A weight tile with its name. */
export interface NamedArray extends ArrayDescriptor {
  readonly name: string;
}

/** Mnemonics that lowering emits itself; control flow and `sync` come from later stages. */
export type WorkMnemonic = Exclude<
  Mnemonic,
  'nop' | 'halt' | 'li' | 'addi' | 'add' | 'cadd' | 'loop' | 'skip' | 'ldr' | 'sync'
>;

type DraftValue<F, V> = F extends { readonly kind: 'tensor' }
  ? NamedTensor
  : F extends { readonly kind: 'optionalTensor' }
    ? NamedTensor | null
    : F extends { readonly kind: 'array' }
      ? NamedArray
      : V;

type FieldsOf<M extends WorkMnemonic> = (typeof TABLE)[M]['fields'];

/** Operands of one mnemonic with descriptors in place of descriptor numbers. */
export type DraftOperands<M extends WorkMnemonic> = {
  readonly [F in keyof FieldsOf<M>]: F extends keyof InstructionOf<M>
    ? DraftValue<FieldsOf<M>[F], InstructionOf<M>[F]>
    : never;
};

/** Where an instruction runs. Instructions of one `group` on different cores make different bytes of a tensor, however their walks interleave. */
export interface Site {
  readonly core: number;
  readonly group: number;
}

/** One instruction before ordering; `layer` indexes the report's layers, -1 for none. Without a site it runs on core 0, alone. */
export type DraftOf<M extends WorkMnemonic> = {
  readonly op: M;
  readonly layer: number;
  readonly site?: Site;
} & DraftOperands<M>;
export type Draft = { [M in WorkMnemonic]: DraftOf<M> }[WorkMnemonic];

/** What a draft touches. `cells` are weight tiles of the matrix unit. */
export interface Access {
  readonly reads: readonly NamedTensor[];
  readonly writes: readonly NamedTensor[];
  readonly readCells: readonly NamedArray[];
  readonly writeCells: readonly NamedArray[];
}

/** Names of a mnemonic's operands by what is done to them. */
type Operands = Readonly<Record<keyof Access, readonly string[]>>;

const OPERANDS: ReadonlyMap<string, Operands> = new Map(
  MNEMONICS.map((op) => {
    const names = (of: 'tensor' | 'array', write: boolean) =>
      accessFields(op).flatMap((f) => (f.of === of && f.write === write ? [f.name] : []));
    return [
      op,
      {
        reads: names('tensor', false),
        writes: names('tensor', true),
        readCells: names('array', false),
        writeCells: names('array', true),
      },
    ];
  }),
);

/** Operands that a draft reads and writes, as the table of the instruction set says. */
export function accessOf(draft: Draft): Access {
  const operands = OPERANDS.get(draft.op);
  if (operands === undefined) throw new InternalError(`${draft.op} is no mnemonic`);
  const reads = present<NamedTensor>(draft, operands.reads);
  const writes = present<NamedTensor>(draft, operands.writes);
  if (readsDestination(draft)) reads.push(...writes);
  const readCells = present<NamedArray>(draft, operands.readCells);
  return { reads, writes, readCells, writeCells: present<NamedArray>(draft, operands.writeCells) };
}

/** Operands by name that are not left out. */
function present<T>(draft: Draft, names: readonly string[]): T[] {
  const values = draft as unknown as Readonly<Record<string, T | null>>;
  const out: T[] = [];
  for (const name of names) {
    const value = values[name] ?? null;
    if (value !== null) out.push(value);
  }
  return out;
}

/** Core that issues a draft. */
export function coreOf(draft: { readonly site?: Site }): number {
  return draft.site?.core ?? 0;
}

/** Cores whose scratchpads a draft writes: its own unless it is a remote write. */
export function targetCoresOf(draft: Draft): readonly number[] {
  return destinationCores(draft, coreOf(draft));
}

/** DMA channel of a draft, 0 for every other unit. */
export function channelOf(draft: Draft): number {
  return 'channel' in draft ? draft.channel : 0;
}

/** Weights of one tile before they have a place in the arrays. Identity matters: one object is one tile. */
export interface WeightTile {
  readonly name: string;
  readonly layer: number;
  readonly kStart: number;
  readonly kCount: number;
  readonly nCount: number;
  readonly gridK: number;
  readonly gridN: number;
  readonly replicas: number;
  readonly weightBits: number;
  readonly weightCoding: NamedArray['weightCoding'];
  /** DRAM address where the loader puts the packed weights, [k][n]; or the computed operand that they are read from. */
  readonly source: number | NamedTensor;
}

/** A matrix multiply that names its weights, not yet their place. */
export type MatmulStep = Omit<DraftOf<'mm'>, 'tile'> & { readonly tile: WeightTile };

/** What kernels emit: drafts without weight writes. */
export type Step = Exclude<Draft, DraftOf<'mm'> | DraftOf<'ww'>> | MatmulStep;
