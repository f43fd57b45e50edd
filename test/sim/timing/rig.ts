/** Times a few instructions on teach-8x8, or a variation of it, with code already in the instruction memory unless a test asks otherwise. */
import { expect } from 'vitest';
import { demand } from '../../../isa/demand/demand.ts';
import type { Instruction } from '../../../isa/instructions/table.ts';
import { teach8x8 } from '../../../isa/machine/presets/teach-8x8.ts';
import type { Machine } from '../../../isa/machine/schema.ts';
import type { ArrayDescriptor, TensorDescriptor } from '../../../isa/tensor.ts';
import type { SimResult, TimelineEntry } from '../../../sim/result.ts';
import { CodeEntry } from '../../../sim/timing/code.ts';
import { History } from '../../../sim/timing/history.ts';
import { InstructionRecord } from '../../../sim/timing/record.ts';
import { Semaphores } from '../../../sim/timing/semaphores.ts';
import { type SimOptions, simulate } from '../../../sim/timing/simulate.ts';
import { Unit } from '../../../sim/timing/unit.ts';
import { ZERO_REGISTERS } from '../../../sim/walk/sequence.ts';
import { unitNumber } from '../../../sim/walk/units.ts';
import { WalkCache } from '../../../sim/walk/walk.ts';
import { type ProgramParts, program } from '../../harness/program.ts';
import { ins } from '../exec/rig.ts';

export { dense, semaphore, tile, unit } from '../../harness/program.ts';
export { ins };

/** Picoseconds of a core clock of teach-8x8. */
export const CYCLE = 10_000;

export function time(
  parts: ProgramParts,
  machine: Machine = teach8x8,
  options: SimOptions = { warmCode: true },
): SimResult {
  return simulate(program({ ...parts, instructions: [...parts.instructions, ins('halt')] }), machine, options);
}

/** The n-th execution of an instruction. */
export function executed(result: SimResult, pc: number, nth = 0): TimelineEntry {
  return result.timeline.filter((t) => t.pc === pc)[nth]!;
}

/** Cycles of a time on teach-8x8. */
export function cyclesAt(ps: number): number {
  return ps / CYCLE;
}

export function withCore(machine: Machine, core: Partial<Machine['core']>): Machine {
  return { ...machine, core: { ...machine.core, ...core } };
}

/** teach-8x8 with other figures of its array. */
export function withArray(change: Record<string, number | string>, machine: Machine = teach8x8): Machine {
  return withCore(machine, { matrix: { ...machine.core.matrix, ...change } as Machine['core']['matrix'] });
}

export interface ProbeSetup {
  readonly earlier: Instruction;
  readonly probe: Instruction;
  readonly tensors: readonly TensorDescriptor[];
  readonly arrays?: readonly ArrayDescriptor[];
  readonly machine?: Machine;
}

/**
 * Timing probe: `earlier` starts at 0 and is not done yet when its unit is free again; `probe` is refused one cycle before `cycle` and
 * accepted at it.
 */
export function expectEarliest(setup: ProbeSetup, cycle: number): void {
  for (const [at, accepted] of [
    [cycle - 1, false],
    [cycle, true],
  ] as const) {
    expect(startAt(setup, at), `start at cycle ${at}`).toBe(accepted);
  }
}

function startAt({ earlier, probe, tensors, arrays, machine = teach8x8 }: ProbeSetup, cycle: number): boolean {
  const p = program({ instructions: [earlier, probe], tensors, arrays: arrays ?? [] });
  const context = { machine, program: p };
  const entries = [0, 1].map((pc) => new CodeEntry(context, pc, 0, pc));
  const history = new History(entries);
  const launched: InstructionRecord[] = [];
  const unit = new Unit(entries[0]!.unitNumber, {
    machine,
    corePs: CYCLE,
    walks: new WalkCache(p.tensors),
    semaphores: new Semaphores(p, unitNumber),
    sibling: () => undefined,
    launch: (r) => launched.push(r),
    started: () => undefined,
    completed: () => undefined,
    wakeAt: () => undefined,
  });
  for (const e of entries) {
    unit.queue.push(new InstructionRecord(history, e, ZERO_REGISTERS, e.demandAt(ZERO_REGISTERS)));
  }
  expect(unit.tryStart(0)).toBe(true);
  const { busyCycles, latencyCycles, spadWords } = demand(earlier, context);
  if (cycle >= busyCycles) {
    launched[0]!.freePs = busyCycles * CYCLE;
    unit.freed();
  }
  const done = busyCycles + latencyCycles + (spadWords > 0 ? machine.core.scratchpad.latencyCycles : 0);
  if (cycle >= done) unit.finished(launched[0]!, done * CYCLE);
  return unit.tryStart(cycle * CYCLE);
}
