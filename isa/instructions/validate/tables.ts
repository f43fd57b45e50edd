/** Checks of the program's tables: descriptors, constants, inputs and outputs, and how they share DRAM. */
import type { Program } from '../../program.ts';
import { elementCount } from '../../tensor.ts';
import { arrayProblems, tensorProblems } from '../descriptor-rules.ts';
import { isMoved, walkBytes } from '../footprint.ts';
import { type ProgramFinding, reportAt } from './finding.ts';

export function checkTensors(program: Program, found: ProgramFinding[]): void {
  program.tensors.forEach((t, index) => {
    const report = reportAt(found, 'E-PROGRAM-TENSOR', { kind: 'tensor', index });
    const problems = tensorProblems(t);
    for (const problem of problems) report(problem);
    if (problems.length > 0 || t.space !== 'dram' || isMoved(t)) return;
    const box = walkBytes(t);
    if (box !== undefined && (box.start < 0 || box.end > program.dramBytes)) {
      report(
        `it reaches dram bytes ${box.start} .. ${box.end - 1}, the program has ${program.dramBytes}`,
        `0 .. ${program.dramBytes - 1}`,
        'correct base, strides or counts, or give the program more DRAM (.dram size=...)',
      );
    }
  });
}

export function checkArrays(program: Program, found: ProgramFinding[]): void {
  program.arrays.forEach((a, index) => {
    for (const problem of arrayProblems(a)) reportAt(found, 'E-PROGRAM-ARRAY', { kind: 'array', index })(problem);
  });
}

/** Constants lie in the program's DRAM and no byte has two values. */
export function checkConstants(program: Program, found: ProgramFinding[]): void {
  const whole = reportAt(found, 'E-PROGRAM-DRAM', { kind: 'program' });
  const natural = (n: number) => Number.isSafeInteger(n) && n >= 0;
  if (!natural(program.dramBytes)) whole(`the program's DRAM has ${program.dramBytes} bytes`, 'a natural number');
  if (!natural(program.codeAddress) || program.codeAddress > program.dramBytes)
    whole(`the code lies at dram byte ${program.codeAddress}`, `0 .. ${program.dramBytes}`);
  const segments = program.constants.map(({ address, bytes }, index) => ({
    start: address,
    end: address + bytes.length,
    index,
  }));
  for (const { start, end, index } of segments) {
    const report = reportAt(found, 'E-PROGRAM-DRAM', { kind: 'constant', index });
    if (!natural(start) || end > program.dramBytes)
      report(
        `it fills dram bytes ${start} .. ${end - 1}, the program has ${program.dramBytes}`,
        `0 .. ${program.dramBytes - 1}`,
      );
  }
  segments.sort((a, b) => a.start - b.start || a.index - b.index);
  segments.forEach((s, i) => {
    const before = segments[i - 1];
    if (before === undefined || s.start >= before.end || s.end === s.start) return;
    reportAt(found, 'E-PROGRAM-DRAM', { kind: 'constant', index: s.index })(
      `it overlaps constant segment ${before.index} at dram bytes ${s.start} .. ${Math.min(before.end, s.end) - 1}`,
      'one value for each byte',
    );
  });
}

export function checkIo(program: Program, found: ProgramFinding[]): void {
  const names = new Set<string>();
  program.io.forEach((io, index) => {
    const report = reportAt(found, 'E-PROGRAM-IO', { kind: 'io', index });
    const key = `${io.direction} ${io.name}`;
    if (names.has(key)) report(`there are two ${io.direction}s called ${JSON.stringify(io.name)}`);
    names.add(key);
    const t = program.tensors[io.tensor];
    if (t === undefined) {
      report(`it names tensor descriptor ${io.tensor}, the program has ${program.tensors.length}`);
      return;
    }
    if (t.space !== 'dram' || isMoved(t))
      report('the host reads and writes fixed places in dram', 'a tensor in dram without registers');
    const size = io.shape.reduce((n, length) => n * length, 1);
    if (size !== elementCount(t))
      report(
        `its shape [${io.shape.join(', ')}] has ${size} elements, its descriptor walks ${elementCount(t)}`,
        'the same number',
      );
  });
}
