/**
 * Random graphs on the presets: the simulated program gives the interpreter's bits, cold and again, and is ordered by its
 * semaphores alone. QNPU_GRAPHS sets how many; the seed is in the failure. Tight machines have a file of their own.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GraphBuilder } from '../../compiler/graph/builder.ts';
import { OPS } from '../../compiler/graph/ops/index.ts';
import type { Graph } from '../../compiler/graph/types.ts';
import { REQUANTIZE_MODES, TABLE } from '../../isa/instructions/table.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import type { Program } from '../../isa/program.ts';
import { checkGraph, seeded } from '../harness/differential.ts';
import { MAIN_PRESETS } from '../harness/presets.ts';
import { GENERATED_OPS, randomGraph } from '../harness/random-graphs.ts';

const GRAPHS = Number(process.env.QNPU_GRAPHS ?? 300);
const seeds = fc.integer({ min: 0, max: 2 ** 31 - 1 });
/** Fixed, so that a failure in CI is the same failure here; the long run draws new ones. */
const parameters = { numRuns: GRAPHS, ...(process.env.QNPU_GRAPHS === undefined ? { seed: 20261121 } : {}) };

/** Time for the long run: about 15 ms a graph and preset. */
const LONG = 600_000 + GRAPHS * 200;

/** Instructions that no program of the compiler has: for hand-written code, other cores, or later. */
const NOT_EMITTED: readonly string[] = [
  'add',
  'cadd',
  'fill',
  'gather',
  'ldr',
  'nop',
  'skip',
  'sync',
  'copy accumulating',
  'rq.saturate',
];

/** Every kind of instruction that there is: requantizers by mode, copies and products by whether they accumulate. */
const KINDS = Object.keys(TABLE).flatMap((op) => {
  if (op === 'rq') return REQUANTIZE_MODES.map((mode) => `rq.${mode}`);
  return op === 'mm' || op === 'copy' ? [op, `${op} accumulating`] : [op];
});
const EMITTED = KINDS.filter((kind) => !NOT_EMITTED.includes(kind)).sort();

function addKinds(program: Program, kinds: Set<string>): void {
  for (const i of program.cores.flatMap((core) => core.instructions)) {
    if (i.op === 'rq') kinds.add(`rq.${i.mode}`);
    else kinds.add((i.op === 'mm' || i.op === 'copy') && i.accumulate ? `${i.op} accumulating` : i.op);
  }
}

/** An elementwise op on six times as many bytes as the scratchpad holds. */
function manyTiles(machine: Machine): Graph {
  const builder = new GraphBuilder('many-tiles');
  const shape = [6, machine.core.scratchpad.sizeBytes / 4];
  const x = builder.input('x', { element: { kind: 'float32' }, shape });
  return builder.finish([builder.add('unary', [x], { fn: 'abs' })]);
}

describe('random graphs', () => {
  it('cover every op of the graph', () => {
    expect([...GENERATED_OPS].sort()).toEqual(Object.keys(OPS).sort());
    const made = new Set(
      Array.from({ length: 300 }, (_, seed) => randomGraph(seed)).flatMap((g) => g.nodes.map((n) => n.op)),
    );
    expect([...made].sort()).toEqual(Object.keys(OPS).sort());
  });

  it.each(Object.keys(MAIN_PRESETS))(
    "give the interpreter's bits on %s, with every instruction and every requantizer",
    (name) => {
      const machine = MAIN_PRESETS[name];
      if (machine === undefined) throw new Error(name);
      const kinds = new Set<string>();
      fc.assert(
        fc.property(seeds, (seed) => {
          const { program, steadyProgram } = checkGraph(randomGraph(seed), machine, seeded(seed + 7));
          for (const p of [program, ...(steadyProgram === null ? [] : [steadyProgram])]) addKinds(p, kinds);
        }),
        parameters,
      );
      // Loops come with many tiles, which few small graphs have.
      addKinds(checkGraph(manyTiles(machine), machine, seeded(1)).program, kinds);
      // A sync is needed only where waits or signals find no room on their instruction: order.test.ts has those.
      kinds.delete('sync');
      expect([...kinds].sort()).toEqual(EMITTED);
    },
    LONG,
  );
});
