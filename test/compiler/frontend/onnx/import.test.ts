import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  checkModel,
  float,
  importModel,
  makeNode,
  makeTensor,
  makeValue,
} from '../../../../compiler/frontend/onnx/index.ts';
import { interpret } from '../../../../compiler/graph/interpret.ts';
import { formatError, InputError, UnsupportedError } from '../../../../isa/base/errors.ts';
import { sharedFile } from '../../../harness/shared.ts';
import { model, QONNX, quant, quantParameters, refusal, scalar } from './small-models.ts';

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

  it('names the dims that there are, and what was meant', () => {
    const text = (dims: Record<string, number>) => formatError(refusal(() => importModel(at(['N', 4]), { dims })));
    expect(text({ x: 7 })).toMatch(/expected: one of N, x\[0 \.\. 1\]\n +try: --dims 'x\[0\]=7'/);
    expect(text({ K: 2 })).toMatch(/try: --dims 'x\[0\]=2'/);
  });

  it('an input too large by its options, not by its file', () => {
    const error = formatError(refusal(() => importModel(at(['N', 4]), { dims: { 'x[0]': 1e9 } })));
    expect(error).toMatch(/4000000000 elements/);
    expect(error).toMatch(/try: smaller sizes in --dims/);
    expect(formatError(refusal(() => importModel(at([65536, 65536]))))).toMatch(/try: .*--dims 'x\[0\]=1'/);
  });

  it('refuses sizes of 0 and of 2^31', () => {
    expect(refusal(() => importModel(at([1, 0]))).message).toContain('dim 1 is 0');
    expect(refusal(() => importModel(at([1, 2 ** 31]))).message).toContain('dim 1 is 2147483648');
    expect(refusal(() => importModel(at([65536, 65536]))).message).toContain('4294967296 elements');
  });
});

describe('outputs', () => {
  it('have their names of the model, whatever they are made of', () => {
    const nodes = [makeNode('Elu', ['x'], ['a']), makeNode('LeakyRelu', ['a'], ['y']), quant('y', 'q')];
    const outputs = ['y', 'q'].map((name) => makeValue(name, 'float32', [null, null]));
    const { graph } = importModel(model(nodes, { initializers: quantParameters, outputs }));
    expect(graph.outputs).toEqual(['y', 'q']);
  });
});

describe('refusals', () => {
  const clean = { initializers: quantParameters };

  it('lists everything that is not supported at once, each at its node', () => {
    const nodes = [
      makeNode('Scan', ['x'], ['a']),
      makeNode('Det', ['x'], ['e'], {}, 'det'),
      makeNode('Relu', ['a'], ['r']),
      makeNode('Pow', ['x', 'p'], ['b']),
      makeNode('Sum', ['r', 'e', 'b'], ['y']),
    ];
    const error = refusal(() => importModel(model(nodes, { initializers: [scalar('p', 'float32', 2.5)] })));
    expect(error).toBeInstanceOf(UnsupportedError);
    expect(error.diagnostics.map((d) => d.where)).toEqual([
      "node 'Scan_a' (Scan)",
      "node 'det' (Det)",
      "node 'Pow_b' (Pow)",
    ]);
    expect(checkModel(model(nodes, { initializers: [scalar('p', 'float32', 2.5)] }))).toMatchObject({
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

  it('says what, where, what was expected and what to try: a convolution that contradicts its weights, an unknown op', () => {
    const weights = [
      makeTensor('w', 'int8', [4, 3, 3, 3], new Array(108).fill(1)),
      scalar('ws', 'float32', 0.5),
      scalar('wz', 'int8', 0),
    ];
    const dequantized = makeNode('DequantizeLinear', ['w', 'ws', 'wz'], ['f']);
    const inputs = [makeValue('x', 'uint8', [1, 3, 8, 8])];
    const scaled = makeNode('DequantizeLinear', ['x', 'ws'], ['a']);
    const expected = (attributes: Parameters<typeof makeNode>[3]) => {
      const nodes = [scaled, dequantized, makeNode('Conv', ['a', 'f'], ['y'], attributes)];
      const [found] = refusal(() => importModel(model(nodes, { initializers: weights, inputs }))).diagnostics;
      expect([found?.where, found?.hint?.slice(0, 4)]).toEqual(["node 'Conv_y' (Conv)", 'onnx']);
      return found?.expected;
    };
    expect(expected({ group: 7 })).toBe('a group count of 1 .. 3 that divides both');
    expect(expected({ group: 0 })).toBe('a group count of 1 .. 3 that divides both');
    expect(expected({ kernel_shape: [5, 5] })).toContain('kernel_shape [3, 3]');
    expect(expected({ strides: [2 ** 31, 1] })).toBe('1 .. 2^20 - 1');
    expect(expected({ pads: [0, 0, 2 ** 31, 0] })).toBe('0 .. 2^20 - 1');
    const unknown = refusal(() => importModel(model([makeNode('Magic', ['x'], ['y'])], clean)));
    expect(unknown.diagnostics[0]?.expected).toBe('a supported op');
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

  it('refuses scales along the summed axis, and products of activations in networks without quantizers', () => {
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
    const turned = makeNode('Transpose', ['x'], ['t'], { perm: [1, 0] });
    const products = [turned, makeNode('MatMul', ['x', 't'], ['y'])];
    expect(refusal(() => importModel(model(products, clean))).message).toContain('a product of two activations');
    const mixed = importModel(model([quant('x', 'q'), turned, makeNode('MatMul', ['q', 't'], ['y'])], clean));
    expect(mixed.graph.nodes.map((n) => n.op)).toContain('product-float');
    expect(mixed.notes.join()).toContain("multiplies activations of which 't' is not quantized");
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
