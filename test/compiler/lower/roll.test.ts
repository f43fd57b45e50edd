/** Rolling must not change the dispatched stream: every rolled program is run by a small register machine and compared. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NamedTensor } from '../../../compiler/lower/draft.ts';
import type { Ordered } from '../../../compiler/lower/order.ts';
import type { Rolled } from '../../../compiler/lower/roll.ts';
import { roll } from '../../../compiler/lower/roll.ts';
import { bytesAt } from '../../harness/drafts.ts';

const at = (base: number, origin = 0, count = 4): NamedTensor =>
  bytesAt(base, count, { name: 't', axes: [{ extent: 64, stride: 1, modulo: 0, origin }] });

const move = (dst: NamedTensor, src: NamedTensor, wait = 0): Ordered => ({
  draft: { op: 'copy', layer: 0, dst, src, channel: 0, accumulate: false, core: 0, signalRemote: 0, cores: 0 },
  waits: wait > 0 ? [wait] : [],
  signals: [],
});

/** The stream that a rolled program dispatches, registers put into bases and origins. */
function dispatched(code: readonly Rolled[]): Ordered[] {
  const registers = new Map<number, number>();
  const read = (r: number): number => registers.get(r) ?? 0;
  const settle = (t: NamedTensor): NamedTensor => ({
    ...t,
    base: t.base + read(t.baseRegister),
    baseRegister: 0,
    axes: t.axes.map((a, i) => ({
      ...a,
      origin: a.origin + t.originRegisters.filter((o) => o.axis === i).reduce((n, o) => n + read(o.register), 0),
    })),
    originRegisters: [],
  });
  const out: Ordered[] = [];
  const run = (from: number, to: number): void => {
    for (let pc = from; pc < to; pc++) {
      const { draft, waits, signals } = code[pc] as Rolled;
      if (draft.op === 'li') registers.set(draft.rd, draft.value);
      else if (draft.op === 'addi') registers.set(draft.rd, read(draft.rs) + draft.value);
      else if (draft.op === 'loop') {
        for (let n = 0; n < draft.count; n++) run(pc + 1, pc + 1 + draft.length);
        pc += draft.length;
      } else if (draft.op === 'copy') {
        out.push({ draft: { ...draft, dst: settle(draft.dst), src: settle(draft.src) }, waits, signals });
      } else out.push({ draft, waits, signals } as Ordered);
    }
  };
  run(0, code.length);
  return out;
}

describe('rolling', () => {
  it('turns a strided run into one loop with one register per step', () => {
    const code = Array.from({ length: 10 }, (_, i) => move(at(i * 8), at(512 + i * 16)));
    const rolled = roll(code);
    expect(rolled.map((r) => r.draft.op)).toEqual(['li', 'li', 'loop', 'copy', 'addi', 'addi']);
    expect(dispatched(rolled)).toEqual(code);
  });

  it('finds ping-pong as a body of two', () => {
    const code = Array.from({ length: 12 }, (_, i) => move(at((i % 2) * 64), at(512 + i * 16), 3));
    const rolled = roll(code);
    expect(rolled.map((r) => r.draft.op)).toEqual(['li', 'loop', 'copy', 'copy', 'addi']);
    expect(dispatched(rolled)).toEqual(code);
  });

  it('nests, and brings inner registers back for the next round', () => {
    const code = Array.from({ length: 5 }, (_, y) => [
      move(at(0), at(4096 + y * 100)),
      ...Array.from({ length: 8 }, (_, x) => move(at(y * 200 + x * 4), at(0, x))),
    ]).flat();
    const rolled = roll(code);
    expect(rolled.filter((r) => r.draft.op === 'loop')).toHaveLength(2);
    expect(dispatched(rolled)).toEqual(code);
  });

  it('leaves alone what differs in waits, in shape, or in steps', () => {
    const code = [0, 1, 4, 9, 16].map((i) => move(at(i), at(100), i + 1));
    expect(roll(code)).toEqual(code);
  });

  it('never changes the stream (property)', () => {
    const piece = fc.oneof(
      fc.record({
        n: fc.integer({ min: 1, max: 12 }),
        step: fc.integer({ min: -4, max: 9 }),
        origin: fc.integer({ min: 0, max: 2 }),
      }),
      fc.record({ n: fc.constant(1), step: fc.constant(0), origin: fc.constant(0) }),
    );
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 6 }),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 0, max: 300 }),
        (pieces, rounds, outer) => {
          const code = Array.from({ length: rounds }, (_, r) =>
            pieces.flatMap((p, k) =>
              Array.from({ length: p.n }, (_, i) =>
                move(at(1000 + r * outer + i * p.step + k, i * p.origin), at(5000 + i * p.step), 1 + (k % 2)),
              ),
            ),
          ).flat();
          const rolled = roll(code);
          expect(dispatched(rolled)).toEqual(code);
          expect(rolled.length).toBeLessThanOrEqual(code.length);
        },
      ),
      { numRuns: 300 },
    );
  });
});
