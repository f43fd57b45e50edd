/** Short hand of the import tests: small models from nodes, and the refusal that an import ends in. */
import {
  type AttributeInput,
  type DataType,
  importModel,
  type ModelParts,
  makeModel,
  makeNode,
  makeScalar,
  makeValue,
  type OnnxNode,
  type OnnxTensor,
} from '../../../../compiler/frontend/onnx/index.ts';
import { interpret } from '../../../../compiler/graph/interpret.ts';
import { QnpuError } from '../../../../isa/base/errors.ts';

export const scalar = (name: string, type: DataType, value: number): OnnxTensor => makeScalar(name, type, value);
export const QONNX = 'qonnx.custom_op.general';

/** A model x [1,4] -> y with the given nodes. */
export function model(nodes: readonly OnnxNode[], more: Partial<ModelParts> = {}) {
  return makeModel({
    name: 'm',
    inputs: [makeValue('x', 'float32', [1, 4])],
    outputs: [makeValue('y', 'float32', [null, null])],
    opset: 13,
    nodes,
    ...more,
  });
}

export const quantParameters = [scalar('s', 'float32', 0.5), scalar('z', 'float32', 0), scalar('b', 'float32', 4)];
export const quant = (
  from: string,
  to: string,
  attributes: Record<string, AttributeInput> = {},
  op = `${QONNX}:Quant`,
) => makeNode(op, [from, 's', 'z', 'b'], [to], { signed: 1, narrow: 0, rounding_mode: 'ROUND', ...attributes });

export function refusal(run: () => unknown): QnpuError {
  try {
    run();
  } catch (error) {
    if (error instanceof QnpuError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

export function run(parts: Parameters<typeof importModel>[0], x: readonly number[]): number[] {
  const { graph } = importModel(parts);
  return Array.from(
    [...interpret(graph, new Map([[graph.inputs[0] ?? '', Float32Array.from(x)]])).values()][0]?.data ?? [],
  );
}
