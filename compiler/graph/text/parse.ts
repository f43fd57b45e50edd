/**
 * Reads the graph's text form back. Every line is read even when one before it is broken, so all mistakes are reported at once, with
 * line and column; then the verifier has its say.
 */
import { base64Decode } from '@bufbuild/protobuf/wire';
import { type Diagnostic, InputError } from '../../../isa/base/errors.ts';
import { OPS } from '../ops/index.ts';
import { type ElementType, type Graph, type Node, type OpName, sizeOf, type Tensor, type ValueType } from '../types.ts';
import { verify } from '../verify.ts';
import { checkAttributes } from './attributes.ts';
import { elementBytes } from './print.ts';
import { scan, TextError, textDiagnostic, type Word } from './scan.ts';

/** Parses and verifies a graph. Throws InputError with file:line:column for each mistake. */
export function parseGraph(text: string, file = 'graph'): Graph {
  const reader = new GraphReader();
  const diagnostics: Diagnostic[] = [];
  text.split(/\r?\n/).forEach((source, i) => {
    try {
      reader.line(new Words(scan(source)));
    } catch (error) {
      if (!(error instanceof TextError)) throw error;
      diagnostics.push(textDiagnostic(error, source, i + 1, file));
    }
  });
  if (diagnostics.length > 0) throw new InputError(`${file} is not a graph`, { diagnostics });
  const graph = reader.finish();
  const found = verify(graph);
  if (found.length > 0)
    throw new InputError(`${file} is not a well-formed graph: ${found[0]?.message}`, { diagnostics: found });
  return graph;
}

/** The words of one line, taken from the left. */
class Words {
  readonly #words: readonly Word[];
  #at = 0;

  constructor(words: readonly Word[]) {
    this.#words = words;
  }

  get next(): Word {
    const word = this.#words[Math.min(this.#at, this.#words.length - 1)];
    if (word === undefined) throw new TextError('nothing here', 1);
    return word;
  }

  take(): Word {
    const word = this.next;
    this.#at += 1;
    return word;
  }

  /** Takes the mark when it is next. */
  accept(mark: string): boolean {
    const is = this.next.kind === 'mark' && this.next.text === mark;
    if (is) this.#at += 1;
    return is;
  }

  expect(mark: string): void {
    if (!this.accept(mark)) throw new TextError(`'${this.next.text}' stands here`, this.next.column, `'${mark}'`);
  }

  string(what: string): string {
    const word = this.take();
    return word.kind === 'string' ? word.text : fail(word, what);
  }

  /** A value's name, plain or quoted; digits alone are a name here. */
  name(): string {
    const word = this.take();
    return word.kind === 'name' || word.kind === 'string' || word.kind === 'number' ? word.text : fail(word, 'a name');
  }

  number(): number {
    const word = this.take();
    return word.kind === 'number' ? word.value : fail(word, 'a number');
  }

  end(): void {
    if (this.next.kind !== 'end') fail(this.next, 'the end of the line');
  }
}

function fail(word: Word, expected: string): never {
  throw new TextError(`'${word.text}' stands here`, word.column, expected);
}

const CODINGS = { u: 'unsigned', s: 'signed', b: 'bipolar', t: 'ternary' } as const;

class GraphReader {
  #name = 'graph';
  readonly #inputs: string[] = [];
  readonly #outputs: string[] = [];
  readonly #values = new Map<string, ValueType>();
  readonly #constants = new Map<string, Tensor>();
  readonly #nodes: Node[] = [];

  line(words: Words): void {
    const first = words.next;
    if (first.kind === 'end') return;
    const keyword = first.kind === 'name' ? first.text : '';
    if (keyword === 'graph') this.#graph(words);
    else if (keyword === 'input') this.#input(words);
    else if (keyword === 'const') this.#constant(words);
    else if (keyword === 'output') this.#output(words);
    else this.#node(words);
    words.end();
  }

  finish(): Graph {
    return {
      name: this.#name,
      inputs: this.#inputs,
      outputs: this.#outputs,
      values: this.#values,
      constants: this.#constants,
      nodes: this.#nodes,
    };
  }

  #graph(words: Words): void {
    words.take();
    this.#name = words.string('the name of the graph, in quotes');
  }

  #input(words: Words): void {
    words.take();
    const { name } = this.#declare(words);
    this.#inputs.push(name);
  }

  #output(words: Words): void {
    words.take();
    this.#outputs.push(words.name());
  }

  #constant(words: Words): void {
    words.take();
    const { name, type } = this.#declare(words);
    words.expect('=');
    const start = words.next;
    const data = start.kind === 'name' && start.text === 'base64' ? packed(words, type) : inline(words, type);
    if (data.length !== sizeOf(type.shape))
      throw new TextError(`${data.length} elements`, start.column, `${sizeOf(type.shape)} elements`);
    this.#constants.set(name, { type, data });
  }

  #node(words: Words): void {
    const { name: output } = this.#declare(words);
    words.expect('=');
    const op = words.take();
    if (op.kind !== 'name' || !Object.hasOwn(OPS, op.text)) fail(op, `an op: ${Object.keys(OPS).join(', ')}`);
    words.expect('(');
    const inputs: string[] = [];
    while (!words.accept(')')) {
      if (inputs.length > 0) words.expect(',');
      inputs.push(words.name());
    }
    const { column } = words.next;
    const attributes = record(words);
    checkAttributes(op.text as OpName, attributes, column);
    const name = words.string("the node's name, in quotes");
    const from = words.take();
    if (from.kind !== 'name' || from.text !== 'from') fail(from, "'from'");
    const source = words.string('what the node came from, in quotes');
    this.#nodes.push({ op: op.text as OpName, name, inputs, output, attributes, source } as unknown as Node);
  }

  #declare(words: Words): { name: string; type: ValueType } {
    const { column } = words.next;
    const name = words.name();
    if (this.#values.has(name))
      throw new TextError(`'${name}' is defined twice`, column, 'one definition of each value');
    words.expect(':');
    const type = typeFrom(words);
    this.#values.set(name, type);
    return { name, type };
  }
}

function typeFrom(words: Words): ValueType {
  const element = elementFrom(words.take());
  words.expect('[');
  const shape: number[] = [];
  while (!words.accept(']')) {
    if (shape.length > 0) words.expect(',');
    shape.push(words.number());
  }
  return { element, shape };
}

function elementFrom(word: Word): ElementType {
  if (word.text === 'f32') return { kind: 'float32' };
  const match = /^([usbt])(\d{1,2})$/.exec(word.text);
  const coding = CODINGS[(match?.[1] ?? 'x') as keyof typeof CODINGS];
  if (match === null || coding === undefined) return fail(word, 'a type: f32, or u, s, b, t and a width, as u8 or s4');
  return { kind: 'int', bits: Number(match[2]), coding };
}

function inline(words: Words, type: ValueType): Tensor['data'] {
  words.expect('[');
  const values = numbersUntilBracket(words);
  return type.element.kind === 'float32' ? Float32Array.from(values) : Int32Array.from(values);
}

function numbersUntilBracket(words: Words): number[] {
  const values: number[] = [];
  while (!words.accept(']')) values.push(words.number());
  return values;
}

function packed(words: Words, type: ValueType): Tensor['data'] {
  words.take();
  const word = words.next;
  const bytes = decode64(words.string('base64 data, in quotes'), word.column);
  const size = elementBytes(type);
  const count = bytes.length / size;
  if (!Number.isInteger(count)) throw new TextError(`${bytes.length} bytes`, word.column, `a multiple of ${size}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (type.element.kind === 'float32')
    return Float32Array.from({ length: count }, (_, i) => view.getFloat32(i * 4, true));
  const read =
    size === 1
      ? (i: number) => view.getInt8(i)
      : size === 2
        ? (i: number) => view.getInt16(i * 2, true)
        : (i: number) => view.getInt32(i * 4, true);
  return Int32Array.from({ length: count }, (_, i) => read(i));
}

function decode64(text: string, column: number): Uint8Array {
  try {
    return base64Decode(text);
  } catch {
    throw new TextError('broken base64 data', column, 'base64');
  }
}

function record(words: Words): Record<string, unknown> {
  words.expect('{');
  const fields: [string, unknown][] = [];
  while (!words.accept('}')) {
    if (fields.length > 0) words.expect(',');
    const key = words.name();
    words.expect(':');
    fields.push([key, attribute(words)]);
  }
  return Object.fromEntries(fields);
}

function attribute(words: Words): unknown {
  const word = words.next;
  if (word.kind === 'mark' && word.text === '{') return record(words);
  if (words.accept('[')) return list(words);
  words.take();
  if (word.kind === 'number') return word.value;
  if (word.kind === 'string') return word.text;
  if (word.text === 'true' || word.text === 'false') return word.text === 'true';
  if (word.text === 'i32' || word.text === 'u8' || word.text === 'f32') {
    words.expect('[');
    const values = numbersUntilBracket(words);
    return word.text === 'i32'
      ? Int32Array.from(values)
      : word.text === 'u8'
        ? Uint8Array.from(values)
        : Float32Array.from(values);
  }
  return fail(word, 'a number, a string, true, false, a list, a record, or i32[..], u8[..], f32[..]');
}

function list(words: Words): unknown[] {
  const values: unknown[] = [];
  while (!words.accept(']')) {
    if (values.length > 0) words.expect(',');
    values.push(attribute(words));
  }
  return values;
}
