/**
 * Which kernels are alike, so that one of them is cut and priced for all. What kernels need of their operands are functions, and functions do not compare; but those of a
 * kernel follow from its op, its attributes, types and the numbers of its constants' formats alone, never from their data. So these are its text. Names do not matter.
 */
import type { Graph, Node } from '../graph/types.ts';
import type { Kernel } from './kernel.ts';

/** The text of a kernel that stands for one node, or for a product and the requantizer behind it (`last`). Kernels with equal texts cut alike. */
export function likeOf(kernel: Kernel, graph: Graph, node: Node, last: Node): string {
  const types = [...node.inputs, node.output, last.output].map((value) => graph.values.get(value));
  const scratch = kernel.temps(kernel.shape);
  return JSON.stringify([node.op, node.attributes, last.attributes, types, scratch, kernel], brief);
}

/** Of a kernel that works on what another one makes, as its operand `joined`. */
export function joinedLike(maker: Kernel, next: Kernel, joined: number): string | undefined {
  if (maker.like === undefined || next.like === undefined) return undefined;
  return `${maker.like} > ${joined} ${next.like}`;
}

const NAMES: ReadonlySet<string> = new Set(['name', 'layer', 'output']);

/** Data counts by its length; names not at all. */
function brief(key: string, value: unknown): unknown {
  if (NAMES.has(key)) return undefined;
  return ArrayBuffer.isView(value) ? (value as Uint8Array).length : value;
}
