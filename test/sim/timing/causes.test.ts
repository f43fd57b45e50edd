/** The README's table of causes says what the code says; settings that no run models are refused. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { teach8x8 } from '../../../isa/machine/presets/teach-8x8.ts';
import { CAUSES, WORK } from '../../../sim/result.ts';
import { CAUSE_MEANING } from '../../../sim/timing/causes.ts';
import { ins, time } from './rig.ts';

describe('causes', () => {
  it('are those of sim/README.md, in order, with the same words', () => {
    const readme = readFileSync(new URL('../../../sim/README.md', import.meta.url), 'utf8');
    const rows = [...readme.matchAll(/^\| `([a-z-]+)` \| (work|stall) \| (.+?) \| .+ \|$/gm)].map((m) => [
      m[1],
      m[2],
      m[3],
    ]);
    expect(rows).toEqual(CAUSES.map((c) => [c, WORK.has(c) ? 'work' : 'stall', CAUSE_MEANING[c]]));
  });
});

describe('settings that are not modelled', () => {
  it.each([
    ['zeroSkipping', 'E-SKIP-STATISTICS'],
    ['compressedWeights', 'E-SIM-UNMODELLED'],
  ] as const)('%s is refused, never ignored; the former where nothing was measured', (key, code) => {
    const machine = { ...teach8x8, capabilities: { ...teach8x8.capabilities, [key]: true } };
    expect(() => time({ instructions: [ins('nop')], tensors: [] }, machine)).toThrow(expect.objectContaining({ code }));
  });
});
