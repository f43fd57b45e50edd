/** Small valid models with a few numbers, names or bytes changed: a result or a refusal, never a defect of ours. */
import { expect, it } from 'vitest';
import {
  importModel,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
  readModel,
  writeModel,
} from '../../../../compiler/frontend/onnx/index.ts';
import { runPasses } from '../../../../compiler/passes/pipeline.ts';
import { QnpuError } from '../../../../isa/base/errors.ts';
import { createRandom, type Random } from '../../../../isa/base/random.ts';
import { ATTENTION_FORMS } from '../../../harness/oracle/attention-forms.ts';
import { FORMS } from '../../../harness/oracle/form-models.ts';
import { FUSED_FORMS } from '../../../harness/oracle/fused-forms.ts';
import { INDEXING_FORMS } from '../../../harness/oracle/indexing-forms.ts';
import { ModelMaker } from '../../../harness/oracle/pattern-models.ts';
import { SELECTION_FORMS } from '../../../harness/oracle/selection-forms.ts';

const NUMBERS = [0, 1, -1, 2, 3, 127, 128, 255, 2 ** 31 - 1, -(2 ** 31), 2 ** 31, 2 ** 40, 2 ** 53, -5, 7, 65536];
const FLOATS = [0, Number.NaN, Number.POSITIVE_INFINITY, -1, 1e38, 1e-40];

function bytesChanged(r: Random, bytes: Uint8Array): Uint8Array {
  const changed = Uint8Array.from(bytes);
  for (let i = r.int(1, 4); i > 0; i--)
    changed[r.int(0, changed.length - 1)] = r.pick([0, 127, 128, 255, r.int(0, 255)]);
  return r.int(0, 9) === 0 ? changed.subarray(0, r.int(0, changed.length)) : changed;
}

function attributesChanged(r: Random, node: OnnxNode): OnnxNode {
  const change = (v: number): number => (r.int(0, 1) === 0 ? v : r.pick(NUMBERS));
  const attributes = [...node.attributes].map(([name, a]): [string, typeof a] => {
    if (a.type === 'int') return [name, { type: 'int', value: r.pick(NUMBERS) }];
    if (a.type === 'ints')
      return [name, { type: 'ints', value: r.int(0, 3) === 0 ? a.value.slice(1) : a.value.map(change) }];
    return a.type === 'float' ? [name, { type: 'float', value: r.pick(FLOATS) }] : [name, a];
  });
  return { ...node, attributes: new Map(attributes) };
}

function nodeChanged(r: Random, node: OnnxNode, names: readonly string[], nodes: readonly OnnxNode[]): OnnxNode {
  switch (r.int(0, 5)) {
    case 0:
      return { ...node, inputs: node.inputs.map((x) => (r.int(0, 1) === 0 ? x : r.pick(names))) };
    case 1:
      return { ...node, inputs: node.inputs.slice(0, r.int(0, node.inputs.length)) };
    case 2:
      return { ...node, inputs: [...node.inputs, r.pick(names)] };
    case 3:
      return { ...node, opType: r.pick(nodes).opType };
    case 4:
      return { ...node, outputs: r.int(0, 1) === 0 ? [] : [...node.outputs, 'extra'] };
    default:
      return attributesChanged(r, node);
  }
}

function tensorChanged(r: Random, tensor: OnnxTensor, all: readonly OnnxTensor[]): OnnxTensor {
  switch (r.int(0, 2)) {
    case 0:
      return { ...tensor, dims: tensor.dims.map((d) => (r.int(0, 1) === 0 ? d : r.pick(NUMBERS))) };
    case 1:
      return { ...tensor, dims: [...tensor.dims].reverse() };
    default:
      return { ...r.pick(all), name: tensor.name };
  }
}

function modelChanged(r: Random, model: OnnxModel): OnnxModel {
  const { graph } = model;
  const names = [...graph.initializers, ...graph.inputs]
    .map((v) => v.name)
    .concat('', ...graph.nodes.flatMap((n) => n.outputs));
  const place = (list: readonly unknown[]): number => r.int(0, Math.max(0, list.length - 1));
  const [n, t] = [place(graph.nodes), place(graph.initializers)];
  switch (r.int(0, 3)) {
    case 0: {
      const initializers = graph.initializers.map((x, i) => (i === t ? tensorChanged(r, x, graph.initializers) : x));
      return { ...model, graph: { ...graph, initializers } };
    }
    case 1: {
      const types = ['float32', 'uint8', 'int8', 'int32', 'int64', 'bool', 'float16', 'float64', 'string'] as const;
      const inputs = graph.inputs.map((x) => ({
        ...x,
        dataType: r.int(0, 1) === 0 ? r.pick(types) : x.dataType!,
        shape: (x.shape ?? []).map((d) => (r.int(0, 1) === 0 ? d : r.pick(NUMBERS))),
      }));
      return { ...model, graph: { ...graph, inputs } };
    }
    default: {
      const nodes = graph.nodes.map((x, i) => (i === n ? nodeChanged(r, x, names, graph.nodes) : x));
      return { ...model, graph: { ...graph, nodes } };
    }
  }
}

it('a changed model gives a graph or a refusal', () => {
  const r = createRandom(1);
  const forms = [...FORMS, ...ATTENTION_FORMS, ...SELECTION_FORMS, ...INDEXING_FORMS, ...FUSED_FORMS].map(([, form]) =>
    writeModel(form(new ModelMaker(createRandom(1)))),
  );
  const found = { imported: 0, refused: 0 };
  const runs = 1500;
  for (let i = 0; i < runs; i++) {
    const bytes = r.pick(forms);
    try {
      const source = r.int(0, 2) === 0 ? bytesChanged(r, bytes) : modelChanged(r, readModel(bytes));
      const { graph } = importModel(source);
      if (graph.nodes.length < 40) runPasses(graph);
      found.imported += 1;
    } catch (error) {
      if (!(error instanceof QnpuError) || error.kind === 'internal') throw error;
      expect(error.message).not.toBe('');
      found.refused += 1;
    }
  }
  expect(found.imported).toBeGreaterThan(runs / 10);
  expect(found.refused).toBeGreaterThan(runs / 10);
});
