/** Products of two computed operands on the arrays: zero points by parts, transposed operands in place, writes that leave constant weights alone. */
import { describe, expect, it } from 'vitest';
import type { Compiled } from '../../../compiler/compile.ts';
import { compile } from '../../../compiler/compile.ts';
import { GraphBuilder } from '../../../compiler/graph/builder.ts';
import type { Graph, IntegerType } from '../../../compiler/graph/types.ts';
import { UnsupportedError } from '../../../isa/base/errors.ts';
import type { Machine } from '../../../isa/machine/schema.ts';
import { checkGraph, seeded } from '../../harness/differential.ts';
import { MAIN_PRESETS } from '../../harness/presets.ts';

const machine = (name: string): Machine => MAIN_PRESETS[name]!;
const int = (bits: number, coding: IntegerType['coding'] = 'signed'): IntegerType => ({ kind: 'int', bits, coding });

interface Form {
  readonly shape?: readonly [batch: number, m: number, k: number, n: number];
  readonly a?: IntegerType;
  readonly b?: IntegerType;
  readonly aZero?: number;
  readonly bZero?: number;
  /** Whether the second operand arrives as [batch, n, k]. */
  readonly turned?: boolean;
}

function productGraph({ shape = [3, 5, 12, 7], a = int(8), b = int(8), aZero = 0, bZero = 0, turned }: Form): Graph {
  const builder = new GraphBuilder('product');
  const [batch, m, k, n] = shape;
  const x = builder.input('a', { element: a, shape: [batch, m, k] });
  const given = builder.input('b', { element: b, shape: turned === true ? [batch, n, k] : [batch, k, n] });
  const y = turned === true ? builder.add('transpose', [given], { perm: [0, 2, 1] }) : given;
  const acc = builder.add('product', [x, y], { aZero, bZero }, { name: 'scores' });
  const spec = { mode: 'float32', scale: Float32Array.of(0.004), zeroPoint: 3 } as const;
  return builder.finish([builder.add('requantize', [acc], { spec, axis: 2, relu: false }, { element: int(8) })]);
}

const instructions = ({ program }: Compiled) => program.cores.flatMap((c) => c.instructions);

describe.each(Object.keys(MAIN_PRESETS))('products on %s', (name) => {
  it.each([
    { turned: true },
    { a: int(8, 'unsigned'), aZero: 128 },
    { a: int(8, 'unsigned'), aZero: 7, b: int(8, 'unsigned'), bZero: 255 },
    { a: int(4, 'unsigned'), b: int(4), bZero: -8, turned: true },
    { a: int(1, 'bipolar'), b: int(2, 'ternary') },
    { a: int(3), b: int(1, 'bipolar'), turned: true },
    { shape: [1, 1, 40, 33] },
    { shape: [2, 1, 1, 1] },
  ] satisfies Form[])('give the values of the interpreter: %j', (form) => {
    checkGraph(productGraph(form), machine(name), seeded(11));
  });
});

describe('products', () => {
  it('read the turned operand where it lies: no copy of it in the program', () => {
    const compiled = compile(productGraph({ shape: [2, 16, 16, 16], turned: true }), machine('edge-dcim-28nm'));
    expect(compiled.report.layers.filter((l) => l.op === 'copy' || l.op === 'transpose')).toEqual([]);
    const written = instructions(compiled).filter((i) => i.op === 'ww');
    expect(written.map((i) => compiled.program.tensors[i.src]!.space)).toEqual(written.map(() => 'spad'));
  });

  it('take 16-bit codes where the drivers have 16 bits', () => {
    checkGraph(productGraph({ a: int(16) }), machine('edge-dcim-28nm'), seeded(5));
    expect(() => compile(productGraph({ a: int(16) }), machine('conventional-int8'))).toThrow(UnsupportedError);
  });

  it.each([
    [{ b: int(16) }, 'core.matrix.weightBitsMax'],
    [{ a: int(16), aZero: 5 }, 'quantize them symmetrically'],
  ] as const)('say what is impossible and why: %j', (form, reason) => {
    try {
      compile(productGraph(form), machine('edge-dcim-28nm'));
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(UnsupportedError);
      expect((error as UnsupportedError).diagnostics.map((d) => d.message).join()).toContain(reason);
    }
  });

  it('leave constant weights in the arrays: the steady program writes the computed operand alone', () => {
    const builder = new GraphBuilder('self');
    const x = builder.input('x', { element: int(8), shape: [1, 24, 32] });
    const data = Int32Array.from({ length: 32 * 32 }, (_, i) => ((i * 7) % 15) - 7);
    const w = builder.constant({ type: { element: int(4), shape: [32, 32] }, data });
    const acc = builder.add('matmul', [x, w], { xZero: 0, wZero: Int32Array.of(0) });
    const spec = { mode: 'float32', scale: Float32Array.of(0.002), zeroPoint: 0 } as const;
    const y = builder.add('requantize', [acc], { spec, axis: 2, relu: false }, { element: int(8) });
    const turned = builder.add('transpose', [y], { perm: [0, 2, 1] });
    const graph = builder.finish([builder.add('product', [y, turned], { aZero: 0, bZero: 0 })]);
    const { program, steadyProgram, report } = checkGraph(graph, machine('edge-dcim-28nm'), seeded(3));
    expect(report.weights.resident).toBe(true);
    const writes = (p: typeof program) =>
      p.cores.flatMap((c) => c.instructions).flatMap((i) => (i.op === 'ww' ? [p.tensors[i.src]!.space] : []));
    expect(new Set(writes(program))).toEqual(new Set(['dram', 'spad']));
    expect(new Set(writes(steadyProgram!))).toEqual(new Set(['spad']));
  });
});
