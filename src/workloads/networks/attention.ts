/** Attention as the transformers of the zoo share it: projections, scores by head, softmax, context. */
import type { SectionBuilder } from '../describe.ts';
import type { Value } from '../layers.ts';

export interface Attention {
  readonly width: number;
  readonly heads: number;
  readonly bias: boolean;
  /** Whether tokens see only those before them; not when left out. */
  readonly causal?: boolean;
}

/** Queries from x, keys and values from `memory`: [tokens, width] -> [tokens, width]. */
export function attention(s: SectionBuilder, x: Value, memory: Value, name: string, o: Attention): Value {
  const project = (v: Value, label: string) => s.linear(v, `${name}.${label}`, o.width, { bias: o.bias });
  const [q, k, v] = [project(x, 'q'), project(memory, 'k'), project(memory, 'v')];
  const context = attend(s, { q, k: [k], v: [v] }, name, {
    heads: o.heads,
    kvHeads: o.heads,
    causal: o.causal ?? false,
  });
  return s.linear(context, `${name}.out`, o.width, { bias: o.bias });
}

export interface Heads {
  readonly heads: number;
  readonly kvHeads: number;
}

export interface Attended {
  readonly q: Value;
  /** Keys and values, in one part or in several: a cache and what is new. */
  readonly k: readonly Value[];
  readonly v: readonly Value[];
}

/** softmax(Q K^T / sqrt(d)) V. Causal: a token sees those before it and itself; the last rows of the keys are the tokens'. All scores are computed and counted. */
export function attend(
  s: SectionBuilder,
  { q, k, v }: Attended,
  name: string,
  { causal = false, ...heads }: Heads & { readonly causal?: boolean },
): Value {
  const scores = s.add('attention-scores', `${name}.scores`, [q, ...k], heads);
  const [tokens = 1] = q.shape;
  const [, run = 1] = scores.shape;
  const seen = causal && tokens > 1 ? { causal: { tokens, first: run - tokens + 1 } } : {};
  const shares = s.add('softmax', `${name}.softmax`, [scores], { run, ...seen });
  return s.add('attention-context', `${name}.context`, [shares, ...v], heads);
}

/** x + f(x), then a norm. */
export function addNorm(s: SectionBuilder, x: Value, y: Value, name: string): Value {
  return s.add('layer-norm', `${name}.ln`, [s.add('add', `${name}.add`, [x, y], { act: 'none' })], {});
}

/** Two products with an activation between. */
export function feedForward(
  s: SectionBuilder,
  x: Value,
  name: string,
  o: { readonly inner: number; readonly act: 'gelu' | 'relu' },
): Value {
  const inner = s.linear(x, `${name}.ffn1`, o.inner, { bias: true, act: o.act });
  return s.linear(inner, `${name}.ffn2`, x.shape[1] ?? 0, { bias: true });
}
