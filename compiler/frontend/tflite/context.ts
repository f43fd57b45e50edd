/**
 * State of one import: the graph being built and what each tensor of the file means. A computed tensor of rank 4 has two forms, as in the
 * file (NHWC) and as images of the graph (NCHW); whichever an operator asks for is made once, by a transpose. So transposes stand
 * only where images meet something else: at inputs, outputs and reshapes.
 */
import { GraphBuilder, type NodeOptions } from '../../graph/builder.ts';
import {
  type ElementType,
  INT32,
  type IntegerType,
  type OpAttributes,
  type OpName,
  sizeOf,
  type Tensor,
  typeText,
} from '../../graph/types.ts';
import { invalid, refuse, Skipped } from '../refusal.ts';
import { constantTensor, elementOf, knownTensor, permuted } from './constants.ts';
import type { TfliteModel, TfliteOperator } from './read.ts';
import { OPTIONS, type TfliteTensor } from './schema.ts';

/** `file`: axes as in the file. `image`: rank 4 as [N, C, H, W]. */
export type Form = 'file' | 'image';

/** Zero-point borders that a convolution can take into its window: [top, left, bottom, right]. */
export interface Padding {
  readonly image: string;
  readonly pads: readonly [number, number, number, number];
}

type Meaning =
  /** Of the file, or, where numbers are known, computed at import. */
  | { readonly kind: 'constant'; readonly numbers?: readonly number[] }
  | { readonly kind: 'computed'; readonly forms: Partial<Record<Form, string>>; readonly padding?: Padding }
  /** Numbers that are computed at run time from shapes; only a reshape, which knows its result, may read them. */
  | { readonly kind: 'shape' }
  /** The place of something that lives from run to run. */
  | { readonly kind: 'variable'; readonly name: string }
  /** Its operator, or one before it, was refused. */
  | { readonly kind: 'refused' };

/** What lives from one run to the next. */
interface State {
  /** The graph's input. */
  readonly given: string;
  /** What the next run is to be given. */
  next: string;
}

/** How often each constant may be read. */
const CONSTANT_READS = 16;

const TO_IMAGE = [0, 3, 1, 2] as const;
const TO_FILE = [0, 2, 3, 1] as const;

/** Scale and zero point of a tensor with one of each. */
export interface Scaling {
  readonly scale: number;
  readonly zero: number;
}

export class ImportContext {
  readonly builder: GraphBuilder;
  readonly notes: string[] = [];
  /** Whether any tensor has a scale: floats of a network without one are not run. */
  readonly quantized: boolean;
  readonly #tensors: readonly TfliteTensor[];
  readonly #meanings = new Map<number, Meaning>();
  readonly #states = new Map<string, State>();
  /** Elements of constants that may still be read: a file that names the same ones endlessly is no model. */
  #constantBudget: number;
  #operator: TfliteOperator;

  constructor(name: string, model: TfliteModel) {
    this.builder = new GraphBuilder(name);
    const stored = model.tensors.reduce((n, t) => n + (t.data?.length ?? 0), 0);
    this.#constantBudget = CONSTANT_READS * stored + 2 ** 20;
    this.#tensors = model.tensors;
    this.quantized = model.tensors.some((t) => t.quantization !== undefined);
    this.#operator = { index: 0, op: '', custom: false, inputs: [], outputs: [], optionsType: 0, options: undefined };
    for (const t of model.tensors) if (t.data !== undefined) this.#meanings.set(t.index, { kind: 'constant' });
  }

  /** The operator being imported. */
  get operator(): TfliteOperator {
    return this.#operator;
  }

  enter(operator: TfliteOperator): void {
    this.#operator = operator;
  }

  /** Name of the operator's node: operators have none of their own. */
  get label(): string {
    return `${this.#operator.op.toLowerCase()}_${this.#operator.index}`;
  }

  /** The options table; undefined when the file leaves it out. Refuses a table that is another operator's. */
  get options(): TfliteOperator['options'] {
    const { optionsType, options, op } = this.#operator;
    const expected = OPTIONS[op];
    if (options !== undefined && expected !== undefined && optionsType !== expected)
      invalid(`its options are table ${optionsType} of the schema`, { expected: `table ${expected}, of ${op}` });
    return options;
  }

  hasInput(index: number): boolean {
    return (this.#operator.inputs[index] ?? -1) >= 0;
  }

  inputTensor(index: number): TfliteTensor {
    const at = this.#operator.inputs[index] ?? -1;
    return (
      this.#tensors[at] ?? invalid(`input ${index} is missing`, { expected: `an operand of ${this.#operator.op}` })
    );
  }

  outputTensor(index = 0): TfliteTensor {
    const at = this.#operator.outputs[index] ?? -1;
    return this.#tensors[at] ?? invalid(`output ${index} is missing`, { expected: `a result of ${this.#operator.op}` });
  }

  /** What a tensor means; throws Skipped when it comes from a refused operator. */
  meaning(tensor: TfliteTensor): Meaning {
    const found =
      this.#meanings.get(tensor.index) ??
      invalid(`tensor ${text(tensor)} is read before anything makes it`, { expected: 'operators in running order' });
    if (found.kind === 'refused') throw new Skipped();
    return found;
  }

  define(tensor: TfliteTensor, meaning: Meaning): void {
    this.#meanings.set(tensor.index, meaning);
  }

  /** What a tensor means, of refused ones too; undefined for one that nothing has made. */
  kindOf(tensor: TfliteTensor): Meaning['kind'] | undefined {
    return this.#meanings.get(tensor.index)?.kind;
  }

  isDefined(tensor: TfliteTensor): boolean {
    return this.#meanings.has(tensor.index);
  }

  /** Known numbers of input `index`; refuses a computed one. */
  constantInput(index: number, what: string): Tensor {
    const tensor = this.inputTensor(index);
    if (this.meaning(tensor).kind !== 'constant')
      refuse(`${what} (${text(tensor)}) are computed at run time`, { expected: 'constants of the file' });
    return this.#constant(tensor);
  }

  #constant(tensor: TfliteTensor): Tensor {
    this.#constantBudget -= sizeOf(tensor.shape);
    if (this.#constantBudget < 0) invalid('the same constants are read again and again', { expected: 'a model' });
    const meaning = this.#meanings.get(tensor.index);
    const numbers = meaning?.kind === 'constant' ? meaning.numbers : undefined;
    return numbers === undefined ? constantTensor(tensor) : knownTensor(tensor, numbers);
  }

  /** Makes a tensor a constant whose numbers the importer found. */
  defineConstant(tensor: TfliteTensor, numbers: readonly number[]): void {
    this.define(tensor, { kind: 'constant', numbers });
  }

  /** Small integers of input `index`: axes, pads, shapes. */
  integerInput(index: number, what: string): number[] {
    const { type, data } = this.constantInput(index, what);
    if (type.element.kind !== 'int') invalid(`${what} are floats`, { expected: 'int32' });
    return Array.from(data);
  }

  /** Whether input `index` is computed and has its images at hand, or could have. */
  isImage(index: number): boolean {
    const meaning = this.meaning(this.inputTensor(index));
    return meaning.kind === 'computed' && (meaning.forms.image !== undefined || meaning.padding !== undefined);
  }

  /** The graph's value of input `index`, in the wanted form; a constant becomes a constant of the graph. */
  value(index: number, form: Form): string {
    return this.valueOf(this.inputTensor(index), form);
  }

  valueOf(tensor: TfliteTensor, form: Form): string {
    const meaning = this.meaning(tensor);
    const name = tensor.name === '' ? `tensor${tensor.index}` : tensor.name;
    switch (meaning.kind) {
      case 'constant': {
        const known = this.#constant(tensor);
        return this.builder.constant(form === 'image' ? permuted(known, TO_IMAGE) : known, name);
      }
      case 'computed':
        return this.#inForm(tensor, meaning, form);
      case 'shape':
        return refuse(`${text(tensor)} holds sizes computed at run time`, {
          expected: 'fixed shapes',
          hint: 'convert with a fixed batch size',
        });
      case 'variable':
        return invalid(`${text(tensor)} is a variable itself`, { expected: 'what READ_VARIABLE reads from it' });
      case 'refused':
        throw new Skipped();
    }
  }

  /** The present value of a state, of the tensor's type; the first reader makes it an input of the graph with this name. */
  state(key: string, tensor: TfliteTensor, name: string): string {
    const known = this.#states.get(key);
    if (known !== undefined) return known.next;
    const given = this.builder.input(name, { element: elementOf(tensor), shape: tensor.shape });
    this.#states.set(key, { given, next: given });
    this.notes.push(
      `'${given}' lives from run to run: it is an input, and what the next run is to be given is the output '${given}.next'; the first run takes what the file begins with, which is its zero point where nothing else is said`,
    );
    return given;
  }

  /** The value of a state from here on. */
  keep(key: string, tensor: TfliteTensor, id: string): void {
    const known = this.#states.get(key);
    if (known === undefined) {
      this.#states.set(key, { given: '', next: id });
      return;
    }
    const [was, is] = [known.next, id].map((v) => typeText(this.builder.typeOf(v)));
    if (was !== is)
      invalid(`${text(tensor)} of ${is} is kept where '${known.given}' was ${was}`, { expected: 'one type' });
    known.next = id;
  }

  /** States that a run takes from the one before: the input and the value that the next run is to be given. */
  get states(): readonly State[] {
    return [...this.#states.values()].filter((s) => s.given !== '');
  }

  #inForm(tensor: TfliteTensor, meaning: Extract<Meaning, { kind: 'computed' }>, form: Form): string {
    const known = meaning.forms[form];
    if (known !== undefined) return known;
    if (tensor.shape.length !== 4)
      invalid(`${text(tensor)} has shape [${tensor.shape.join(', ')}]`, { expected: 'four dims: [N, H, W, C]' });
    const image = meaning.forms.image ?? (meaning.padding && this.#padded(meaning.padding, this.scaling(tensor).zero));
    const source = form === 'image' ? meaning.forms.file : image;
    const id =
      form === 'image' && image !== undefined
        ? image
        : this.builder.add('transpose', [source!], { perm: form === 'image' ? TO_IMAGE : TO_FILE }, this.#origin());
    const forms = { ...meaning.forms, ...(image === undefined ? {} : { image }), [form]: id };
    this.define(tensor, { ...meaning, forms });
    return id;
  }

  #padded({ image, pads: [top, left, bottom, right] }: Padding, value: number): string {
    const attributes = { before: [0, 0, top, left], after: [0, 0, bottom, right], value };
    return this.builder.add('pad', [image], attributes, this.#origin());
  }

  /** Images of input 0 for a convolution, with zero-point borders that it takes into its window. */
  paddedImage(): Padding {
    const meaning = this.meaning(this.inputTensor(0));
    if (meaning.kind === 'computed' && meaning.padding !== undefined) return meaning.padding;
    return { image: this.value(0, 'image'), pads: [0, 0, 0, 0] };
  }

  /** The operator's result in the given form; the file's shape must agree with it. */
  result(id: string, form: Form, index = 0): void {
    const tensor = this.outputTensor(index);
    const { shape, element } = this.builder.typeOf(id);
    const own = form === 'image' ? TO_FILE.map((d) => shape[d]!) : shape;
    this.#agree(tensor, own, element);
    this.define(tensor, { kind: 'computed', forms: { [form]: id } });
  }

  /** The same for a result with borders that are not drawn yet. */
  paddedResult(padding: Padding): void {
    const tensor = this.outputTensor();
    const { shape, element } = this.builder.typeOf(padding.image);
    const [top, left, bottom, right] = padding.pads;
    const [n = 0, c = 0, h = 0, w = 0] = shape;
    this.#agree(tensor, [n, h + top + bottom, w + left + right, c], element);
    this.define(tensor, { kind: 'computed', forms: {}, padding });
  }

  #agree(tensor: TfliteTensor, shape: readonly number[], element: ElementType): void {
    if (shape.join() !== tensor.shape.join())
      invalid(`its result ${text(tensor)} would have shape [${shape.join(', ')}]`, {
        expected: `[${tensor.shape.join(', ')}], as the file says`,
        hint: 'convert with fixed shapes; a file that contradicts itself must be made again',
      });
    if (sizeOf(shape) < 1) invalid(`its result ${text(tensor)} has no elements`, { expected: 'no dim of 0' });
    // Computed 64-bit integers are places and counts, which have no more than 32 bits.
    const own = tensor.type === 'int64' ? INT32 : elementOf(tensor);
    if (own.kind !== element.kind || (own.kind === 'int' && element.kind === 'int' && own.bits !== element.bits))
      invalid(`its result ${text(tensor)} is ${tensor.type}`, { expected: 'the type that the operator gives' });
  }

  /** Adds a graph node that carries the operator's name. */
  add<O extends OpName>(op: O, inputs: readonly string[], attributes: OpAttributes[O], options: NodeOptions = {}) {
    const id = this.builder.add(op, inputs, attributes, { name: this.label, ...this.#origin(), ...options });
    const { shape } = this.builder.typeOf(id);
    if (sizeOf(shape) >= 2 ** 31)
      refuse(`an intermediate result of shape [${shape.join(', ')}]`, { expected: 'fewer than 2^31 elements' });
    return id;
  }

  #origin(): { readonly source: string } {
    const { op, outputs } = this.#operator;
    const name = this.#tensors[outputs[0] ?? -1]?.name ?? '';
    return { source: name === '' ? op : `${op} ${name}` };
  }

  /** The only scale and zero point of a quantized tensor. */
  scaling(tensor: TfliteTensor): Scaling {
    const q = tensor.quantization;
    if (q === undefined)
      return refuse(`tensor ${text(tensor)} (${tensor.type}) has no scale`, {
        expected: 'full-integer quantization',
        hint: 'convert with a representative dataset and int8 builtins',
      });
    const [scale = 1] = q.scale;
    const [zero = 0] = q.zeroPoint;
    if (q.scale.length > 1) refuse(`${text(tensor)} has ${q.scale.length} scales`, { expected: 'one scale' });
    const element = this.codeType(tensor);
    const { low, high } = codeLimits(element);
    if (zero < low || zero > high)
      invalid(`${text(tensor)} has zero point ${zero}`, { expected: `a code of ${tensor.type}` });
    return { scale, zero };
  }

  /** The tensor's integer type; refuses floats, saying what to do. */
  codeType(tensor: TfliteTensor): IntegerType {
    const element = elementOf(tensor);
    if (element.kind === 'int') return element;
    return refuse(`${this.#operator.op} of floats (${text(tensor)})`, {
      expected: 'int8, uint8 or int16 codes',
      hint: 'convert with full-integer quantization: a representative dataset and TFLITE_BUILTINS_INT8',
    });
  }

  /** Input and result have the same codes: what moves or chooses elements requires it. */
  requireSameScaling(a: TfliteTensor, b: TfliteTensor): void {
    if (a.type !== b.type) invalid(`${text(a)} is ${a.type}, ${text(b)} is ${b.type}`, { expected: 'the same type' });
    if (elementOf(a).kind === 'float32' || a.quantization === undefined) return;
    const [x, y] = [this.scaling(a), this.scaling(b)];
    if (x.scale !== y.scale || x.zero !== y.zero)
      refuse(`${text(a)} and ${text(b)} have different scales or zero points`, {
        expected: 'one scale and zero point, as the int8 kernels require',
      });
  }

  /** Codes as a constant of the graph. */
  constant(tensor: Tensor, suffix: string): string {
    return this.builder.constant(tensor, `${this.label}.${suffix}`);
  }

  /** Codes of a constant operand: weights. */
  weights(index: number, what: string): Tensor {
    const tensor = this.inputTensor(index);
    if (this.meaning(tensor).kind !== 'constant')
      refuse(`${what} (${text(tensor)}) are computed at run time`, { expected: 'constants of the file' });
    this.codeType(tensor);
    return this.#constant(tensor);
  }
}

/** A tensor in messages. */
export function text(tensor: TfliteTensor): string {
  return tensor.name === '' ? `tensor ${tensor.index}` : `'${tensor.name.slice(0, 120)}'`;
}

export function codeLimits({ bits, coding }: IntegerType): { readonly low: number; readonly high: number } {
  return coding === 'unsigned'
    ? { low: 0, high: 2 ** bits - 1 }
    : { low: -(2 ** (bits - 1)), high: 2 ** (bits - 1) - 1 };
}
