/**
 * From a quantized TensorFlow Lite model to a graph, with the rounding of its reference kernels. What is not supported is collected and
 * reported at once, each with its operator and what to try; an operator behind a refused one is not reported again.
 */
import { type Diagnostic, InputError, InternalError, QnpuError, UnsupportedError } from '../../../isa/base/errors.ts';
import { OpError } from '../../graph/ops/op.ts';
import { accumulatorRange, codeRangeOf } from '../../graph/ranges.ts';
import { type Graph, sizeOf } from '../../graph/types.ts';
import { verify } from '../../graph/verify.ts';
import { invalid, Refusal, refuse, Skipped } from '../refusal.ts';
import { elementOf } from './constants.ts';
import { ImportContext, text } from './context.ts';
import { cutModel } from './cut.ts';
import { joinDilated } from './dilated.ts';
import { folded } from './fold.ts';
import { importerOf, SHAPE_OPERATORS } from './ops/index.ts';
import { remedyFor } from './ops/unsupported.ts';
import { readTflite, type TfliteModel, type TfliteOperator } from './read.ts';

export interface ImportedTflite {
  readonly graph: Graph;
  /** What was decided for the user, and where values can differ from TensorFlow Lite's; one sentence each. */
  readonly notes: readonly string[];
}

export interface TfliteCheck {
  readonly supported: boolean;
  readonly issues: readonly Diagnostic[];
  readonly notes: readonly string[];
}

export interface TfliteOptions {
  readonly name?: string;
  /** Tensors by name that end the network in place of its outputs; only what they need is imported. */
  readonly outputs?: readonly string[] | undefined;
}

/** Imports a model. Throws InputError or UnsupportedError with every finding. */
export function importTflite(bytes: Uint8Array, options: TfliteOptions = {}): ImportedTflite {
  return new Session(joinDilated(cutModel(readTflite(bytes), options.outputs)), options.name ?? 'model').run();
}

/** The same checks without the result; a file that cannot be read is an issue too. */
export function checkTflite(bytes: Uint8Array, options: TfliteOptions = {}): TfliteCheck {
  try {
    return { supported: true, issues: [], notes: importTflite(bytes, options).notes };
  } catch (error) {
    if (!(error instanceof QnpuError)) throw error;
    const issues = error.diagnostics.length > 0 ? error.diagnostics : [{ code: error.code, message: error.message }];
    return { supported: false, issues, notes: [] };
  }
}

interface Issue extends Diagnostic {
  readonly kind: 'input' | 'unsupported';
}

/** More names than this are no advice. */
const CUTS_MAX = 16;

class Session {
  readonly #model: TfliteModel;
  readonly #cx: ImportContext;
  readonly #issues: Issue[] = [];

  constructor(model: TfliteModel, name: string) {
    this.#model = model;
    this.#cx = new ImportContext(name, model);
  }

  run(): ImportedTflite {
    const { tensors, inputs, outputs, operators } = this.#model;
    for (const i of inputs) this.#guard(`input ${text(tensors[i]!)}`, [i], () => this.#input(i));
    for (const o of operators) this.#guard(label(o, this.#model), o.outputs, () => this.#operator(o));
    const ids = outputs.map((i) => this.#output(i));
    const { states } = this.#cx;
    if (outputs.length === 0) this.#guard('outputs', [], () => invalid('no outputs', { expected: 'one or more' }));
    this.#throwIssues();
    const graph = named(this.#cx.builder.finish([...ids, ...states.map((s) => s.next)]), [
      ...ids.map((id, i) => [id, tensors[outputs[i]!]!.name] as const),
      ...states.map((s) => [s.next, `${s.given}.next`] as const),
    ]);
    requireRunnable(graph);
    return { graph, notes: this.#cx.notes };
  }

  /** Runs one step; a refusal becomes an issue and its results are marked as refused. */
  #guard(where: string, results: readonly number[], step: () => void): void {
    try {
      step();
    } catch (error) {
      for (const r of results) this.#cx.define(this.#model.tensors[r]!, { kind: 'refused' });
      if (error instanceof Skipped) return;
      this.#issues.push(issueOf(error, where));
    }
  }

  #input(index: number): void {
    const tensor = this.#model.tensors[index]!;
    const { shape } = tensor;
    if (this.#cx.isDefined(tensor)) invalid('the input is named twice, or has data', { expected: 'one place' });
    if (sizeOf(shape) < 1) invalid(`shape [${shape.join(', ')}]`, { expected: 'sizes of 1 and more' });
    const name = tensor.name === '' ? `input${index}` : tensor.name;
    if (this.#model.inputs.some((i) => i !== index && this.#model.tensors[i]!.name === name))
      invalid('another input has the same name', { expected: 'inputs with names of their own' });
    const id = this.#cx.builder.input(name, { element: elementOf(tensor), shape });
    this.#cx.define(tensor, { kind: 'computed', forms: { file: id } });
  }

  #operator(operator: TfliteOperator): void {
    const cx = this.#cx;
    cx.enter(operator);
    const results = operator.outputs.map((o) => this.#model.tensors[o]!);
    const twice = results.find((t) => cx.isDefined(t));
    if (twice !== undefined) invalid(`its result ${text(twice)} is defined before`, { expected: 'one operator each' });
    if (folded(cx)) return;
    const numbers = results.every((t) => (t.type === 'int32' || t.type === 'int64') && t.quantization === undefined);
    if (numbers && results.length > 0 && SHAPE_OPERATORS.includes(operator.op)) {
      for (const t of results) cx.define(t, { kind: 'shape' });
      return;
    }
    const importer = operator.custom ? undefined : importerOf(operator.op, this.#readsFloats(operator));
    if (importer === undefined)
      return refuse(`${operator.custom ? 'custom operator' : 'operator'} ${operator.op} is not supported`, {
        expected: 'operators that compiler/README.md lists',
        hint: remedyFor(operator.op),
      });
    importer(cx);
    const missing = results.find((t) => !cx.isDefined(t));
    if (missing !== undefined)
      invalid(`${operator.op} has a second result ${text(missing)}`, { expected: 'one result' });
  }

  #readsFloats({ inputs }: TfliteOperator): boolean {
    return this.#model.tensors[inputs[0] ?? -1]?.type === 'float32';
  }

  #output(index: number): string {
    let id = '';
    const tensor = this.#model.tensors[index]!;
    this.#guard(`output ${text(tensor)}`, [], () => {
      if (this.#cx.meaning(tensor).kind === 'constant')
        refuse('an output that does not depend on any input', { expected: 'a computed output' });
      id = this.#cx.valueOf(tensor, 'file');
    });
    return id;
  }

  /** How to end the network before what is refused: the computed tensors there, and the outputs that are none of it. */
  #cutAdvice(): string | undefined {
    const { tensors, operators, outputs } = this.#model;
    const made = new Set(operators.flatMap((o) => o.outputs));
    const kindOf = (t: number) => this.#cx.kindOf(tensors[t]!);
    const computed = (t: number): boolean => made.has(t) && kindOf(t) === 'computed' && tensors[t]!.name !== '';
    const behind = operators.filter((o) => o.outputs.some((t) => kindOf(t) === 'refused'));
    const borders = behind.flatMap((o) => o.inputs.filter((t) => t >= 0 && computed(t)));
    const names = [...new Set([...outputs.filter(computed), ...borders])].map((t) => tensors[t]!.name);
    if (borders.length === 0 || names.length > CUTS_MAX) return undefined;
    return `leave it to the host and end the network before it: --outputs '${names.join(',')}'`;
  }

  #throwIssues(): void {
    if (this.#issues.length === 0) return;
    const cut = this.#cutAdvice();
    const diagnostics = this.#issues.map(({ kind, ...d }) =>
      kind === 'unsupported' && cut !== undefined && d.where?.startsWith('operator ') === true
        ? { ...d, hint: `${d.hint}; or ${cut}` }
        : d,
    );
    const wrong = this.#issues.some((i) => i.kind === 'input');
    const Kind = wrong ? InputError : UnsupportedError;
    const what = wrong ? 'the model cannot be imported' : 'the model uses what is not supported';
    throw new Kind(summary(what, diagnostics), { diagnostics });
  }
}

function summary(what: string, issues: readonly Diagnostic[]): string {
  return issues.length === 1 ? `${what}: ${issues[0]?.message}` : `${what}: ${issues.length} findings`;
}

function label({ op, index, outputs }: TfliteOperator, model: TfliteModel): string {
  const result = model.tensors[outputs[0] ?? -1];
  return `operator ${index} (${op}${result === undefined ? '' : `, ${text(result)}`})`;
}

/** The graph with its outputs called as in the file, where no other value has that name. */
function named(graph: Graph, names: readonly (readonly [id: string, wanted: string])[]): Graph {
  const renamed = new Map<string, string>();
  const taken = new Set(graph.values.keys());
  for (const [id, wanted] of names) {
    if (wanted === '' || taken.has(wanted) || graph.inputs.includes(id) || renamed.has(id)) continue;
    renamed.set(id, wanted);
    taken.add(wanted);
  }
  const own = (id: string): string => renamed.get(id) ?? id;
  return {
    ...graph,
    outputs: graph.outputs.map(own),
    values: new Map([...graph.values].map(([id, type]) => [own(id), type])),
    nodes: graph.nodes.map((n) => ({ ...n, inputs: n.inputs.map(own), output: own(n.output) })),
  };
}

/** A refusal as a finding; other errors go on up. */
function issueOf(error: unknown, where: string): Issue {
  const kind = error instanceof Refusal ? error.kind : 'input';
  if (!(error instanceof Refusal || error instanceof OpError)) throw error;
  const code = kind === 'input' ? 'E-TFLITE-OPERATOR' : 'E-TFLITE-UNSUPPORTED';
  const expected = error.expected ?? 'shapes, types and options as TensorFlow Lite defines them for the operator';
  const hint =
    (error instanceof Refusal ? error.hint : undefined) ??
    (kind === 'input'
      ? 'the file contradicts itself: convert the model again'
      : 'write it with what compiler/README.md lists');
  return { kind, code, message: error.message, where, expected, hint };
}

/** Sums that may leave 32 bits are the model's; any other finding of the verifier is our own mistake. */
function requireRunnable(graph: Graph): void {
  const found = verify(graph);
  const own = found.filter((d) => d.code !== 'E-GRAPH-RANGE');
  if (own.length > 0)
    throw new InternalError(`import made a malformed graph: ${own[0]?.message}`, { diagnostics: own });
  const hint = 'fewer bits, or fewer input channels: accumulators have 32 bits';
  const diagnostics = [...found, ...shiftedSums(graph)].map((d) => ({ ...d, hint }));
  if (diagnostics.length > 0) throw new UnsupportedError(summary('sums may overflow', diagnostics), { diagnostics });
}

/** Sums that a factor above 1 shifts left out of 32 bits. */
function shiftedSums(graph: Graph): Diagnostic[] {
  const producers = new Map(graph.nodes.map((n) => [n.output, n]));
  return graph.nodes.flatMap((node) => {
    if (node.op !== 'requantize' || node.attributes.spec.mode !== 'fixed-point') return [];
    const most = node.attributes.spec.shift.reduce((m, s) => Math.max(m, s), 0);
    const maker = producers.get(node.inputs[0]!);
    if (most === 0 || (maker?.op !== 'conv' && maker?.op !== 'matmul')) return [];
    const x = maker.inputs[0]!;
    const { min, max } = accumulatorRange(graph, maker, codeRangeOf(graph, x, producers.get(x)));
    const reach = [...min, ...max].reduce((m, v) => Math.max(m, Math.abs(v)), 0) * 2 ** most;
    if (reach < 2 ** 31) return [];
    const message = `sums shifted left by ${most} can reach ${reach}, more than 32 bits hold`;
    return [{ code: 'E-GRAPH-RANGE', message, where: node.name }];
  });
}
