/** Models without what nothing reads, and models that end before their own outputs. */
import { describe, expect, it } from 'vitest';
import { importModel, makeNode, makeTensor, makeValue } from '../../../../compiler/frontend/onnx/index.ts';
import { interpret } from '../../../../compiler/graph/interpret.ts';
import { model, quant, quantParameters, refusal } from './small-models.ts';

/** A quantized sum whose result a NonMaxSuppression reads, and a node that nothing reads. */
function detector() {
  const nodes = [
    quant('x', '/head/scores:0'),
    makeNode('Relu', ['/head/scores:0'], ['boxes']),
    makeNode('NonMaxSuppression', ['boxes', '/head/scores:0', 'k'], ['y']),
    makeNode('NonZero', ['boxes'], ['unread']),
  ];
  const initializers = [...quantParameters, makeTensor('k', 'int64', [], [1]), makeTensor('idle', 'float32', [], [1])];
  return model(nodes, { initializers });
}

describe('outputs by name', () => {
  it('end the network there, in the order asked for', () => {
    const { graph, notes } = importModel(detector(), { outputs: ['boxes', '/head/scores:0'] });
    expect(graph.outputs).toEqual(['boxes', '/head/scores:0']);
    expect(notes).toEqual([]);
    const shape = graph.values.get('x')!.shape;
    const x = Float32Array.from({ length: shape.reduce((n, d) => n * d, 1) }, (_, i) => i - 3);
    const results = interpret(graph, new Map([['x', x]]));
    const [boxes, scores] = graph.outputs.map((o) => Array.from(results.get(o)!.data));
    expect(boxes).toEqual(scores!.map((v) => Math.max(v, 0)));
    expect(new Set(scores).size).toBeGreaterThan(1);
  });

  it('drops inputs that only the rest needs', () => {
    const parts = { inputs: [makeValue('x', 'float32', [1, 4]), makeValue('other', 'float32', [1, 4])] };
    const two = model([quant('x', 'a'), quant('other', 'y')], { ...parts, initializers: quantParameters });
    expect(importModel(two, { outputs: ['a'] }).graph.inputs).toEqual(['x']);
  });

  it('are refused by name, with the nearest one', () => {
    const wrong = refusal(() => importModel(detector(), { outputs: ['boxs'] }));
    expect(wrong.message).toBe("no node makes a value called 'boxs'");
    expect(wrong.diagnostics[0]?.hint).toBe("did you mean 'boxes'?");
    const far = refusal(() => importModel(detector(), { outputs: ['something else'] }));
    expect(far.diagnostics[0]?.hint).toContain('Netron');
    expect(refusal(() => importModel(detector(), { outputs: ['x'] })).message).toContain("'x'");
  });

  it('without them the refusal says where to cut', () => {
    const [issue] = refusal(() => importModel(detector())).diagnostics;
    expect(issue).toMatchObject({ where: "node 'NonMaxSuppression_y' (NonMaxSuppression)" });
    expect(issue?.hint).toMatch(/; or leave it to the host .*: --outputs boxes,\/head\/scores:0$/);
  });
});

describe('what no output depends on', () => {
  it('is left out with a note, whether supported or not', () => {
    const dead = model([quant('x', 'y'), makeNode('NonZero', ['x'], ['unread'])], { initializers: quantParameters });
    expect(importModel(dead).notes).toContain('1 node that no output depends on: left out');
  });

  it('an initializer that is listed as an input and not read is no input', () => {
    const inputs = [
      makeValue('x', 'float32', [1, 4]),
      ...quantParameters.map((t) => makeValue(t.name, t.dataType, [])),
    ];
    const unread = [...inputs, makeValue('idle', 'float32', [])];
    const initializers = [...quantParameters, makeTensor('idle', 'float32', [], [1])];
    expect(importModel(model([quant('x', 'y')], { initializers, inputs: unread })).graph.inputs).toEqual(['x']);
  });
});

it('a first dim of 0 or -1 is an open batch', () => {
  for (const open of [0, -1]) {
    const parts = { initializers: quantParameters, inputs: [makeValue('x', 'float32', [open, 4])] };
    const { graph, notes } = importModel(model([quant('x', 'y')], parts));
    expect(graph.values.get('x')?.shape).toEqual([1, 4]);
    expect(notes.join()).toContain(`batch dim of ${open} taken as 1`);
  }
});

it('no numbers', () => {
  const parts = { initializers: [...quantParameters, makeTensor('n', 'float32', [4], [1, Number.NaN, 2, 3])] };
  const nodes = [makeNode('Add', ['x', 'n'], ['h']), quant('h', 'y')];
  expect(refusal(() => importModel(model(nodes, parts))).message).toContain('element 1 is not a number');
});

it('a second result that is read and that the op does not give here is refused', () => {
  const nodes = [
    quant('x', 'q'),
    makeNode('Identity', ['q'], ['d', 'mask']),
    makeNode('Where', ['mask', 'd', 'q'], ['y']),
  ];
  const { message } = refusal(() => importModel(model(nodes, { initializers: quantParameters })));
  expect(message).toContain("result 1 ('mask') of Identity");
});
