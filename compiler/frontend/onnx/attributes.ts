/** Attributes of an ONNX node by name and type; a value of another type than ONNX defines is refused. */
import { invalid } from '../refusal.ts';
import type { AttributeValue, OnnxNode, OnnxTensor } from './model.ts';

export function intAttribute(node: OnnxNode, name: string, fallback: number): number {
  const a = node.attributes.get(name);
  if (a === undefined) return fallback;
  return a.type === 'int' ? checkedInt(name, a.value) : wrongType(name, 'an int', a);
}

/** Undefined when absent. */
export function intsAttribute(node: OnnxNode, name: string): readonly number[] | undefined {
  const a = node.attributes.get(name);
  if (a === undefined) return undefined;
  return a.type === 'ints' ? a.value.map((v) => checkedInt(name, v)) : wrongType(name, 'ints', a);
}

export function floatAttribute(node: OnnxNode, name: string, fallback: number): number {
  const a = node.attributes.get(name);
  if (a === undefined) return fallback;
  if (a.type !== 'float') return wrongType(name, 'a float', a);
  return Number.isNaN(a.value) ? invalid(`attribute ${name} is not a number`, { expected: 'a number' }) : a.value;
}

export function stringAttribute(node: OnnxNode, name: string, fallback: string): string {
  const a = node.attributes.get(name);
  if (a === undefined) return fallback;
  return a.type === 'string' ? a.value : wrongType(name, 'a string', a);
}

/** Undefined when absent. */
export function stringsAttribute(node: OnnxNode, name: string): readonly string[] | undefined {
  const a = node.attributes.get(name);
  if (a === undefined) return undefined;
  return a.type === 'strings' ? a.value : wrongType(name, 'strings', a);
}

export function tensorAttribute(node: OnnxNode, name: string): OnnxTensor | undefined {
  const a = node.attributes.get(name);
  if (a === undefined) return undefined;
  return a.type === 'tensor' ? a.value : wrongType(name, 'a tensor', a);
}

function checkedInt(name: string, value: number): number {
  // Slice uses the largest int64 for "to the end"; doubles keep its order.
  return Number.isInteger(value) ? value : invalid(`attribute ${name} is ${value}`, { expected: 'an integer' });
}

function wrongType(name: string, expected: string, got: AttributeValue): never {
  return invalid(`attribute ${name} is ${got.type}`, { expected });
}
