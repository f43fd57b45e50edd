/** Runs a few instructions on prepared memories, for tests that look at bytes. */
import { readBits, writeBits } from '../../../isa/base/bits.ts';
import {
  type FieldSpec,
  type Instruction,
  type Mnemonic,
  NO_TENSOR,
  type Operands,
  type Ordering,
  TABLE,
} from '../../../isa/instructions/table.ts';
import { teach8x8 } from '../../../isa/machine/presets/teach-8x8.ts';
import type { Machine } from '../../../isa/machine/schema.ts';
import type { SemaphoreDeclaration } from '../../../isa/program.ts';
import type { ArrayDescriptor, Coding, Dim, TensorDescriptor } from '../../../isa/tensor.ts';
import type { Memories } from '../../../sim/exec/context.ts';
import { createMemories, type ExecOptions, type ExecResult, execute } from '../../../sim/exec/execute.ts';
import { dense, program } from '../../harness/program.ts';

/** An instruction with every field that is not given at its plainest: zero, off, absent, the first choice. */
export function ins<M extends Mnemonic>(op: M, fields: Partial<Operands<M> & Ordering> = {}): Instruction {
  const specs: Readonly<Record<string, FieldSpec>> = TABLE[op].fields;
  const plain = Object.entries(specs).map(([name, f]) => [
    name,
    f.kind === 'flag' ? false : f.kind === 'choice' ? f.choices![0] : f.kind === 'optionalTensor' ? NO_TENSOR : 0,
  ]);
  return { op, waits: [], signals: [], ...Object.fromEntries(plain), ...fields } as unknown as Instruction;
}

export interface Setup {
  readonly tensors: readonly TensorDescriptor[];
  readonly instructions: readonly Instruction[];
  readonly arrays?: readonly ArrayDescriptor[];
  readonly semaphores?: readonly SemaphoreDeclaration[];
  /** Codes to put into tensors (by index) before the run. */
  readonly given?: Readonly<Record<number, ArrayLike<number>>>;
  readonly machine?: Machine;
  readonly options?: ExecOptions;
}

export interface Ran extends ExecResult {
  /** Codes of a dense tensor after the run. */
  codes(tensor: number): number[];
}

/** Bits of one code, little endian; floats are binary32. */
function bitsOf(value: number, d: TensorDescriptor): number {
  if (d.coding === 'float') return new Uint32Array(Float32Array.of(value).buffer)[0]!;
  if (d.coding === 'bipolar') return value > 0 ? 1 : 0;
  return value < 0 ? value + 2 ** d.widthBits : value;
}

function codeOf(bits: number, widthBits: number, coding: Coding): number {
  if (coding === 'float') return new Float32Array(Uint32Array.of(bits).buffer)[0]!;
  if (coding === 'bipolar') return bits === 1 ? 1 : -1;
  return coding !== 'unsigned' && bits >= 2 ** (widthBits - 1) ? bits - 2 ** widthBits : bits;
}

function memoryOf(memories: Memories, d: TensorDescriptor) {
  return d.space === 'dram' || d.space === 'buffer' ? memories[d.space] : memories.cores[0]![d.space];
}

/** Puts codes into a tensor that is dense from its base, marking its bytes as written. */
export function put(memories: Memories, d: TensorDescriptor, codes: ArrayLike<number>): void {
  const bytes = new Uint8Array(Math.ceil((codes.length * d.widthBits) / 8));
  for (let i = 0; i < codes.length; i++) writeBits(bytes, i * d.widthBits, d.widthBits, bitsOf(codes[i]!, d));
  memoryOf(memories, d).load(d.base, bytes);
}

export function get(memories: Memories, d: TensorDescriptor, count: number): number[] {
  const { bytes } = memoryOf(memories, d);
  return Array.from({ length: count }, (_, i) =>
    codeOf(readBits(bytes, d.base * 8 + i * d.widthBits, d.widthBits), d.widthBits, d.coding),
  );
}

export function run(setup: Setup): Ran {
  const machine = setup.machine ?? teach8x8;
  const p = program({
    instructions: setup.instructions,
    tensors: setup.tensors,
    ...(setup.arrays === undefined ? {} : { arrays: setup.arrays }),
    ...(setup.semaphores === undefined ? {} : { semaphores: setup.semaphores }),
  });
  const memories = createMemories(machine, p.dramBytes);
  for (const [tensor, codes] of Object.entries(setup.given ?? {})) put(memories, setup.tensors[Number(tensor)]!, codes);
  const result = execute(p, machine, new Map(), { ...setup.options, memories });
  return {
    ...result,
    codes: (tensor) =>
      get(
        memories,
        setup.tensors[tensor]!,
        setup.tensors[tensor]!.dims.reduce((n, d) => n * d.count, 1),
      ),
  };
}

export const spad = (
  base: number,
  widthBits: number,
  shape: readonly number[],
  coding: Coding = 'signed',
  fill = 0,
): TensorDescriptor => dense('spad', base, widthBits, shape, { coding, fill });
export const acc = (base: number, shape: readonly number[]): TensorDescriptor =>
  dense('acc', base, 32, shape, { coding: 'signed', role: 'partial-sums' });
export const floats = (base: number, shape: readonly number[]): TensorDescriptor => spad(base, 32, shape, 'float');
/** The same storage with another walk. */
export const walking = (d: TensorDescriptor, dims: readonly Dim[]): TensorDescriptor => ({ ...d, dims });
export const floatBits = (x: number): number => new Int32Array(Float32Array.of(x).buffer)[0]!;
