/** Attention as one node with a cache of past keys and values, as decoders are exported and as the optimizer saves them. */
import type { AttributeInput, OnnxModel } from '../../../compiler/frontend/onnx/index.ts';
import { type Form, floats } from './form-models.ts';
import { type ModelMaker, quantizedOutput, scaledInput } from './pattern-models.ts';

const MICROSOFT = [{ domain: 'com.microsoft', version: 1 }];
const [PAST, HEADS, WIDTH] = [4, 4, 16];

const rows = (m: ModelMaker, steps: number, width: number): string =>
  scaledInput(m, 'uint8', [1, steps, width], 0.015, 128).float;
const cache = (m: ModelMaker, heads: number): string =>
  scaledInput(m, 'uint8', [1, heads, PAST, WIDTH], 0.015, 128).float;

function finish(m: ModelMaker, [y, ...caches]: readonly string[]): OnnxModel {
  quantizedOutput(m, y!, 'uint8', 3, 0.02, 128);
  for (const name of caches) quantizedOutput(m, name, 'uint8', 4, 0.015, 128);
  return m.model('cache', MICROSOFT);
}

interface Grouped {
  readonly steps: number;
  readonly own: number;
  readonly packed?: boolean;
  readonly past?: boolean;
  readonly attributes?: Record<string, AttributeInput>;
}

/** Heads that share keys, as language models are exported; with tables of cosines and sines where positions turn inside. */
function grouped({ steps, own, packed = false, past = true, attributes = {} }: Grouped): Form {
  return (m) => {
    m.opset = 14;
    const before = past ? PAST : 0;
    const operands = packed
      ? [rows(m, steps, (HEADS + 2 * own) * WIDTH), '', '']
      : [rows(m, steps, HEADS * WIDTH), rows(m, steps, own * WIDTH), rows(m, steps, own * WIDTH)];
    const caches = past ? [cache(m, own), cache(m, own)] : ['', ''];
    const lengths = [m.tensor('int32', [1], [before + steps - 1]), m.tensor('int32', [], [before + steps])];
    const angles = Array.from({ length: 16 * (WIDTH / 2) }, (_, i) => Math.floor(i / 8) * 0.5 ** (i % 8));
    const table = (of: (x: number) => number) =>
      m.tensor(
        'float32',
        [16, WIDTH / 2],
        angles.map((a) => Math.fround(of(a))),
      );
    const turned = attributes.do_rotary === 1 ? [table(Math.cos), table(Math.sin)] : [];
    const inputs = [...operands, ...caches, ...lengths, ...turned];
    const all = { num_heads: HEADS, kv_num_heads: own, ...attributes };
    return finish(m, m.nodes('com.microsoft:GroupQueryAttention', inputs, 3, all));
  };
}

function multiHead(): Form {
  return (m) => {
    m.opset = 14;
    const inputs = [rows(m, 1, HEADS * WIDTH), rows(m, 1, HEADS * WIDTH), rows(m, 1, HEADS * WIDTH), '', '', ''];
    const caches = [cache(m, HEADS), cache(m, HEADS)];
    return finish(m, m.nodes('com.microsoft:MultiHeadAttention', [...inputs, ...caches], 3, { num_heads: HEADS }));
  };
}

/** Weights inside; keys and values of before in one operand. */
function withProjection(unidirectional: number): Form {
  return (m) => {
    m.opset = 14;
    const hidden = HEADS * WIDTH;
    const past = scaledInput(m, 'uint8', [2, 1, HEADS, PAST, WIDTH], 0.015, 128).float;
    const inputs = [rows(m, 2, hidden), floats(m, [hidden, 3 * hidden]), floats(m, [3 * hidden]), '', past];
    const [y, present] = m.nodes('com.microsoft:Attention', inputs, 2, { num_heads: HEADS, unidirectional });
    quantizedOutput(m, present!, 'uint8', 5, 0.015, 128);
    return finish(m, [y!]);
  };
}

/** By name; the codes of every one equal the oracle's. */
export const CACHE_FORMS: ReadonlyMap<string, Form> = new Map<string, Form>([
  ['GroupQueryAttention', grouped({ steps: 1, own: 2 })],
  ['GroupQueryAttention, heads of their own, several steps', grouped({ steps: 3, own: 4 })],
  ['GroupQueryAttention without a past', grouped({ steps: 5, own: 2, past: false })],
  ['GroupQueryAttention that turns', grouped({ steps: 1, own: 2, attributes: { do_rotary: 1 } })],
  [
    'GroupQueryAttention, packed, that turns pairs',
    grouped({ steps: 1, own: 1, packed: true, attributes: { do_rotary: 1, rotary_interleaved: 1 } }),
  ],
  ['MultiHeadAttention with a past', multiHead()],
  ['Attention with a past', withProjection(1)],
  ['Attention with a past, both ways', withProjection(0)],
]);
