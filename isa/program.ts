/**
 * A program as every storey passes it on: per-core code, descriptor tables, the constants that a loader puts into DRAM,
 * the tensors that the host fills and reads, and a side table of symbols that no hardware ever sees.
 * The binary container is isa/container.ts; this file is only the types.
 */
import type { Instruction, UnitKind } from './instructions/table.ts';
import type { ArrayDescriptor, TensorDescriptor } from './tensor.ts';

/** One unit of one core; `channel` is 0 except for DMA. */
export interface UnitRef {
  readonly core: number;
  readonly kind: UnitKind;
  readonly channel: number;
}

/** A semaphore that the program uses: its start value, its only signalling and its only waiting unit. */
export interface SemaphoreDeclaration {
  readonly core: number;
  /** 1 .. 63. */
  readonly index: number;
  readonly initial: number;
  readonly producer: UnitRef;
  readonly consumer: UnitRef;
}

/** Bytes that the loader writes to DRAM before the run (weights, parameters, tables). */
export interface ConstantSegment {
  readonly address: number;
  readonly bytes: Uint8Array;
}

/** A tensor that the host writes before or reads after the run. It lies in DRAM and walks the logical shape. */
export interface ProgramTensor {
  readonly name: string;
  readonly direction: 'input' | 'output';
  /** Index into `tensors`; its dims walk `shape` in row-major order (dims of one element may be merged). */
  readonly tensor: number;
  /** Logical (ONNX) shape. */
  readonly shape: readonly number[];
}

export interface CoreCode {
  readonly instructions: readonly Instruction[];
}

/** A layer of the report: a name and the graph op it came from. */
export interface LayerSymbol {
  readonly name: string;
  readonly op: string;
  /** M x K x N of matrix-like layers and their multiply-accumulates (0 where there is none). */
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly macs: number;
}

/** Side table: names, source positions, layers. Removing it changes no cycle and no value. */
export interface Symbols {
  /** Names of tensor descriptors, by index; '' where there is none. */
  readonly tensorNames: readonly string[];
  readonly arrayNames: readonly string[];
  readonly layers: readonly LayerSymbol[];
  /** Per core, per instruction: index into layers, -1 for none. */
  readonly layerOf: readonly (readonly number[])[];
  /** Per core, per instruction: 1-based line in `sourceFile`, 0 for none. */
  readonly lineOf: readonly (readonly number[])[];
  readonly sourceFile: string;
}

export interface Program {
  readonly isaVersion: string;
  readonly name: string;
  readonly cores: readonly CoreCode[];
  readonly tensors: readonly TensorDescriptor[];
  readonly arrays: readonly ArrayDescriptor[];
  readonly semaphores: readonly SemaphoreDeclaration[];
  readonly constants: readonly ConstantSegment[];
  readonly io: readonly ProgramTensor[];
  /** DRAM bytes that the program addresses: constants, inputs, outputs and spills. */
  readonly dramBytes: number;
  /** Address of code and descriptors in DRAM, for instruction fetch traffic. */
  readonly codeAddress: number;
  readonly symbols: Symbols;
}
