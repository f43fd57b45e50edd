/** Distinct DRAM bytes that a program must move at least once: what it reads and never writes itself, and its outputs. */
import type { Program } from '../../isa/program.ts';
import { touchesOf } from '../../sim/walk/accesses.ts';
import { mergeRuns, type Runs } from '../../sim/walk/intervals.ts';
import { ZERO_REGISTERS } from '../../sim/walk/sequence.ts';
import { WalkCache } from '../../sim/walk/walk.ts';

/** Walks that registers move count once, in their first place, which keeps the number a lower bound. */
export function distinctDramBytes(program: Program): number {
  const walks = new WalkCache(program.tensors);
  const reads: number[] = [];
  const writes: number[] = [];
  const tensors = new Map<number, { read: boolean; write: boolean }>();
  for (const core of program.cores) {
    for (const instruction of core.instructions) {
      for (const o of touchesOf(instruction).operands) {
        const seen = tensors.get(o.tensor);
        tensors.set(o.tensor, { read: o.read || seen?.read === true, write: o.write || seen?.write === true });
      }
    }
  }
  for (const [tensor, use] of tensors) {
    const walk = walks.get(tensor, ZERO_REGISTERS);
    if (walk.descriptor.space !== 'dram') continue;
    if (use.read) reads.push(...walk.intervals);
    if (use.write) writes.push(...walk.intervals);
  }
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
