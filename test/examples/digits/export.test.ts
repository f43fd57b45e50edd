/** Exporters: the committed files from the committed weights, byte for byte, and the form that each dialect asks for. */
import { describe, expect, it } from 'vitest';
import { type OnnxModel, type OnnxTensor, readModel, tensorValues } from '../../../compiler/frontend/onnx/index.ts';
import { exportModels } from '../../../examples/digits/export.ts';
import type { Variant } from '../../../examples/digits/recipe.ts';
import { decodeWeights, encodeWeights } from '../../../examples/digits/weights.ts';
import { bytesOf, digitsModel } from '../../harness/models.ts';
import { committedWeights, difference, weightBytes } from './files.ts';

const NAMES = ['float', 'int8.qdq', 'int4.qdq', 'w2a4.qonnx', 'w1a2.qonnx'] as const;
const model = (name: (typeof NAMES)[number]) => readModel(bytesOf(digitsModel(name)));
const tensors = (m: OnnxModel) => new Map<string, OnnxTensor>(m.graph.initializers.map((t) => [t.name, t]));
const nodes = (m: OnnxModel, op: string) => m.graph.nodes.filter((n) => n.opType === op);

describe('the exporter', () => {
  const files = exportModels(committedWeights());
  it('writes five files', () => expect([...files.keys()]).toEqual(NAMES.map((n) => `digits-${n}.onnx`)));
  it.each(NAMES)('gives the committed digits-%s.onnx', (name) => {
    expect(difference(files.get(`digits-${name}.onnx`)!, bytesOf(digitsModel(name)))).toBe('equal');
  });
});

describe('weight files', () => {
  it('survive a round trip', () => {
    for (const [variant, net] of Object.entries(committedWeights()))
      expect(difference(encodeWeights(net), weightBytes(variant as Variant))).toBe('equal');
  });
  it('of another size are refused', () => {
    const bytes = weightBytes('float');
    expect(() => decodeWeights(bytes.subarray(4))).toThrow(RangeError);
    expect(() => decodeWeights(Uint8Array.from([...bytes, 0]))).toThrow(RangeError);
  });
});

describe.each(NAMES)('digits-%s', (name) => {
  it('takes one image and gives logits', () => {
    const { graph, metadata } = model(name);
    expect(graph.inputs).toEqual([{ name: 'image', dataType: 'float32', shape: [1, 1, 16, 16] }]);
    expect(graph.outputs).toEqual([{ name: 'logits', dataType: 'float32', shape: [1, 10] }]);
    expect(metadata.get('classes')).toBe('0,1,2,3,4,5,6,7,8,9');
  });
});

describe.each([
  { name: 'int8.qdq', type: 'int8', opset: 13, irVersion: 7, top: 127 },
  { name: 'int4.qdq', type: 'int4', opset: 21, irVersion: 10, top: 7 },
] as const)('digits-$name', ({ name, type, opset, irVersion, top }) => {
  const m = model(name);
  const all = tensors(m);
  const values = (key: string) => Array.from(tensorValues(all.get(key)!));

  it(`says what it needs: opset ${opset}, IR ${irVersion}`, () => {
    expect(m.opsets).toEqual([{ domain: '', version: opset }]);
    expect(m.irVersion).toBe(irVersion);
  });
  it.each(['conv1', 'conv2', 'conv3', 'dense'])(`has ${type} weights per channel in %s`, (layer) => {
    const codes = all.get(`${layer}.weight_quantized`)!;
    expect(codes.dataType).toBe(type);
    const axis = layer === 'dense' ? 1 : 0;
    expect(values(`${layer}.weight_scale`)).toHaveLength(codes.dims[axis]!);
    expect(values(`${layer}.weight_zero_point`)).toEqual(new Array(codes.dims[axis]!).fill(0));
    // Every channel uses its largest code, and none beyond.
    const inner = codes.dims.slice(axis + 1).reduce((a, b) => a * b, 1);
    const largest = new Array<number>(codes.dims[axis]!).fill(0);
    values(codes.name).forEach((v, i) => {
      const c = Math.floor(i / inner) % largest.length;
      largest[c] = Math.max(largest[c]!, Math.abs(v));
    });
    expect(largest).toEqual(largest.map(() => top));
  });
  it.each([
    ['conv1', 'image'],
    ['conv2', 'conv1'],
    ['conv3', 'conv2'],
    ['dense', 'conv3'],
  ])('has an int32 bias of scale input x weight in %s', (layer, input) => {
    expect(all.get(`${layer}.bias_quantized`)!.dataType).toBe('int32');
    const [step] = values(`${input}_scale`) as [number];
    expect(values(`${layer}.bias_scale`)).toEqual(values(`${layer}.weight_scale`).map((s) => Math.fround(s * step)));
    expect(values(`${layer}.bias_zero_point`)).toEqual(values(`${layer}.weight_scale`).map(() => 0));
  });
  it('has uint8 activations: zero point 0 in front of the logits, which have both signs', () => {
    const scaled = new Set(nodes(m, 'QuantizeLinear').map((n) => n.inputs.slice(1).join()));
    expect(scaled).toEqual(
      new Set(['image', 'conv1', 'conv2', 'conv3', 'dense'].map((x) => `${x}_scale,${x}_zero_point`)),
    );
    for (const x of ['image', 'conv1', 'conv2', 'conv3']) expect(values(`${x}_zero_point`)).toEqual([0]);
    expect(values('image_scale')).toEqual([1]);
    expect(values('dense_zero_point')[0]).toBeGreaterThan(0);
    for (const x of scaled) expect(all.get(x.split(',')[1]!)!.dataType).toBe('uint8');
  });
  it('has nothing between quantizers but convolutions, movers and the linear layer', () => {
    const ops = m.graph.nodes.map((n) => n.opType).filter((op) => !op.endsWith('zeLinear'));
    expect(ops).toEqual(['Conv', 'MaxPool', 'Conv', 'Conv', 'Flatten', 'Gemm']);
  });
});

describe.each([
  { name: 'w2a4.qonnx', weightBits: 2, activationBits: 4 },
  { name: 'w1a2.qonnx', weightBits: 1, activationBits: 2 },
] as const)('digits-$name', ({ name, weightBits, activationBits }) => {
  const m = model(name);
  const all = tensors(m);

  it("imports QONNX's domain", () => {
    expect(m.opsets).toEqual([
      { domain: '', version: 13 },
      { domain: 'qonnx.custom_op.general', version: 1 },
    ]);
  });
  it('quantizes activations unsigned, and weights narrow or bipolar', () => {
    const found = m.graph.nodes.filter((n) => n.domain === 'qonnx.custom_op.general');
    const summary = found.map((n) => {
      const bits = n.inputs[3] === undefined ? 1 : tensorValues(all.get(n.inputs[3])!)[0];
      const flag = (key: string) => {
        const a = n.attributes.get(key);
        return a?.type === 'int' || a?.type === 'string' ? a.value : undefined;
      };
      return [n.opType, bits, flag('signed'), flag('narrow'), flag('rounding_mode')];
    });
    const activation = (bits: number) => ['Quant', bits, 0, 0, 'ROUND'];
    const weight =
      weightBits === 1 ? ['BipolarQuant', 1, undefined, undefined, undefined] : ['Quant', 2, 1, 1, 'ROUND'];
    const layer = [weight, activation(activationBits)];
    expect(summary).toEqual([activation(8), ...layer, ...layer, ...layer, weight]);
  });
  it('stores weights that are their codes times their steps', () => {
    for (const layer of ['conv1', 'conv2', 'conv3', 'dense']) {
      const steps = Array.from(tensorValues(all.get(`${layer}.weight.step`)!));
      const w = all.get(`${layer}.weight`)!;
      const inner = layer === 'dense' ? 1 : w.dims.slice(1).reduce((a, b) => a * b, 1);
      const codes = new Set(
        Array.from(tensorValues(w), (v, i) => v / steps[Math.floor(i / inner) % steps.length]! + 0),
      );
      expect([...codes].sort((a, b) => a - b)).toEqual(weightBits === 1 ? [-1, 1] : [-1, 0, 1]);
    }
  });
});
