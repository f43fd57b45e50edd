import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  type AttributeInput,
  checkModel,
  type DataType,
  float,
  importModel,
  type ModelParts,
  makeModel,
  makeNode,
  makeScalar,
  makeTensor,
  makeValue,
  type OnnxNode,
  type OnnxTensor,
} from '../../../../compiler/frontend/onnx/index.ts';
import { interpret } from '../../../../compiler/graph/interpret.ts';
import { formatError, InputError, QnpuError, UnsupportedError } from '../../../../isa/base/errors.ts';
import { sharedFile } from '../../../harness/shared.ts';

const scalar = (name: string, type: DataType, value: number): OnnxTensor => makeScalar(name, type, value);
const QONNX = 'qonnx.custom_op.general';

/** A model x [1,4] -> y with the given nodes. */
function model(nodes: readonly OnnxNode[], more: Partial<ModelParts> = {}) {
  return makeModel({
    name: 'm',
    inputs: [makeValue('x', 'float32', [1, 4])],
    outputs: [makeValue('y', 'float32', [null, null])],
    opset: 13,
    nodes,
    ...more,
  });
}

const quantParameters = [scalar('s', 'float32', 0.5), scalar('z', 'float32', 0), scalar('b', 'float32', 4)];
const quant = (from: string, to: string, attributes: Record<string, AttributeInput> = {}, op = `${QONNX}:Quant`) =>
  makeNode(op, [from, 's', 'z', 'b'], [to], { signed: 1, narrow: 0, rounding_mode: 'ROUND', ...attributes });

function refusal(run: () => unknown): QnpuError {
  try {
    run();
  } catch (error) {
    if (error instanceof QnpuError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

function run(parts: Parameters<typeof importModel>[0], x: readonly number[]): number[] {
  const { graph } = importModel(parts);
  return Array.from(
    [...interpret(graph, new Map([[graph.inputs[0] ?? '', Float32Array.from(x)]])).values()][0]?.data ?? [],
  );
}

describe('QONNX quantizers', () => {
  const parameters = (scale: number, zero: number, bits: number) => ({
    initializers: [scalar('s', 'float32', scale), scalar('z', 'float32', zero), scalar('b', 'float32', bits)],
  });

  it('divides, adds the zero point, clips, rounds, and goes back', () => {
    const m = model([quant('x', 'y')], parameters(0.5, 1, 4));
    // (x / 0.5 + 1) clipped to -8 .. 7, half to even, minus 1, times 0.5.
    expect(run(m, [0.25, 0.75, 100, -100])).toEqual([0.5, 0.5, 3, -4.5]);
  });

  it('knows every rounding mode of the operator document', () => {
    const points = [5.5, 2.5, 1.6, 1.1, 1.0, -1.0, -1.1, -1.6, -2.5, -5.5];
    const table: Readonly<Record<string, readonly number[]>> = {
      ROUND: [6, 2, 2, 1, 1, -1, -1, -2, -2, -6],
      CEIL: [6, 3, 2, 2, 1, -1, -1, -1, -2, -5],
      FLOOR: [5, 2, 1, 1, 1, -1, -2, -2, -3, -6],
      UP: [6, 3, 2, 2, 1, -1, -2, -2, -3, -6],
      DOWN: [5, 2, 1, 1, 1, -1, -1, -1, -2, -5],
      ROUND_TO_ZERO: [5, 2, 1, 1, 1, -1, -1, -1, -2, -5],
      HALF_UP: [6, 3, 2, 1, 1, -1, -1, -2, -3, -6],
      HALF_DOWN: [5, 2, 2, 1, 1, -1, -1, -2, -2, -5],
    };
    for (const [mode, expected] of Object.entries(table)) {
      for (const spelled of [mode, mode.toLowerCase()]) {
        const m = model([quant('x', 'y', { rounding_mode: spelled })], {
          ...parameters(1, 0, 8),
          inputs: [makeValue('x', 'float32', [1, points.length])],
        });
        expect([spelled, run(m, points)]).toEqual([spelled, [...expected]]);
      }
    }
    expect(
      refusal(() => importModel(model([quant('x', 'y', { rounding_mode: 'ODD' })], parameters(1, 0, 8)))).message,
    ).toContain("rounding_mode is 'ODD'");
  });

  it('takes one level off when narrow: the lowest signed, the highest unsigned', () => {
    const levels = (signed: number, narrow: number) =>
      run(model([quant('x', 'y', { signed, narrow })], parameters(1, 0, 3)), [-99, -4, 6.5, 99]);
    expect(levels(1, 0)).toEqual([-4, -4, 3, 3]);
    expect(levels(1, 1)).toEqual([-3, -3, 3, 3]);
    expect(levels(0, 0)).toEqual([0, 0, 6, 7]);
    expect(levels(0, 1)).toEqual([0, 0, 6, 6]);
  });

  it('is found in every domain that exporters have used, as Quant and IntQuant', () => {
    for (const domain of [
      '',
      QONNX,
      'onnx.brevitas',
      'finn.custom_op.general',
      'qonnx.custom_op.intquant',
      'finn',
      'onnx.custom_op.general',
    ]) {
      for (const op of ['Quant', 'IntQuant']) {
        const m = model([quant('x', 'y', {}, domain === '' ? op : `${domain}:${op}`)], {
          initializers: quantParameters,
        });
        expect(importModel(m).graph.nodes.map((n) => n.op)).toEqual(['quantize', 'dequantize']);
      }
    }
  });

  it('is bipolar for one signed bit, and for BipolarQuant', () => {
    expect(run(model([quant('x', 'y')], parameters(0.5, 0, 1)), [0, -0.1, 3, -4])).toEqual([0.5, -0.5, 0.5, -0.5]);
    const bipolar = model([makeNode('onnx.brevitas:BipolarQuant', ['x', 's'], ['y'])], {
      initializers: quantParameters,
    });
    expect(run(bipolar, [0, -0.1, 3, -4])).toEqual([0.5, -0.5, 0.5, -0.5]);
  });

  it('truncates codes: version 1 keeps the scale, version 2 has its own', () => {
    const widths = [
      scalar('b8', 'float32', 8),
      scalar('b2', 'float32', 2),
      scalar('s2', 'float32', 2),
      scalar('z2', 'float32', 0),
    ];
    const first = quant('x', 'q');
    const initializers = [...quantParameters, ...widths];
    const v1 = makeNode(`${QONNX}:Trunc`, ['q', 's', 'z', 'b', 'b2'], ['y'], { rounding_mode: 'FLOOR' });
    // Codes -8 .. 7 of scale 0.5, divided by 4 and rounded down, times 0.5.
    expect(run(model([first, v1], { initializers }), [3.5, -4, 0.5, -0.5])).toEqual([0.5, -1, 0, -0.5]);
    const v2 = makeNode(`${QONNX}:Trunc`, ['q', 's', 'z', 'b', 's2', 'z2', 'b2'], ['y'], {
      rounding_mode: 'ROUND',
      signed: 1,
    });
    expect(run(model([first, v2], { initializers }), [3.5, -4, 0.5, -0.5])).toEqual([2, -4, 0, 0]);
  });

  it('takes scales per channel in any broadcast shape', () => {
    const m = model([quant('x', 'y')], {
      initializers: [
        makeTensor('s', 'float32', [1, 4], [1, 2, 4, 8]),
        scalar('z', 'float32', 0),
        scalar('b', 'int32', 4),
      ],
    });
    expect(run(m, [3, 3.1, 5, 5])).toEqual([3, 4, 4, 8]);
  });
});

describe('folding', () => {
  it('computes shape chains of exporters', () => {
    const c = (name: string, values: number[]) => makeTensor(name, 'int64', [values.length], values);
    const nodes = [
      makeNode('Shape', ['x'], ['sh']),
      makeNode('Gather', ['sh', 'i0'], ['n'], { axis: 0 }),
      makeNode('Unsqueeze', ['n', 'ax'], ['nu']),
      makeNode('Constant', [], ['minus'], { value: c('', [-1]) }),
      makeNode('Concat', ['nu', 'minus', 'two'], ['target'], { axis: 0 }),
      makeNode('Mul', ['two', 'two'], ['four']),
      makeNode('Div', ['four', 'two'], ['half']),
      makeNode('Sub', ['half', 'two'], ['zero']),
      makeNode('Add', ['target', 'zero'], ['final']),
      makeNode('Reshape', ['x', 'final'], ['r']),
      quant('r', 'y'),
    ];
    const m = model(nodes, {
      initializers: [...quantParameters, makeTensor('i0', 'int64', [], [0]), c('ax', [0]), c('two', [2])],
      outputs: [makeValue('y', 'float32', [null, null, null])],
    });
    const { graph } = importModel(m);
    expect(graph.values.get(graph.outputs[0] ?? '')?.shape).toEqual([1, 2, 2]);
    expect(graph.nodes.map((n) => n.op)).toEqual(['reshape', 'quantize', 'dequantize']);
  });

  it('computes scales that the model spells as float chains, rounding to float32 after each op', () => {
    const nodes = [
      makeNode('Pow', ['v', 'e'], ['r']),
      makeNode('Div', ['one', 'r'], ['d']),
      makeNode('Mul', ['x', 'd'], ['y0']),
      quant('y0', 'y'),
    ];
    const m = model(nodes, {
      initializers: [
        ...quantParameters,
        scalar('v', 'float32', 3),
        scalar('e', 'float32', 0.5),
        scalar('one', 'float32', 1),
      ],
    });
    const { graph } = importModel(m);
    const divisor = Math.fround(1 / Math.fround(Math.sqrt(3)));
    expect([...graph.constants.values()].map((c) => c.data[0])).toEqual([divisor]);
  });

  it('lists initializers among inputs, as old files do, without taking them for inputs', () => {
    const m = model([quant('x', 'y')], {
      initializers: quantParameters,
      inputs: [makeValue('x', 'float32', [1, 4]), makeValue('s', 'float32', []), makeValue('b', 'float32', [])],
    });
    expect(importModel(m).graph.inputs).toEqual(['x']);
  });
});

describe('QuantizeLinear dialect', () => {
  const initializers = [
    scalar('xs', 'float32', 0.5),
    scalar('xz', 'uint8', 3),
    scalar('ys', 'float32', 0.25),
    scalar('yz', 'uint8', 7),
    makeTensor('w', 'int8', [4, 2], [1, -2, 3, -4, 5, -6, 7, -8]),
    makeTensor('b', 'int32', [2], [10, 20]),
  ];
  const input = { inputs: [makeValue('x', 'uint8', [1, 4])], outputs: [makeValue('y', 'uint8', [1, 2])], initializers };
  const dequantized = [
    makeNode('DequantizeLinear', ['x', 'xs', 'xz'], ['xf']),
    makeNode('DequantizeLinear', ['w', 'xs'], ['wf']),
    makeNode('DequantizeLinear', ['b', 'ys'], ['bf']),
  ];
  const quantize = (from: string) => makeNode('QuantizeLinear', [from, 'ys', 'yz'], ['y']);

  it('becomes one integer product and its requantizer', () => {
    const { graph, quantizers, floatNodes } = importModel(
      model([...dequantized, makeNode('Gemm', ['xf', 'wf', 'bf'], ['g']), quantize('g')], input),
    );
    expect(graph.nodes.map((n) => n.op)).toEqual(['matmul', 'requantize']);
    expect(graph.nodes[0]?.attributes).toEqual({ xZero: 3, wZero: Int32Array.of(0) });
    expect(graph.nodes[1]?.attributes).toEqual({
      spec: { mode: 'float32', scale: Float32Array.of(1), zeroPoint: 7 },
      axis: 1,
      relu: false,
    });
    expect(quantizers).toEqual([{ output: 'y', codes: 'y' }]);
    expect(floatNodes).toEqual([]);
    const out = interpret(graph, new Map([['x', Int32Array.of(4, 3, 3, 5)]])).get('y')?.data;
    // (4-3)*[1,-2] + (5-3)*[7,-8] + [10,20] = [25, 2], times 0.5*0.5/0.25, plus 7.
    expect(Array.from(out ?? [])).toEqual([32, 9]);
  });

  it('drops a Relu when the codes saturate at zero, and keeps it when they do not', () => {
    const relu = (zero: number) =>
      importModel(
        model(
          [...dequantized, makeNode('Gemm', ['xf', 'wf', 'bf'], ['g']), makeNode('Relu', ['g'], ['r']), quantize('r')],
          { ...input, initializers: [...initializers.filter((t) => t.name !== 'yz'), scalar('yz', 'uint8', zero)] },
        ),
      );
    expect(relu(0).graph.nodes.map((n) => n.op)).toEqual(['matmul', 'requantize']);
    expect(relu(7).graph.nodes.map((n) => n.op)).toEqual(['matmul', 'dequantize', 'unary', 'quantize']);
  });

  it('says which nodes compute in float32 between quantizers', () => {
    const nodes = [
      ...dequantized,
      makeNode('Gemm', ['xf', 'wf', 'bf'], ['g']),
      makeNode('Sigmoid', ['g'], ['s']),
      quantize('s'),
    ];
    expect(importModel(model(nodes, input)).floatNodes).toEqual(["node 'Sigmoid_s' (Sigmoid)"]);
  });

  it('does not fuse a result that something else reads too', () => {
    const nodes = [...dequantized, makeNode('Gemm', ['xf', 'wf', 'bf'], ['g']), quantize('g')];
    const both = importModel(
      model(nodes, { ...input, outputs: [...input.outputs, makeValue('g', 'float32', [1, 2])] }),
    );
    expect(both.graph.nodes.map((n) => n.op)).toEqual(['matmul', 'dequantize', 'quantize']);
  });

  it('quantizes float weights that the model quantizes itself', () => {
    const floats = makeTensor('wr', 'float32', [4, 2], [0.5, -1, 1.25, 0.75, 0, 100, -100, 0.2]);
    const nodes = [
      makeNode('DequantizeLinear', ['x', 'xs', 'xz'], ['xf']),
      makeNode('QuantizeLinear', ['wr', 'xs', 'wz'], ['wq']),
      makeNode('DequantizeLinear', ['wq', 'xs', 'wz'], ['wf']),
      makeNode('MatMul', ['xf', 'wf'], ['g']),
      quantize('g'),
    ];
    const { graph } = importModel(
      model(nodes, { ...input, initializers: [...initializers, floats, scalar('wz', 'int8', 0)] }),
    );
    const weights = [...graph.constants.values()].find((c) => c.type.shape.length === 2);
    expect(Array.from(weights?.data ?? [])).toEqual([1, -2, 2, 2, 0, 127, -128, 0]);
  });

  it('refuses blocked quantization and wrong counts of scales', () => {
    const blocked = model(
      [
        makeNode('DequantizeLinear', ['w', 'xs'], ['wf'], { block_size: 2 }),
        ...dequantized.slice(0, 1),
        makeNode('MatMul', ['xf', 'wf'], ['g']),
        quantize('g'),
      ],
      { ...input, opset: 21 },
    );
    expect(refusal(() => importModel(blocked)).message).toContain('blocked quantization');
    const three = makeTensor('s3', 'float32', [3], [1, 2, 3]);
    const counted = model(
      [
        makeNode('DequantizeLinear', ['w', 's3'], ['wf'], { axis: 1 }),
        ...dequantized.slice(0, 1),
        makeNode('MatMul', ['xf', 'wf'], ['g']),
        quantize('g'),
      ],
      { ...input, initializers: [...initializers, three] },
    );
    expect(refusal(() => importModel(counted)).message).toContain('3 scales for axis 1 of [4, 2]');
  });
});

describe('dynamic dims', () => {
  const at = (shape: (number | string | null)[]) =>
    model([quant('x', 'y')], { initializers: quantParameters, inputs: [makeValue('x', 'float32', shape)] });

  it('takes a symbolic batch as 1 and says so', () => {
    const { graph, notes } = importModel(at(['N', 4]));
    expect(graph.values.get('x')?.shape).toEqual([1, 4]);
    expect(notes).toEqual(["input 'x': dynamic batch dim 'N' taken as 1"]);
  });

  it('takes sizes by symbol or by input and axis', () => {
    expect(importModel(at(['N', 'M']), { dims: { N: 3, M: 5 } }).graph.values.get('x')?.shape).toEqual([3, 5]);
    expect(importModel(at(['N', null]), { dims: { 'x[1]': 5 } }).graph.values.get('x')?.shape).toEqual([1, 5]);
  });

  it('asks for other dims, and refuses names that do not exist', () => {
    const error = refusal(() => importModel(at(['N', 'M'])));
    expect(error).toBeInstanceOf(InputError);
    expect(formatError(error)).toContain("give it: --dims 'M=<size>'");
    expect(refusal(() => importModel(at(['N', 4]), { dims: { K: 2 } })).message).toContain(
      "no input dim is called 'K'",
    );
  });

  it('refuses sizes of 0 and of 2^31', () => {
    expect(refusal(() => importModel(at([1, 0]))).message).toContain('dim 1 is 0');
    expect(refusal(() => importModel(at([1, 2 ** 31]))).message).toContain('dim 1 is 2147483648');
    expect(refusal(() => importModel(at([65536, 65536]))).message).toContain('4294967296 elements');
  });
});

describe('refusals', () => {
  const clean = { initializers: quantParameters };

  it('lists everything that is not supported at once, each at its node', () => {
    const nodes = [
      makeNode('LSTM', ['x'], ['a']),
      makeNode('Erf', ['x'], ['e'], {}, 'gelu'),
      makeNode('Relu', ['a'], ['r']),
      makeNode('Pow', ['x', 'p'], ['y']),
    ];
    const error = refusal(() => importModel(model(nodes, { initializers: [scalar('p', 'float32', 3)] })));
    expect(error).toBeInstanceOf(UnsupportedError);
    expect(error.diagnostics.map((d) => d.where)).toEqual([
      "node 'LSTM_a' (LSTM)",
      "node 'gelu' (Erf)",
      "node 'Pow_y' (Pow)",
    ]);
    expect(checkModel(model(nodes, { initializers: [scalar('p', 'float32', 3)] }))).toMatchObject({
      supported: false,
      issues: error.diagnostics,
    });
  });

  it('says what to do about float weights, at each layer', () => {
    const weights = [
      makeTensor('w', 'float32', [4, 4], new Array(16).fill(0.5)),
      makeTensor('w2', 'float32', [4, 2], new Array(8).fill(0.5)),
    ];
    const nodes = [
      makeNode('MatMul', ['x', 'w'], ['h']),
      makeNode('Relu', ['h'], ['a']),
      makeNode('Gemm', ['a', 'w2'], ['y']),
    ];
    const error = refusal(() => importModel(model(nodes, { initializers: weights })));
    expect(error.diagnostics.map((d) => d.message)).toEqual([
      "MatMul has float weights ('w')",
      "Gemm has float weights ('w2')",
    ]);
    expect(formatError(error)).toContain('try: quantize the model first');
  });

  it('refuses cycles, naming the nodes', () => {
    const nodes = [makeNode('Add', ['x', 'b'], ['a']), makeNode('Relu', ['a'], ['b']), quant('b', 'y')];
    const error = refusal(() => importModel(model(nodes, clean)));
    expect(error).toBeInstanceOf(InputError);
    expect(error.diagnostics.map((d) => d.code)).toContain('E-ONNX-CYCLE');
    expect(formatError(error)).toMatch(/node 'Add_a' \(Add\), node 'Relu_b' \(Relu\)/);
  });

  it('refuses values that nothing defines, and values defined twice', () => {
    const missing = refusal(() => importModel(model([quant('nowhere', 'y')], clean)));
    expect(missing.message).toContain("'nowhere' is used but nothing defines it");
    const twice = refusal(() => importModel(model([quant('x', 'y'), quant('x', 'y')], clean)));
    expect(twice.message).toContain("'y' is defined twice");
    expect(refusal(() => importModel(model([quant('x', 'q')], clean))).diagnostics[0]?.where).toBe(
      'the outputs of the model',
    );
  });

  it('refuses opsets that it does not know', () => {
    for (const opset of [3, 99])
      expect(refusal(() => importModel(model([quant('x', 'y')], { ...clean, opset }))).message).toContain(
        `opset ${opset} is not known`,
      );
    const none = { ...model([quant('x', 'y')], clean), opsets: [] };
    expect(refusal(() => importModel(none)).message).toContain('imports no opset');
  });

  it('refuses shapes that do not fit', () => {
    const w = makeTensor('w', 'int8', [3, 2], [1, 2, 3, 4, 5, 6]);
    const nodes = [
      quant('x', 'q'),
      makeNode('DequantizeLinear', ['w', 's'], ['wf']),
      makeNode('MatMul', ['q', 'wf'], ['y']),
    ];
    const error = refusal(() => importModel(model(nodes, { initializers: [...quantParameters, w] })));
    expect(error).toBeInstanceOf(InputError);
    expect(error.diagnostics[0]).toMatchObject({
      message: 'input [1, 4] times weights [3, 2]',
      expected: 'an input that ends in 3',
    });
    const reshape = refusal(() =>
      importModel(
        model([makeNode('Reshape', ['x', 't'], ['r']), quant('r', 'y')], {
          initializers: [...quantParameters, makeTensor('t', 'int64', [2], [3, -1])],
        }),
      ),
    );
    expect(reshape.message).toContain('[1, 4] cannot be reshaped to [3, -1]');
  });

  it('refuses scales along the summed axis, and weights computed at run time', () => {
    const initializers = [
      makeTensor('s4', 'float32', [4], [1, 2, 3, 4]),
      ...quantParameters,
      makeTensor('w', 'int8', [4, 2], new Array(8).fill(1)),
    ];
    const perChannel = [
      makeNode(`${QONNX}:Quant`, ['x', 's4', 'z', 'b'], ['q']),
      makeNode('DequantizeLinear', ['w', 's'], ['wf']),
      makeNode('MatMul', ['q', 'wf'], ['y']),
    ];
    expect(refusal(() => importModel(model(perChannel, { initializers }))).message).toContain(
      'a scale per channel, along the axis that is summed',
    );
    const products = [
      quant('x', 'q'),
      makeNode('Transpose', ['q'], ['t'], { perm: [1, 0] }),
      makeNode('MatMul', ['q', 't'], ['y']),
    ];
    expect(refusal(() => importModel(model(products, clean))).message).toContain(
      'weights that are computed at run time',
    );
  });

  it('refuses sums that may leave 32 bits', () => {
    const k = 70000;
    const initializers = [
      scalar('s', 'float32', 1),
      scalar('z', 'float32', 0),
      scalar('b', 'float32', 8),
      makeTensor('w', 'int8', [k, 1], new Array(k).fill(127)),
      makeTensor('big', 'int16', [k, 1], new Array(k).fill(32767)),
    ];
    const at = (w: string) =>
      model([quant('x', 'q'), makeNode('DequantizeLinear', [w, 's'], ['wf']), makeNode('MatMul', ['q', 'wf'], ['y'])], {
        initializers,
        inputs: [makeValue('x', 'float32', [1, k])],
      });
    expect(importModel(at('w')).graph.nodes.some((n) => n.op === 'matmul')).toBe(true);
    expect(refusal(() => importModel(at('big'))).message).toContain('more than 32-bit accumulators hold');
  });

  it('refuses to compute absurdly large constants instead of running out of memory', () => {
    const huge = makeTensor('h', 'int64', [2], [2 ** 16, 2 ** 14]);
    const nodes = [makeNode('ConstantOfShape', ['h'], ['c']), makeNode('Add', ['x', 'c'], ['a']), quant('a', 'y')];
    const error = refusal(() => importModel(model(nodes, { initializers: [...quantParameters, huge] })));
    expect(error.diagnostics[0]).toMatchObject({
      where: "node 'ConstantOfShape_c' (ConstantOfShape)",
      expected: 'at most 134217728 elements',
    });
  });

  it('refuses attributes of another type, windows that do not fit and quantizers without levels', () => {
    expect(
      refusal(() => importModel(model([makeNode('Softmax', ['x'], ['y'], { axis: float(1) })]))).message,
    ).toContain('attribute axis is float');
    const image = { inputs: [makeValue('x', 'float32', [1, 1, 2, 2])] };
    expect(
      refusal(() => importModel(model([makeNode('MaxPool', ['x'], ['y'], { kernel_shape: [3, 3] })], image))).message,
    ).toContain('does not fit the 2x2 input');
    expect(
      refusal(() =>
        importModel(
          model([quant('x', 'y', { narrow: 1, signed: 0 })], {
            initializers: [scalar('s', 'float32', 1), scalar('z', 'float32', 0), scalar('b', 'float32', 1)],
          }),
        ),
      ).message,
    ).toContain('has one level');
    expect(
      refusal(() =>
        importModel(
          model([quant('x', 'y')], {
            initializers: [scalar('s', 'float32', -1), scalar('z', 'float32', 0), scalar('b', 'float32', 4)],
          }),
        ),
      ).message,
    ).toContain('a scale is -1');
  });
});

describe('declared input types', () => {
  it('turn a float input into codes, so that the first layer runs on integers', () => {
    const w = makeTensor('w', 'int8', [4, 2], [1, 2, 3, 4, 5, 6, 7, 8]);
    const nodes = [makeNode('DequantizeLinear', ['w', 's'], ['wf']), makeNode('MatMul', ['x', 'wf'], ['y'])];
    const m = model(nodes, { initializers: [...quantParameters, w] });
    const plain = importModel(m);
    expect(plain.graph.nodes.map((n) => n.op)).toContain('conv-float');
    expect(plain.notes[0]).toContain('takes float activations');
    const typed = importModel(m, {
      inputTypes: { x: { element: { kind: 'int', bits: 8, coding: 'unsigned' }, scale: 0.25, zero: 0 } },
    });
    expect(typed.graph.nodes.map((n) => n.op)).toEqual(['matmul', 'dequantize']);
    const codes = [4, 3, 2, 1];
    const floats = [...interpret(plain.graph, new Map([['x', Float32Array.from(codes, (c) => c * 0.25)]])).values()][0];
    const integers = [...interpret(typed.graph, new Map([['x', Int32Array.from(codes)]])).values()][0];
    expect(integers?.data).toEqual(floats?.data);
    expect(
      refusal(() =>
        importModel(m, {
          inputTypes: { q: { element: { kind: 'int', bits: 8, coding: 'unsigned' }, scale: 1, zero: 0 } },
        }),
      ).message,
    ).toContain("no float input is called 'q'");
  });
});

describe('real models', () => {
  const file = (name: string) => readFileSync(sharedFile('models', name) ?? '');

  it.skipIf(sharedFile('models') === undefined)(
    'refuses the float CNN and says what to do (skipped without ../shared/models)',
    () => {
      const text = formatError(refusal(() => importModel(file('mnist-conv-float.onnx'))));
      expect(text).toContain("node 'Convolution28' (Conv): Conv has float weights ('Parameter5')");
      expect(text).toContain("node 'Times212' (MatMul)");
      expect(text).toContain('quantize the model first');
    },
  );

  it.skipIf(sharedFile('models') === undefined)(
    'imports both TFC models and ESPCN as integer networks (skipped without ../shared/models)',
    () => {
      const integer = (name: string) => {
        const { graph } = importModel(file(name));
        return graph.nodes
          .filter((n) => n.op === 'matmul' || n.op === 'conv')
          .map((n) => graph.constants.get(n.inputs[1] ?? '')?.type.element);
      };
      expect(integer('tfc-w1a1.qonnx.onnx')).toEqual(new Array(4).fill({ kind: 'int', bits: 1, coding: 'bipolar' }));
      expect(integer('tfc-w2a2.qonnx.onnx')).toEqual(new Array(4).fill({ kind: 'int', bits: 2, coding: 'ternary' }));
      expect(integer('espcn-subpixel-w8w4.qonnx.onnx').map((t) => (t?.kind === 'int' ? t.bits : 0))).toEqual([4, 4, 8]);
    },
  );
});
