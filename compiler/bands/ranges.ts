/**
 * Part of a node: for a range of its result along one dim, the range of each operand that it takes and the node that makes just that. One rule an
 * op; null where the op needs all of an operand for any of its result (a softmax along the dim, an average of the whole image).
 */
import { outputSize } from '../graph/ops/window.ts';
import type { Node, NodeOf, OpAttributes, OpName, RequantizeSpec, ValueType, Window } from '../graph/types.ts';

/** Elements along one dim of a value. */
export interface Range {
  readonly dim: number;
  readonly start: number;
  readonly count: number;
}

/** A node that makes part of its result. */
export interface Part {
  /** What it makes: at least what was asked for. */
  readonly result: Range;
  /** By operand; null: all of it. */
  readonly operands: readonly (Range | null)[];
  readonly attributes: OpAttributes[OpName];
}

export type TypeOf = (value: string) => ValueType;

/** The part of a node that makes `asked` of its result, or null where there is none smaller than the node. */
export function partOf(node: Node, typeOf: TypeOf, asked: Range): Part | null {
  const types = node.inputs.map(typeOf);
  const result = typeOf(node.output);
  const { dim } = asked;
  const same = { result: asked, attributes: node.attributes };
  switch (node.op) {
    case 'conv':
    case 'conv-float':
      return convolved(node, types[0]!, asked);
    case 'maxpool':
    case 'avgpool':
      return windowed(node, types[0]!, asked);
    case 'matmul':
      return dim === result.shape.length - 1 ? null : { ...same, operands: [asked, ...types.slice(1).map(() => null)] };
    case 'product':
    case 'product-float':
      return { ...same, operands: dim === 0 ? [asked, asked] : dim === 1 ? [asked, null] : [null, asked] };
    case 'requantize':
      return channelsAlong(node, requantizerChannels(node.attributes.spec), dim) ? null : alike(same, types, result);
    case 'dequantize':
    case 'quantize':
      return channelsAlong(node, Math.max(node.attributes.scale.length, node.attributes.zeroPoint.length), dim)
        ? null
        : alike(same, types, result);
    case 'lut':
      return dim === node.attributes.axis ? null : alike(same, types, result);
    case 'softmax':
      return dim === node.attributes.axis ? null : alike(same, types, result);
    case 'layer-norm':
      return dim === result.shape.length - 1 ? null : { ...same, operands: [asked, ...types.slice(1).map(() => null)] };
    case 'concat':
      return dim === node.attributes.axis ? null : { ...same, operands: types.map(() => asked) };
    case 'transpose':
      return { ...same, operands: [{ ...asked, dim: node.attributes.perm[dim]! }] };
    case 'slice':
      return sliced(node, asked);
    case 'pad':
      return padded(node, types[0]!, asked);
    case 'expand':
      return expanded(node, types, result, asked);
    case 'reshape':
      return reshaped(node, types[0]!, result, asked);
    case 'depth-to-space':
      return dim < 2 ? (dim === 0 ? { ...same, operands: [asked] } : null) : inBlocks(node, asked);
    case 'spatial-sum':
      return dim > 1 ? null : { ...same, operands: [asked] };
    case 'gather':
      return null;
    case 'bipolar':
    case 'unary':
    case 'clip':
    case 'binary':
    case 'addi':
    case 'qadd':
    case 'qmul':
    case 'where':
      return alike(same, types, result);
  }
}

/** Operands that are broadcast against the result. */
function alike(same: Omit<Part, 'operands'>, types: readonly ValueType[], { shape }: ValueType): Part {
  const operands = types.map((type): Range | null => {
    const dim = same.result.dim - (shape.length - type.shape.length);
    return dim < 0 || type.shape[dim] === 1 ? null : { ...same.result, dim };
  });
  return { ...same, operands };
}

/** Whether each element along the dim has numbers of its own. */
function channelsAlong(node: NodeOf<'requantize' | 'dequantize' | 'quantize'>, channels: number, dim: number): boolean {
  return channels > 1 && node.attributes.axis === dim;
}

function requantizerChannels(spec: RequantizeSpec): number {
  return spec.mode === 'float32'
    ? spec.scale.length
    : spec.mode === 'fixed-point'
      ? spec.multiplier.length
      : spec.base.length;
}

function convolved(node: NodeOf<'conv' | 'conv-float'>, x: ValueType, asked: Range): Part | null {
  const whole = node.inputs.slice(1).map(() => null);
  if (asked.dim === 1) return null;
  const part = windowed(node, x, asked);
  return part === null ? null : { ...part, operands: [...part.operands, ...whole] };
}

/** Rows or columns of windows: padding stays where the range reaches the border. */
function windowed(
  node: NodeOf<'conv' | 'conv-float' | 'maxpool' | 'avgpool'>,
  x: ValueType,
  asked: Range,
): Part | null {
  const { dim } = asked;
  if (dim < 2) return { result: asked, operands: [asked], attributes: node.attributes };
  const { window } = node.attributes;
  const axis = dim === 2 ? 0 : 1;
  const size = x.shape[dim]!;
  const from = asked.start * window.strides[axis] - window.pads[axis];
  const end = from + (asked.count - 1) * window.strides[axis] + window.dilations[axis] * (window.kernel[axis] - 1) + 1;
  const start = Math.max(0, from);
  const count = Math.min(size, end) - start;
  if (count < 1) return null;
  const pads = window.pads.map((p, i) => (i === axis ? start - from : i === axis + 2 ? Math.max(0, end - size) : p));
  const own: Window = { ...window, pads: pads as unknown as Window['pads'] };
  const shape = x.shape.map((s, d) => (d === dim ? count : s));
  if (outputSize(own, shape[2]!, shape[3]!, false)[axis] !== asked.count) return null;
  return { result: asked, operands: [{ dim, start, count }], attributes: { ...node.attributes, window: own } };
}

function sliced(node: NodeOf<'slice'>, asked: Range): Part {
  const { starts, steps } = node.attributes;
  const [step, first] = [steps[asked.dim]!, starts[asked.dim]!];
  const ends = [first + asked.start * step, first + (asked.start + asked.count - 1) * step];
  const start = Math.min(...ends);
  const own = starts.map((s, d) => (d === asked.dim ? ends[0]! - start : s));
  const count = Math.max(...ends) - start + 1;
  return { result: asked, operands: [{ ...asked, start, count }], attributes: { starts: own, steps } };
}

function padded(node: NodeOf<'pad'>, x: ValueType, asked: Range): Part | null {
  const { dim } = asked;
  const { before, after, value } = node.attributes;
  const from = asked.start - before[dim]!;
  const end = from + asked.count;
  const start = Math.max(0, from);
  const count = Math.min(x.shape[dim]!, end) - start;
  if (count < 1) return null;
  const own = {
    before: before.map((b, d) => (d === dim ? start - from : b)),
    after: after.map((a, d) => (d === dim ? end - start - count : a)),
    value,
  };
  return { result: asked, operands: [{ dim, start, count }], attributes: own };
}

function expanded(node: NodeOf<'expand'>, types: readonly ValueType[], result: ValueType, asked: Range): Part {
  const shape = node.attributes.shape.map((s, d) => (d === asked.dim ? asked.count : s));
  return alike({ result: asked, attributes: { shape } }, types, result);
}

/** A dim that is itself, leads several that are merged into one, or is the first of several that one is split into. */
function reshaped(node: NodeOf<'reshape'>, x: ValueType, { shape }: ValueType, asked: Range): Part | null {
  const size = shape[asked.dim]!;
  const product = (list: readonly number[]): number => list.reduce((a, b) => a * b, 1);
  const front = product(shape.slice(0, asked.dim));
  const dim = x.shape.findIndex((s, d) => s > 1 && product(x.shape.slice(0, d)) === front);
  const own = x.shape[dim];
  if (own === undefined || size < 2) return null;
  const { attributes } = node;
  if (size % own === 0) {
    const inner = size / own;
    const start = Math.floor(asked.start / inner);
    const count = Math.ceil((asked.start + asked.count) / inner) - start;
    const result = { dim: asked.dim, start: start * inner, count: count * inner };
    return { result, operands: [{ dim, start, count }], attributes };
  }
  if (own % size !== 0) return null;
  const inner = own / size;
  return { result: asked, operands: [{ dim, start: asked.start * inner, count: asked.count * inner }], attributes };
}

function inBlocks(node: NodeOf<'depth-to-space'>, { dim, start: from, count: rows }: Range): Part {
  const { block } = node.attributes;
  const start = Math.floor(from / block);
  const count = Math.ceil((from + rows) / block) - start;
  const result = { dim, start: start * block, count: count * block };
  return { result, operands: [{ dim, start, count }], attributes: node.attributes };
}
