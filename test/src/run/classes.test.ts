/** Where the classes of a classifier are among its outputs, and who agrees with labels. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  importModel,
  makeNode,
  makeTensor,
  makeValue,
  readModel,
  writeModel,
} from '../../../compiler/frontend/onnx/index.ts';
import { importTflite } from '../../../compiler/frontend/tflite/index.ts';
import { runPasses } from '../../../compiler/passes/pipeline.ts';
import { readNpy, writeNpy } from '../../../src/io/npy.ts';
import type { RunResult } from '../../../src/report/schema.ts';
import { classesOf, countCorrect } from '../../../src/run/classes.ts';
import { model, quant, quantParameters } from '../../compiler/frontend/onnx/small-models.ts';
import { CODES, makeTflite, OPTIONS } from '../../compiler/frontend/tflite/make.ts';
import { bytesOf, digitsData, digitsModel } from '../../harness/models.ts';
import { expectRefusal, qnpu, scratchFolder } from '../cli/rig.ts';

describe('classes of outputs', () => {
  const of = (batch: number, node: ReturnType<typeof makeNode>, outputs = ['y']) => {
    const initializers = [...quantParameters, makeTensor('k', 'int64', [1], [1])];
    const named = outputs.map((name) => makeValue(name, name === 'v' ? 'float32' : 'int64', [null, null]));
    const parts = { initializers, outputs: named, inputs: [makeValue('x', 'float32', [batch, 10])] };
    return classesOf(importModel(model([quant('x', 'q'), node], parts)).graph);
  };

  it('scores of one sample', () => {
    expect(of(1, makeNode('Relu', ['q'], ['v']), ['v'])).toEqual({ output: 'v', labels: 1, count: 10 });
  });

  it.each([1, 4])('ArgMax of %i samples, with its axis or without', (batch) => {
    for (const keepdims of [0, 1])
      expect(of(batch, makeNode('ArgMax', ['q'], ['y'], { axis: 1, keepdims }))).toEqual({
        output: 'y',
        labels: batch,
        count: undefined,
      });
  });

  it('TopK of one: the places, whichever output comes first', () => {
    const top = makeNode('TopK', ['q', 'k'], ['v', 'y']);
    for (const outputs of [['v', 'y'], ['y', 'v'], ['y']])
      expect(of(1, top, outputs)).toEqual({ output: 'y', labels: 1, count: undefined });
  });

  it('ARG_MAX of TensorFlow Lite', () => {
    const bytes = makeTflite({
      tensors: [
        { name: 'x', shape: [1, 10], type: 'int8', scale: [0.5], zero: [0] },
        { name: 'axis', shape: [1], type: 'int32', data: [1] },
        { name: 'y', shape: [1], type: 'int64' },
      ],
      operators: [
        {
          code: CODES.ARG_MAX,
          inputs: [0, 1],
          outputs: [2],
          options: { type: OPTIONS.argMax, fields: [[0, 'int8', 4]] },
        },
      ],
      inputs: [0],
      outputs: [2],
    });
    const { graph } = importTflite(bytes);
    expect(classesOf(graph)).toEqual({ output: graph.outputs[0], labels: 1, count: undefined });
  });

  it.each([[['v', 'y']], [['y', 'v']], [['y']]])('TopK of three is no class: outputs %j', (outputs) => {
    const initializers = [...quantParameters, makeTensor('k', 'int64', [1], [3])];
    const named = outputs.map((name) => makeValue(name, name === 'v' ? 'float32' : 'int64', [null, null]));
    const parts = { initializers, outputs: named, inputs: [makeValue('x', 'float32', [1, 10])] };
    const top = makeNode('TopK', ['q', 'k'], ['v', 'y']);
    const { graph } = importModel(model([quant('x', 'q'), top], parts));
    expect(() => classesOf(graph)).toThrow(/output 'y' holds 3 class numbers for a sample/);
    expect(() => classesOf(runPasses(graph))).toThrow(/output 'y' holds 3 class numbers for a sample/);
  });

  it('a map of classes or of scores is none, nor are scores of several samples', () => {
    const parts = { initializers: quantParameters, inputs: [makeValue('x', 'float32', [1, 3, 4, 4])] };
    const map = makeNode('ArgMax', ['q'], ['y'], { axis: 1, keepdims: 0 });
    const outputs = [makeValue('y', 'int64', [null, null, null])];
    const { graph } = importModel(model([quant('x', 'q'), map], { ...parts, outputs }));
    expect(() => classesOf(graph)).toThrow(/output 'y' holds \[1, 4, 4\] numbers, which are no scores of one sample/);
    const scores = model([quant('x', 'q'), makeNode('Relu', ['q'], ['v'])], {
      ...parts,
      outputs: [makeValue('v', 'float32', [null, null, null, null])],
    });
    expect(() => classesOf(importModel(scores).graph)).toThrow(/output 'v' holds \[1, 3, 4, 4\]/);
    expect(() => of(4, makeNode('Relu', ['q'], ['v']), ['v'])).toThrow(/output 'v' holds \[4, 10\]/);
  });

  it('sums of 32 bits are scores', () => {
    const initializers = [makeTensor('w', 'int8', [10, 5], new Array<number>(50).fill(1))];
    const sums = model([makeNode('MatMulInteger', ['x', 'w'], ['y'])], {
      initializers,
      inputs: [makeValue('x', 'uint8', [1, 10])],
      outputs: [makeValue('y', 'int32', [1, 5])],
    });
    const { graph } = importModel(sums);
    for (const g of [graph, runPasses(graph)]) expect(classesOf(g)).toEqual({ output: 'y', labels: 1, count: 5 });
  });

  it('counts', () => {
    expect(countCorrect(Float64Array.of(3, 1, 4, 1), [3, 4, 4, 1], false)).toBe(3);
    expect(countCorrect(Float64Array.of(0, 2, 2, 5, 1, 1), [1, 0], true)).toBe(2);
  });
});

describe('--labels', () => {
  const folder = scratchFolder();
  const file = (name: string, data: Uint8Array): string => {
    writeFileSync(join(folder, name), data);
    return join(folder, name);
  };
  const first = (name: 'test-images' | 'test-labels', count: number): string => {
    const { shape, data } = readNpy(bytesOf(digitsData(name)), name);
    const own = [count, ...shape.slice(1)];
    const size = own.reduce((n, d) => n * d, 1);
    return file(`${name}.npy`, writeNpy(own, 'f4', Float64Array.from(data).slice(0, size)));
  };

  it('the digits with ArgMax behind them are as often right as without', async () => {
    const plain = readModel(bytesOf(digitsModel('w2a4.qonnx')));
    const [scores] = plain.graph.outputs;
    const node = makeNode('ArgMax', [scores!.name], ['class'], { axis: 1, keepdims: 0 });
    const outputs = [makeValue('class', 'int64', [null])];
    const ends = { ...plain, graph: { ...plain.graph, nodes: [...plain.graph.nodes, node], outputs } };
    const data = ['--input', first('test-images', 16), '--labels', first('test-labels', 16)];
    const accuracy = async (path: string) => {
      const { code, out, err } = await qnpu('run', path, '--json', ...data);
      expect({ code, err }).toEqual({ code: 0, err: '' });
      return (JSON.parse(out) as RunResult).values?.accuracy;
    };
    const path = file('class.onnx', writeModel(ends));
    const found = await accuracy(path);
    expect(found).toEqual(await accuracy(digitsModel('w2a4.qonnx')));
    expect(found?.correct).toBeGreaterThan(10);
    const wrong = file('wrong.npy', writeNpy([16], 'f4', new Float64Array(16).fill(-1)));
    expectRefusal(
      await qnpu('run', path, '--input', data[1]!, '--labels', wrong),
      /label 0 is -1/,
      /from 0 on/,
      /the numbers that the output gives/,
    );
  });

  it('refuses a map of classes', async () => {
    const bytes = writeModel(
      model([quant('x', 'q'), makeNode('ArgMax', ['q'], ['y'], { axis: 1, keepdims: 0 })], {
        initializers: quantParameters,
        inputs: [makeValue('x', 'float32', [1, 3, 4, 4])],
        outputs: [makeValue('y', 'int64', [1, 4, 4])],
      }),
    );
    const x = file('map.npy', writeNpy([1, 3, 4, 4], 'f4', new Float64Array(48)));
    const labels = file('map-labels.npy', writeNpy([1], 'f4', new Float64Array(1)));
    expectRefusal(
      await qnpu('run', file('map.onnx', bytes), '--input', x, '--labels', labels),
      /output 'y' holds \[1, 4, 4\] numbers/,
      /one class for each sample/,
      /--outputs/,
    );
  });
});
