/** BERT (Devlin 2018), ConvBERT (Jiang 2020) and the Transformer (Vaswani 2017): blocks that repeat, described once. */
import { indexBits, SectionBuilder } from '../describe.ts';
import type { ZooEntry } from '../entry.ts';
import type { Network, Value } from '../layers.ts';
import { addNorm, attend, attention, feedForward } from './attention.ts';

export interface Bert {
  /** Blocks. */
  readonly layers: number;
  /** Features, 64 a head. */
  readonly width: number;
  readonly tokens: number;
}

const VOCABULARY = 30522;
const POSITIONS = 512;

/** Embeddings, one block as often as there are layers, pooler. */
export function describeBert({ layers, width, tokens }: Bert): Network {
  const heads = width / 64;
  const block = new SectionBuilder('block', layers);
  const x = block.input([tokens, width], { coding: 'signed' });
  const attended = addNorm(block, x, attention(block, x, x, 'att', { width, heads, bias: true }), 'att');
  const y = addNorm(block, attended, feedForward(block, attended, 'ff', { inner: 4 * width, act: 'gelu' }), 'ff');
  return { sections: [embeddings(tokens, width), block.finish([y]), pooler(tokens, width)] };
}

function embeddings(tokens: number, width: number) {
  const s = new SectionBuilder('embeddings');
  const ids = s.input([tokens], { name: 'ids', bits: indexBits(VOCABULARY, width) });
  const summed = s.add('embedding', 'emb', [ids], { rows: [VOCABULARY, POSITIONS, 2], width });
  return s.finish([s.add('layer-norm', 'emb.ln', [summed], {})]);
}

/** One product on the first token. */
function pooler(tokens: number, width: number) {
  const s = new SectionBuilder('pooler');
  const first = s.add('slice', 'first', [s.input([tokens, width], { coding: 'signed' })], { first: 0, count: 1 });
  return s.finish([s.linear(first, 'pooler', width, { bias: true, act: 'tanh' })]);
}

/** Half of the heads attend; the others convolve along the tokens with kernels that each token computes. */
export function describeConvbert(tokens: number, width = 768): Network {
  const [half, heads, kernel] = [width / 2, width / 128, 9];
  const s = new SectionBuilder('block', 12);
  const x = s.input([tokens, width], { coding: 'signed' });
  const project = (v: Value, label: string, out = half) => s.linear(v, label, out, { bias: true });
  const [q, k, v] = [project(x, 'q'), project(x, 'k'), project(x, 'v')];
  const key = project(s.add('depthwise-conv1d', 'conv_key_dw', [x], { kernel, bias: false }), 'conv_key_pw');
  const generated = project(s.add('multiply', 'conv_query', [key, q], {}), 'conv_kernel_gen', heads * kernel);
  const kernels = s.add('softmax', 'conv_softmax', [generated], { run: kernel });
  const convolved = s.add('dynamic-conv1d', 'span_dyn_conv', [project(x, 'conv_point'), kernels], { kernel, heads });
  const context = attend(s, { q, k: [k], v: [v] }, 'att', { heads, kvHeads: heads });
  const joined = project(s.add('concat', 'join', [context, convolved], {}), 'attn_out', width);
  const attended = addNorm(s, x, joined, 'att');
  const y = addNorm(s, attended, feedForward(s, attended, 'ff', { inner: 4 * width, act: 'gelu' }), 'ff');
  return { sections: [embeddings(tokens, width), s.finish([y])] };
}

interface Translator {
  readonly width: number;
  readonly heads: number;
}

/** Six blocks each side, 64 tokens each side, all target tokens at once; the last product shares the embedding's table. */
function describeTransformer({ width, heads }: Translator): Network {
  const [tokens, vocabulary, layers] = [64, 37000, 6];
  const form = { width, heads, bias: false };
  const embed = (name: string, rows: readonly number[]) => {
    const s = new SectionBuilder(name);
    const ids = s.input([tokens], { name: 'ids', bits: indexBits(vocabulary, width) });
    return s.finish([s.add('embedding', 'emb', [ids], { rows, width })]);
  };
  const encoder = new SectionBuilder('encoder', layers);
  const x = encoder.input([tokens, width], { coding: 'signed' });
  const seen = addNorm(encoder, x, attention(encoder, x, x, 'att', form), 'att');
  const inner = { inner: 4 * width, act: 'relu' } as const;
  const encoded = addNorm(encoder, seen, feedForward(encoder, seen, 'ff', inner), 'ff');

  const decoder = new SectionBuilder('decoder', layers);
  const y = decoder.input([tokens, width], { coding: 'signed' });
  const memory = decoder.input([tokens, width], { name: 'memory', coding: 'signed' });
  const self = addNorm(decoder, y, attention(decoder, y, y, 'self', { ...form, causal: true }), 'self');
  const cross = addNorm(decoder, self, attention(decoder, self, memory, 'cross', form), 'cross');
  const decoded = addNorm(decoder, cross, feedForward(decoder, cross, 'ff', inner), 'ff');

  const head = new SectionBuilder('head');
  const last = head.input([tokens, width], { coding: 'signed' });
  const words = head.linear(last, 'softmax', vocabulary, { tied: true });
  return {
    sections: [
      embed('source', [vocabulary]),
      encoder.finish([encoded]),
      embed('target', []),
      decoder.finish([decoded]),
      head.finish([words]),
    ],
  };
}

const bert = {
  kind: 'transformer',
  source: 'google-research/bert README; vocabulary 30522, 512 positions (recalled)',
} as const;

export const encoders: readonly ZooEntry[] = [
  {
    ...bert,
    name: 'bert-base-s128',
    totals: { macs: 11_174_215_680, params: 109_482_240 },
    published: '109,482,240 parameters (recalled; equal)',
    describe: () => describeBert({ layers: 12, width: 768, tokens: 128 }),
  },
  {
    ...bert,
    name: 'bert-base-s384',
    totals: { macs: 35_333_406_720, params: 109_482_240 },
    published: '109,482,240 parameters (recalled; equal)',
    describe: () => describeBert({ layers: 12, width: 768, tokens: 384 }),
  },
  {
    ...bert,
    name: 'bert-large-s384',
    totals: { macs: 123_212_922_880, params: 335_141_888 },
    published: '335,141,888 parameters (recalled; equal)',
    describe: () => describeBert({ layers: 24, width: 1024, tokens: 384 }),
  },
  {
    name: 'convbert-base-s128',
    kind: 'transformer',
    totals: { macs: 10_617_421_824, params: 105_680_520 },
    source: 'yitu-opensource/ConvBert model/modeling.py @cf24e7a',
    published: '106 M parameters (paper; recalled)',
    describe: () => describeConvbert(128),
  },
  {
    name: 'transformer-big',
    kind: 'transformer',
    totals: { macs: 13_850_116_096, params: 214_171_648 },
    source: 'Vaswani et al. 2017 (recalled): 64 tokens each side, vocabulary 37000',
    published: '213 M parameters (recalled)',
    describe: () => describeTransformer({ width: 1024, heads: 16 }),
  },
  {
    name: 'transformer-base',
    kind: 'transformer',
    totals: { macs: 4_106_485_760, params: 63_045_632 },
    source: 'Vaswani et al. 2017 (recalled): 64 tokens each side, vocabulary 37000',
    published: '65 M parameters (recalled; 3 % more)',
    describe: () => describeTransformer({ width: 512, heads: 8 }),
  },
];
