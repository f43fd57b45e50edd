/** What the first quantized converters wrote: single operators, and a small network of their structure (MobileNet, SSD, Inception) from image to classes. */
import { describe, expect, it } from 'vitest';
import { importTflite } from '../../../../compiler/frontend/tflite/index.ts';
import { runPasses } from '../../../../compiler/passes/pipeline.ts';
import { PRESETS } from '../../../../isa/machine/presets/index.ts';
import { checkGraph, seeded } from '../../../harness/differential.ts';
import { compared } from './compared.ts';
import { CODES, type ModelSpec, makeTflite, OPTIONS, type TensorSpec } from './make.ts';
import { testOperators } from './operators.ts';
import { codes, type Draw, size, whole } from './single-op.ts';
import { LEGACY_EXACT } from './single-op-legacy.ts';

testOperators(LEGACY_EXACT);

/** Convolution, depthwise convolution, two branches of other scales joined, average, reshape, SOFTMAX; all uint8, weights with a zero point. */
function network(r: Draw): ModelSpec {
  const real = (low: number, high: number): number => Math.fround(low + r() * (high - low));
  const image = (name: string, shape: readonly number[], scale = real(0.01, 0.03)): TensorSpec => ({
    name,
    shape,
    type: 'uint8',
    scale: [scale],
    zero: [whole(r, 0, 140)],
  });
  const weights = (name: string, shape: readonly number[]): TensorSpec => ({
    ...image(name, shape, real(0.005, 0.02)),
    data: codes(r, size(shape), 0, 255),
  });
  const bias = (name: string, n: number): TensorSpec => ({
    name,
    shape: [n],
    type: 'int32',
    data: codes(r, n, -2000, 2000),
  });
  const tensors: TensorSpec[] = [
    image('x', [1, 8, 8, 3]),
    weights('w0', [6, 3, 3, 3]),
    bias('b0', 6),
    { ...image('conv', [1, 4, 4, 6], 6 / 255), zero: [0] },
    weights('w1', [1, 3, 3, 6]),
    bias('b1', 6),
    { ...image('deep', [1, 4, 4, 6], 6 / 255), zero: [0] },
    weights('w2', [5, 1, 1, 6]),
    bias('b2', 5),
    image('branch', [1, 4, 4, 5], real(0.05, 0.1)),
    image('joined', [1, 4, 4, 11], real(0.05, 0.1)),
    { name: 'mean', shape: [1, 1, 1, 11], type: 'uint8' },
    { name: 'shape', shape: [2], type: 'int32', data: [1, 11] },
    { name: 'flat', shape: [1, 11], type: 'uint8' },
    { name: 'y', shape: [1, 11], type: 'uint8', scale: [1 / 256], zero: [0] },
  ];
  const { scale, zero } = tensors[10]!;
  tensors[11] = { ...tensors[11]!, scale: scale!, zero: zero! };
  tensors[13] = { ...tensors[13]!, scale: scale!, zero: zero! };
  const steps = (s: number) => [[1, 'int32', s] as const, [2, 'int32', s] as const];
  const conv = (inputs: readonly number[], output: number, s: number, relu6: number) => ({
    code: CODES.CONV_2D,
    inputs,
    outputs: [output],
    options: { type: OPTIONS.conv, fields: [...steps(s), [3, 'int8', relu6] as const] },
  });
  return {
    tensors,
    operators: [
      conv([0, 1, 2], 3, 2, 3),
      {
        code: CODES.DEPTHWISE_CONV_2D,
        inputs: [3, 4, 5],
        outputs: [6],
        options: { type: OPTIONS.depthwise, fields: [...steps(1), [3, 'int32', 1], [4, 'int8', 3]] },
      },
      conv([6, 7, 8], 9, 1, 0),
      {
        code: CODES.CONCATENATION,
        inputs: [9, 6],
        outputs: [10],
        options: { type: OPTIONS.concatenation, fields: [[0, 'int32', 3]] },
      },
      {
        code: CODES.AVERAGE_POOL_2D,
        inputs: [10],
        outputs: [11],
        options: { type: OPTIONS.pool, fields: [[0, 'int8', 1], ...steps(1), [3, 'int32', 4], [4, 'int32', 4]] },
      },
      { code: CODES.RESHAPE, inputs: [11, 12], outputs: [13] },
      {
        code: CODES.SOFTMAX,
        inputs: [13],
        outputs: [14],
        options: { type: OPTIONS.softmax, fields: [[0, 'float', 1]] },
      },
    ],
    inputs: [0],
    outputs: [14],
  };
}

describe('a join of more tensors than one node takes', () => {
  it.each([65, 200])('CONCATENATION of %i', (count) => {
    const quantized = (name: string, shape: readonly number[]): TensorSpec => ({
      name,
      shape,
      type: 'int8',
      scale: [0.5],
      zero: [3],
    });
    const operator = {
      code: CODES.CONCATENATION,
      inputs: Array.from({ length: count }, (_, i) => (i * 7) % 3),
      outputs: [3],
      options: { type: OPTIONS.concatenation, fields: [[0, 'int32', 1] as const] },
    };
    const width = operator.inputs.reduce((n, i) => n + i + 1, 0);
    const parts = [1, 2, 3].map((n) => quantized(`x${n}`, [2, n]));
    const spec = {
      tensors: [...parts, quantized('y', [2, width])],
      operators: [operator],
      inputs: [0, 1, 2],
      outputs: [3],
    };
    const { found, expected } = compared(spec, 1);
    expect(found).toHaveLength(2 * width);
    expect(found).toEqual(expected);
    checkGraph(runPasses(importTflite(makeTflite(spec)).graph), PRESETS['edge-dcim-28nm']!, seeded(1));
  });
});

describe('a uint8 network', () => {
  it("gives the reference kernels' codes, up to SOFTMAX and with it", () => {
    for (let i = 1; i <= 6; i++) {
      const spec = network(seeded(i));
      const inner = compared({ ...spec, operators: spec.operators.slice(0, -1), outputs: [13] }, i);
      expect(inner.found).toEqual(inner.expected);
      expect(new Set(inner.found).size).toBeGreaterThan(3);
      const whole = compared(spec, i);
      expect(whole.found).toEqual(whole.expected);
    }
  });

  it.each(['edge-dcim-28nm', 'conventional-int8'])('runs on %s', (preset) => {
    const { graph } = importTflite(makeTflite(network(seeded(2))));
    expect(checkGraph(runPasses(graph), PRESETS[preset]!, seeded(5)).program.cores.length).toBeGreaterThan(0);
  });
});
