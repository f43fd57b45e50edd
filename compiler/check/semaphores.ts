/**
 * Schedule checker: semaphores of a finished program, from the program alone. Each has one producer, one consumer and one mode, the
 * n-th wait has its signal earlier in program order, and at the end every count is what it was, so the program can run again.
 * Whether the order is enough (races) is the simulator's independent check.
 */
import type { Instruction } from '../../isa/instructions/table.ts';
import { TABLE } from '../../isa/instructions/table.ts';
import type { Program, UnitRef } from '../../isa/program.ts';
import { LIMITS } from '../../isa/tensor.ts';

/** Findings in words; empty when the schedule is sound. Loops are run; programs that branch on data (`skip`, loops by register) are refused. */
export function checkSemaphores(program: Program): readonly string[] {
  const findings: string[] = [];
  program.cores.forEach((code, core) => {
    const declared = new Map(program.semaphores.filter((s) => s.core === core).map((s) => [s.index, s]));
    const counts = new Map([...declared].map(([index, s]) => [index, s.initial]));
    const modes = new Map<number, string>();
    let at = 0;
    for (const i of executed(code.instructions)) {
      if (i.waits.length > LIMITS.waits || i.signals.length > LIMITS.signals)
        findings.push(`step ${at}: ${i.op} has too many waits or signals`);
      const unit = unitOf(i, core);
      for (const w of i.waits) {
        const count = counts.get(w) ?? 0;
        if (count < 1) findings.push(`step ${at}: ${i.op} waits on ${w} before its signal in program order`);
        if (!sameUnit(declared.get(w)?.consumer, unit))
          findings.push(`step ${at}: ${i.op} waits on ${w}, which is not its unit's`);
        counts.set(w, count - 1);
      }
      for (const s of i.signals) {
        if (!sameUnit(declared.get(s.semaphore)?.producer, unit))
          findings.push(`step ${at}: ${i.op} signals ${s.semaphore}, which is not its unit's`);
        if ((modes.get(s.semaphore) ?? s.at) !== s.at)
          findings.push(`step ${at}: semaphore ${s.semaphore} is signalled in two modes`);
        modes.set(s.semaphore, s.at);
        counts.set(s.semaphore, (counts.get(s.semaphore) ?? 0) + 1);
      }
      at++;
    }
    for (const [index, count] of counts) {
      const initial = declared.get(index)?.initial ?? 0;
      if (count !== initial)
        findings.push(`semaphore ${index} ends at ${count}, not at ${initial}: the program cannot run again`);
    }
  });
  return findings.slice(0, 20);
}

/** Instructions in the order of dispatch, loops unrolled. */
function* executed(instructions: readonly Instruction[], from = 0, to = instructions.length): Generator<Instruction> {
  for (let pc = from; pc < to; pc++) {
    const i = instructions[pc];
    if (i === undefined || i.op === 'halt') return;
    if (i.op === 'skip' || (i.op === 'loop' && i.times !== 0)) throw new RangeError(`${i.op} at ${pc} depends on data`);
    yield i;
    if (i.op !== 'loop') continue;
    for (let n = 0; n < i.count; n++) yield* executed(instructions, pc + 1, pc + 1 + i.length);
    pc += i.length;
  }
}

function unitOf(i: Instruction, core: number): UnitRef {
  if (i.op === 'sync') return { core, kind: i.unit, channel: i.unit === 'dma' ? i.channel : 0 };
  const kind = TABLE[i.op].unit;
  return { core, kind, channel: kind === 'dma' && 'channel' in i ? i.channel : 0 };
}

function sameUnit(a: UnitRef | undefined, b: UnitRef): boolean {
  return a !== undefined && a.core === b.core && a.kind === b.kind && a.channel === b.channel;
}
