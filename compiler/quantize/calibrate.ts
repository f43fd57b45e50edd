/** What the float network shows on calibration inputs: ranges of the values that get a quantizer, and what rounded weights take from the means. */
import { InternalError } from '../../isa/base/errors.ts';
import type { TracedModel } from '../frontend/onnx/index.ts';
import { interpret } from '../graph/interpret.ts';
import { convFloat } from '../graph/ops/conv-float.ts';
import type { Tensor, TensorData } from '../graph/types.ts';
import type { QuantizedProduct } from './emit.ts';
import type { FloatNetwork, Product } from './network.ts';
import type { Group, Plan } from './plan.ts';
import { Histogram, MinMax, type Range } from './ranges.ts';

export interface Observed {
  readonly ranges: ReadonlyMap<Group, Range>;
  /** What to add to the bias of each product. */
  readonly corrections: ReadonlyMap<Product, Float64Array>;
}

/** Runs the float network on each sample: ranges of all groups, and the mean that rounding takes from each channel. */
export function observe(
  { traced }: FloatNetwork,
  plan: Plan,
  samples: readonly ReadonlyMap<string, TensorData>[],
  products: ReadonlyMap<Product, QuantizedProduct> | undefined,
): Observed {
  const ranges = new Map([...new Set(plan.groups.values())].map((g) => [g, new MinMax()]));
  const corrections = new Map<Product, Float64Array>();
  for (const sample of samples) {
    const values = interpret(traced.graph, sample, 'all');
    for (const [group, range] of ranges)
      for (const source of group.sources) range.add(seen(traced, values, source).data);
    for (const [product, { weights }] of products ?? []) {
      const lost = lostMeans(product, traced, values, weights.values);
      const sum = corrections.get(product) ?? new Float64Array(product.channels);
      corrections.set(
        product,
        sum.map((v, c) => v + lost[c]! / samples.length),
      );
    }
  }
  return { ranges, corrections };
}

/** Mean over positions of float result minus result with rounded weights, channel by channel: a convolution by the difference. */
function lostMeans(
  product: Product,
  { graph }: TracedModel,
  values: ReadonlyMap<string, Tensor>,
  rounded: Float32Array,
): Float64Array {
  const weightName = `${product.node.outputs[0]}.weights`;
  const node = graph.nodes.find((n) => n.op === 'conv-float' && n.inputs[1] === weightName);
  if (node?.op !== 'conv-float') throw new InternalError(`layer ${product.name} is not in the float graph`);
  const means = new Float64Array(product.channels);
  const weights = graph.constants.get(weightName)!;
  const difference = { type: weights.type, data: product.weights.map((w, i) => w - rounded[i]!) };
  const type = graph.values.get(node.output)!;
  const sums = convFloat.reference(node.attributes, [values.get(node.inputs[0]!)!, difference], type);
  const [batch = 1, , height = 1, width = 1] = type.shape;
  const size = height * width;
  sums.forEach((v, i) => {
    means[Math.floor(i / size) % product.channels]! += v / (batch * size);
  });
  return means;
}

/** Narrower ranges by a second look at the same inputs. */
export function clip(
  { traced }: FloatNetwork,
  samples: readonly ReadonlyMap<string, TensorData>[],
  ranges: ReadonlyMap<Group, Range>,
  method: 'percentile' | 'entropy',
): ReadonlyMap<Group, Range> {
  const histograms = new Map([...ranges].map(([group, range]) => [group, new Histogram(range)]));
  for (const sample of samples) {
    const values = interpret(traced.graph, sample, 'all');
    for (const [group, histogram] of histograms)
      for (const s of group.sources) histogram.add(seen(traced, values, s).data);
  }
  return new Map([...histograms].map(([group, histogram]) => [group, histogram.range(method, group.bits)]));
}

/** The float network's value of an ONNX name. */
export function seen({ floats }: TracedModel, values: ReadonlyMap<string, Tensor>, name: string): Tensor {
  return values.get(floats.get(name)!)!;
}
