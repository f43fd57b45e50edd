/**
 * What lowering emits: instructions whose operands are descriptors themselves, in an order that is correct when each
 * one is finished before the next starts. Nothing here knows semaphores; order.ts adds them and link.ts numbers
 * the descriptors. The access table says what an instruction reads and writes, from its row's operands alone.
 */
import type { InstructionOf, Mnemonic, TABLE, UnitKind } from '../../isa/instructions/table.ts';
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

/** One instruction before ordering; `layer` indexes the report's layers, -1 for none. */
export type DraftOf<M extends WorkMnemonic> = { readonly op: M; readonly layer: number } & DraftOperands<M>;
export type Draft = { [M in WorkMnemonic]: DraftOf<M> }[WorkMnemonic];

/** What a draft touches. `cells` are weight tiles of the matrix unit. */
export interface Access {
  readonly reads: readonly NamedTensor[];
  readonly writes: readonly NamedTensor[];
  readonly readCells: readonly NamedArray[];
  readonly writeCells: readonly NamedArray[];
}

const NONE: readonly never[] = [];
const tensors = (reads: readonly NamedTensor[], writes: readonly NamedTensor[]): Access => ({
  reads,
  writes,
  readCells: NONE,
  writeCells: NONE,
});
const binary = (d: { readonly dst: NamedTensor; readonly a: NamedTensor; readonly b: NamedTensor }): Access =>
  tensors([d.a, d.b], [d.dst]);
const unary = (d: { readonly dst: NamedTensor; readonly a: NamedTensor }): Access => tensors([d.a], [d.dst]);

type AccessTable = { readonly [M in WorkMnemonic]: (draft: DraftOf<M>) => Access };

const ACCESS: AccessTable = {
  copy: (d) => tensors(d.accumulate ? [d.src, d.dst] : [d.src], [d.dst]),
  fill: (d) => tensors([], [d.dst]),
  gather: (d) => tensors([d.src, d.index], [d.dst]),
  ww: (d) => ({ reads: [d.src], writes: NONE, readCells: NONE, writeCells: [d.tile] }),
  mm: (d) => ({
    reads: d.accumulate ? [d.src, d.dst] : [d.src],
    writes: [d.dst],
    readCells: [d.tile],
    writeCells: NONE,
  }),
  rq: (d) =>
    tensors(
      [d.src, d.params, d.add].filter((t) => t !== null),
      [d.dst],
    ),
  vadd: binary,
  vsub: binary,
  vmul: binary,
  vdiv: binary,
  vmax: binary,
  vmin: binary,
  vcvt: unary,
  vsqrt: unary,
  vaddq: (d) => tensors([d.a, d.b, d.params], [d.dst]),
  vlut: binary,
  vred: unary,
  vfun: unary,
  vdot: (d) => tensors(d.accumulate ? [d.a, d.b, d.dst] : [d.a, d.b], [d.dst]),
};

/** Operands that a draft reads and writes. */
export function accessOf<M extends WorkMnemonic>(draft: DraftOf<M>): Access {
  const row: (d: DraftOf<M>) => Access = ACCESS[draft.op];
  return row(draft);
}

/** DMA channel of a draft, 0 for every other unit. */
export function channelOf(draft: Draft): number {
  return 'channel' in draft ? draft.channel : 0;
}

/** Units by mnemonic, without the table's documentation. */
export const UNIT_OF: { readonly [M in WorkMnemonic]: Exclude<UnitKind, 'seq'> } = {
  copy: 'dma',
  fill: 'dma',
  gather: 'dma',
  ww: 'write',
  mm: 'matrix',
  rq: 'drain',
  vadd: 'vector',
  vsub: 'vector',
  vmul: 'vector',
  vdiv: 'vector',
  vmax: 'vector',
  vmin: 'vector',
  vcvt: 'vector',
  vsqrt: 'vector',
  vaddq: 'vector',
  vlut: 'vector',
  vred: 'vector',
  vfun: 'vector',
  vdot: 'vector',
};

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
  /** Where the loader puts the packed weights, [k][n]. */
  readonly address: number;
}

/** A matrix multiply that names its weights, not yet their place. */
export type MatmulStep = Omit<DraftOf<'mm'>, 'tile'> & { readonly tile: WeightTile };

/** What kernels emit: drafts without weight writes. */
export type Step = Exclude<Draft, DraftOf<'mm'> | DraftOf<'ww'>> | MatmulStep;
