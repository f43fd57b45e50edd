import { describe, expect, it } from 'vitest';
import type { Instruction } from '../../../isa/instructions/table.ts';
import { replayLoads, sequence } from '../../../sim/walk/sequence.ts';
import { program } from '../../harness/program.ts';
import { ins, run, spad } from '../exec/rig.ts';

const NO_LOADS = () => {
  throw new Error('no ldr expected');
};

/** pcs of the executed instructions, and one register at each. */
function trace(instructions: readonly Instruction[], register = 1, limit?: number) {
  const steps = [...sequence(program({ instructions, tensors: [] }), 0, NO_LOADS, limit)];
  return { pcs: steps.map((s) => s.pc), values: steps.map((s) => s.registers[register]!) };
}

describe('the sequencer', () => {
  it('repeats nested loops and captures registers at dispatch', () => {
    const code = [
      ins('loop', { count: 2, length: 4 }),
      ins('addi', { rd: 1, rs: 1, value: 10 }),
      ins('loop', { count: 3, length: 1 }),
      ins('addi', { rd: 1, rs: 1, value: 1 }),
      ins('nop'),
      ins('nop'),
    ];
    const { pcs, values } = trace(code);
    expect(pcs).toEqual([0, 1, 2, 3, 3, 3, 4, 1, 2, 3, 3, 3, 4, 5]);
    expect(values).toEqual([0, 0, 10, 10, 11, 12, 13, 13, 23, 23, 24, 25, 26, 26]);
  });

  it('two loops may end on the same instruction', () => {
    expect(
      trace([
        ins('loop', { count: 2, length: 2 }),
        ins('loop', { count: 2, length: 1 }),
        ins('nop'),
        ins('halt'),
        ins('nop'),
      ]).pcs,
    ).toEqual([0, 1, 2, 2, 1, 2, 2, 3]);
  });

  it('a count of zero, also from a register, skips the body', () => {
    expect(trace([ins('loop', { count: 0, length: 2 }), ins('nop'), ins('nop'), ins('nop')]).pcs).toEqual([0, 3]);
    expect(
      trace([
        ins('loop', { times: 2, length: 1 }),
        ins('nop'),
        ins('li', { rd: 2, value: 2 }),
        ins('loop', { times: 2, length: 1 }),
        ins('nop'),
      ]).pcs,
    ).toEqual([0, 2, 3, 4, 4]);
  });

  it('cadd goes round in both directions', () => {
    const step = (value: number) => ins('cadd', { rd: 1, rs: 1, step: value, modulus: 3 });
    expect(trace([step(2), step(2), step(-4), step(-4), ins('nop')]).values).toEqual([0, 2, 1, 0, 2]);
  });

  it.each([
    ['zero', [0]],
    ['nonzero', [-1, 1]],
    ['negative', [-1]],
    ['not-negative', [0, 1]],
  ] as const)('skips on %s', (condition, skipping) => {
    for (const value of [-1, 0, 1]) {
      const { pcs } = trace([
        ins('li', { rd: 1, value }),
        ins('skip', { rs: 1, condition, length: 1 }),
        ins('nop'),
        ins('nop'),
      ]);
      expect(pcs).toEqual((skipping as readonly number[]).includes(value) ? [0, 1, 3] : [0, 1, 2, 3]);
    }
  });

  it('a skip to the end of a body goes on with the next round', () => {
    const code = [
      ins('loop', { count: 2, length: 3 }),
      ins('nop'),
      ins('skip', { rs: 0, condition: 'zero', length: 1 }),
      ins('nop'),
      ins('nop'),
    ];
    expect(trace(code).pcs).toEqual([0, 1, 2, 1, 2, 4]);
  });

  it('register 0 stays zero', () => {
    expect(trace([ins('li', { rd: 0, value: 7 }), ins('add', { rd: 1, rs: 0, rt: 0 }), ins('nop')], 0).values).toEqual([
      0, 0, 0,
    ]);
  });

  it('faults with the place on what never ends or leaves its bounds', () => {
    expect(() => trace([ins('loop', { count: 1000, length: 1 }), ins('nop')], 1, 100)).toThrow(
      /more than 100 instructions.*core 0, instruction 1: nop/,
    );
    expect(() => trace([ins('loop', { count: 1, length: 2 }), ins('nop')])).toThrow(
      /reaches instruction 2, the code ends at 1/,
    );
    expect(() =>
      trace([ins('loop', { count: 1, length: 2 }), ins('nop'), ins('loop', { count: 1, length: 1 }), ins('nop')]),
    ).toThrow(/reaches instruction 3, the loop around it ends at 2/);
    expect(() =>
      trace([ins('loop', { count: 1, length: 1 }), ins('skip', { rs: 0, condition: 'zero', length: 1 }), ins('nop')]),
    ).toThrow(/bodies and skips must lie within the loop|the loop around it ends at 1/);
    expect(() => trace([ins('cadd', { rd: 1, modulus: 0 })])).toThrow(/modulus 0/);
    expect(() =>
      trace([
        ins('li', { rd: 1, value: 2 ** 31 - 1 }),
        ins('loop', { count: 100, length: 1 }),
        ins('add', { rd: 1, rs: 1, rt: 1 }),
      ]),
    ).toThrow(/register r1 would be .* outside 48 bits/);
    const nest = Array.from({ length: 9 }, (_, i) => ins('loop', { count: 1, length: 9 - i }));
    expect(() => trace([...nest, ins('nop')])).toThrow(/nest deeper than 8/);
  });

  it('ldr reads data; its values are recorded and can be replayed', () => {
    const instructions = [
      ins('ldr', { rd: 4, src: 0 }),
      ins('loop', { times: 4, length: 1 }),
      ins('fill', { dst: 1, value: 1 }),
    ];
    const r = run({ tensors: [spad(0, 8, [1]), spad(64, 8, [1])], given: { 0: [3] }, instructions });
    expect(r.loads).toEqual([[3]]);
    expect(r.instructions).toBe(5);
    const p = program({ instructions, tensors: [spad(0, 8, [1]), spad(64, 8, [1])] });
    expect([...sequence(p, 0, replayLoads(p, 0, r.loads[0]!))]).toHaveLength(5);
    expect(() => [...sequence(p, 0, replayLoads(p, 0, []))]).toThrow(/ldr needs a value and none was recorded/);
  });
});
