/** The two judgements on a list of operators. */
import { describe, expect, it } from 'vitest';
import { importTflite } from '../../../../compiler/frontend/tflite/index.ts';
import { runPasses } from '../../../../compiler/passes/pipeline.ts';
import { PRESETS } from '../../../../isa/machine/presets/index.ts';
import { checkGraph, seeded } from '../../../harness/differential.ts';
import { drawsOf, LONG } from '../../../harness/long.ts';
import { compared } from './compared.ts';
import { type ModelSpec, makeTflite } from './make.ts';
import type { Draw } from './single-op.ts';

/** A function of 16-bit codes is a table of 65,536 entries, which takes its time. */
const drawsFor = (name: string): number => drawsOf(name.endsWith('int16') ? 4 : 8);
const MACHINES = ['edge-dcim-28nm', 'conventional-int8'];

/** The machine with 8-bit inputs refuses 16-bit convolutions. A normal run takes the machines in turn, the long run both. */
function machinesFor(name: string, index: number): readonly string[] {
  if (name.startsWith('CONV_2D int16')) return MACHINES.slice(0, 1);
  return LONG ? MACHINES : [MACHINES[index % 2]!];
}

/** Each operator on random small files: the graph against the reference kernels, code by code, and the machine against the graph. */
export function testOperators(list: readonly (readonly [name: string, draw: (r: Draw) => ModelSpec])[]): void {
  describe.each(list.map(([name, draw], i) => [name, draw, machinesFor(name, i)] as const))(
    '%s',
    (name, draw, machines) => {
      it("gives the reference kernel's codes", () => {
        for (let i = 0; i < drawsFor(name); i++) {
          const { expected, found } = compared(draw(seeded(i + 1)), i + 100);
          expect(found).toEqual(expected);
        }
      });

      it.each(machines)('runs on %s', (preset) => {
        const { graph } = importTflite(makeTflite(draw(seeded(3))));
        expect(checkGraph(runPasses(graph), PRESETS[preset]!, seeded(5)).program.cores.length).toBeGreaterThan(0);
      });
    },
  );
}
