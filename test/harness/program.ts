/** Small hand-made programs for tests: descriptors and instructions with everything that is usually empty filled in. */
import { type Instruction, ISA_VERSION } from '../../isa/instructions/table.ts';
import type { Program, SemaphoreDeclaration, UnitRef } from '../../isa/program.ts';
import type { ArrayDescriptor, Coding, Role, Space, TensorDescriptor } from '../../isa/tensor.ts';

export interface DenseOptions {
  readonly coding?: Coding;
  readonly role?: Role;
  readonly fill?: number;
}

/** A dense row-major tensor: axes and dims are its shape. */
export function dense(
  space: Space,
  base: number,
  widthBits: number,
  shape: readonly number[],
  options: DenseOptions = {},
): TensorDescriptor {
  let stride = 1;
  const axes = [...shape].reverse().map((extent) => {
    const axis = { extent, stride, modulo: 0, origin: 0 };
    stride *= extent;
    return axis;
  });
  axes.reverse();
  return {
    space,
    base,
    baseRegister: 0,
    widthBits,
    coding: options.coding ?? 'unsigned',
    role: options.role ?? 'activations',
    fill: options.fill ?? 0,
    axes,
    dims: shape.map((count, axis) => ({ count, axis, step: 1 })),
    originRegisters: [],
  };
}

export function tile(
  k: number,
  n: number,
  weightBits: number,
  options: Partial<ArrayDescriptor> = {},
): ArrayDescriptor {
  return {
    firstMacro: 0,
    gridK: 1,
    gridN: 1,
    replicas: 1,
    rowStart: 0,
    columnStart: 0,
    plane: 0,
    kStart: 0,
    kCount: k,
    nCount: n,
    weightBits,
    weightCoding: 'signed',
    ...options,
  };
}

export const unit = (kind: UnitRef['kind'], channel = 0, core = 0): UnitRef => ({ core, kind, channel });

export function semaphore(index: number, producer: UnitRef, consumer: UnitRef, initial = 0): SemaphoreDeclaration {
  return { core: 0, index, initial, producer, consumer };
}

export interface ProgramParts {
  readonly instructions: readonly Instruction[];
  readonly tensors: readonly TensorDescriptor[];
  readonly arrays?: readonly ArrayDescriptor[];
  readonly semaphores?: readonly SemaphoreDeclaration[];
  readonly constants?: Program['constants'];
  readonly io?: Program['io'];
}

export function program(parts: ProgramParts): Program {
  return {
    isaVersion: ISA_VERSION,
    name: 'test',
    cores: [{ instructions: parts.instructions }],
    tensors: parts.tensors,
    arrays: parts.arrays ?? [],
    semaphores: parts.semaphores ?? [],
    constants: parts.constants ?? [],
    io: parts.io ?? [],
    dramBytes: 65536,
    codeAddress: 32768,
    symbols: {
      tensorNames: [],
      arrayNames: [],
      layers: [],
      layerOf: [parts.instructions.map(() => -1)],
      lineOf: [parts.instructions.map(() => 0)],
      sourceFile: '',
    },
  };
}
