/**
 * From an ONNX model to a graph. Three dialects of quantization (QuantizeLinear/DequantizeLinear, integer operators, QONNX) become
 * one integer form with explicit scales. Chains of known numbers fold. What is not supported is collected and reported at
 * once, each with its node and what to try; a node behind a refused one is not reported again.
 */
import { type Diagnostic, InputError, QnpuError, UnsupportedError } from '../../../isa/base/errors.ts';
import { GraphBuilder } from '../../graph/builder.ts';
import { renameValues } from '../../graph/rename.ts';
import { type ElementType, type Graph, INT32, type IntegerType, integerRange, sizeOf } from '../../graph/types.ts';
import { invalid, refuse, Skipped } from '../refusal.ts';
import { captured, takeBranches } from './branches.ts';
import { size } from './constants.ts';
import { ImportContext, otherFloat, type QuantizerSite } from './context.ts';
import { cutModel } from './cut.ts';
import { dimKey, InputDims } from './dims.ts';
import { evaluateNode, knownInputs } from './evaluate.ts';
import { type Issue, issuesOf, requireRunnable, summary } from './findings.ts';
import { foldNode, shapeConstant } from './fold.ts';
import { expandFunctions } from './functions.ts';
import { type Constant, dataTypeOfCodes, elementTypeOf, type Meaning } from './meaning.ts';
import {
  type DataType,
  isFloatType,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
  type OnnxValueInfo,
} from './model.ts';
import { adviceOn, importerOf } from './ops/index.ts';
import { readModel } from './read.ts';
import { standardNames } from './spelling.ts';
import { checkStructure, nodeLabel, opsetOf, sortNodes } from './structure.ts';
import { type ExternalLoader, tensorValues } from './values.ts';

export interface ImportOptions {
  /** Sizes of symbolic dims by their name, or of any input dim as `input[axis]`. A symbolic first dim is 1 when not given. */
  readonly dims?: Readonly<Record<string, number>>;
  /** Float inputs that are really codes: value = (code - zero) * scale. The graph then takes the codes. */
  readonly inputTypes?: Readonly<Record<string, InputType>>;
  /** Values that become the results, in this order, in place of the model's own: what lies behind them is left out. */
  readonly outputs?: readonly string[] | undefined;
  /** Reads files that hold external data; path checks beyond ".." are the caller's. */
  readonly loadExternal?: ExternalLoader;
  /** Name of the graph; the file's own when left out. */
  readonly name?: string;
}

export interface InputType {
  readonly element: IntegerType;
  readonly scale: number;
  readonly zero: number;
}

export interface ImportedModel {
  readonly graph: Graph;
  /** What was decided for the user, one sentence each. */
  readonly notes: readonly string[];
  /** Quantizers of the model and where their codes are in the graph. */
  readonly quantizers: readonly QuantizerSite[];
  /** ONNX nodes that compute in float32 although their operands are quantized: no quantizer reads their result alone. */
  readonly floatNodes: readonly string[];
}

export interface ModelCheck {
  readonly supported: boolean;
  readonly issues: readonly Diagnostic[];
  readonly notes: readonly string[];
}

/** Imports a model, as bytes or read already. Throws InputError or UnsupportedError with every finding. */
export function importModel(source: Uint8Array | OnnxModel, options: ImportOptions = {}): ImportedModel {
  return sessionOf(source instanceof Uint8Array ? readModel(source) : source, options, false).run();
}

/** The model with its functions expanded, and with the branches of If nodes whose conditions are known under these options. */
export function knownBranches(given: OnnxModel, options: ImportOptions = {}): { model: OnnxModel; notes: string[] } {
  const found = takeBranches(standardNames(expandFunctions(given)), (part, name) => {
    try {
      return new Session(part, options, true, []).condition(name);
    } catch (error) {
      if (error instanceof QnpuError) return undefined;
      throw error;
    }
  });
  const { taken } = found;
  const what = taken === 1 ? 'If node has a condition' : 'If nodes have conditions';
  const notes = taken === 0 ? [] : [`${taken} ${what} known at import: the branch taken stands in its place`];
  return { model: found.model, notes };
}

/** On the part of a model that its results need, or those that are asked for. Throws InputError with every finding. */
function sessionOf(given: OnnxModel, options: ImportOptions, floatLayers: boolean): Session {
  const open = knownBranches(given, options);
  const whole = options.outputs === undefined ? open.model : cutModel(open.model, options.outputs);
  const structure = checkStructure(whole);
  if (structure.length > 0)
    throw new InputError(summary('the model is malformed', structure), { diagnostics: structure });
  const model = cutModel(whole);
  const unread = whole.graph.nodes.length - model.graph.nodes.length;
  const left = unread === 0 ? [] : [`${unread} node${unread === 1 ? '' : 's'} that no output depends on: left out`];
  return new Session(model, options, floatLayers, [...open.notes, ...left]);
}

/** The same checks without the result; a file that cannot be read is an issue too. */
export function checkModel(source: Uint8Array | OnnxModel, options: ImportOptions = {}): ModelCheck {
  try {
    return { supported: true, issues: [], notes: importModel(source, options).notes };
  } catch (error) {
    if (!(error instanceof QnpuError)) throw error;
    const issues = error.diagnostics.length > 0 ? error.diagnostics : [{ code: error.code, message: error.message }];
    return { supported: false, issues, notes: [] };
  }
}

/** Types that only inputs may have: token numbers and masks. */
function inputElement(dataType: DataType): ElementType {
  if (dataType === 'int64') return INT32;
  return dataType === 'bool' ? { kind: 'int', bits: 1, coding: 'unsigned' } : elementTypeOf(dataType);
}

/** A float network as the interpreter runs it, and what each value of the model is there. */
export interface TracedModel {
  readonly graph: Graph;
  /** Values that do not depend on any input. */
  readonly constants: ReadonlyMap<string, Constant>;
  /** Computed float32 values by their ONNX name: the graph's value. */
  readonly floats: ReadonlyMap<string, string>;
}

/**
 * Imports a network without quantizers, its layers as float32 convolutions: what post-training quantization measures. Throws
 * InputError or UnsupportedError with every finding.
 */
export function traceModel(model: OnnxModel, options: ImportOptions = {}): TracedModel {
  return sessionOf(model, options, true).trace();
}

const isFloat = ({ dataType }: OnnxValueInfo): boolean => dataType !== undefined && isFloatType(dataType);

/** Most names in the advice to end the network earlier. */
const MOST_CUTS = 8;

/** Nodes in order, those that depend on no input of the model before the others: an op may ask what its readers' other operands are. */
function knownFirst(nodes: readonly OnnxNode[], initializers: readonly OnnxTensor[]): OnnxNode[] {
  const names = new Set(['', ...initializers.map((t) => t.name)]);
  const known = new Set<OnnxNode>();
  for (const node of nodes) {
    if (!node.inputs.every((i) => names.has(i))) continue;
    known.add(node);
    for (const output of node.outputs) names.add(output);
  }
  return [...known, ...nodes.filter((n) => !known.has(n))];
}

class Session {
  readonly #model: OnnxModel;
  readonly #options: ImportOptions;
  readonly #cx: ImportContext;
  readonly #nodes: readonly OnnxNode[];
  readonly #issues: Issue[] = [];
  readonly #dims: InputDims;
  /** Values that are called after the outputs of the model. */
  #renamed: ReadonlyMap<string, string> = new Map();

  constructor(model: OnnxModel, options: ImportOptions, floatLayers: boolean, notes: readonly string[]) {
    this.#model = model;
    this.#options = options;
    this.#nodes = knownFirst(sortNodes(model.graph), model.graph.initializers);
    const name = options.name ?? (model.graph.name === '' ? 'model' : model.graph.name);
    const outputs = model.graph.outputs.map((o) => o.name);
    const start: OnnxNode = { name: '', opType: 'Input', domain: '', inputs: [], outputs: [], attributes: new Map() };
    const { nodes } = model.graph;
    this.#cx = new ImportContext(
      new GraphBuilder(name),
      opsetOf(model) ?? 0,
      nodes,
      outputs,
      start,
      (n) => this.#node(n),
      floatLayers,
    );
    this.#cx.notes.push(...notes);
    this.#dims = new InputDims(options.dims ?? {}, (text) => this.#cx.notes.push(text));
  }

  /** Whether the value is known, and true. */
  condition(name: string): boolean | undefined {
    this.#values();
    const meaning = this.#cx.lookup(name);
    return meaning?.kind === 'constant' && size(meaning.constant.shape) === 1
      ? meaning.constant.data[0] !== 0
      : undefined;
  }

  /** Every value, from the initializers on. */
  #values(): void {
    const { graph } = this.#model;
    const initializers = new Set(graph.initializers.map((t) => t.name));
    for (const t of graph.initializers) this.#guard(`initializer '${t.name}'`, [t.name], () => this.#initializer(t));
    for (const i of graph.inputs)
      if (!initializers.has(i.name)) this.#guard(`input '${i.name}'`, [i.name], () => this.#input(i));
    for (const node of this.#nodes) this.#guard(nodeLabel(node), node.outputs, () => this.#node(node));
  }

  run(): ImportedModel {
    const { graph } = this.#model;
    this.#values();
    this.#checkDims();
    const outputs = graph.outputs.map((o) => this.#output(o.name));
    this.#throwIssues();
    const built = this.#cx.builder.finish(outputs);
    const names = outputNames(
      built,
      graph.outputs.map((o) => o.name),
    );
    this.#renamed = names;
    const imported = renameValues(built, names);
    requireRunnable(imported);
    const { notes } = this.#cx;
    const quantizers = this.#cx.quantizers.map((q) => ({ ...q, codes: names.get(q.codes) ?? q.codes }));
    if (imported.nodes.length === 0) notes.push('the model computes nothing: its results are its inputs');
    const computed = [...this.#cx.floatNodes].filter((n) => n.opType !== 'QuantizeLinear');
    return { graph: imported, notes, quantizers, floatNodes: computed.map(nodeLabel) };
  }

  trace(): TracedModel {
    const { graph } = this.run();
    const constants = new Map<string, Constant>();
    const floats = new Map<string, string>();
    for (const [name, meaning] of this.#cx.meanings) {
      if (meaning.kind === 'constant') constants.set(name, meaning.constant);
      if (meaning.kind !== 'float') continue;
      const id = this.#renamed.get(meaning.id) ?? meaning.id;
      if (graph.values.has(id)) floats.set(name, id);
    }
    return { graph, constants, floats };
  }

  /** Runs one step; a refusal becomes an issue and its results are marked as refused. */
  #guard(where: string, results: readonly string[], step: () => void): void {
    try {
      step();
    } catch (error) {
      for (const r of results) this.#cx.define(r, { kind: 'refused' });
      if (error instanceof Skipped) return;
      this.#issues.push(...issuesOf(error, where));
    }
  }

  #initializer(tensor: OnnxTensor): void {
    const data = tensorValues(tensor, this.#options.loadExternal);
    const wrong = data instanceof Float32Array ? data.findIndex(Number.isNaN) : -1;
    if (wrong >= 0)
      invalid(`element ${wrong} is not a number`, { expected: 'numbers', hint: 'export the model again' });
    this.#cx.define(tensor.name, {
      kind: 'constant',
      constant: { dataType: tensor.dataType, shape: tensor.dims, data },
    });
  }

  #input(info: OnnxValueInfo): void {
    const { dataType, shape } = info;
    if (dataType === undefined || shape === undefined)
      invalid('the input has no tensor type with a shape', { expected: 'a typed tensor of known rank' });
    const element = inputElement(dataType);
    if (dataType === 'int64') this.#cx.notes.push(`input '${info.name}': int64 taken as 32 bits`);
    if (element.kind === 'float32' && dataType !== 'float32') this.#cx.noteOnce(otherFloat(dataType));
    this.#dims.require(info.name, shape);
    const dims = shape.map((d, axis) => this.#dims.size(info.name, d, axis));
    if (!(sizeOf(dims) < 2 ** 31)) {
      const given = shape.some((d, axis) => this.#dims.given(dimKey(info.name, axis), d) !== undefined);
      invalid(`shape [${dims.join(', ')}] has ${sizeOf(dims)} elements`, {
        expected: 'fewer than 2^31',
        hint: given ? 'smaller sizes in --dims' : `a smaller one, e.g. --dims '${dimKey(info.name, 0)}=1'`,
      });
    }
    const declared = this.#options.inputTypes?.[info.name];
    if (declared !== undefined && element.kind === 'float32') {
      this.#quantizedInput(info.name, declared, dims);
      return;
    }
    const id = this.#cx.builder.input(info.name, { element, shape: dims });
    this.#cx.define(info.name, element.kind === 'float32' ? { kind: 'float', id } : { kind: 'codes', id, dataType });
  }

  #quantizedInput(name: string, type: InputType, shape: readonly number[]): void {
    const { min, max } = integerRange(type.element);
    if (!(type.scale > 0) || !(type.zero >= min && type.zero <= max)) {
      invalid(`input type with scale ${type.scale} and zero point ${type.zero}`, {
        expected: `a positive scale, a zero point in ${min} .. ${max}`,
      });
    }
    const scaling = { scale: new Float32Array([type.scale]), zero: new Int32Array([type.zero]), axis: 0 };
    const id = this.#cx.builder.input(name, { element: type.element, shape });
    this.#cx.define(name, {
      kind: 'quantized',
      id,
      scaling,
      origin: 'linear',
      dataType: dataTypeOfCodes(type.element),
    });
  }

  #checkDims(): void {
    for (const key of Object.keys(this.#options.inputTypes ?? {})) {
      if (this.#model.graph.inputs.some((i) => i.name === key && isFloat(i))) continue;
      const expected = this.#model.graph.inputs.filter(isFloat).map((i) => i.name);
      this.#issues.push({
        kind: 'input',
        code: 'E-ONNX-INPUT',
        message: `no float input is called '${key}'`,
        where: 'inputTypes',
        expected: expected.slice(0, 8).join(', '),
      });
    }
    this.#issues.push(...this.#dims.unknown(this.#model.graph.inputs));
  }

  #node(node: OnnxNode): void {
    const cx = this.#cx;
    if (cx.absorbed.has(node)) return;
    cx.node = node;
    const importer = importerOf(node.domain, node.opType);
    const context = { opset: cx.opset, load: this.#options.loadExternal };
    const inputs = knownInputs(cx, node);
    const folded = inputs === undefined ? undefined : foldNode(node, inputs, context);
    const values = inputs === undefined || folded !== undefined ? undefined : evaluateNode(cx, node, inputs, context);
    if (folded !== undefined) {
      cx.result({ kind: 'constant', constant: folded });
    } else if (values !== undefined) {
      for (const [name, constant] of values) cx.define(name, { kind: 'constant', constant });
    } else if (importer === undefined) {
      if (node.domain === '' && (node.opType === 'Shape' || node.opType === 'Size')) cx.result(this.#shape(node));
      else this.#unknown(node);
    } else {
      importer(cx);
    }
    node.outputs.forEach((name, i) => {
      const reader = cx.soleConsumer(name);
      if (reader !== undefined && cx.absorbed.has(reader)) return;
      if (cx.lookup(name) === undefined && cx.wantsOutput(i))
        refuse(`result ${i} ('${name}') of ${node.opType}`, { expected: 'a model that does not read it' });
    });
  }

  #shape(node: OnnxNode): Meaning {
    const { shape } = this.#cx.typeOf(this.#cx.input(0));
    const constant =
      node.opType === 'Shape'
        ? shapeConstant(node, shape)
        : { dataType: 'int64' as const, shape: [], data: Float64Array.of(sizeOf(shape)) };
    return { kind: 'constant', constant };
  }

  #unknown(node: OnnxNode): never {
    if (this.#model.functions.some((f) => f.name === node.opType && f.domain === node.domain)) {
      return refuse('a function of the model that has subgraphs, calls itself or is of another opset', {
        expected: 'plain ops of the opset of the model',
        hint: 'inline it: onnx.inliner.inline_local_functions',
      });
    }
    const { why, hint } = adviceOn(node.opType);
    const reason = why === '' ? '' : `: ${why}`;
    return refuse(
      `op ${node.opType} of domain '${node.domain === '' ? 'ai.onnx' : node.domain}' is not supported${reason}`,
      { expected: 'a supported op', hint },
    );
  }

  #output(name: string): string {
    const meaning = this.#cx.lookup(name);
    if (meaning === undefined || meaning.kind === 'refused') return name;
    let id = name;
    this.#guard(`output '${name}'`, [], () => {
      if (['constant', 'weights', 'blocked'].includes(meaning.kind))
        refuse('an output that does not depend on any input', {
          expected: 'a computed output',
          hint: 'name the others alone: --outputs name,name',
        });
      id = meaning.kind === 'codes' ? meaning.id : this.#cx.floatOf(name, meaning);
    });
    return id;
  }

  /** How to end the network before what is refused: the computed values there, and the outputs that are none of it. */
  #cutAdvice(): string | undefined {
    const refused = (name: string): boolean => this.#cx.lookup(name)?.kind === 'refused';
    const computed = (name: string): boolean => {
      const kind = this.#cx.lookup(name)?.kind;
      return this.#cx.producerOf(name) !== undefined && kind !== 'refused' && kind !== 'constant' && kind !== 'weights';
    };
    const read = (n: OnnxNode): readonly string[] => [...n.inputs, ...captured(n)];
    const borders = this.#nodes.filter((n) => n.outputs.some(refused)).flatMap((n) => read(n).filter(computed));
    const kept = this.#model.graph.outputs.map((o) => o.name).filter(computed);
    const names = [...new Set([...kept, ...borders])];
    if (borders.length === 0 || names.length > MOST_CUTS) return undefined;
    return `leave it to the host and end the network before it: --outputs ${names.join(',')}`;
  }

  #throwIssues(): void {
    if (this.#issues.length === 0) return;
    const cut = this.#cutAdvice();
    const diagnostics = this.#issues.map(({ kind, ...d }) =>
      kind === 'unsupported' && cut !== undefined && d.where?.startsWith('node ') === true
        ? { ...d, hint: `${d.hint}; or ${cut}` }
        : d,
    );
    const wrong = this.#issues.some((i) => i.kind === 'input');
    const Kind = wrong ? InputError : UnsupportedError;
    throw new Kind(
      summary(wrong ? 'the model cannot be imported' : 'the model uses what is not supported', diagnostics),
      { diagnostics },
    );
  }
}

/** Computed outputs that have another name than in the model, where that name is free. */
function outputNames(graph: Graph, names: readonly string[]): Map<string, string> {
  const computed = new Set(graph.nodes.map((n) => n.output));
  const renamed = new Map<string, string>();
  graph.outputs.forEach((id, i) => {
    const name = names[i] ?? id;
    if (name !== id && computed.has(id) && !renamed.has(id) && !graph.values.has(name)) renamed.set(id, name);
  });
  return renamed;
}
