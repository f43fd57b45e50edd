/** The two judgements on a list of operators. */
import { describe, expect, it } from 'vitest';
import { importTflite } from '../../../../compiler/frontend/tflite/index.ts';
import { runPasses } from '../../../../compiler/passes/pipeline.ts';
import { PRESETS } from '../../../../isa/machine/presets/index.ts';
import { checkGraph, seeded } from '../../../harness/differential.ts';
import { compared } from './compared.ts';
import { type ModelSpec, makeTflite } from './make.ts';
import type { Draw } from './single-op.ts';

const DRAWS = 12;

/** Each operator on random small files: the graph against the reference kernels, code by code, and the machine against the graph. */
export function testOperators(list: readonly (readonly [name: string, draw: (r: Draw) => ModelSpec])[]): void {
  describe.each(list)('%s', (name, draw) => {
    it("gives the reference kernel's codes", () => {
      for (let i = 0; i < DRAWS; i++) {
        const { expected, found } = compared(draw(seeded(i + 1)), i + 100);
        expect(found).toEqual(expected);
      }
    });

    // The machine with 8-bit inputs refuses 16-bit ones.
    const presets = name.startsWith('CONV_2D int16') ? ['edge-dcim-28nm'] : ['edge-dcim-28nm', 'conventional-int8'];
    it.each(presets)('runs on %s', (preset) => {
      const { graph } = importTflite(makeTflite(draw(seeded(3))));
      expect(checkGraph(runPasses(graph), PRESETS[preset]!, seeded(5)).program.cores.length).toBeGreaterThan(0);
    });
  });
}
