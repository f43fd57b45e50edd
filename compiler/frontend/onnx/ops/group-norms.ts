/**
 * Norms with statistics of their own for each image: InstanceNormalization, GroupNormalization, LRN (local response). Float32; the groups become rows of a
 * `layer-norm` without parameters, then a multiply and an add by channel.
 */

import { invalid, refuse } from '../../refusal.ts';
import { floatAttribute, intAttribute } from '../attributes.ts';
import { size } from '../constants.ts';
import { floatData, type ImportContext } from '../context.ts';
import { Formula } from './formula.ts';

/** Rows of one group each, normalized; `scale` and `shift` have one element per channel. */
function normalized(cx: ImportContext, groups: number, scale: Float32Array, shift: Float32Array): void {
  const x = cx.floatInput(0);
  const { shape } = cx.builder.typeOf(x);
  const [batch = 1, channels = 1] = shape;
  const f = new Formula(cx);
  const features = size(shape) / (batch * groups);
  const rows = f.reshape(x, [batch, groups, features]);
  const ones = f.constant(new Float32Array(features).fill(1), [features]);
  const attributes = { epsilon: Math.fround(floatAttribute(cx.node, 'epsilon', 1e-5)), centred: true };
  const normed = f.reshape(cx.add('layer-norm', [rows, ones], attributes, { output: f.name() }), shape);
  const dims = [channels, ...shape.slice(2).map(() => 1)];
  const scaled = f.binary('mul', normed, f.constant(scale, dims));
  cx.result({ kind: 'float', id: f.binary('add', scaled, f.constant(shift, dims)) });
}

/** Scale and shift of the current node: `count` elements each. */
function parameters(cx: ImportContext, count: number): readonly [Float32Array, Float32Array] {
  return ['scale', 'shift'].map((what, i) => {
    const data = floatData(cx.constantInput(i + 1, what) ?? invalid(`${what} is missing`));
    return data.length === count
      ? data
      : invalid(`${what} has ${data.length} elements`, { expected: `${count} elements` });
  }) as [Float32Array, Float32Array];
}

/** [N, C, ..]. */
function channelsOf(cx: ImportContext): number {
  const { shape } = cx.typeOf(cx.input(0));
  return shape.length >= 3 && shape[1] !== undefined
    ? shape[1]
    : invalid(`input [${shape.join(', ')}]`, { expected: '[N, C, ..] with at least one axis behind the channels' });
}

export function importInstanceNormalization(cx: ImportContext): void {
  const channels = channelsOf(cx);
  normalized(cx, channels, ...parameters(cx, channels));
}

/** Parameters are one per channel since opset 21, one per group before. */
export function importGroupNormalization(cx: ImportContext): void {
  const channels = channelsOf(cx);
  const groups = intAttribute(cx.node, 'num_groups', 0);
  if (!(groups >= 1) || channels % groups !== 0)
    invalid(`${groups} groups of ${channels} channels`, { expected: 'a group count that divides the channels' });
  const each = cx.opset >= 21 ? channels : groups;
  const [scale, shift] = parameters(cx, each).map((list) =>
    Float32Array.from({ length: channels }, (_, c) => list[Math.floor((c * each) / channels)] ?? 0),
  ) as [Float32Array, Float32Array];
  normalized(cx, groups, scale, shift);
}

/** x / (bias + alpha / size * sum of squares in a window of channels)^beta, beta 1/2, 3/4 or 1. */
export function importLrn(cx: ImportContext): void {
  const x = cx.floatInput(0);
  const { shape } = cx.builder.typeOf(x);
  const [batch = 1] = shape;
  const channels = channelsOf(cx);
  const width = intAttribute(cx.node, 'size', 0);
  const [alpha, bias] = [floatAttribute(cx.node, 'alpha', 1e-4), floatAttribute(cx.node, 'bias', 1)];
  const beta = floatAttribute(cx.node, 'beta', 0.75);
  if (width < 1) invalid(`size is ${width}`, { expected: 'at least 1' });
  if (beta !== 0.75 && beta !== 0.5 && beta !== 1) refuse(`LRN with beta ${beta}`, { expected: '0.75, 0.5 or 1' });
  const f = new Formula(cx);
  const columns = size(shape) / (batch * channels);
  const squares = f.reshape(f.binary('mul', x, x), [batch, 1, channels, columns]);
  const before = Math.floor((width - 1) / 2);
  const pads = [before, 0, width - 1 - before, 0] as const;
  const window = { kernel: [width, 1], strides: [1, 1], dilations: [1, 1], pads } as const;
  const mean = cx.add('avgpool', [squares], { window, countIncludePad: true }, { output: f.name() });
  const base = f.binary('add', f.binary('mul', f.reshape(mean, shape), alpha), bias);
  const root = f.unary('sqrt', base);
  const power = beta === 1 ? base : beta === 0.5 ? root : f.binary('mul', root, f.unary('sqrt', root));
  cx.result({ kind: 'float', id: f.binary('div', x, power) });
}
