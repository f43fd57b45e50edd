/**
 * Graph to kernels. A matrix product takes along the requantizer that follows it when nobody else reads the accumulators;
 * ops that only rearrange elements become aliases (another layout over the same bytes); everything else is one kernel.
 * All nodes that cannot be lowered are reported at once.
 */
import { Diagnostics, UnsupportedError } from '../../isa/base/errors.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import type { Graph, Node, NodeOf } from '../graph/types.ts';
import { uniqueNames } from '../mapping/decisions.ts';
import { likeOf } from './alike.ts';
import type { CopyKernel, Kernel, Source } from './kernel.ts';
import { formatOf, Refusal } from './kernel.ts';
import { NodeContext, SharedParts } from './kernels/context.ts';
import { convFloatKernel } from './kernels/conv-float.ts';
import { convolutionKernel, productKernel, requireRequantizer } from './kernels/convolution.ts';
import type { ConcatPart } from './kernels/copy.ts';
import { concatKernel, copyKernel, padKernel } from './kernels/copy.ts';
import {
  binaryKernel,
  bipolarKernel,
  clipKernel,
  dequantizeKernel,
  quantizeKernel,
  unaryKernel,
} from './kernels/float.ts';
import { addiKernel, lutKernel, requantizeKernel, whereKernel } from './kernels/integer.ts';
import { layerNormKernel } from './kernels/layer-norm.ts';
import { expandKernel, gatherKernel } from './kernels/lookup.ts';
import { qaddKernel, qmulKernel } from './kernels/pairs.ts';
import { avgpoolKernel, maxpoolKernel, spatialSumKernel } from './kernels/pool.ts';
import { dynamicProductKernel } from './kernels/product.ts';
import { productFloatKernel } from './kernels/product-float.ts';
import { softmaxKernel } from './kernels/softmax.ts';
import type { Layout } from './layout.ts';
import { at, depthToSpaceLayout, reshapeLayout, sliceLayout, transposeLayout } from './layout.ts';

/** A value that is another layout of `of`; `copy` makes it for real where no consumer can walk that layout. */
export interface Alias {
  readonly kind: 'alias';
  readonly output: string;
  readonly of: Source;
  readonly shape: readonly number[];
  /** The source's layout seen as this value; null when it cannot be. */
  readonly arrange: (layout: Layout) => Layout | null;
  /** Whether both have the same elements in row-major order, so that a copy needs no common layout. */
  readonly sameOrder: boolean;
  readonly sourceShape: readonly number[];
  readonly copy: (source: Source) => CopyKernel;
}

/** A join; parts that are made by kernels may be written in place. */
export interface Join {
  readonly kind: 'join';
  readonly output: string;
  readonly axis: number;
  readonly parts: readonly ConcatPart[];
  readonly copy: (parts: readonly ConcatPart[]) => CopyKernel;
}

export type Selected = Kernel | Alias | Join;

/**
 * Kernels, aliases and joins in graph order. Throws UnsupportedError with every refused node.
 * @param shared with a graph of the same nodes, some of them in bands
 */
export function select(graph: Graph, machine: Machine, shared = new SharedParts()): readonly Selected[] {
  shared.begin();
  const diagnostics = new Diagnostics();
  const fused = fusedNodes(graph);
  const followers = new Map([...fused].map((n) => [at(n.inputs, 0), n]));
  const out: Selected[] = [];
  for (const node of graph.nodes) {
    if (fused.has(node)) continue;
    try {
      out.push(selectNode(graph, node, followers, shared, machine));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      diagnostics.add({
        code: 'E-LOWER-UNSUPPORTED',
        where: `${node.name} (${node.source})`,
        message: `${node.op}: ${error.message}`,
        expected: 'what the machine can run',
        hint: 'another machine (-m), the field named above (--set), or fewer bits in the model',
      });
    }
  }
  const refused = diagnostics.items.length;
  diagnostics.throwIfAny(UnsupportedError, `${refused} node${refused === 1 ? '' : 's'} cannot run on ${machine.name}`);
  return withOwnNames(out);
}

/** Layers are told apart by their names. */
function withOwnNames(all: readonly Selected[]): readonly Selected[] {
  const isLayer = (s: Selected): s is Kernel => s.kind !== 'alias' && s.kind !== 'join';
  const names = [...uniqueNames(all.flatMap((s) => (isLayer(s) ? [s.layer.name] : [])))];
  return all.map((s) => (isLayer(s) ? { ...s, layer: { ...s.layer, name: names.shift() ?? s.layer.name } } : s));
}

/** Requantizers that run in the drain of the matrix product before them. */
function fusedNodes(graph: Graph): ReadonlySet<Node> {
  const uses = new Map<string, number>();
  for (const name of [...graph.nodes.flatMap((n) => n.inputs), ...graph.outputs])
    uses.set(name, (uses.get(name) ?? 0) + 1);
  const makers = new Map(graph.nodes.map((n) => [n.output, n]));
  const channelLast = (maker: Node): number =>
    maker.op === 'conv' ? 1 : (graph.values.get(maker.output)?.shape.length ?? 0) - 1;
  return new Set(
    graph.nodes.filter((node) => {
      if (node.op !== 'requantize' || uses.get(at(node.inputs, 0)) !== 1) return false;
      const maker = makers.get(at(node.inputs, 0));
      return (
        (maker?.op === 'conv' || maker?.op === 'matmul' || maker?.op === 'product') &&
        (specChannels(node) === 1 || node.attributes.axis === channelLast(maker))
      );
    }),
  );
}

function specChannels(node: NodeOf<'requantize'>): number {
  const { spec } = node.attributes;
  return spec.mode === 'float32'
    ? spec.scale.length
    : spec.mode === 'fixed-point'
      ? spec.multiplier.length
      : spec.base.length;
}

function selectNode(
  graph: Graph,
  node: Node,
  followers: ReadonlyMap<string, Node>,
  shared: SharedParts,
  machine: Machine,
): Selected {
  const cx = new NodeContext(graph, node, shared);
  const follower = followers.get(node.output);
  const last = follower === undefined ? cx : new NodeContext(graph, follower, shared);
  const selected = selectOp(cx, last, machine);
  if (selected.kind === 'alias' || selected.kind === 'join') return selected;
  return { ...selected, like: likeOf(selected, graph, node, last.node) };
}

/** @param last context of the node whose result the kernel makes */
function selectOp(cx: NodeContext, last: NodeContext, machine: Machine): Selected {
  const { node } = cx;
  switch (node.op) {
    case 'conv':
      return convolutionKernel(cx, node, last, machine);
    case 'conv-float':
      return convFloatKernel(cx, node);
    case 'matmul':
      return productKernel(cx, node, last, machine);
    case 'product':
      return dynamicProductKernel(cx, node, last, machine);
    case 'product-float':
      return productFloatKernel(cx, node);
    case 'requantize':
      requireRequantizer(node.attributes.spec.mode, machine);
      return requantizeKernel(cx, node);
    case 'dequantize':
      return dequantizeKernel(cx, node);
    case 'quantize':
      return quantizeKernel(cx, node);
    case 'bipolar':
      return bipolarKernel(cx);
    case 'unary':
      return node.attributes.fn === 'identity' ? alias(cx, (layout) => layout) : unaryKernel(cx, node);
    case 'clip':
      return clipKernel(cx, node);
    case 'binary':
      return binaryKernel(cx, node);
    case 'addi':
      return addiKernel(cx);
    case 'qadd':
      return qaddKernel(cx, node);
    case 'qmul':
      return qmulKernel(cx, node);
    case 'maxpool':
      return maxpoolKernel(cx, node);
    case 'avgpool':
      return avgpoolKernel(cx, node);
    case 'spatial-sum':
      return spatialSumKernel(cx, node);
    case 'softmax':
      return softmaxKernel(cx, node);
    case 'layer-norm':
      return layerNormKernel(cx, node);
    case 'lut':
      return lutKernel(cx, node);
    case 'reshape':
      return alias(cx, (layout) => reshapeLayout(layout, cx.output.shape));
    case 'transpose':
      return alias(cx, (layout) => transposeLayout(layout, node.attributes.perm));
    case 'slice':
      return alias(cx, (layout) => sliceLayout(layout, node.attributes.starts, node.attributes.steps, cx.output.shape));
    case 'depth-to-space': {
      const { block, mode } = node.attributes;
      return alias(cx, (layout) => depthToSpaceLayout(layout, cx.inputType(0).shape, block, mode));
    }
    case 'expand':
      return expandKernel(cx);
    case 'gather':
      return gatherKernel(cx);
    case 'where':
      return whereKernel(cx);
    case 'concat':
      return join(cx, node);
    case 'pad':
      return pad(cx, node);
  }
}

function copySpec(cx: NodeContext) {
  return {
    name: cx.node.name,
    op: cx.node.op,
    output: cx.node.output,
    shape: cx.output.shape,
    format: formatOf(cx.output),
  };
}

function alias(cx: NodeContext, arrange: (layout: Layout) => Layout | null): Alias {
  const of = cx.source(cx.input(0));
  const sourceShape = cx.inputType(0).shape;
  const copy = (source: Source): CopyKernel => copyKernel(copySpec(cx), source, sourceShape, arrange);
  const sameOrder = cx.node.op === 'reshape' || cx.node.op === 'unary';
  return { kind: 'alias', output: cx.node.output, of, shape: cx.output.shape, arrange, sameOrder, sourceShape, copy };
}

function join(cx: NodeContext, node: NodeOf<'concat'>): Join {
  const { axis } = node.attributes;
  let start = 0;
  const parts = node.inputs.map((name): ConcatPart => {
    const { shape } = cx.typeOf(name);
    const part = { source: cx.source(name), shape, start };
    start += at(shape, axis);
    return part;
  });
  return { kind: 'join', output: node.output, axis, parts, copy: (some) => concatKernel(copySpec(cx), axis, some) };
}

/** Float pads travel as the bits of the value, so that DMA only moves codes. */
function pad(cx: NodeContext, node: NodeOf<'pad'>): Kernel {
  const { before, value } = node.attributes;
  const bits = cx.output.element.kind === 'float32' ? at(new Int32Array(Float32Array.of(value).buffer), 0) : value;
  return padKernel(copySpec(cx), cx.source(cx.input(0)), cx.inputType(0).shape, before, bits);
}
