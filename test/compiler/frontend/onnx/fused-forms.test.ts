/** Fused nodes against ONNX Runtime, and through the compiler; ONNX's Attention against what it is made of. */
import { describe, expect, it } from 'vitest';
import { importModel, makeNode, makeValue } from '../../../../compiler/frontend/onnx/index.ts';
import { interpret } from '../../../../compiler/graph/interpret.ts';
import { runPasses } from '../../../../compiler/passes/pipeline.ts';
import { createRandom } from '../../../../isa/base/random.ts';
import { checkGraph, seeded } from '../../../harness/differential.ts';
import { CACHE_FORMS } from '../../../harness/oracle/cache-forms.ts';
import { compareWithOracle, randomInput } from '../../../harness/oracle/compare.ts';
import { FUSED_FORMS } from '../../../harness/oracle/fused-forms.ts';
import { ModelMaker } from '../../../harness/oracle/pattern-models.ts';
import { casesOf } from '../../../harness/presets.ts';
import { model, quant, quantParameters, refusal } from './small-models.ts';

describe('fused nodes', () => {
  it.each(casesOf([...FUSED_FORMS, ...CACHE_FORMS]))(
    '%s: the codes of ONNX Runtime, and it runs',
    async (_, form, machines) => {
      const random = createRandom(1);
      const made = form(new ModelMaker(random));
      const all = await compareWithOracle(made, random, 12);
      for (const machine of machines) checkGraph(runPasses(importModel(made).graph), machine, seeded(1));
      expect(all.elements).toBeGreaterThan(200);
      expect(all).toMatchObject({ different: 0, first: '' });
    },
  );
});

/** softmax(q k' / sqrt(width) + mask) v in doubles; query heads share key heads in groups. */
function attention(
  q: ArrayLike<number>,
  k: ArrayLike<number>,
  v: ArrayLike<number>,
  open: (row: number, column: number) => boolean,
): number[] {
  const [heads, own, steps, width] = [4, 2, 3, 5];
  const out: number[] = [];
  for (let h = 0; h < heads; h++) {
    const from = Math.floor(h / (heads / own)) * steps * width;
    for (let s = 0; s < steps; s++) {
      const weights = Array.from({ length: steps }, (_, t) => {
        let sum = 0;
        for (let w = 0; w < width; w++) sum += q[(h * steps + s) * width + w]! * k[from + t * width + w]!;
        return open(s, t) ? Math.exp(sum / Math.sqrt(width)) : 0;
      });
      const total = weights.reduce((a, b) => a + b);
      for (let w = 0; w < width; w++)
        out.push(weights.reduce((sum, e, t) => sum + (e / total) * v[from + t * width + w]!, 0));
    }
  }
  return out;
}

describe("ONNX's Attention", () => {
  const inputs = [
    makeValue('q', 'float32', [1, 4, 3, 5]),
    makeValue('k', 'float32', [1, 2, 3, 5]),
    makeValue('v', 'float32', [1, 2, 3, 5]),
  ];
  const outputs = [makeValue('y', 'float32', [1, 4, 3, 5]), makeValue('c', 'float32', [1, 4, 3, 5])];
  const rest = [quant('q', 'c')];
  const parts = { opset: 23, inputs, outputs, initializers: quantParameters };
  const run = (made: ReturnType<typeof model>, more: readonly [string, Int32Array][] = []) => {
    const { graph } = importModel(made);
    const random = createRandom(3);
    const data = ['q', 'k', 'v'].map((name) => randomInput(graph, name, random));
    const fed = new Map([...['q', 'k', 'v'].map((name, i) => [name, data[i]!] as const), ...more]);
    return { data, found: Array.from(interpret(graph, fed).get('y')!.data) };
  };
  const expectClose = (found: readonly number[], wanted: readonly number[]) => {
    expect(found).toHaveLength(wanted.length);
    found.forEach((x, i) => {
      expect(Math.abs(x - wanted[i]!)).toBeLessThan(1e-6);
    });
  };

  it('heads that share keys, one way', () => {
    const { data, found } = run(
      model([makeNode('Attention', ['q', 'k', 'v'], ['y'], { is_causal: 1 }), ...rest], parts),
    );
    expectClose(
      found,
      attention(data[0]!, data[1]!, data[2]!, (row, column) => column <= row),
    );
  });

  it('conditions as a mask', () => {
    const made = model([makeNode('Attention', ['q', 'k', 'v', 'mask'], ['y']), ...rest], {
      ...parts,
      inputs: [...inputs, makeValue('mask', 'bool', [3, 3])],
    });
    const mask = Int32Array.of(1, 0, 1, 0, 1, 0, 1, 1, 1);
    const { data, found } = run(made, [['mask', mask]]);
    expectClose(
      found,
      attention(data[0]!, data[1]!, data[2]!, (row, column) => mask[row * 3 + column] === 1),
    );
  });

  it('rows of all heads', () => {
    const wide = (name: string, heads: number) => makeValue(name, 'float32', [1, 3, heads * 5]);
    const own = {
      ...parts,
      inputs: [wide('q', 4), wide('k', 2), wide('v', 2)],
      outputs: [makeValue('y', 'float32', [1, 3, 20]), makeValue('c', 'float32', [1, 3, 20])],
    };
    const node = makeNode('Attention', ['q', 'k', 'v'], ['y'], { q_num_heads: 4, kv_num_heads: 2 });
    const { data, found } = run(model([node, ...rest], own));
    const apart = (x: ArrayLike<number>, heads: number) =>
      Array.from(
        { length: heads * 15 },
        (_, i) => x[(Math.floor(i / 5) % 3) * heads * 5 + Math.floor(i / 15) * 5 + (i % 5)]!,
      );
    const wanted = attention(apart(data[0]!, 4), apart(data[1]!, 2), apart(data[2]!, 2), () => true);
    expectClose(apart(found, 4), wanted);
  });
});

describe('MultiHeadAttention of one packed operand, which the runtime does not run on a CPU', () => {
  const [steps, heads, width] = [5, 2, 4];
  const attend = (names: readonly string[]) =>
    makeNode('com.microsoft:MultiHeadAttention', names, ['y'], { num_heads: heads });
  const y = (made: ReturnType<typeof model>, inputs: ReadonlyMap<string, Float32Array>) =>
    Array.from(interpret(importModel(made).graph, inputs).get('y')!.data);

  it('is that of its three parts', () => {
    const random = createRandom(2);
    const packed = Float32Array.from({ length: steps * heads * 3 * width }, () => random.real());
    const part = (p: number) => {
      const size = heads * width;
      return Float32Array.from({ length: steps * size }, (_, i) => {
        const [row, head] = [Math.floor(i / size), Math.floor((i % size) / width)];
        return packed[((row * heads + head) * 3 + p) * width + (i % width)]!;
      });
    };
    const parts = { extraOpsets: [{ domain: 'com.microsoft', version: 1 }], initializers: quantParameters };
    const outputs = [
      makeValue('y', 'float32', [1, steps, heads * width]),
      makeValue('c', 'float32', [1, steps, heads * width]),
    ];
    const inputs = [makeValue('x', 'float32', [1, steps, heads, 3, width])];
    const whole = model([attend(['x']), quant('y', 'c')], { ...parts, inputs, outputs });
    const names = ['q', 'k', 'v'];
    const three = names.map((n) => makeValue(n, 'float32', [1, steps, heads * width]));
    const apart = model([attend(names), quant('y', 'c')], { ...parts, inputs: three, outputs });
    const found = y(whole, new Map([['x', packed]]));
    expect(found).toEqual(y(apart, new Map(names.map((n, i) => [n, part(i)]))));
    expect(new Set(found).size).toBeGreaterThan(20);
  });
});

describe('fused nodes that are refused, by name', () => {
  const opsets = {
    extraOpsets: [{ domain: 'com.microsoft', version: 1 }],
    initializers: quantParameters,
    inputs: [makeValue('x', 'float32', [1, 3, 6])],
  };
  const message = (op: string, inputs: readonly string[], attributes: Parameters<typeof makeNode>[3] = {}) =>
    refusal(() =>
      importModel(model([quant('x', 'q'), makeNode(`com.microsoft:${op}`, inputs, ['y'], attributes)], opsets)),
    ).message;

  it('caches, unknown activations, heads that do not divide', () => {
    expect(message('MultiHeadAttention', ['q', 'q', 'q', '', '', '', '', '', 'q'], { num_heads: 2 })).toContain(
      'with a cache of past keys',
    );
    expect(message('MultiHeadAttention', ['q'], { num_heads: 2 })).toContain('packed operands of shape [1, 3, 6]');
    expect(message('MultiHeadAttention', ['q', 'q', 'q'], { num_heads: 4 })).toContain('[1, 3, 6] in 4 heads');
    expect(message('MultiHeadAttention', ['q', 'q', 'q'])).toContain('num_heads is 0');
    expect(message('FusedMatMul', ['q', 'q'], { transBatchA: 1 })).toContain('turned batches');
    const grouped = (more: Parameters<typeof makeNode>[3]) =>
      message('GroupQueryAttention', ['q', 'q', 'q'], { num_heads: 2, kv_num_heads: 2, ...more });
    expect(grouped({ local_window_size: 2 })).toContain('a window of 2 of 3 keys');
    expect(grouped({ smooth_softmax: 1 })).toContain('smooth_softmax');
    expect(message('GroupQueryAttention', ['q', 'q', 'q'], { num_heads: 2 })).toContain('kv_num_heads is 0');
  });
});
