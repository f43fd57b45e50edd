/** The order check against brute force: random timings of a byte-accurate machine, and races as missing paths between events. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SimFault } from '../../../isa/base/errors.ts';
import { createRandom } from '../../../isa/base/random.ts';
import { requireValid } from '../../../isa/instructions/validate/program.ts';
import { teach8x8 } from '../../../isa/machine/presets/teach-8x8.ts';
import type { Machine } from '../../../isa/machine/schema.ts';
import { createMemories, execute } from '../../../sim/exec/execute.ts';
import { checkOrder, type OrderFinding } from '../../../sim/order/check.ts';
import { racingPairs } from './happens-before.ts';
import { type RandomSchedule, randomSchedule } from './random-schedules.ts';
import { OutOfRange, placeOf, SIZES } from './shuffled-effects.ts';
import { type RunResult, runShuffled } from './shuffled-machine.ts';

const PROGRAMS = 300;
const TIMINGS = 6;
const LAWS: readonly OrderFinding['kind'][] = ['deadlock', 'deadlock-at-this-depth', 'order-law'];

function machineFor({ cores }: RandomSchedule, queueDepth: number): Machine {
  const interconnect = { ...teach8x8.interconnect, multicast: true };
  return {
    ...teach8x8,
    cores,
    interconnect,
    core: { ...teach8x8.core, sequencer: { ...teach8x8.core.sequencer, queueDepth } },
  };
}

/** A run with timings of its own; undefined where a race made an address that is none. */
function timing({ program, start }: RandomSchedule, seed: number, depth: number): RunResult | undefined {
  try {
    return runShuffled(program, start, { random: createRandom(seed), depth });
  } catch (error) {
    if (error instanceof OutOfRange) return undefined;
    throw error;
  }
}

describe('programs under random timings', () => {
  it('the check is silent: every timing ends with the same memory; it is not: a path is missing, or a wait comes too soon', () => {
    const seen = { silent: 0, racing: 0, diverged: 0, unlawful: 0, spread: 0 };
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const random = createRandom(seed);
        const schedule = randomSchedule(random);
        const depth = random.int(1, 4);
        const machine = machineFor(schedule, depth);
        requireValid(schedule.program, machine);
        const { program, start } = schedule;
        const reference = runShuffled(program, start, { random, depth: 1, inProgramOrder: true });
        const findings = checkOrder(program, machine, reference.loads);
        const kinds = findings.map((f) => f.kind);
        expect(kinds.some((k) => LAWS.includes(k))).toBe(reference.stuck);
        expect(kinds).not.toContain('semaphore');

        const pairs = racingPairs(program, reference.trace);
        const named = new Set(pairs.map((p) => `${p.earlier.core}:${p.earlier.pc} ${p.later.core}:${p.later.pc}`));
        const races = findings.filter((f) => f.kind === 'race');
        expect(races.length > 0).toBe(pairs.length > 0);
        for (const r of races) expect(named).toContain(r.places.map((p) => `${p.core}:${p.pc}`).join(' '));

        const runs = Array.from({ length: TIMINGS }, (_, n) =>
          timing(schedule, seed + n, n % 2 === 0 ? depth : Infinity),
        );
        if (reference.stuck) {
          seen.unlawful += 1;
          checkVerdict(kinds, pairs.length, schedule, seed, depth);
          return;
        }
        const differs = runs.some((r) => r === undefined || !equal(r.memory, reference.memory));
        const several = program.cores.some((c) => c.instructions.some((i) => 'cores' in i && i.cores > 0));
        if (pairs.length === 0) {
          seen.silent += 1;
          if (several) seen.spread += 1;
          expect(differs).toBe(false);
        } else {
          seen.racing += 1;
          if (differs) seen.diverged += 1;
        }
        for (const r of runs) expect(r?.stuck ?? false).toBe(false);
      }),
      { numRuns: PROGRAMS },
    );
    // The dice must give all sorts, and most races must show in some timing: else the machine is too tame to find anything.
    expect(seen.silent).toBeGreaterThan(0.25 * PROGRAMS);
    expect(seen.spread).toBeGreaterThan(0.02 * PROGRAMS);
    expect(seen.racing).toBeGreaterThan(0.12 * PROGRAMS);
    expect(seen.diverged).toBeGreaterThan(0.5 * seen.racing);
    expect(seen.unlawful).toBeGreaterThan(0.02 * PROGRAMS);
  });
});

describe('programs in program order', () => {
  it('sim/exec leaves the bytes that the shuffled machine leaves, or faults where that one wraps', () => {
    let same = 0;
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const random = createRandom(seed);
        const schedule = randomSchedule(random);
        const { program, start } = schedule;
        const reference = runShuffled(program, start, { random, depth: 1, inProgramOrder: true });
        if (reference.stuck) return;
        const machine = machineFor(schedule, 1);
        const memories = createMemories(machine, program.dramBytes);
        const parts = [
          { memory: memories.dram, at: placeOf('dram', 0), size: SIZES.dram },
          { memory: memories.buffer, at: placeOf('buffer', 0), size: SIZES.buffer },
          ...memories.cores.flatMap((own, core) =>
            (['spad', 'acc'] as const).map((s) => ({ memory: own[s], at: placeOf(s, core), size: SIZES[s] })),
          ),
        ];
        for (const { memory, at, size } of parts) memory.load(0, start.subarray(at, at + size));
        try {
          execute(program, machine, new Map(), { memories, simd: false });
        } catch (error) {
          // What does not fit a code or an accumulator, and cells that nobody has written, are faults there.
          if (error instanceof SimFault && ['E-SIM-OVERFLOW', 'E-SIM-CELL'].includes(error.code)) return;
          throw error;
        }
        for (const { memory, at, size } of parts)
          expect(memory.bytes.slice(0, size)).toEqual(reference.memory.slice(at, at + size));
        same += 1;
      }),
      { numRuns: PROGRAMS },
    );
    expect(same).toBeGreaterThan(0.25 * PROGRAMS);
  });
});

/** What the check says about a wait before its signal is what happens, at this depth and at any. */
function checkVerdict(
  kinds: readonly OrderFinding['kind'][],
  races: number,
  schedule: RandomSchedule,
  seed: number,
  depth: number,
): void {
  // A race on what ldr reads may lead other instructions elsewhere, but not past a wait.
  if (races > 0) return;
  for (let n = 0; n < TIMINGS; n++) {
    const here = timing(schedule, seed + n, depth);
    const deep = timing(schedule, seed + n, Infinity);
    expect(here?.stuck ?? true).toBe(!kinds.includes('order-law'));
    expect(deep?.stuck ?? true).toBe(kinds.includes('deadlock'));
  }
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.every((v, n) => v === b[n]);
}
