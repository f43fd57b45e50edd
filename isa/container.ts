/**
 * The binary program file. Little endian: magic `QNPU`, container version, ISA version, section count, file length; a table of sections
 * (four letters, length, CRC-32 of the bytes); CRC-32 of all that; then the sections, back to back. Every byte is under a checksum, so a
 * flipped bit is found; lengths are held against the file before anything is allocated. Code and descriptors are in their
 * hardware form; what no hardware sees (names, layers, source lines, host tensors) is JSON.
 */

import { crc32 } from './base/crc32.ts';
import { InputError } from './base/errors.ts';
import { ByteReader, type Bytes, ByteWriter } from './container/bytes.ts';
import { readMeta, readSymbols, writeMeta, writeSymbols } from './container/side-tables.ts';
import {
  readArrays,
  readCode,
  readConstants,
  readSemaphores,
  readTensors,
  writeArrays,
  writeCode,
  writeConstants,
  writeSemaphores,
  writeTensors,
} from './container/tables.ts';
import { ISA_VERSION, runsHere } from './instructions/table.ts';
import type { Program } from './program.ts';

const MAGIC = 'QNPU';
const CONTAINER_VERSION = 1;
/** Magic, container version, ISA major and minor, section count, file length. */
const HEADER_BYTES = 20;
const ENTRY_BYTES = 12;

/** Sections in file order; each is there exactly once. */
const SECTIONS = ['meta', 'code', 'tens', 'arry', 'sema', 'cnst', 'symb'] as const;
type SectionName = (typeof SECTIONS)[number];

/** The file of a program. Throws InputError when an instruction or descriptor cannot be encoded. */
export function writeProgram(program: Program): Uint8Array {
  const contents: Readonly<Record<SectionName, Uint8Array>> = {
    meta: writeMeta(program),
    code: writeCode(program.cores),
    tens: writeTensors(program.tensors),
    arry: writeArrays(program.arrays),
    sema: writeSemaphores(program.semaphores),
    cnst: writeConstants(program.constants),
    symb: writeSymbols(program.symbols),
  };
  const headBytes = HEADER_BYTES + SECTIONS.length * ENTRY_BYTES + 4;
  const length = SECTIONS.reduce((n, s) => n + contents[s].length, headBytes);
  const out = new ByteWriter();
  out.ascii(MAGIC);
  out.u32(CONTAINER_VERSION);
  const [major, minor] = isaNumbers(program.isaVersion);
  out.u16(major);
  out.u16(minor);
  out.u32(SECTIONS.length);
  out.u32(length);
  for (const name of SECTIONS) {
    out.ascii(name);
    out.u32(contents[name].length);
    out.u32(crc32(contents[name]));
  }
  out.u32(crc32(out.bytes()));
  for (const name of SECTIONS) out.raw(contents[name]);
  return out.bytes();
}

function isaNumbers(version: string): [number, number] {
  const found = /^([0-9]{1,4})\.([0-9]{1,4})$/.exec(version);
  if (found === null) throw new InputError(`'${version}' is no ISA version`, { code: 'E-FILE-VERSION' });
  return [Number(found[1]), Number(found[2])];
}

/** Reads a program file. Throws InputError for anything that is not one: truncated, damaged, of another version, or with impossible numbers. */
export function readProgram(file: Uint8Array): Program {
  const { isaVersion, sections } = readSections(file);
  const section = (name: SectionName) => new ByteReader(sections[name], `section ${name}`);
  const cores = readCode(section('code'));
  const tensors = readTensors(section('tens'));
  const arrays = readArrays(section('arry'));
  const semaphores = readSemaphores(section('sema'));
  const constants = readConstants(section('cnst'));
  return {
    isaVersion,
    ...readMeta(sections.meta),
    cores,
    tensors,
    arrays,
    semaphores,
    constants,
    symbols: readSymbols(sections.symb, cores),
  };
}

/** Sections with good checksums, as views into the file, and the version that the program was written for. */
function readSections(file: Uint8Array): { isaVersion: string; sections: Record<SectionName, Bytes> } {
  const head = new ByteReader(file, 'the file header');
  if (file.length < 4 || head.ascii(4) !== MAGIC)
    refuse('E-FILE-MAGIC', 'this is no qnpu program file', `a file that begins with ${MAGIC}`);
  const version = head.u32();
  if (version !== CONTAINER_VERSION)
    refuse('E-FILE-VERSION', `the file has container version ${version}`, `version ${CONTAINER_VERSION}`);
  const isa = `${head.u16()}.${head.u16()}`;
  if (!runsHere(isa))
    refuse(
      'E-FILE-VERSION',
      `the program is written for ISA ${isa}`,
      `ISA ${ISA_VERSION} or an older 1.x`,
      'compile or assemble it again',
    );
  const count = head.u32();
  const length = head.u32();
  if (length !== file.length)
    refuse(
      'E-FILE-LENGTH',
      `the file has ${file.length} bytes, its header says ${length}`,
      `${length} bytes`,
      'the file was cut off or something was appended: copy it again',
    );
  if (count !== SECTIONS.length)
    refuse('E-FILE-SECTIONS', `the file has ${count} sections`, `${SECTIONS.length} sections`);
  const entries = SECTIONS.map(() => ({ name: head.ascii(4), length: head.u32(), crc: head.u32() }));
  const end = head.position;
  if (head.u32() !== crc32(file.subarray(0, end))) damaged('the header');
  const out: Partial<Record<SectionName, Bytes>> = {};
  SECTIONS.forEach((name, i) => {
    const entry = entries[i]!;
    if (entry.name !== name) refuse('E-FILE-SECTIONS', `section ${i} is '${entry.name}'`, `'${name}'`);
    const bytes = head.view(entry.length);
    if (crc32(bytes) !== entry.crc) damaged(`section ${name}`);
    out[name] = bytes;
  });
  if (head.position !== file.length)
    refuse(
      'E-FILE-LENGTH',
      `${file.length - head.position} bytes lie behind the last section`,
      'sections that fill the file',
    );
  return { isaVersion: isa, sections: out as Record<SectionName, Bytes> };
}

function damaged(what: string): never {
  refuse(
    'E-FILE-CHECKSUM',
    `${what} is damaged: its checksum does not fit`,
    'the bytes that were written',
    'copy the file again, or make it again',
  );
}

function refuse(code: string, message: string, expected: string, hint?: string): never {
  throw new InputError(message, {
    code,
    diagnostics: [{ code, message, expected, ...(hint === undefined ? {} : { hint }) }],
  });
}
