/** The reference: runs a graph op by op with the slow exact meanings of compiler/graph/ops. Shares no arithmetic with the simulator. */
import { InputError, InternalError } from '../../isa/base/errors.ts';
import { OPS } from './ops/index.ts';
import type { OpDefinition } from './ops/op.ts';
import { type Graph, integerRange, type OpName, sizeOf, type Tensor, typeText } from './types.ts';

/** All values by name when `keep` is 'all', else the outputs. Inputs must have the declared sizes and legal codes. */
export function interpret(
  graph: Graph,
  inputs: ReadonlyMap<string, Tensor['data']>,
  keep: 'outputs' | 'all' = 'outputs',
): Map<string, Tensor> {
  const values = new Map<string, Tensor>(graph.constants);
  for (const name of graph.inputs) values.set(name, checkedInput(graph, name, inputs.get(name)));
  for (const node of graph.nodes) {
    const type = graph.values.get(node.output);
    if (type === undefined) throw new InternalError(`value ${node.output} has no type`);
    const operands = node.inputs.map((i) => values.get(i) ?? missing(i, node.name));
    const definition = OPS[node.op] as OpDefinition<OpName>;
    values.set(node.output, { type, data: definition.reference(node.attributes, operands, type) });
  }
  if (keep === 'all') return values;
  return new Map(graph.outputs.map((o) => [o, values.get(o) ?? missing(o, 'outputs')]));
}

function missing(value: string, node: string): never {
  throw new InternalError(`value ${value} of node ${node} was never computed`);
}

function checkedInput(graph: Graph, name: string, data: Tensor['data'] | undefined): Tensor {
  const type = graph.values.get(name);
  if (type === undefined) throw new InternalError(`input ${name} has no type`);
  if (data === undefined) throw new InputError(`input ${name} was not given`, { code: 'E-RUN-INPUT' });
  const size = sizeOf(type.shape);
  if (data.length !== size) {
    throw new InputError(`input ${name} has ${data.length} elements, expected ${size} for ${typeText(type)}`, {
      code: 'E-RUN-INPUT',
    });
  }
  if (type.element.kind === 'int') {
    const { min, max } = integerRange(type.element);
    const bad = data.findIndex((v) => !Number.isInteger(v) || v < min || v > max);
    if (bad >= 0)
      throw new InputError(`input ${name}[${bad}] = ${data[bad]} is outside ${typeText(type)} (${min} .. ${max})`, {
        code: 'E-RUN-INPUT',
      });
  }
  return { type, data };
}
