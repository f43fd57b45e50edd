/** Seeded data and given arrays for inputs that are numbers, not codes. */
import { expect, it } from 'vitest';
import { GraphBuilder } from '../../../compiler/graph/builder.ts';
import { INT32 } from '../../../compiler/graph/types.ts';
import { createRandom } from '../../../isa/base/random.ts';
import { randomInputs } from '../../../src/run/random-inputs.ts';
import { samplesOf } from '../../../src/run/samples.ts';

/** Words that pick rows of tables of 9 and 6, a mask, and codes. */
function words() {
  const b = new GraphBuilder('words');
  const codes = { kind: 'int', bits: 8, coding: 'signed' } as const;
  const ids = b.input('ids', { element: INT32, shape: [1, 40] });
  const mask = b.input('mask', { element: INT32, shape: [1, 40] });
  const x = b.input('x', { element: codes, shape: [400] });
  const turned = b.add('reshape', [ids], {}, { shape: [40] });
  const picked = [9, 6].map((rows) => {
    const data = new Int32Array(rows * 2);
    return b.add('gather', [b.constant({ type: { element: codes, shape: [rows, 2] }, data }), turned], {});
  });
  return b.finish([...picked, mask, x]);
}

it('numbers that pick rows name rows of every table, others are 0 or 1, codes are any', () => {
  const inputs = randomInputs(words(), createRandom(1));
  const drawn = (name: string) => [...new Set(Array.from(inputs.get(name)!))].sort((a, b) => a - b);
  expect(drawn('ids')).toEqual([0, 1, 2, 3, 4, 5]);
  expect(drawn('mask')).toEqual([0, 1]);
  expect(drawn('x').length).toBeGreaterThan(150);
});

it('an array with a row that a table does not have is refused', () => {
  const graph = words();
  const arrays = (id: number) =>
    new Map(
      graph.inputs.map((name) => {
        const { shape } = graph.values.get(name)!;
        return [name, { where: `${name}.npy`, shape, data: new Int32Array(shape[shape.length - 1]!).fill(id) }];
      }),
    );
  expect(samplesOf(graph, arrays(5))).toHaveLength(1);
  for (const id of [6, -1])
    expect(() => samplesOf(graph, arrays(id))).toThrow(
      expect.objectContaining({ message: `--input: element 0 is ${id}` }),
    );
});
