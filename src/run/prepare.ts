/** From model bytes, or a name of the zoo, to a compiled program: the steps that every command shares. */
import { type Compiled, compile } from '../../compiler/compile.ts';
import {
  checkModel,
  type ImportOptions,
  importModel,
  type ModelCheck,
  writeModel,
} from '../../compiler/frontend/onnx/index.ts';
import { checkTflite, importTflite, isTflite } from '../../compiler/frontend/tflite/index.ts';
import { type Graph, sizeOf } from '../../compiler/graph/types.ts';
import { runPasses } from '../../compiler/passes/pipeline.ts';
import {
  type CalibrationSample,
  type QuantizationReport,
  quantizeModel,
  type Recipe,
} from '../../compiler/quantize/index.ts';
import { InputError } from '../../isa/base/errors.ts';
import { hashHex } from '../../isa/base/hash.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import { VERSION } from '../version.ts';
import { openZoo, planZoo } from '../workloads/zoo.ts';

export interface Model {
  readonly name: string;
  readonly hash: string;
  readonly graph: Graph;
  readonly notes: readonly string[];
  /** How a float model was quantized here. */
  readonly quantization?: QuantizationReport;
}

/** Post-training quantization of a float model: how, and on which inputs; random ones where none are given. */
export interface Quantization {
  readonly recipe: Recipe;
  readonly samples?: readonly CalibrationSample[] | undefined;
}

export interface ModelOptions extends ImportOptions {
  /** What the file is, where its name says so; else its bytes tell. */
  readonly format?: 'tflite';
}

/** Quantizes a float ONNX model, imports it and runs the passes. Throws InputError or UnsupportedError with every finding. */
export function prepareQuantized(
  bytes: Uint8Array,
  name: string,
  { recipe, samples }: Quantization,
  options: ImportOptions = {},
): Model {
  const quantized = quantizeModel(bytes, recipe, samples, options);
  const imported = importModel(quantized.model, { ...options, name });
  return {
    name,
    hash: hashHex(writeModel(quantized.model)).slice(0, 16),
    graph: runPasses(imported.graph),
    notes: [...quantized.report.assumed, ...imported.notes],
    quantization: quantized.report,
  };
}

/**
 * Imports a model, ONNX or TensorFlow Lite by what its bytes say, and runs the passes. Throws InputError or UnsupportedError with
 * every finding.
 */
export function prepareModel(bytes: Uint8Array, name: string, options: ModelOptions = {}): Model {
  const imported = readsAsTflite(bytes, options)
    ? importTflite(bytes, { name })
    : importModel(bytes, { ...options, name });
  return { name, hash: hashHex(bytes).slice(0, 16), graph: runPasses(imported.graph), notes: imported.notes };
}

/** Every finding of the import of a model, ONNX or TensorFlow Lite. */
export function checkBytes(bytes: Uint8Array, options: ModelOptions = {}): ModelCheck {
  return readsAsTflite(bytes, options) ? checkTflite(bytes) : checkModel(bytes, options);
}

/** Throws InputError where a TensorFlow Lite file comes with options that only ONNX models have a use for. */
function readsAsTflite(bytes: Uint8Array, { format, dims = {}, inputTypes = {} }: ModelOptions): boolean {
  if (format !== 'tflite' && !isTflite(bytes)) return false;
  const given = [
    ...Object.keys(dims).map((d) => `--dims ${d}`),
    ...Object.keys(inputTypes).map((t) => `--input-type ${t}`),
  ];
  if (given.length === 0) return true;
  const message = `${given[0]} is for ONNX models: a TensorFlow Lite file has its shapes and types in it`;
  const diagnostic = { code: 'E-TFLITE-OPTION', message, expected: 'the model without it', hint: 'leave it out' };
  throw new InputError(message, { diagnostics: [diagnostic] });
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

/** A network of the zoo of several sections, or undefined where `zoo:name` is one graph. */
export function prepareZooSections(name: string): SectionedModel | undefined {
  if (name.includes('/')) return undefined;
  const own = name.replace(/^zoo:/, '');
  const sections = planZoo(name);
  if (sections.length === 1) return undefined;
  const hash = zooHash(own);
  return {
    name: own,
    hash,
    sections: sections.map(({ build, ...section }) => {
      const open = (): Model => ({ name: `${own}/${section.name}`, hash, graph: runPasses(build()), notes: [] });
      return { ...section, open };
    }),
  };
}

/**
 * A network of the zoo at its widths, as in `zoo:resnet18-w4a4`, or a section of one, with seeded weights. Throws InputError, or UnsupportedError where
 * its graph cannot be built.
 */
export function prepareZoo(name: string): Model {
  const graph = runPasses(openZoo(name));
  return { name: graph.name, hash: zooHash(graph.name), graph, notes: [] };
}

/** The weights follow from the name: nothing else needs hashing. */
function zooHash(name: string): string {
  return hashHex(`qnpu ${VERSION} zoo:${name}`).slice(0, 16);
}

/** Throws UnsupportedError or CapacityError when the machine cannot run or hold the network. */
export function compileModel(model: Model, machine: Machine): Compiled {
  const residency = machine.capabilities.weightResidency ? 'auto' : 'off';
  return compile(model.graph, machine, { residency });
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
