/** One transfer to several cores: its time by hand, what it moves by both counts, and programs that random dice make of it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SimFault, UnsupportedError } from '../../../isa/base/errors.ts';
import { createRandom } from '../../../isa/base/random.ts';
import type { Instruction } from '../../../isa/instructions/table.ts';
import { teach8x8 } from '../../../isa/machine/presets/teach-8x8.ts';
import type { Machine } from '../../../isa/machine/schema.ts';
import type { Program } from '../../../isa/program.ts';
import type { TensorDescriptor } from '../../../isa/tensor.ts';
import { createMemories, execute } from '../../../sim/exec/execute.ts';
import type { TrafficRow } from '../../../sim/result.ts';
import { simulate } from '../../../sim/timing/simulate.ts';
import { program } from '../../harness/program.ts';
import { CYCLE, dense, ins } from './rig.ts';

const MACHINE: Machine = { ...teach8x8, cores: 3, interconnect: { ...teach8x8.interconnect, multicast: true } };
/** The buffer is in nobody's way. */
const WIDE: Machine = { ...MACHINE, buffer: { ...MACHINE.buffer, banks: 64 } };
/** 64 B: 8 words of the buffer, the link and the scratchpad. */
const TENSORS: readonly TensorDescriptor[] = [
  dense('buffer', 0, 8, [64]),
  dense('spad', 0, 8, [64]),
  dense('spad', 128, 8, [64]),
  dense('acc', 0, 32, [16], { coding: 'signed' }),
  dense('spad', 256, 32, [16], { coding: 'signed' }),
];

function cores(...code: readonly (readonly Instruction[])[]): Program {
  const base = program({ instructions: [], tensors: TENSORS });
  return { ...base, cores: code.map((c) => ({ instructions: [...c, ins('halt')] })) };
}

const to = (mask: number, src = 0, dst = 1, more = {}) => ins('copy', { dst, src, cores: mask, ...more });
const run = (p: Program, machine = MACHINE) => simulate(p, machine, { warmCode: true });
/** When the first instruction of each core was done. */
const ends = (p: Program, machine = MACHINE) =>
  p.cores.map((_, core) => run(p, machine).timeline.find((t) => t.core === core && t.pc === 0)!.donePs / CYCLE);

function filled(p: Program): ReturnType<typeof execute> {
  const memories = createMemories(MACHINE, p.dramBytes);
  for (const m of [memories.buffer, ...memories.cores.flatMap((c) => [c.spad, c.acc])]) m.load(0, new Uint8Array(512));
  return execute(p, MACHINE, new Map(), { memories, countBytes: true });
}

const rows = (traffic: readonly TrafficRow[]) =>
  traffic
    .filter((r) => r.role !== 'instructions')
    .map((r) => `${r.boundary} ${r.role} ${r.layer}: ${r.readBytes} ${r.writeBytes}`)
    .sort();

describe('a transfer to several cores', () => {
  it('takes the time of a transfer to one', () => {
    // Set-up 4, first word of the buffer 1 + latency, over the link 1 + 2 and into the scratchpad 1; 7 words behind.
    const one = ends(cores([ins('copy', { dst: 1, src: 0 })]))[0]!;
    expect(one).toBe(4 + 1 + MACHINE.buffer.latencyCycles + 1 + 2 + 1 + 7);
    for (const mask of [0b001, 0b011, 0b110, 0b111]) expect(ends(cores([to(mask)]))[0]).toBe(one);
  });

  it('goes by the links of those who receive, all in the same cycles', () => {
    const alone = ends(cores([to(0b111)]), WIDE)[0]!;
    // Core 1 fetches 8 words of its own: whoever comes second waits for them, all three receivers with it.
    const [all, own] = ends(cores([to(0b111)], [ins('copy', { dst: 2, src: 0 })]), WIDE);
    expect([Math.min(all!, own!), Math.max(all!, own!)]).toEqual([alone, alone + 8]);
    // A core that only sends what lies in the buffer keeps its own link free.
    const { timeline } = run(cores([to(0b110), ins('copy', { dst: 2, src: 0, channel: 1 })]), WIDE);
    const done = (pc: number) => timeline.find((t) => t.core === 0 && t.pc === pc)!.donePs / CYCLE;
    expect(done(0)).toBe(alone);
    expect(done(1)).toBeLessThan(alone + 8);
    const both = run(cores([to(0b111), ins('copy', { dst: 2, src: 0, channel: 1 })]), WIDE).timeline;
    expect(both.find((t) => t.pc === 1)!.donePs / CYCLE).toBe(alone + 8);
  });

  it('leaves its core over the own link as well, once out and once in for each', () => {
    const fetch = ins('copy', { dst: 4, src: 0, channel: 1 });
    const { timeline, traffic } = run(cores([to(0b110, 2), fetch]), WIDE);
    const [sent, fetched] = [0, 1].map((pc) => timeline.find((t) => t.core === 0 && t.pc === pc)!.donePs / CYCLE);
    // Set-up and the first word from the scratchpad; 8 words out, then 8 in; the way and the write.
    expect(sent).toBe(4 + 2 + 8 + 2 + 1);
    expect(fetched).toBe(4 + 2 + 8 + 8 + 2 + 1);
    expect(rows(traffic)).toEqual([`core activations -1: ${64 + 2 * 64} 64`]);
  });

  it('is as slow as the slowest receiver', () => {
    // Core 1 keeps the banks of its scratchpad busy with a copy within it.
    const within = ins('copy', { dst: 2, src: 4 });
    const at = (mask: number) => ends(cores([to(mask)], [within]), WIDE)[0]!;
    expect(at(0b101)).toBe(ends(cores([to(0b101)]), WIDE)[0]);
    expect(at(0b010)).toBeGreaterThan(at(0b101));
    expect(at(0b111)).toBe(at(0b010));
  });

  it('is counted once at the source, once on its way, once in each core that receives', () => {
    const { actions, traffic } = run(cores([to(0b111)]));
    expect([actions['buffer.readBit'], actions['spad.writeBit']]).toEqual([512, 3 * 512]);
    const code = traffic.filter((r) => r.role === 'instructions' && r.boundary === 'core');
    expect(actions['link.bit']).toBe(512 + 8 * code.reduce((n, r) => n + r.readBytes, 0));
    expect(rows(traffic)).toEqual(['core activations -1: 64 0']);
  });

  it.each([
    ['from the buffer', to(0b110)],
    ['from the own core', to(0b110, 2)],
    ['to itself too', to(0b011, 2)],
    ['to itself alone', to(0b001, 2)],
    ['adding', to(0b111, 4, 3, { accumulate: true })],
  ])('moves what the run with data counts: %s', (_, i) => {
    const p = cores([i], [], []);
    expect(rows(filled(p).moved!)).toEqual(rows(run(p).traffic));
  });

  it('needs an interconnect that can', () => {
    const machine = { ...MACHINE, interconnect: { ...MACHINE.interconnect, multicast: false } };
    const p = cores([to(0b011, 2)], []);
    expect(() => run(p, machine)).toThrow(UnsupportedError);
    const memories = createMemories(machine, p.dramBytes);
    for (const c of memories.cores) c.spad.load(0, new Uint8Array(512));
    expect(() => execute(p, machine, new Map(), { memories })).toThrow(SimFault);
  });
});

describe('random transfers between three cores', () => {
  it('move what the run with data counts, in a time that the order of events of one instant does not change', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const random = createRandom(seed);
        const transfer = () => {
          const channel = random.int(0, 1);
          const bytes = { src: random.int(0, 2), dst: random.int(1, 2) };
          const words = { src: random.int(3, 4), dst: random.int(3, 4), accumulate: random.bool(0.3) };
          const where = random.bool(0.7) ? { cores: random.int(1, 7) } : { core: random.int(0, 3) };
          return ins('copy', { ...random.pick([bytes, words]), ...where, channel });
        };
        const p = cores(...[0, 1, 2].map(() => Array.from({ length: random.int(0, 5) }, transfer)));
        const timed = run(p);
        expect(rows(filled(p).moved!)).toEqual(rows(timed.traffic));
        const shuffled = simulate(p, MACHINE, { warmCode: true, shuffleSeed: seed });
        expect(shuffled.timeline).toEqual(timed.timeline);
      }),
      { numRuns: 60 },
    );
  });
});
