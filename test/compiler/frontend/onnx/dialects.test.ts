import { describe, expect, it } from 'vitest';
import { importModel, makeNode, makeTensor, makeValue } from '../../../../compiler/frontend/onnx/index.ts';
import { interpret } from '../../../../compiler/graph/interpret.ts';
import { model, QONNX, quant, quantParameters, refusal, run, scalar } from './small-models.ts';

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

  it('refuses wrong counts of scales, of blocks and of channels', () => {
    const blocked = model(
      [
        makeNode('DequantizeLinear', ['w', 'xs'], ['wf'], { block_size: 2 }),
        ...dequantized.slice(0, 1),
        makeNode('MatMul', ['xf', 'wf'], ['g']),
        quantize('g'),
      ],
      { ...input, opset: 21 },
    );
    expect(refusal(() => importModel(blocked)).message).toContain('the scale has shape []');
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
