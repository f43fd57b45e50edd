/** Distinct DRAM bytes that a program must move at least once: what it reads and never writes itself, and its outputs. */
import type { Instruction } from '../../isa/instructions/table.ts';
import type { Program } from '../../isa/program.ts';
import { touchesOf } from '../../sim/walk/accesses.ts';
import { mergeRuns, type Runs } from '../../sim/walk/intervals.ts';
import { sequence, ZERO_REGISTERS } from '../../sim/walk/sequence.ts';
import { WalkCache } from '../../sim/walk/walk.ts';

/** Every executed walk counts. Where registers come from data (`ldr`) walks count once, in their first place, which keeps the number a lower bound. */
export function distinctDramBytes(program: Program): number {
  const walks = new WalkCache(program.tensors);
  const reads: number[] = [];
  const writes: number[] = [];
  const seen = new Set<string>();
  const touch = (instruction: Instruction, registers: readonly number[]): void => {
    for (const { tensor, read, write } of touchesOf(instruction).operands) {
      const descriptor = program.tensors[tensor];
      if (descriptor?.space !== 'dram') continue;
      const used = [descriptor.baseRegister, ...descriptor.originRegisters.map((o) => o.register)];
      const key = `${tensor} ${read} ${write} ${used.map((r) => registers[r]).join()}`;
      if (seen.has(key)) continue;
      seen.add(key);
      const { intervals } = walks.get(tensor, registers);
      for (const edge of intervals) {
        if (read) reads.push(edge);
        if (write) writes.push(edge);
      }
    }
  };
  program.cores.forEach(({ instructions }, core) => {
    if (instructions.some((i) => i.op === 'ldr')) for (const i of instructions) touch(i, ZERO_REGISTERS);
    else for (const { instruction, registers } of sequence(program, core, () => 0)) touch(instruction, registers);
  });
  const outputs = program.io
    .filter((t) => t.direction === 'output')
    .flatMap((t) => [...walks.get(t.tensor, ZERO_REGISTERS).intervals]);
  return length(subtract(mergeRuns(reads), mergeRuns(writes))) + length(mergeRuns(outputs));
}

function length(runs: Runs): number {
  let n = 0;
  for (let i = 0; i < runs.length; i += 2) n += runs[i + 1]! - runs[i]!;
  return n;
}

/** Parts of `from` that `minus` does not cover; both ascending and disjoint. */
function subtract(from: Runs, minus: Runs): number[] {
  const out: number[] = [];
  let m = 0;
  for (let i = 0; i < from.length; i += 2) {
    let start = from[i]!;
    const end = from[i + 1]!;
    while (m < minus.length && minus[m + 1]! <= start) m += 2;
    for (let k = m; k < minus.length && minus[k]! < end; k += 2) {
      if (minus[k]! > start) out.push(start, minus[k]!);
      start = Math.max(start, minus[k + 1]!);
    }
    if (start < end) out.push(start, end);
  }
  return out;
}
