/**
 * Recurrent networks: GNMT (Wu 2016) as MLPerf and TensorFlow trained it, and DeepSpeech2 (Amodei 2015) with LSTM cells. The inputs of all steps are
 * multiplied at once; then the cell runs step by step, layer by layer. Cells of one size are one section, however many layers and directions there are.
 */
import { indexBits, SectionBuilder } from '../describe.ts';
import type { ZooEntry } from '../entry.ts';
import type { Network, Section, Value } from '../layers.ts';

export interface Gnmt {
  readonly layers: number;
  readonly vocabulary: number;
  readonly sharedEmbedding: boolean;
  /** PyTorch's cells have two bias vectors a gate, TensorFlow's one. */
  readonly biases: 1 | 2;
  /** 1024 when left out. */
  readonly hidden?: number;
  /** On each side; 30 when left out. */
  readonly words?: number;
}

/** Words in, as many out; sums with the layer below from the third layer up. */
export function describeGnmt(o: Gnmt): Network {
  const { layers, vocabulary, hidden = 1024, words = 30 } = o;
  const gates = (s: SectionBuilder, x: Value, directions = 1) =>
    s.linear(x, 'gates', 4 * hidden * directions, { bias: true });
  const rows = (s: SectionBuilder, name: string, width = hidden) => s.input([words, width], { name, coding: 'signed' });
  const section = (name: string, repeat: number, last: (s: SectionBuilder) => readonly Value[]) => {
    const s = new SectionBuilder(name, repeat);
    return s.finish(last(s));
  };
  const embedded = (name: string, tables: readonly number[], directions: number) =>
    section(name, 1, (s) => {
      const ids = s.input([words], { name: 'ids', bits: indexBits(vocabulary, hidden) });
      return [gates(s, s.add('embedding', 'emb', [ids], { rows: tables, width: hidden }), directions)];
    });
  // The sum of a layer's result and of what it read: the input of the layer above.
  const summed = (s: SectionBuilder) => s.add('add', 'sum', [rows(s, 'below'), rows(s, 'result')], { act: 'none' });
  const deep = (name: string, repeat: number, input: (s: SectionBuilder) => Value) =>
    repeat === 0 ? [] : [section(name, repeat, (s) => [gates(s, input(s))])];
  const attended = (s: SectionBuilder, y: Value) => s.add('concat', 'joined', [y, rows(s, 'context')], {});
  return {
    sections: [
      embedded('enc1', [vocabulary], 2),
      section('enc2', 1, (s) => [gates(s, rows(s, 'result', 2 * hidden))]),
      ...deep('enc3', 1, (s) => rows(s, 'result')),
      ...deep('encoder', layers - 3, summed),
      embedded('dec1', o.sharedEmbedding ? [] : [vocabulary], 1),
      section('attention', 1, (s) => [
        s.add(
          'additive-attention',
          'att',
          [rows(s, 'query'), s.add('add', 'memory', [rows(s, 'below'), rows(s, 'result')], { act: 'none' })],
          {},
        ),
      ]),
      section('dec2', 1, (s) => [gates(s, attended(s, rows(s, 'result')))]),
      ...deep('dec3', 1, (s) => attended(s, rows(s, 'result'))),
      ...deep('decoder', layers - 3, (s) => attended(s, summed(s))),
      cell({ hidden, cells: 2 * layers + 1, steps: words, bias: o.biases === 2 }),
      section('classifier', 1, (s) => [s.linear(summed(s), 'classifier', vocabulary, { bias: true })]),
    ],
  };
}

/** One step of a layer in one direction: its gates, of which the inputs have made their part, the cell, the state. */
export function cell(o: {
  readonly hidden: number;
  readonly cells: number;
  readonly steps: number;
  readonly bias: boolean;
}): Section {
  const s = new SectionBuilder('cell', o.cells, o.steps);
  const inputs = s.input([1, 4 * o.hidden], { name: 'gates', coding: 'signed' });
  const before = s.input([1, o.hidden], { name: 'state', coding: 'signed' });
  const kept = s.input([1, o.hidden], { name: 'cell', bits: 16, coding: 'signed' });
  const own = s.linear(before, 'recurrent', 4 * o.hidden, { bias: o.bias });
  const gates = s.add('add', 'sums', [inputs, own], { act: 'none' });
  const next = s.add('lstm-cell', 'next', [gates, kept], {});
  return s.finish([s.add('lstm-state', 'output', [gates, next], {}), next]);
}

export interface Deepspeech2 {
  readonly layers: number;
  readonly hidden: number;
  readonly frames: number;
}

/** Frames of 161 frequencies; hard tanh of 0 .. 20 is a ReLU here. Two-way layers whose directions are summed. */
export function describeDeepspeech2({ layers, hidden, frames }: Deepspeech2): Network {
  const s = new SectionBuilder('front');
  const common = { out: 32, bias: true, bn: true, act: 'relu' } as const;
  const spectrum = s.input([1, 161, frames], { coding: 'signed' });
  let y = s.conv(spectrum, 'conv1', { ...common, kernel: [41, 11], stride: 2, pad: [20, 5] });
  y = s.conv(y, 'conv2', { ...common, kernel: [21, 11], stride: [2, 1], pad: [10, 5] });
  const x = s.add('to-sequence', 'frames', [y], {});
  const [steps = 0] = x.shape;
  const front = s.finish([s.linear(x, 'gates', 8 * hidden, { bias: true })]);
  const behind = (name: string, repeat: number, out: number, bias: boolean) => {
    const next = new SectionBuilder(name, repeat);
    const [forth, back] = ['forth', 'back'].map((input) =>
      next.input([steps, hidden], { name: input, coding: 'signed' }),
    );
    const sum = next.add('add', 'sum', [forth!, back!], { act: 'none' });
    return next.finish([
      next.linear(next.add('batch-norm', 'bn', [sum], {}), name === 'fc' ? 'fc' : 'gates', out, { bias }),
    ]);
  };
  return {
    sections: [
      front,
      cell({ hidden, cells: 2 * layers, steps, bias: true }),
      ...(layers > 1 ? [behind('layer', layers - 1, 8 * hidden, true)] : []),
      behind('fc', 1, 29, false),
    ],
  };
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
    describe: () => describeDeepspeech2({ layers: 5, hidden: 1024, frames: 201 }),
  },
];
