/** The binary sections: code, descriptors, semaphores, constants. Each begins with a count. */
import { InputError } from '../base/errors.ts';
import { decodeCode } from '../instructions/decode.ts';
import { decodeArray, decodeTensor, encodeArray, encodeTensor } from '../instructions/descriptor-codec.ts';
import { encodeCode } from '../instructions/encode.ts';
import { WORDS } from '../instructions/header.ts';
import { UNIT_KINDS } from '../instructions/table.ts';
import type { ConstantSegment, CoreCode, SemaphoreDeclaration, UnitRef } from '../program.ts';
import { arrayDescriptorBytes, instructionBytes, tensorDescriptorBytes } from '../sizes.ts';
import type { ArrayDescriptor, TensorDescriptor } from '../tensor.ts';
import { type ByteReader, ByteWriter } from './bytes.ts';

export function writeCode(cores: readonly CoreCode[]): Uint8Array {
  const out = new ByteWriter();
  out.u32(cores.length);
  for (const { instructions } of cores) {
    out.u32(instructions.length);
    out.words(encodeCode(instructions));
  }
  return out.bytes();
}

export function readCode(r: ByteReader): CoreCode[] {
  const cores: CoreCode[] = [];
  for (let n = r.count(4); n > 0; n--)
    cores.push({ instructions: decodeCode(r.words(r.count(instructionBytes) * WORDS)) });
  r.end();
  return cores;
}

/** Smallest tensor descriptor: one axis, one dim. */
const LEAST_TENSOR_BYTES = 48;

export function writeTensors(tensors: readonly TensorDescriptor[]): Uint8Array {
  const out = new ByteWriter();
  out.u32(tensors.length);
  for (const t of tensors) out.words(encodeTensor(t));
  return out.bytes();
}

export function readTensors(r: ByteReader): TensorDescriptor[] {
  const count = r.count(LEAST_TENSOR_BYTES);
  const words = r.rest();
  const tensors: TensorDescriptor[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    const t = decodeTensor(words, at);
    tensors.push(t);
    at += tensorDescriptorBytes(t) / 4;
  }
  if (at !== words.length) r.fail(`has ${words.length - at} words behind its ${count} descriptors`);
  return tensors;
}

export function writeArrays(arrays: readonly ArrayDescriptor[]): Uint8Array {
  const out = new ByteWriter();
  out.u32(arrays.length);
  for (const a of arrays) out.words(encodeArray(a));
  return out.bytes();
}

export function readArrays(r: ByteReader): ArrayDescriptor[] {
  const count = r.count(arrayDescriptorBytes);
  const arrays = Array.from({ length: count }, () => decodeArray(r.words(arrayDescriptorBytes / 4)));
  r.end();
  return arrays;
}

/** Core, number, initial count, producer and consumer (core, kind, channel). */
const SEMAPHORE_WORDS = 9;

export function writeSemaphores(semaphores: readonly SemaphoreDeclaration[]): Uint8Array {
  const out = new ByteWriter();
  out.u32(semaphores.length);
  const unit = (u: UnitRef) => [u.core, UNIT_KINDS.indexOf(u.kind), u.channel];
  semaphores.forEach((s, i) => {
    const numbers = [s.core, s.index, s.initial, ...unit(s.producer), ...unit(s.consumer)];
    for (const n of numbers) requireNatural(n, 2 ** 32, `semaphore declaration ${i}`);
    out.words(Uint32Array.from(numbers));
  });
  return out.bytes();
}

export function readSemaphores(r: ByteReader): SemaphoreDeclaration[] {
  const count = r.count(SEMAPHORE_WORDS * 4);
  const unit = (): UnitRef => {
    const core = r.u32();
    const kind = r.u32();
    return {
      core,
      kind: UNIT_KINDS[kind] ?? r.fail(`names unit kind ${kind}, which does not exist`),
      channel: r.u32(),
    };
  };
  const semaphores = Array.from({ length: count }, () => ({
    core: r.u32(),
    index: r.u32(),
    initial: r.u32(),
    producer: unit(),
    consumer: unit(),
  }));
  r.end();
  return semaphores;
}

/** Address and length of every segment, then the bytes of all. */
export function writeConstants(constants: readonly ConstantSegment[]): Uint8Array {
  const out = new ByteWriter();
  out.u32(constants.length);
  for (const [i, { address, bytes }] of constants.entries()) {
    requireNatural(address, 2 ** 53, `the address of constant segment ${i}`);
    out.u64(address);
    out.u32(bytes.length);
  }
  for (const { bytes } of constants) out.raw(bytes);
  return out.bytes();
}

export function readConstants(r: ByteReader): ConstantSegment[] {
  const heads = Array.from({ length: r.count(12) }, () => ({ address: r.u64(), length: r.u32() }));
  const constants = heads.map(({ address, length }) => ({ address, bytes: r.view(length).slice() }));
  r.end();
  return constants;
}

/** A number that the file would cut off is refused instead. */
function requireNatural(value: number, limit: number, what: string): void {
  if (Number.isInteger(value) && value >= 0 && value < limit) return;
  throw new InputError(`${what} has ${value}, which a program file cannot hold`, { code: 'E-FILE-CONTENT' });
}
