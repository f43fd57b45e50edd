/**
 * Attention as one node: ONNX's Attention (opset 23) and com.microsoft's Attention, QAttention and MultiHeadAttention. Spelled as projections, scores, mask, softmax and
 * context. Caches of past keys and values are operands and results, their lengths those of the shapes; buffers that are filled in place are refused.
 */
import { invalid, refuse } from '../../refusal.ts';
import { floatAttribute, intAttribute, intsAttribute } from '../attributes.ts';
import { listed } from '../constants.ts';
import type { ImportContext } from '../context.ts';
import { Expansion } from './expansion.ts';

/** Most elements of a mask that is made here. */
const MOST_PAIRS = 2 ** 24;
const LOWEST = -3.4028234663852886e38;

interface Heads {
  /** [batch, heads, steps, width], keys and values with their own steps. */
  readonly q: string;
  readonly k: string;
  readonly v: string;
  readonly scale: number;
  /** Added to the scores, [.., steps, keys]. */
  readonly masks: readonly string[];
  readonly causal: boolean;
}

/** softmax(scale q k' + masks) v, [batch, heads, steps, width of v]. */
export function attended(e: Expansion, h: Heads): string {
  const [[, heads = 1, steps = 1], [, own = 1, keys = 1]] = [e.shapeOf(h.q), e.shapeOf(h.k)];
  const group = heads / own;
  if (!Number.isInteger(group))
    invalid(`${heads} heads of queries share ${own} of keys`, { expected: 'a whole number each' });
  const [k, v] = [h.k, h.v].map((x) => (group === 1 ? x : repeated(e, x, group))) as [string, string];
  const scores = e.times(e.node('MatMul', [h.q, e.turned(k)]), h.scale);
  const pairs = h.causal ? listed(steps * keys, 'a causal mask', MOST_PAIRS) : 0;
  const future = Array.from({ length: pairs }, (_, i) => (i % keys > Math.floor(i / keys) + keys - steps ? LOWEST : 0));
  const masks = h.causal ? [...h.masks, e.constant('float32', [steps, keys], future)] : h.masks;
  const masked = masks.reduce((sum, mask) => e.node('Add', [sum, mask]), scores);
  return e.node('MatMul', [e.node('Softmax', [masked], { axis: -1 }), v]);
}

/** Each head `group` times, one behind the other. */
function repeated(e: Expansion, x: string, group: number): string {
  const [b = 1, n = 1, s = 1, w = 1] = e.shapeOf(x);
  const apart = e.node('Unsqueeze', [x, e.ints([2])], {});
  const wide = e.node('Expand', [apart, e.ints([b, n, group, s, w])]);
  return e.node('Reshape', [wide, e.ints([b, n * group, s, w])]);
}

/** [batch, steps, heads x width] as [batch, heads, steps, width]; four axes stay. */
export function split(e: Expansion, x: string, heads: number): string {
  const shape = e.shapeOf(x);
  if (shape.length === 4) return x;
  const [b = 1, s = 1, d = 1] = shape;
  if (shape.length !== 3 || d % heads !== 0)
    invalid(`[${shape.join(', ')}] in ${heads} heads`, { expected: '[batch, steps, a multiple of the heads]' });
  return e.node('Transpose', [e.node('Reshape', [x, e.ints([b, s, heads, d / heads])])], { perm: [0, 2, 1, 3] });
}

/** Back to [batch, steps, heads x width]. */
export function joined(e: Expansion, x: string): string {
  const [b = 1, n = 1, s = 1, w = 1] = e.shapeOf(x);
  return e.node('Reshape', [e.node('Transpose', [x], { perm: [0, 2, 1, 3] }), e.ints([b, s, n * w])]);
}

/** Keys or values behind those of before, [batch, heads, steps, width]. */
export function withPast(e: Expansion, past: string, x: string): string {
  return past === '' ? x : e.node('Concat', [past, x], { axis: 2 });
}

/** What is added to scores for a mask of whole numbers: [batch], lengths; [batch, keys] or [batch, steps, keys], above 0 where there is a word. */
function paddingMask(e: Expansion, mask: string, keys: number, filter: number): string {
  const shape = e.shapeOf(mask);
  const places = e.constant(
    'int32',
    [1, keys],
    Array.from({ length: listed(keys, 'keys') }, (_, i) => i),
  );
  const zero = e.constant('int32', [], [0]);
  const open =
    shape.length === 1
      ? e.node('Less', [places, e.node('Unsqueeze', [mask, e.ints([1])])])
      : shape.length <= 3 && shape.at(-1) === keys
        ? e.node('Greater', [mask, zero])
        : refuse(`an attention mask of shape [${shape.join(', ')}]`, {
            expected: '[batch], [batch, keys] or [batch, steps, keys]',
          });
  const flags = e.node('Cast', [open], { to: 1 });
  const added = e.node('Mul', [e.node('Sub', [e.number(1), flags]), e.number(filter)]);
  return e.node('Unsqueeze', [added, e.ints(shape.length === 3 ? [1] : [1, 2])]);
}

function refuseCache(cx: ImportContext, inputs: readonly number[], outputs: readonly number[]): void {
  if (inputs.some((i) => cx.hasInput(i)) || outputs.some((i) => cx.wantsOutput(i)))
    refuse(`${cx.node.opType} with a cache of past keys, or further inputs`, {
      expected: 'queries, keys, values, bias and masks',
      hint: 'export attention as single ops: Concat joins a cache',
    });
}

function headCount(cx: ImportContext, name: string): number {
  const heads = intAttribute(cx.node, name, 0);
  return heads >= 1 ? heads : invalid(`${name} is ${heads}`, { expected: 'at least 1' });
}

/** `projected` [batch, steps, 3 x hidden]: queries, keys and values of all heads. */
function selfAttention(
  cx: ImportContext,
  e: Expansion,
  projected: string,
  { mask, bias, past }: { readonly mask: string; readonly bias: string; readonly past: string },
): void {
  const heads = headCount(cx, 'num_heads');
  const width = e.shapeOf(projected)[2] ?? 0;
  const sizes = intsAttribute(cx.node, 'qkv_hidden_sizes') ?? [width / 3, width / 3, width / 3];
  const parts = e.nodes('Split', [projected, e.ints(sizes)], 3, { axis: 2 });
  const [q, own, ownValues] = parts.map((p) => split(e, p, heads)) as [string, string, string];
  const [k, v] = [own, ownValues].map((x, i) => withPast(e, past === '' ? '' : picked(e, past, i), x)) as [
    string,
    string,
  ];
  const filter = floatAttribute(cx.node, 'mask_filter_value', -10000);
  const masks = [
    ...(mask === '' ? [] : [paddingMask(e, mask, e.shapeOf(k)[2] ?? 1, filter)]),
    ...(bias === '' ? [] : [bias]),
  ];
  const scale = floatAttribute(cx.node, 'scale', 0) || 1 / Math.sqrt((sizes[0] ?? 1) / heads);
  const causal = intAttribute(cx.node, 'unidirectional', 0) !== 0;
  e.result(joined(e, attended(e, { q, k, v, scale, masks, causal })));
  if (!cx.wantsOutput(1)) return;
  const both = [k, v].map((x) => e.node('Unsqueeze', [x, e.ints([0])]));
  e.result(e.node('Concat', both, { axis: 0 }), 1);
}

/** Keys (0) or values (1) of a cache that has both, [2, batch, heads, steps, width]. */
function picked(e: Expansion, past: string, index: number): string {
  const one = e.node('Slice', [past, e.ints([index]), e.ints([index + 1]), e.ints([0])]);
  return e.node('Squeeze', [one, e.ints([0])]);
}

function refuseRotary(cx: ImportContext): void {
  if (intAttribute(cx.node, 'do_rotary', 0) !== 0)
    refuse(`${cx.node.opType} with rotary embedding inside`, { expected: 'do_rotary = 0' });
}

/** com.microsoft.Attention: x, weights, bias, mask, past, what is added to the scores. */
export function importFusedAttention(cx: ImportContext): void {
  refuseCache(cx, [6], []);
  refuseRotary(cx);
  const e = new Expansion(cx);
  const product = e.node('MatMul', [e.input(0), e.input(1)]);
  const projected = e.input(2) === '' ? product : e.node('Add', [product, e.input(2)]);
  selfAttention(cx, e, projected, { mask: e.input(3), bias: e.input(5), past: e.input(4) });
}

/** com.microsoft.QAttention: x, weights, bias, their scales, mask, their zero points, past. */
export function importQAttention(cx: ImportContext): void {
  refuseRotary(cx);
  const e = new Expansion(cx);
  const inputs = [0, 1, 3, 4, 6, 7, 2].map((i) => e.input(i));
  const projected = e.node('com.microsoft:MatMulIntegerToFloat', inputs);
  selfAttention(cx, e, projected, { mask: e.input(5), bias: '', past: e.input(8) });
}

/** com.microsoft.MultiHeadAttention: queries, keys, values, bias, mask of keys, what is added to the scores. */
export function importMultiHeadAttention(cx: ImportContext): void {
  refuseCache(cx, [8, 9], [3]);
  const e = new Expansion(cx);
  const heads = headCount(cx, 'num_heads');
  const names = unpacked(e);
  const widths = names.map((n) => e.shapeOf(n).at(-1) ?? 1);
  const biased = (name: string, i: number): string => {
    if (e.input(3) === '') return name;
    if (e.shapeOf(name).length !== 3) refuse('a bias of heads that are apart', { expected: '[batch, steps, hidden]' });
    const start = widths.slice(0, i).reduce((a, b) => a + b, 0);
    const part = e.node('Slice', [e.input(3), e.ints([start]), e.ints([start + (widths[i] ?? 0)])]);
    return e.node('Add', [name, part]);
  };
  const [q, own, ownValues] = names.map((n, i) => split(e, biased(n, i), heads)) as [string, string, string];
  const [k, v] = [withPast(e, e.input(6), own), withPast(e, e.input(7), ownValues)];
  const filter = floatAttribute(cx.node, 'mask_filter_value', -10000);
  const masks = [
    ...(e.input(4) === '' ? [] : [paddingMask(e, e.input(4), e.shapeOf(k)[2] ?? 1, filter)]),
    ...(e.input(5) === '' ? [] : [e.input(5)]),
  ];
  const scale = floatAttribute(cx.node, 'scale', 0) || 1 / Math.sqrt(e.shapeOf(q)[3] ?? 1);
  const causal = intAttribute(cx.node, 'unidirectional', 0) !== 0;
  e.result(joined(e, attended(e, { q, k, v, scale, masks, causal })));
  if (cx.wantsOutput(1)) e.result(k, 1);
  if (cx.wantsOutput(2)) e.result(v, 2);
}

/** Queries, keys and values: three operands, or all in one of [batch, steps, heads, 3, width], as [batch, steps, heads x width]. */
function unpacked(e: Expansion): string[] {
  const names = [0, 1, 2].map((i) => e.input(i));
  if (names[1] !== '' && names[2] !== '') return names;
  const shape = e.shapeOf(names[0]!);
  const [b = 1, s = 1, n = 1, , w = 1] = shape;
  if (names[1] !== '' || names[2] !== '' || shape.length !== 5 || shape[3] !== 3)
    refuse(`MultiHeadAttention of packed operands of shape [${shape.join(', ')}]`, {
      expected: 'three operands, or one of [batch, steps, heads, 3, width]',
    });
  return [0, 1, 2].map((i) => {
    const part = e.node('Slice', [names[0]!, e.ints([i]), e.ints([i + 1]), e.ints([3])]);
    return e.node('Reshape', [part, e.ints([b, s, n * w])]);
  });
}

/** ONNX's Attention: queries, keys, values, mask (added, or conditions), past keys and values. */
export function importAttention(cx: ImportContext): void {
  refuseCache(cx, [6], [3]);
  if (floatAttribute(cx.node, 'softcap', 0) !== 0) refuse('Attention with softcap', { expected: 'softcap = 0' });
  const e = new Expansion(cx);
  const flat = e.shapeOf(e.input(0)).length === 3;
  const headsOf = (name: string): number => (flat ? headCount(cx, name) : 1);
  const counts = [headsOf('q_num_heads'), headsOf('kv_num_heads'), headsOf('kv_num_heads')];
  const [q, own, ownValues] = counts.map((count, i) => split(e, e.input(i), count)) as [string, string, string];
  const [k, v] = [withPast(e, e.input(4), own), withPast(e, e.input(5), ownValues)];
  const given = e.input(3);
  const x = given === '' ? undefined : cx.lookup(given);
  const flags =
    (x?.kind === 'codes' && x.dataType === 'bool') || (x?.kind === 'constant' && x.constant.dataType === 'bool');
  const mask = flags ? e.node('Where', [given, e.number(0), e.number(LOWEST)]) : given;
  const scale = floatAttribute(cx.node, 'scale', 0) || 1 / Math.sqrt(e.shapeOf(q)[3] ?? 1);
  const causal = intAttribute(cx.node, 'is_causal', 0) !== 0;
  const context = attended(e, { q, k, v, scale, masks: mask === '' ? [] : [mask], causal });
  e.result(flat ? joined(e, context) : context);
  if (cx.wantsOutput(1)) e.result(k, 1);
  if (cx.wantsOutput(2)) e.result(v, 2);
}

/** com.microsoft.EmbedLayerNormalization: words, segments, their tables and that of positions, scale, shift, mask, positions; the sum of the mask is the second result. */
export function importEmbedLayerNormalization(cx: ImportContext): void {
  const e = new Expansion(cx);
  const steps = e.shapeOf(e.input(0))[1] ?? 1;
  const words = e.node('Gather', [e.input(2), e.input(0)], { axis: 0 });
  const first =
    e.input(8) === ''
      ? e.constant(
          'int64',
          [1, steps],
          Array.from({ length: listed(steps, 'words') }, (_, i) => i),
        )
      : e.input(8);
  const sum = e.node('Add', [words, e.node('Gather', [e.input(3), first], { axis: 0 })]);
  const all = e.input(1) === '' ? sum : e.node('Add', [sum, e.node('Gather', [e.input(4), e.input(1)], { axis: 0 })]);
  const epsilon = { type: 'float', value: floatAttribute(cx.node, 'epsilon', 1e-12) } as const;
  e.result(e.node('LayerNormalization', [all, e.input(5), e.input(6)], { axis: -1, epsilon }));
  if (cx.wantsOutput(2)) e.result(all, 2);
  if (!cx.wantsOutput(1)) return;
  if (e.input(7) === '') refuse('lengths of words without a mask', { expected: 'a mask' });
  e.result(e.node('ReduceSum', [e.input(7), e.ints([1])], { keepdims: 0 }), 1);
}

/** com.microsoft.QEmbedLayerNormalization: the same with codes for the tables, scale and shift; behind the mask their scales, then their zero points. */
export function importQEmbedLayerNormalization(cx: ImportContext): void {
  const e = new Expansion(cx);
  const floats = [2, 3, 4, 5, 6].map((index, i) =>
    e.input(index) === '' ? '' : e.node('DequantizeLinear', [e.input(index), e.input(8 + i), e.input(13 + i)]),
  );
  const epsilon = { type: 'float', value: floatAttribute(cx.node, 'epsilon', 1e-12) } as const;
  const lengths = cx.wantsOutput(1);
  const inputs = [e.input(0), e.input(1), ...floats, lengths ? e.input(7) : ''];
  const results = e.nodes('com.microsoft:EmbedLayerNormalization', inputs, lengths ? 2 : 1, { epsilon });
  results.forEach((name, i) => {
    e.result(name, i);
  });
}
