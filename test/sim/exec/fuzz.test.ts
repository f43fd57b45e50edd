import { describe, expect, it } from 'vitest';
import { QnpuError } from '../../../isa/base/errors.ts';
import { createRandom } from '../../../isa/base/random.ts';
import { randomProgram } from '../../../isa/instructions/random.ts';
import { teach8x8 } from '../../../isa/machine/presets/teach-8x8.ts';
import { execute } from '../../../sim/exec/execute.ts';
import { checkOrder } from '../../../sim/order/check.ts';

/** Name of what was thrown; anything but our own errors is passed on. */
function outcome(run: () => void): string {
  try {
    run();
    return 'ended';
  } catch (error) {
    if (!(error instanceof QnpuError) || error.kind === 'internal') throw error;
    return error.kind;
  }
}

describe('well-formed programs that make no sense', () => {
  it('end or fault with an error of ours, and never hang', () => {
    const machine = { ...teach8x8, cores: 3 };
    const outcomes = new Map<string, number>();
    for (let seed = 1; seed <= 400; seed++) {
      const random = createRandom(seed);
      const p = { ...randomProgram(random, 20), constants: [], io: [] };
      const bare = random.int(0, 1) === 1;
      const cores = p.cores.map(({ instructions }) => ({
        instructions: bare ? instructions.map((i) => ({ ...i, waits: [], signals: [] })) : instructions,
      }));
      const ran = outcome(() =>
        execute({ ...p, cores, dramBytes: 4096 }, machine, new Map(), { instructionLimit: 2000 }),
      );
      const checked = outcome(() => checkOrder({ ...p, cores }, machine, [], 2000));
      for (const o of [`run ${ran}`, `order ${checked}`]) outcomes.set(o, (outcomes.get(o) ?? 0) + 1);
    }
    expect([...outcomes.keys()]).toEqual(expect.arrayContaining(['run fault', 'order ended', 'order fault']));
  });
});
