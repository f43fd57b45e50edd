/** A decoder of a language model as it is published: weights in blocks of 4 bits, float activations, attention with a cache as one node. */
import { expect, it } from 'vitest';
import { compile } from '../../../../compiler/compile.ts';
import { float, importModel, type OnnxModel } from '../../../../compiler/frontend/onnx/index.ts';
import { interpret } from '../../../../compiler/graph/interpret.ts';
import { runPasses } from '../../../../compiler/passes/pipeline.ts';
import { createRandom } from '../../../../isa/base/random.ts';
import { PRESETS } from '../../../../isa/machine/presets/index.ts';
import { compareData, oracleInput } from '../../../harness/oracle/compare.ts';
import { floats } from '../../../harness/oracle/form-models.ts';
import { ModelMaker } from '../../../harness/oracle/pattern-models.ts';
import { Oracle } from '../../../harness/oracle/session.ts';

const [HIDDEN, HEADS, OWN, WIDTH, WORDS, PAST, LAYERS] = [64, 4, 2, 16, 50, 5, 2];

/** x [.., K] times N columns of blocks of 32. */
function linear(m: ModelMaker, x: string, k: number, n: number): string {
  const blocks = k / 32;
  const codes = Array.from({ length: n * blocks * 16 }, () => m.random.int(0, 255));
  const inputs = [x, m.tensor('uint8', [n, blocks, 16], codes), floats(m, [n * blocks], 0.001, 0.02)];
  return m.node('com.microsoft:MatMulNBits', inputs, { K: k, N: n, bits: 4, block_size: 32, accuracy_level: 4 });
}

const epsilon = float(1e-5);
const gain = (m: ModelMaker): string => floats(m, [HIDDEN], 0.75, 1.25);

function rotation(m: ModelMaker): string[] {
  const angles = Array.from({ length: 32 * (WIDTH / 2) }, (_, i) => Math.floor(i / 8) * 0.5 ** (i % 8));
  return [Math.cos, Math.sin].map((of) =>
    m.tensor(
      'float32',
      [32, WIDTH / 2],
      angles.map((a) => Math.fround(of(a))),
    ),
  );
}

/** One word behind PAST others; the lengths of the cache come from the mask, as exporters write it. */
function decoder(m: ModelMaker): OnnxModel {
  m.opset = 14;
  const [word, mask] = [m.input('int32', [1, 1]), m.input('int32', [1, PAST + 1])];
  const one = m.tensor('int64', [1], [1]);
  const count = m.node('ReduceSum', [m.node('Cast', [mask], { to: 7 }), one], { keepdims: 0 });
  const lengths = m.node('Cast', [m.node('Sub', [count, one])], { to: 6 });
  const place = m.tensor('int64', [], [1]);
  const total = m.node('Cast', [m.node('Gather', [m.node('Shape', [mask]), place], { axis: 0 })], { to: 6 });
  const tables = rotation(m);
  let sum = m.node('Gather', [floats(m, [WORDS, HIDDEN], -0.5, 0.5), word]);
  let x = m.node('SimplifiedLayerNormalization', [sum, gain(m)], { epsilon, axis: -1, stash_type: 1 });
  const caches: string[] = [];
  const skip = (a: string, b: string): readonly [string, string] => {
    const [y, , , whole] = m.nodes('com.microsoft:SkipSimplifiedLayerNormalization', [a, b, gain(m)], 4, { epsilon });
    return [y!, whole!];
  };
  for (let layer = 0; layer < LAYERS; layer++) {
    const parts = [HEADS, OWN, OWN].map((n) => linear(m, x, HIDDEN, n * WIDTH));
    const past = [0, 1].map(() => m.input('float32', [1, OWN, PAST, WIDTH]));
    const attributes = { num_heads: HEADS, kv_num_heads: OWN, do_rotary: 1, local_window_size: -1, scale: float(0.25) };
    const inputs = [...parts, ...past, lengths, total, ...tables];
    const [y, keys, values] = m.nodes('com.microsoft:GroupQueryAttention', inputs, 3, attributes);
    caches.push(keys!, values!);
    [x, sum] = skip(sum, linear(m, y!, HEADS * WIDTH, HIDDEN));
    const [gate, up] = [linear(m, x, HIDDEN, 96), linear(m, x, HIDDEN, 96)];
    const inner = m.node('Mul', [m.node('Mul', [gate, m.node('Sigmoid', [gate])]), up]);
    [x, sum] = skip(sum, linear(m, inner, 96, HIDDEN));
  }
  m.output(linear(m, x, HIDDEN, WORDS), 'float32', 3);
  for (const c of caches) m.output(c, 'float32', 4);
  const model = m.model('decoder', [{ domain: 'com.microsoft', version: 1 }]);
  // How long the cache is, the file leaves open.
  const inputs = model.graph.inputs.map((i) => (i.shape?.[2] === PAST ? { ...i, shape: [1, OWN, 'past', WIDTH] } : i));
  return { ...model, graph: { ...model.graph, inputs } };
}

it('a decoder of 4-bit blocks with a cache: the numbers of ONNX Runtime, and it compiles', async () => {
  const random = createRandom(3);
  const model = decoder(new ModelMaker(random));
  const { graph, notes } = importModel(model, { dims: { past: PAST } });
  expect(notes.filter((n) => n.startsWith('GroupQueryAttention: the lengths that the mask gives'))).toHaveLength(1);
  const inputs = new Map(
    graph.inputs.map((name, i) => {
      const size = graph.values.get(name)!.shape.reduce((a, b) => a * b, 1);
      if (i === 0) return [name, Int32Array.of(7)] as const;
      const data =
        i === 1 ? new Int32Array(size).fill(1) : Float32Array.from({ length: size }, () => random.real() - 0.5);
      return [name, data] as const;
    }),
  );
  const oracle = await Oracle.create(model, 'all');
  const theirs = await oracle.run(new Map([...inputs].map(([n, d]) => [n, oracleInput(model, graph, n, d)])));
  await oracle.release();
  const ours = interpret(graph, inputs);
  // Floats throughout: the runtime adds products in another order.
  for (const { name } of model.graph.outputs) {
    const { elements, largest } = compareData(name, ours.get(name)!.data, theirs.get(name)!.data);
    expect(elements).toBeGreaterThan(49);
    expect(largest).toBeLessThan(1e-6);
  }
  expect(compile(runPasses(graph), PRESETS['edge-dcim-28nm']!).program.cores.length).toBeGreaterThan(0);
});
