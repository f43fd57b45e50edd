/**
 * Language models that write: GPT-2 (Radford 2019), Llama (Touvron 2023), BitNet b1.58 (Ma 2024). One block, described once and repeated.
 * `decode` makes one token behind a cache of keys and values; `prefill` reads a whole context.
 */
import { indexBits, SectionBuilder } from '../describe.ts';
import type { ZooEntry } from '../entry.ts';
import type { Network, Section, Value } from '../layers.ts';
import { attend, feedForward, type Heads } from './attention.ts';

export interface Step {
  /** Tokens that are new. */
  readonly tokens: number;
  /** Tokens whose keys and values are in the cache. */
  readonly past: number;
}

export interface Gpt2 {
  readonly layers: number;
  readonly width: number;
  readonly heads: number;
  readonly vocabulary: number;
  readonly positions: number;
}

const GPT2: Gpt2 = { layers: 12, width: 768, heads: 12, vocabulary: 50257, positions: 1024 };

export function describeGpt2(step: Step, o: Gpt2 = GPT2): Network {
  const { width, heads } = o;
  const s = new SectionBuilder('block', o.layers);
  const x = s.input([step.tokens, width], { coding: 'signed' });
  const normed = s.add('layer-norm', 'ln_1', [x], {});
  const project = (label: string) => s.linear(normed, label, width, { bias: true });
  const [q, k, v] = [project('q'), project('k'), project('v')];
  const parts = { q, k: cached(s, k, 'k', step), v: cached(s, v, 'v', step) };
  const context = attend(s, parts, 'att', { heads, kvHeads: heads, causal: true });
  const attended = s.add('add', 'att.add', [x, s.linear(context, 'proj', width, { bias: true })], { act: 'none' });
  const again = s.add('layer-norm', 'ln_2', [attended], {});
  const fed = feedForward(s, again, 'ff', { inner: 4 * width, act: 'gelu' });
  const y = s.add('add', 'ff.add', [attended, fed], { act: 'none' });
  const rows = [o.vocabulary, o.positions];
  return {
    sections: [embed(step, rows, width), s.finish([y, k, v]), head(step, width, 'layer-norm', o.vocabulary, true)],
  };
}

export interface Llama extends Heads {
  readonly layers: number;
  readonly width: number;
  readonly inner: number;
  readonly vocabulary: number;
  /** Whether the last product reads the embedding's table. */
  readonly tied: boolean;
  readonly act: 'swish' | 'relu2';
}

export function describeLlama(o: Llama, step: Step): Network {
  const s = new SectionBuilder('block', o.layers);
  const x = s.input([step.tokens, o.width], { coding: 'signed' });
  const normed = s.add('rms-norm', 'norm_1', [x], {});
  const shared = (o.width / o.heads) * o.kvHeads;
  const q = s.add('rotary', 'q.rotary', [s.linear(normed, 'q', o.width)], {});
  const k = s.add('rotary', 'k.rotary', [s.linear(normed, 'k', shared)], {});
  const v = s.linear(normed, 'v', shared);
  const parts = { q, k: cached(s, k, 'k', step), v: cached(s, v, 'v', step) };
  const context = attend(s, parts, 'att', { heads: o.heads, kvHeads: o.kvHeads, causal: true });
  const attended = s.add('add', 'att.add', [x, s.linear(context, 'o', o.width)], { act: 'none' });
  const again = s.add('rms-norm', 'norm_2', [attended], {});
  const gate = s.linear(again, 'gate', o.inner, { act: o.act });
  const gated = s.add('multiply', 'gated', [gate, s.linear(again, 'up', o.inner)], {});
  const y = s.add('add', 'ff.add', [attended, s.linear(gated, 'down', o.width)], { act: 'none' });
  return {
    sections: [
      embed(step, [o.vocabulary], o.width),
      s.finish([y, k, v]),
      head(step, o.width, 'rms-norm', o.vocabulary, o.tied),
    ],
  };
}

/** New rows behind those of the cache, which is an input of the block; only the new ones are its output. */
function cached(s: SectionBuilder, rows: Value, name: string, { past }: Step): readonly Value[] {
  if (past === 0) return [rows];
  return [s.input([past, rows.shape[1] ?? 0], { name: `${name}.cache`, coding: 'signed' }), rows];
}

function embed({ tokens }: Step, rows: readonly number[], width: number): Section {
  const s = new SectionBuilder('embeddings');
  const ids = s.input([tokens], { name: 'ids', bits: indexBits(rows[0] ?? 1, width) });
  return s.finish([s.add('embedding', 'emb', [ids], { rows, width })]);
}

function head(step: Step, width: number, norm: 'layer-norm' | 'rms-norm', words: number, tied: boolean): Section {
  const s = new SectionBuilder('head');
  const x = s.input([step.tokens, width], { coding: 'signed' });
  return s.finish([s.linear(s.add(norm, 'norm', [x], {}), 'lm_head', words, { tied })]);
}

const LLAMA_7B: Llama = {
  layers: 32,
  width: 4096,
  inner: 11008,
  heads: 32,
  kvHeads: 32,
  vocabulary: 32000,
  tied: false,
  act: 'swish',
};
const BITNET = { tied: true, act: 'swish' } as const;
const BITNET_LARGE: Llama = {
  ...BITNET,
  layers: 24,
  width: 1536,
  inner: 4096,
  heads: 16,
  kvHeads: 16,
  vocabulary: 32002,
};
const BITNET_3B: Llama = { ...BITNET, layers: 26, width: 3200, inner: 8640, heads: 32, kvHeads: 32, vocabulary: 32002 };
const BITNET_2B4T: Llama = {
  tied: true,
  act: 'relu2',
  layers: 30,
  width: 2560,
  inner: 6912,
  heads: 20,
  kvHeads: 5,
  vocabulary: 128256,
};

export const decoders: readonly ZooEntry[] = [
  {
    name: 'gpt2-prefill',
    kind: 'transformer',
    totals: { macs: 145_824_153_600, params: 124_439_808 },
    source: 'openai/gpt-2 src/model.py: the small model, 1024 tokens at once, scores of all pairs',
    published: '124,439,808 parameters (recalled; equal)',
    describe: () => describeGpt2({ tokens: 1024, past: 0 }),
  },
  {
    name: 'gpt2-decode',
    kind: 'transformer',
    totals: { macs: 142_406_400, params: 124_439_808 },
    source: 'openai/gpt-2 src/model.py: the small model, one token behind 1023',
    published: '124,439,808 parameters (recalled; equal)',
    describe: () => describeGpt2({ tokens: 1, past: 1023 }),
  },
  {
    name: 'llama-7b-decode',
    kind: 'transformer',
    totals: { macs: 7_143_948_288, params: 6_738_415_616 },
    source: 'config.json of Llama 7B: one token behind 2047',
    published: '6,738,415,616 parameters (recalled; equal)',
    describe: () => describeLlama(LLAMA_7B, { tokens: 1, past: 2047 }),
  },
  {
    name: 'bitnet-large-decode',
    kind: 'transformer',
    totals: { macs: 879_627_264, params: 728_707_584 },
    source: '1bitLLM/bitnet_b1_58-large config.json: one token behind 2047; weights -1, 0, +1',
    published: '"0.7B" parameters',
    describe: () => describeLlama(BITNET_LARGE, { tokens: 1, past: 2047 }),
  },
  {
    name: 'bitnet-3b-decode',
    kind: 'transformer',
    totals: { macs: 3_664_697_600, params: 3_324_080_000 },
    source: '1bitLLM/bitnet_b1_58-3B config.json: one token behind 2047; weights -1, 0, +1',
    published: '"3.3B" parameters',
    describe: () => describeLlama(BITNET_3B, { tokens: 1, past: 2047 }),
  },
  {
    name: 'bitnet-2b4t-decode',
    kind: 'transformer',
    totals: { macs: 3_041_525_760, params: 2_412_536_320 },
    source:
      'config.json of BitNet b1.58 2B4T: one token behind 4095, 20 heads on 5 of keys and values; norms inside attention and feed-forward left out',
    published: '"2.4B" parameters',
    describe: () => describeLlama(BITNET_2B4T, { tokens: 1, past: 4095 }),
  },
];
