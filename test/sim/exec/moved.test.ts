import { describe, expect, it } from 'vitest';
import { compile } from '../../../compiler/compile.ts';
import { execute } from '../../../sim/exec/execute.ts';
import type { TrafficRow } from '../../../sim/result.ts';
import { simulate } from '../../../sim/timing/simulate.ts';
import { randomInputs, seeded } from '../../harness/differential.ts';
import { MAIN_PRESETS } from '../../harness/presets.ts';
import { randomGraph } from '../../harness/random-graphs.ts';
import { ins, run, spad } from './rig.ts';

/** Rows in a fixed order; instruction fetches move no operand. */
function operands(rows: readonly TrafficRow[]): string[] {
  return rows
    .filter((r) => r.role !== 'instructions')
    .map((r) => `${r.boundary} ${r.role} ${r.layer}: ${r.readBytes} ${r.writeBytes}`)
    .sort();
}

describe('bytes moved', () => {
  it('are the bytes under the elements, each once per operand', () => {
    const window = {
      ...spad(0, 4, [6]),
      space: 'dram' as const,
      base: 128,
      dims: [
        { count: 3, axis: 0, step: 1 },
        { count: 3, axis: 0, step: 1 },
      ],
    };
    const r = run({
      tensors: [window, spad(0, 8, [9])],
      given: { 0: [1, 2, 3, 4, 5, 6] },
      instructions: [ins('copy', { dst: 1, src: 0 })],
      options: { countBytes: true },
    });
    // Elements 0 .. 4 of 4 bits: 2.5 bytes, so 3.
    expect(r.moved).toEqual([
      { boundary: 'dram', role: 'activations', layer: -1, readBytes: 3, writeBytes: 0 },
      { boundary: 'core', role: 'activations', layer: -1, readBytes: 3, writeBytes: 0 },
    ]);
  });

  it.each(Object.keys(MAIN_PRESETS))('are what the ledger of the timed run says, on random graphs on %s', (name) => {
    const machine = MAIN_PRESETS[name]!;
    let compared = 0;
    for (let seed = 1; seed <= 12; seed++) {
      const graph = randomGraph(seed);
      const { program } = compile(graph, machine);
      const { moved } = execute(program, machine, randomInputs(graph, seeded(seed)), { countBytes: true });
      expect(operands(moved!)).toEqual(operands(simulate(program, machine).traffic));
      compared += moved!.length;
    }
    expect(compared).toBeGreaterThan(50);
  });
});
