/** Quantizers of vendors' domains are ONNX's own under other names: the same graph. */
import { expect, it } from 'vitest';
import { importModel, type OnnxModel } from '../../../../compiler/frontend/onnx/index.ts';
import { printGraph } from '../../../../compiler/graph/text/print.ts';
import { createRandom } from '../../../../isa/base/random.ts';
import { residualNetwork } from '../../../harness/oracle/network-models.ts';
import { ModelMaker } from '../../../harness/oracle/pattern-models.ts';

function respelled(model: OnnxModel, domain: string, prefix: string): OnnxModel {
  const nodes = model.graph.nodes.map((n) =>
    /^(Q|Deq)uantizeLinear$/.test(n.opType) ? { ...n, domain, opType: `${prefix}${n.opType}` } : n,
  );
  return { ...model, opsets: [...model.opsets, { domain, version: 1 }], graph: { ...model.graph, nodes } };
}

it.each([
  ['com.amd.quark', 'Extended'],
  ['com.vai.quantize', 'Vitis'],
])('%s', (domain, prefix) => {
  const model = residualNetwork(new ModelMaker(createRandom(4)), 'uint8', 'int8');
  const text = printGraph(importModel(model).graph);
  expect(text.length).toBeGreaterThan(1000);
  expect(printGraph(importModel(respelled(model, domain, prefix)).graph)).toBe(text);
});
