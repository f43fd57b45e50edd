/** Ops of transformers by hand: norms, look-ups, choices, repeated axes. */
import { describe, expect, it } from 'vitest';
import { OPS } from '../../../compiler/graph/ops/index.ts';
import type { OpDefinition } from '../../../compiler/graph/ops/op.ts';
import type { ElementType, OpAttributes, OpName, Tensor } from '../../../compiler/graph/types.ts';

const F32: ElementType = { kind: 'float32' };
const S8: ElementType = { kind: 'int', bits: 8, coding: 'signed' };
const U1: ElementType = { kind: 'int', bits: 1, coding: 'unsigned' };

function tensor(element: ElementType, shape: readonly number[], values: readonly number[]): Tensor {
  return {
    type: { element, shape },
    data: element.kind === 'float32' ? Float32Array.from(values) : Int32Array.from(values),
  };
}

function apply<O extends OpName>(op: O, attributes: OpAttributes[O], inputs: readonly Tensor[]) {
  const definition = OPS[op] as unknown as OpDefinition<O>;
  const type = definition.infer(
    attributes,
    inputs.map((t) => t.type),
    undefined,
  );
  return { shape: type.shape, values: Array.from(definition.reference(attributes, inputs, type)) };
}

describe('layer-norm', () => {
  const x = tensor(F32, [2, 4], [1, 3, 5, 7, 2, 2, 2, 2]);
  const gamma = tensor(F32, [4], [1, 1, 2, 2]);

  it('takes the mean away, divides by the deviation, scales and shifts', () => {
    const beta = tensor(F32, [4], [0, 10, 0, 10]);
    const { values } = apply('layer-norm', { epsilon: 0, centred: true }, [x, gamma, beta]);
    // Deviations of -3, -1, 1, 3 from the mean 4; the variance is 5.
    const step = Math.fround(1 / Math.fround(Math.sqrt(5)));
    const f = Math.fround;
    expect(values.slice(0, 4)).toEqual([f(-3 * step), f(f(-step) + 10), f(2 * step), f(f(f(3 * step) * 2) + 10)]);
    expect(values.slice(4)).toEqual([Number.NaN, Number.NaN, Number.NaN, Number.NaN]);
  });

  it('leaves the mean where it is when not centred, and epsilon keeps the root above zero', () => {
    const row = tensor(F32, [1, 2], [3, 4]);
    const one = tensor(F32, [2], [1, 1]);
    const root = Math.fround(1 / Math.fround(Math.sqrt(12.5)));
    expect(apply('layer-norm', { epsilon: 0, centred: false }, [row, one]).values).toEqual([
      Math.fround(3 * root),
      Math.fround(4 * root),
    ]);
    const zeros = tensor(F32, [1, 2], [0, 0]);
    expect(apply('layer-norm', { epsilon: 1e-5, centred: true }, [zeros, one]).values).toEqual([0, 0]);
  });

  it('refuses parameters of another size', () => {
    const three = tensor(F32, [3], [1, 1, 1]);
    expect(() => apply('layer-norm', { epsilon: 0, centred: true }, [x, three])).toThrow('float32 [4]');
  });
});

describe('look-ups and choices', () => {
  it('gather: rows by index, of codes and of floats; an index outside is an error', () => {
    const table = tensor(S8, [3, 2], [1, 2, 3, 4, 5, 6]);
    const picked = apply('gather', {}, [table, tensor(S8, [1, 2], [2, 0])]);
    expect(picked).toEqual({ shape: [1, 2, 2], values: [5, 6, 1, 2] });
    const floats = tensor(F32, [2], [0.5, -0.5]);
    expect(apply('gather', {}, [floats, tensor(S8, [3], [1, 1, 0])]).values).toEqual([-0.5, -0.5, 0.5]);
    expect(() => apply('gather', {}, [table, tensor(S8, [1], [3])])).toThrow('index 3 is outside the 3 rows');
  });

  it('where: broadcasts all three; conditions are 0 or 1', () => {
    const condition = tensor(U1, [2, 1], [1, 0]);
    const a = tensor(F32, [2], [1, Number.NEGATIVE_INFINITY]);
    const b = tensor(F32, [], [Number.NaN]);
    const { shape, values } = apply('where', {}, [condition, a, b]);
    expect(shape).toEqual([2, 2]);
    expect(values).toEqual([1, Number.NEGATIVE_INFINITY, Number.NaN, Number.NaN]);
    const byte = tensor({ kind: 'int', bits: 8, coding: 'unsigned' }, [1], [2]);
    expect(() => apply('where', {}, [byte, a, a])).toThrow('condition 0 is 2');
  });

  it('expand: repeats axes of extent 1 and adds leading ones', () => {
    const x = tensor(S8, [2, 1], [1, 2]);
    expect(apply('expand', { shape: [2, 2, 3] }, [x]).values).toEqual([1, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 2]);
    expect(() => apply('expand', { shape: [3, 1] }, [x])).toThrow('do not broadcast');
    expect(() => apply('expand', { shape: [1, 3] }, [x])).toThrow('does not broadcast to [1,3]');
  });
});
