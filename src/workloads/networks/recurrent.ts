/** Recurrent networks: GNMT (Wu 2016) as MLPerf and TensorFlow trained it, and DeepSpeech2 (Amodei 2015) with LSTM cells. */
import { singleSection } from '../blocks.ts';
import { SectionBuilder } from '../describe.ts';
import type { ZooEntry } from '../entry.ts';
import type { Network, Value } from '../layers.ts';

interface Gnmt {
  readonly layers: number;
  readonly vocabulary: number;
  readonly sharedEmbedding: boolean;
  /** PyTorch's cells have two bias vectors a gate, TensorFlow's one. */
  readonly biases: 1 | 2;
}

/** 30 words in, 30 words out; sums with the layer below from the third layer up. */
function describeGnmt(o: Gnmt): Network {
  const [hidden, words] = [1024, 30];
  const s = new SectionBuilder('net');
  const lstm = (x: Value, name: string, directions: 1 | 2 = 1) =>
    s.add('lstm', name, [x], { hidden, directions, biases: o.biases, sumDirections: false });
  const residual = (x: Value, below: Value, name: string) => s.add('add', name, [x, below], { act: 'none' });
  const source = s.input([words], { name: 'source', bits: 16 });
  let x = lstm(s.add('embedding', 'emb', [source], { rows: [o.vocabulary], width: hidden }), 'enc1', 2);
  x = lstm(x, 'enc2');
  for (let i = 3; i <= o.layers; i++) x = residual(lstm(x, `enc${i}`), x, `enc${i}.add`);

  const target = s.input([words], { name: 'target', bits: 16 });
  const rows = o.sharedEmbedding ? [] : [o.vocabulary];
  let y = lstm(s.add('embedding', 'target.emb', [target], { rows, width: hidden }), 'dec1');
  const context = s.add('additive-attention', 'att', [y, x], {});
  for (let i = 2; i <= o.layers; i++) {
    const next = lstm(s.add('concat', `dec${i}.in`, [y, context], {}), `dec${i}`);
    y = i === 2 ? next : residual(next, y, `dec${i}.add`);
  }
  return singleSection(s.finish([s.linear(y, 'classifier', o.vocabulary, { bias: true })]));
}

/** 201 frames of 161 frequencies; hard tanh of 0 .. 20 is a ReLU here. */
function describeDeepspeech2(): Network {
  const s = new SectionBuilder('net');
  const common = { out: 32, bias: true, bn: true, act: 'relu' } as const;
  const spectrum = s.input([1, 161, 201], { coding: 'signed' });
  let y = s.conv(spectrum, 'conv1', { ...common, kernel: [41, 11], stride: 2, pad: [20, 5] });
  y = s.conv(y, 'conv2', { ...common, kernel: [21, 11], stride: [2, 1], pad: [10, 5] });
  let x = s.add('to-sequence', 'frames', [y], {});
  for (let i = 1; i <= 5; i++) {
    if (i > 1) x = s.add('batch-norm', `rnn${i}.bn`, [x], {});
    x = s.add('lstm', `rnn${i}`, [x], { hidden: 1024, directions: 2, biases: 2, sumDirections: true });
  }
  return singleSection(s.finish([s.linear(s.add('batch-norm', 'fc.bn', [x], {}), 'fc', 29)]));
}

export const recurrent: readonly ZooEntry[] = [
  {
    name: 'gnmt',
    kind: 'recurrent',
    totals: { macs: 3_825_776_640, params: 160_665_150 },
    source: 'mlcommons/training rnn_translator README @16ec2cf: 4 and 4 layers of 1024; vocabulary 32317 (recalled)',
    published: '160 M parameters (recalled)',
    describe: () => describeGnmt({ layers: 4, vocabulary: 32317, sharedEmbedding: true, biases: 2 }),
  },
  {
    name: 'gnmt-8layer',
    kind: 'recurrent',
    totals: { macs: 6_472_335_360, params: 290_641_605 },
    source:
      'tensorflow/nmt standard_hparams/wmt16_gnmt_8_layer.json: 8 and 8 layers of 1024; vocabulary 36548 (recalled)',
    published: 'no total read',
    describe: () => describeGnmt({ layers: 8, vocabulary: 36548, sharedEmbedding: false, biases: 1 }),
  },
  {
    name: 'deepspeech2',
    kind: 'recurrent',
    totals: { macs: 9_811_379_168, params: 86_618_400 },
    source:
      'SeanNaren/deepspeech.pytorch model.py: five two-way LSTM layers of 1024, directions summed; 2.01 s of speech',
    published: '86.6 M parameters (recalled)',
    describe: describeDeepspeech2,
  },
];
