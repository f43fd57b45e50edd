/**
 * com.microsoft.GroupQueryAttention, as decoders of language models are exported: heads of queries share keys, a cache of past keys and values is an input and the longer
 * one a result, positions turn inside the node. Shapes say how long the cache is: all of it counts, whatever lengths the mask gives at run time, which
 * is said. Left out, and refused by name: caches in a buffer of another length, a window that is shorter than the keys, softcap, sinks, quantized caches.
 */
import { invalid, refuse } from '../../refusal.ts';
import { floatAttribute, intAttribute } from '../attributes.ts';
import type { ImportContext } from '../context.ts';
import { attended, joined, split, withPast } from './attention.ts';
import { Expansion } from './expansion.ts';

const [LENGTHS, TOTAL, COSINES, POSITIONS, BIAS, FIRST_UNKNOWN] = [5, 6, 7, 9, 10, 11];

export function importGroupQueryAttention(cx: ImportContext): void {
  const e = new Expansion(cx);
  const heads = { q: count(cx, 'num_heads'), kv: count(cx, 'kv_num_heads') };
  const [q, k, v] = operands(e, heads);
  const past = [e.input(3), e.input(4)] as const;
  const before = past[0] === '' ? 0 : (e.shapeOf(past[0])[2] ?? 0);
  const steps = e.shapeOf(q)[2] ?? 1;
  refuseForms(cx, before + steps);
  requireLength(cx, TOTAL, before + steps, 'total_sequence_length');
  requireLength(cx, LENGTHS, before + steps - 1, 'seqlens_k');
  const turned = (x: string): string => rotated(cx, e, x, before);
  const [keys, values] = [withPast(e, past[0], turned(k)), withPast(e, past[1], v)];
  const scale = floatAttribute(cx.node, 'scale', 0) || 1 / Math.sqrt(e.shapeOf(q)[3] ?? 1);
  const masks = e.input(BIAS) === '' ? [] : [e.input(BIAS)];
  e.result(joined(e, attended(e, { q: turned(q), k: keys, v: values, scale, masks, causal: true })));
  if (cx.wantsOutput(1)) e.result(keys, 1);
  if (cx.wantsOutput(2)) e.result(values, 2);
}

function count(cx: ImportContext, name: string): number {
  const heads = intAttribute(cx.node, name, 0);
  return heads >= 1 ? heads : invalid(`${name} is ${heads}`, { expected: 'at least 1' });
}

/** Queries, keys and values as [batch, heads, steps, width]; side by side in one operand where keys are left out. */
function operands(e: Expansion, heads: { readonly q: number; readonly kv: number }): [string, string, string] {
  if (e.input(1) !== '')
    return [split(e, e.input(0), heads.q), split(e, e.input(1), heads.kv), split(e, e.input(2), heads.kv)];
  const width = (e.shapeOf(e.input(0)).at(-1) ?? 0) / (heads.q + 2 * heads.kv);
  const sizes = [heads.q, heads.kv, heads.kv].map((n) => n * width);
  const [q, k, v] = e.nodes('Split', [e.input(0), e.ints(sizes)], 3, { axis: 2 }) as [string, string, string];
  return [split(e, q, heads.q), split(e, k, heads.kv), split(e, v, heads.kv)];
}

function refuseForms(cx: ImportContext, keys: number): void {
  const window = intAttribute(cx.node, 'local_window_size', -1);
  if (window >= 0 && window < keys)
    refuse(`a window of ${window} of ${keys} keys`, {
      expected: 'a window that holds all keys',
      hint: 'a shorter cache (--dims)',
    });
  for (const name of ['smooth_softmax', 'kv_cache_bit_width'])
    if (intAttribute(cx.node, name, 0) > 0) refuse(`GroupQueryAttention with ${name}`, { expected: 'without it' });
  if (floatAttribute(cx.node, 'softcap', 0) !== 0)
    refuse('GroupQueryAttention with softcap', { expected: 'softcap = 0' });
  const more = cx.node.inputs.findIndex((name, i) => i >= FIRST_UNKNOWN && name !== '');
  if (more >= 0) refuse(`GroupQueryAttention with input ${more}`, { expected: `inputs 0 .. ${FIRST_UNKNOWN - 1}` });
}

/** A length that is known must be that of the shapes; one that is computed is taken to be. */
function requireLength(cx: ImportContext, index: number, length: number, what: string): void {
  if (!cx.hasInput(index)) return;
  const given = cx.input(index);
  if (given.kind !== 'constant') {
    cx.noteOnce(
      'GroupQueryAttention: the lengths that the mask gives at run time are taken to be those of the shapes, a mask of ones; where the mask has zeros, results are not those of the runtime',
    );
    return;
  }
  const other = Array.from(given.constant.data).find((n) => n !== length);
  if (other !== undefined)
    refuse(`${what} is ${other}`, {
      expected: `${length}, which the shapes say`,
      hint: 'sizes (--dims) with total_sequence_length = past_sequence_length + sequence_length',
    });
}

function rotated(cx: ImportContext, e: Expansion, x: string, before: number): string {
  if (intAttribute(cx.node, 'do_rotary', 0) === 0) return x;
  const places = e.input(POSITIONS) === '' ? e.ints([before]) : e.input(POSITIONS);
  const interleaved = intAttribute(cx.node, 'rotary_interleaved', 0);
  const inputs = [x, places, e.input(COSINES), e.input(COSINES + 1)];
  return e.node('com.microsoft:RotaryEmbedding', inputs, { interleaved });
}
