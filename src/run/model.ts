/** A model that is ready to be compiled, by itself or section by section, and what follows from its graph alone. */
import { type Compiled, compile } from '../../compiler/compile.ts';
import { type Graph, sizeOf } from '../../compiler/graph/types.ts';
import type { Decisions } from '../../compiler/mapping/decisions.ts';
import type { Explain } from '../../compiler/mapping/report.ts';
import type { QuantizationReport } from '../../compiler/quantize/index.ts';
import type { Machine } from '../../isa/machine/schema.ts';

export interface Model {
  readonly name: string;
  readonly hash: string;
  readonly graph: Graph;
  readonly notes: readonly string[];
  /** How a float model was quantized here. */
  readonly quantization?: QuantizationReport;
  /** Decisions of its mapping that are made already, on whatever machine it is compiled for. */
  readonly pins?: Decisions;
  /** Inferences come in a stream: layers may be pipelined over cores. Not with `pins`. */
  readonly stream?: boolean;
}

/** A network that runs section by section. */
export interface SectionedModel {
  readonly name: string;
  readonly hash: string;
  readonly sections: readonly ModelSection[];
}

export interface ModelSection {
  readonly name: string;
  /** How many there are, each with weights of its own. */
  readonly repeat: number;
  /** How often each runs in a row with the same weights. */
  readonly steps: number;
  /** Of its weights and inputs at their own widths, once: what lies in DRAM at least. */
  readonly sizeBytes: number;
  /** Makes the weights and runs the passes, each time anew: sections need not be in memory together. */
  readonly open: () => Model;
}

/**
 * Throws UnsupportedError or CapacityError when the machine cannot run or hold the network, InputError when its pins cannot be met.
 * @param explain what the report says of decisions
 */
export function compileModel(model: Model, machine: Machine, explain?: Explain): Compiled {
  const residency = machine.capabilities.weightResidency ? 'auto' : 'off';
  const stages = model.stream === true ? { stages: 'auto' as const } : {};
  return compile(model.graph, machine, { residency, pins: model.pins, explain, ...stages });
}

/** Weights of convolutions and matrix products: how many, and their bytes at their own widths. */
export function weightTotals(graph: Graph): { readonly params: number; readonly bytes: number } {
  let params = 0;
  let bits = 0;
  const seen = new Set<string>();
  for (const node of graph.nodes) {
    if (node.op !== 'conv' && node.op !== 'matmul') continue;
    for (const value of node.inputs.slice(1)) {
      const constant = graph.constants.get(value);
      if (constant === undefined || seen.has(value)) continue;
      seen.add(value);
      const n = sizeOf(constant.type.shape);
      params += n;
      bits += n * (constant.type.element.kind === 'int' ? constant.type.element.bits : 32);
    }
  }
  return { params, bytes: Math.ceil(bits / 8) };
}

/** Multiply-accumulates of the graph: outputs times window, padding counted as ONNX counts it. */
export function macTotal(graph: Graph): number {
  return graph.nodes.reduce((sum, node) => {
    if (node.op !== 'conv' && node.op !== 'matmul' && node.op !== 'product') return sum;
    const w = graph.values.get(node.inputs[1]!)!.shape;
    const window = node.op === 'conv' ? w[1]! * w[2]! * w[3]! : w.at(-2)!;
    return sum + sizeOf(graph.values.get(node.output)!.shape) * window;
  }, 0);
}
