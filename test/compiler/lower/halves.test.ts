/** Two streams of steps in one order: nothing is lost, each keeps its own order, and the drain takes them in turns by their share. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Step } from '../../../compiler/lower/draft.ts';
import { interleave } from '../../../compiler/lower/halves.ts';

/** A step by its op and a number of its own. */
const step = (op: string, id: number): Step => ({ op, id }) as unknown as Step;
const shown = (steps: readonly Step[]): string =>
  steps.map((s) => `${s.op}${(s as unknown as { id: number }).id}`).join(' ');

it('lets products run ahead while sums of the vector unit are drained in turn', () => {
  const product = ['copy', 'mm', 'rq', 'mm', 'rq'].map((op, i) => step(op, i));
  const epilogue = ['vdot', 'rq', 'vdot', 'rq', 'vdot', 'rq', 'vdot', 'rq', 'copy'].map((op, i) => step(op, 10 + i));
  expect(shown(interleave([product, epilogue]))).toBe(
    'vdot10 rq11 copy0 mm1 rq2 vdot12 rq13 vdot14 rq15 mm3 rq4 vdot16 rq17 copy18',
  );
});

it('leaves a stream alone as it is, and keeps what has no drain together', () => {
  const alone = ['copy', 'vdot', 'rq', 'copy'].map((op, i) => step(op, i));
  expect(interleave([alone])).toEqual(alone);
  expect(interleave([[], alone])).toEqual(alone);
  expect(interleave([alone.slice(0, 2), []])).toEqual(alone.slice(0, 2));
});

it('keeps every step, in the order of its stream', () => {
  const stream = fc.array(fc.constantFrom('copy', 'mm', 'rq', 'vdot'), { maxLength: 20 });
  fc.assert(
    fc.property(stream, stream, (a, b) => {
      const streams = [a.map((op, i) => step(op, i)), b.map((op, i) => step(op, 100 + i))];
      const all = interleave(streams);
      for (const [n, own] of streams.entries())
        expect(all.filter((s) => (s as unknown as { id: number }).id >= 100 === (n === 1))).toEqual(own);
    }),
  );
});
