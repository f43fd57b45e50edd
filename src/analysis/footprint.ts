/** Distinct bytes of DRAM, and of the slower tier behind it, that a program must move at least once: what it reads and never writes itself, and its outputs. */
import type { Instruction } from '../../isa/instructions/table.ts';
import type { Program } from '../../isa/program.ts';
import { splitAt } from '../../sim/timing/dram/mapping.ts';
import { touchesOf } from '../../sim/walk/accesses.ts';
import { mergeRuns, type Runs } from '../../sim/walk/intervals.ts';
import { sequence, ZERO_REGISTERS } from '../../sim/walk/sequence.ts';
import { intervalBytes, WalkCache } from '../../sim/walk/walk.ts';

export interface DistinctBytes {
  readonly dram: number;
  readonly tier: number;
  /** Weights that cores take from the buffer or DRAM: what the arrays do not keep. */
  readonly weights: number;
}

/**
 * Every executed walk counts. Where registers come from data (`ldr`) walks count once, in their first place, which keeps the number a lower bound.
 * @param tierStart address from which on the DRAM space is the slower tier
 */
export function distinctBytes(program: Program, tierStart: number): DistinctBytes {
  const walks = new WalkCache(program.tensors);
  const reads: number[] = [];
  const writes: number[] = [];
  const weights = { dram: [] as number[], buffer: [] as number[] };
  const seen = new Set<string>();
  const touch = (instruction: Instruction, registers: readonly number[]): void => {
    for (const { tensor, read, write } of touchesOf(instruction).operands) {
      const descriptor = program.tensors[tensor];
      const space = descriptor?.space;
      if (descriptor === undefined || (space !== 'dram' && (space !== 'buffer' || instruction.op !== 'ww'))) continue;
      const used = [descriptor.baseRegister, ...descriptor.originRegisters.map((o) => o.register)];
      const key = `${instruction.op === 'ww'} ${tensor} ${read} ${write} ${used.map((r) => registers[r]).join()}`;
      if (seen.has(key)) continue;
      seen.add(key);
      const { intervals } = walks.get(tensor, registers);
      if (instruction.op === 'ww') for (const edge of intervals) weights[space].push(edge);
      if (space !== 'dram') continue;
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
  const kept = [subtract(mergeRuns(reads), mergeRuns(writes)), mergeRuns(outputs)];
  const sides = kept.map((runs) => splitAt(Float64Array.from(runs), tierStart));
  const total = (side: 'near' | 'far') => sides.reduce((n, s) => n + intervalBytes(s[side]), 0);
  const distinct = (edges: number[]) => intervalBytes(Float64Array.from(mergeRuns(edges)));
  return { dram: total('near'), tier: total('far'), weights: distinct(weights.dram) + distinct(weights.buffer) };
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
