/** Nodes of vendors' domains that are ONNX's own under other names: AMD Quark's and Vitis AI's quantizers, which are the standard ones with more types. */
import type { OnnxModel, OnnxNode } from './model.ts';

const SAME: ReadonlyMap<string, string> = new Map([
  ['com.amd.quark:ExtendedQuantizeLinear', 'QuantizeLinear'],
  ['com.amd.quark:ExtendedDequantizeLinear', 'DequantizeLinear'],
  ['com.vai.quantize:VitisQuantizeLinear', 'QuantizeLinear'],
  ['com.vai.quantize:VitisDequantizeLinear', 'DequantizeLinear'],
]);

/** The model with those nodes under ONNX's names. */
export function standardNames(model: OnnxModel): OnnxModel {
  const named = (node: OnnxNode): OnnxNode => {
    const opType = SAME.get(`${node.domain}:${node.opType}`);
    return opType === undefined ? node : { ...node, opType, domain: '' };
  };
  return { ...model, graph: { ...model.graph, nodes: model.graph.nodes.map(named) } };
}
