/**
 * Text form of a graph, one statement a line, made to be read, compared and edited:
 *
 *   graph "tfc"
 *   input x : f32[1,784]
 *   const w : s2[784,64] = [1 0 -1 ...]
 *   acc : s32[1,64] = matmul(x, w) {xZero: 0, wZero: i32[0]} "fc1" from "MatMul fc1"
 *   output acc
 *
 * Names that are not plain are quoted. Constants of more than INLINE elements are base64 of their little-endian elements, in the
 * fewest whole bytes that hold their width. `parse(print(graph))` is the same graph. A semicolon begins a comment.
 */
import { base64Encode } from '@bufbuild/protobuf/wire';
import { type Graph, type Node, type Tensor, typeText, type ValueType } from '../types.ts';

/** Constants up to this many elements are spelled as numbers. */
const INLINE = 64;

export function printGraph(graph: Graph): string {
  const type = (name: string) => typeText(typeOf(graph, name));
  const lines = [`graph ${quoted(graph.name)}`];
  for (const name of graph.inputs) lines.push(`input ${printName(name)} : ${type(name)}`);
  for (const [name, tensor] of graph.constants)
    lines.push(`const ${printName(name)} : ${type(name)} = ${printData(tensor)}`);
  for (const node of graph.nodes) lines.push(printNode(node, type(node.output)));
  for (const name of graph.outputs) lines.push(`output ${printName(name)}`);
  return `${lines.join('\n')}\n`;
}

function typeOf(graph: Graph, name: string): ValueType {
  const type = graph.values.get(name);
  if (type === undefined) throw new RangeError(`value ${name} has no type`);
  return type;
}

function printNode(node: Node, type: string): string {
  const attributes = printAttribute(node.attributes);
  const operands = node.inputs.map(printName).join(', ');
  return `${printName(node.output)} : ${type} = ${node.op}(${operands}) ${attributes} ${quoted(node.name)} from ${quoted(node.source)}`;
}

const PLAIN = /^[A-Za-z0-9_][A-Za-z0-9_.]*$/;
const KEYWORDS = new Set(['graph', 'input', 'const', 'output', 'from']);

/** A value's name, quoted when it would not read back as one word. */
export function printName(name: string): string {
  return PLAIN.test(name) && !KEYWORDS.has(name) ? name : quoted(name);
}

function quoted(text: string): string {
  return JSON.stringify(text);
}

function printData(tensor: Tensor): string {
  if (tensor.data.length <= INLINE) return `[${Array.from(tensor.data, printNumber).join(' ')}]`;
  return `base64 ${quoted(base64Encode(packElements(tensor)))}`;
}

/** Bytes that hold one element of a constant in the text form. */
export function elementBytes(type: ValueType): 1 | 2 | 4 {
  if (type.element.kind === 'float32') return 4;
  const { bits, coding } = type.element;
  // Elements are signed there, so an unsigned width needs a bit more.
  const needed = bits + (coding === 'unsigned' ? 1 : 0);
  return needed <= 8 ? 1 : needed <= 16 ? 2 : 4;
}

function packElements(tensor: Tensor): Uint8Array {
  const size = elementBytes(tensor.type);
  const bytes = new Uint8Array(tensor.data.length * size);
  const view = new DataView(bytes.buffer);
  tensor.data.forEach((v, i) => {
    if (tensor.type.element.kind === 'float32') view.setFloat32(i * 4, v, true);
    else if (size === 1) view.setInt8(i, v);
    else if (size === 2) view.setInt16(i * 2, v, true);
    else view.setInt32(i * 4, v, true);
  });
  return bytes;
}

/** Attributes: numbers, flags, strings, lists, records, and typed arrays as i32[..], u8[..], f32[..]. */
export function printAttribute(value: unknown): string {
  if (typeof value === 'number') return printNumber(value);
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return quoted(value);
  if (value instanceof Float32Array) return `f32[${Array.from(value, printNumber).join(' ')}]`;
  if (value instanceof Int32Array) return `i32[${Array.from(value).join(' ')}]`;
  if (value instanceof Uint8Array) return `u8[${Array.from(value).join(' ')}]`;
  if (Array.isArray(value)) return `[${value.map(printAttribute).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    return `{${Object.entries(value)
      .map(([key, v]) => `${key}: ${printAttribute(v)}`)
      .join(', ')}}`;
  }
  throw new RangeError(`an attribute of type ${typeof value} has no text`);
}

/** Shortest spelling that reads back as the same double; floats of float32 precision get at most nine digits. */
function printNumber(x: number): string {
  if (Object.is(x, -0)) return '-0';
  if (!Number.isFinite(x) || Number.isInteger(x)) return String(x);
  const short = Number(x.toPrecision(9));
  return Math.fround(x) === x && Math.fround(short) === x ? `${short}f` : String(x);
}
