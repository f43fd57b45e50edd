/** Where float chains along lines keep their scratch: in the accumulators where those are wide enough, with the same values wherever it is. */
import { describe, expect, it } from 'vitest';
import { GraphBuilder } from '../../../compiler/graph/builder.ts';
import type { Graph, IntegerType } from '../../../compiler/graph/types.ts';
import { conventionalInt8 } from '../../../isa/machine/presets/conventional-int8.ts';
import { edgeDcim28nm } from '../../../isa/machine/presets/edge-dcim-28nm.ts';
import type { Machine } from '../../../isa/machine/schema.ts';
import { simulate } from '../../../sim/timing/simulate.ts';
import { checkGraph, seeded } from '../../harness/differential.ts';

const code: IntegerType = { kind: 'int', bits: 8, coding: 'signed' };
const scale = (of: number) => ({ scale: Float32Array.of(of), axis: 0 });

/** Lines of codes through a float op, back to codes. */
function chain(op: 'softmax' | 'layer-norm', lines: number, length: number): Graph {
  const b = new GraphBuilder(op);
  const x = b.add('dequantize', [b.input('x', { element: code, shape: [lines, length] })], {
    ...scale(0.03),
    zeroPoint: Int32Array.of(0),
  });
  const gains = { element: { kind: 'float32' as const }, shape: [length] };
  const gain = b.constant({ type: gains, data: Float32Array.from({ length }, (_, i) => 1 + (i % 7) / 8) });
  const y =
    op === 'softmax'
      ? b.add('softmax', [x], { axis: 1 })
      : b.add('layer-norm', [x, gain, gain], { epsilon: 1e-5, centred: true });
  const codes = { min: -128, max: 127, rounding: 'half-even' as const, order: 'round-then-zero' as const };
  return b.finish([
    b.add('quantize', [y], { ...scale(0.0078125), zeroPoint: Float32Array.of(0), ...codes }, { element: code }),
  ]);
}

function withAccumulators(machine: Machine, accumulators: Partial<Machine['core']['accumulators']>): Machine {
  const core = { ...machine.core, accumulators: { ...machine.core.accumulators, ...accumulators } };
  return { ...machine, name: `${machine.name} with other accumulators`, core };
}

/** Cycles, and whether a float lies in the accumulators. */
function run(graph: Graph, machine: Machine) {
  const { program } = checkGraph(graph, machine, seeded(3));
  const inSums = program.tensors.some((t) => t.space === 'acc' && t.coding === 'float');
  return { inSums, cycles: simulate(program, machine, {}).cycles };
}

describe.each(['softmax', 'layer-norm'] as const)('scratch of %s', (op) => {
  it('lies in the accumulators, which saves the wait at the port', () => {
    const graph = chain(op, 64, 64);
    for (const machine of [edgeDcim28nm, conventionalInt8]) {
      const narrow = withAccumulators(machine, { portBits: machine.core.scratchpad.portBits });
      const [wide, same] = [run(graph, machine), run(graph, narrow)];
      expect([wide.inSums, same.inSums]).toEqual([true, false]);
      expect(wide.cycles).toBeLessThan(same.cycles * 0.9);
    }
  });

  it('lies in the scratchpad where accumulators are no 32 bits wide, or too few', () => {
    const graph = chain(op, 5, 200);
    for (const accumulators of [{ widthBits: 24 as const }, { widthBits: 48 as const }, { sizeBytes: 2048 }])
      expect(run(graph, withAccumulators(edgeDcim28nm, accumulators)).inSums).toBe(false);
  });

  it('is as many tiles as the accumulators ask for, on several cores too', () => {
    const graph = chain(op, 64, 64);
    for (const machine of [withAccumulators(edgeDcim28nm, { sizeBytes: 32768 }), { ...edgeDcim28nm, cores: 3 }])
      expect(run(graph, machine).inSums).toBe(true);
  });
});
