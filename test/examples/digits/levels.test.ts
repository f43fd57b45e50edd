/** Inside the quantized models: codes at every quantizer, ours against ONNX Runtime's, on the first test images. */
import { describe, expect, it } from 'vitest';
import { importModel, type OnnxModel, readModel } from '../../../compiler/frontend/onnx/index.ts';
import { interpret } from '../../../compiler/graph/interpret.ts';
import type { Tensor } from '../../../compiler/graph/types.ts';
import { bytesOf, digitsModel } from '../../harness/models.ts';
import { type Comparison, compareData, EQUAL, merge } from '../../harness/oracle/compare.ts';
import { lowerQonnx } from '../../harness/oracle/lower-qonnx.ts';
import { committedTest } from './files.ts';
import { ask, logitsOf, simulate } from './runs.ts';

const images = committedTest().images.slice(0, 200);

/** Differing codes by quantizer; `outputs` says where the oracle has the codes of a quantizer. */
async function compareCodes(
  model: OnnxModel,
  oracle: OnnxModel,
  outputs: ReadonlyMap<string, string>,
  optimization: 'all' | 'disabled',
): Promise<[string, number, number, string][]> {
  const { graph, quantizers } = importModel(model);
  const totals = new Map<string, Comparison>();
  const results = await ask(oracle, images, optimization);
  results.forEach((theirs, i) => {
    const ours: ReadonlyMap<string, Tensor> = interpret(graph, new Map([['image', images[i]!]]), 'all');
    for (const { output, codes } of quantizers) {
      const c = compareData(output, ours.get(codes)!.data, theirs.get(outputs.get(output)!)!.data);
      totals.set(output, merge(totals.get(output) ?? EQUAL, c));
    }
  });
  return [...totals].map(([name, c]) => [name, c.elements, c.different, c.first]);
}

const PER_IMAGE = { image: 256, conv1: 2048, 'conv1.pool': 512, conv2: 1024, conv3: 512, features: 512, dense: 10 };

describe('digits-int8', () => {
  it('has the codes of ONNX Runtime behind each layer', async () => {
    const model = readModel(bytesOf(digitsModel('int8.qdq')));
    const codes = model.graph.nodes.filter((n) => n.opType === 'QuantizeLinear').map((n) => n.outputs[0]!);
    const outputs = [...model.graph.outputs, ...codes.map((name) => ({ name, dataType: 'uint8' as const }))];
    const shown = { ...model, graph: { ...model.graph, outputs } };
    expect(await compareCodes(model, shown, new Map(codes.map((c) => [c, c])), 'all')).toEqual(
      Object.entries(PER_IMAGE).map(([name, n]) => [`${name}_QuantizeLinear_Output`, n * images.length, 0, '']),
    );
  });
});

describe.each(['w2a4', 'w1a2'] as const)('digits-%s', (variant) => {
  const bytes = bytesOf(digitsModel(`${variant}.qonnx`));
  const model = readModel(bytes);
  it('has the codes of ONNX Runtime at each quantizer, once these are standard ops', async () => {
    const lowered = lowerQonnx(model, 'integer');
    expect(await compareCodes(model, lowered.model, lowered.levels, 'disabled')).toEqual(
      (['image', 'conv1', 'conv2', 'conv3'] as const).map((name) => [
        name === 'image' ? 'image.quant' : `${name}.relu.quant`,
        PER_IMAGE[name] * images.length,
        0,
        '',
      ]),
    );
  });
  it('has its float logits, to the bit', async () => {
    const lowered = lowerQonnx(model, 'integer');
    const theirs = logitsOf(await ask(lowered.model, images, 'disabled'));
    expect(compareData('logits', simulate(bytes, images), theirs)).toMatchObject({ different: 0 });
  });
});
