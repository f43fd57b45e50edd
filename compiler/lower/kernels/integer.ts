/** Pointwise ops on codes: requantize of stored integers, exact sums, table look-ups. */
import type { RequantizeMode } from '../../../isa/instructions/table.ts';
import { codeRange } from '../../../isa/tensor.ts';
import type { NodeOf, RequantizeSpec } from '../../graph/types.ts';
import { integerRange } from '../../graph/types.ts';
import { constantTensor, wordTensor } from '../constants.ts';
import type { NamedTensor } from '../draft.ts';
import type { PlainKernel } from '../kernel.ts';
import { formatOf, refuseUnless, requireExactWidth } from '../kernel.ts';
import type { Format } from '../walk.ts';
import type { NodeContext } from './context.ts';
import { nodeKernel } from './float.ts';
import type { PointwiseOperand } from './pointwise.ts';

/** Requantizer records: `words` 32-bit words for each of `channels` channels, and how RQ reads them. */
export interface Records {
  readonly mode: RequantizeMode;
  readonly channels: number;
  readonly words: number;
  readonly data: Int32Array;
  /** Zero point of the destination. */
  readonly zero: number;
  readonly relu: boolean;
}

/**
 * Records of a requantizer with `bias` (one per channel or one for all) folded in. Throws Refusal where a folded threshold
 * leaves 32 bits.
 */
export function requantizeRecords(spec: RequantizeSpec, relu: boolean, bias: Int32Array): Records {
  const own =
    spec.mode === 'float32'
      ? spec.scale.length
      : spec.mode === 'fixed-point'
        ? spec.multiplier.length
        : spec.base.length;
  const channels = Math.max(own, bias.length);
  const c = (i: number): number => (own === 1 ? 0 : i);
  const b = (i: number): number => (bias.length === 1 ? (bias[0] ?? 0) : (bias[i] ?? 0));
  if (spec.mode === 'threshold') return thresholdRecords(spec, channels, c, b);
  const words = spec.mode === 'float32' ? 2 : 3;
  const data = new Int32Array(channels * words);
  const asFloat = new Float32Array(data.buffer);
  for (let i = 0; i < channels; i++) {
    data[i * words] = b(i);
    if (spec.mode === 'float32') asFloat[i * words + 1] = spec.scale[c(i)] ?? 0;
    else {
      data[i * words + 1] = spec.multiplier[c(i)] ?? 0;
      data[i * words + 2] = spec.shift[c(i)] ?? 0;
    }
  }
  return { mode: spec.mode, channels, words, data, zero: spec.zeroPoint, relu };
}

type Threshold = Extract<RequantizeSpec, { mode: 'threshold' }>;

function thresholdRecords(
  spec: Threshold,
  channels: number,
  c: (i: number) => number,
  b: (i: number) => number,
): Records {
  const words = spec.levels + 1;
  const data = new Int32Array(channels * words);
  for (let i = 0; i < channels; i++) {
    const from = c(i);
    data[i * words] = (spec.base[from] ?? 0) * 2 + ((spec.descending[from] ?? 0) !== 0 ? 1 : 0);
    for (let l = 0; l < spec.levels; l++) {
      const t = (spec.thresholds[from * spec.levels + l] ?? 0) - b(i);
      data[i * words + 1 + l] = Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, t));
    }
  }
  return { mode: 'threshold', channels, words, data, zero: 0, relu: false };
}

/** Records as an operand whose channel dim is `axis` of the result. */
function recordOperand(cx: NodeContext, { channels, words, data }: Records, axis: number): PointwiseOperand {
  const shape = [...cx.output.shape.map((_, d) => (d === axis ? channels : 1)), words];
  const constant = cx.constant('records', (name) => wordTensor(name, shape, data));
  return { source: { kind: 'constant', constant }, shape, records: true };
}

export function requantizeKernel(cx: NodeContext, node: NodeOf<'requantize'>): PlainKernel {
  const { spec, axis, relu } = node.attributes;
  const type = cx.integer(cx.output, 'requantized values');
  if (spec.mode !== 'threshold') requireExactWidth(type, 'a requantized result');
  const records = requantizeRecords(spec, relu, Int32Array.of(0));
  return nodeKernel(cx, {
    operands: [cx.operand(0), recordOperand(cx, records, axis)],
    emit: (w, emit) =>
      emit({
        op: 'rq',
        dst: w.output(records.zero),
        src: w.input(0),
        params: w.records(1),
        add: null,
        kdims: 0,
        relu: records.relu,
        mode: records.mode,
      }),
  });
}

export function addiKernel(cx: NodeContext): PlainKernel {
  return nodeKernel(cx, {
    operands: [cx.operand(0), cx.operand(1)],
    emit: (w, emit) => emit({ op: 'vadd', dst: w.output(), a: w.input(0), b: w.input(1) }),
  });
}

/** The table is stored for every code of the stored width, so that the index needs no arithmetic. */
export function lutKernel(cx: NodeContext, node: NodeOf<'lut'>): PlainKernel {
  const { table, axis } = node.attributes;
  const type = cx.integer(cx.inputType(0), 'look-up codes');
  refuseUnless(type.bits <= 16, `a table of ${type.bits}-bit codes; at most 16 bits`);
  const stored = formatOf(cx.inputType(0));
  const all = codeRange(stored.coding, stored.bits);
  const own = integerRange(type);
  const entries = own.max - own.min + 1;
  const channels = table.length / entries;
  const size = all.max - all.min + 1;
  const data = new Float64Array(channels * size).fill(
    cx.output.element.kind === 'int' ? integerRange(cx.output.element).min : 0,
  );
  for (let ch = 0; ch < channels; ch++) {
    for (let i = 0; i < entries; i++) data[ch * size + i + own.min - all.min] = table[ch * entries + i] ?? 0;
  }
  const shape = [...cx.output.shape.map((_, d) => (d === axis && channels > 1 ? channels : 1)), size];
  const make = (name: string) => constantTensor(name, shape, formatOf(cx.output), 'parameters', data);
  const constant = cx.constant('table', make);
  return nodeKernel(cx, {
    operands: [cx.operand(0), { source: { kind: 'constant', constant }, shape, records: true }],
    emit: (w, emit) => emit({ op: 'vlut', dst: w.output(), a: w.input(0), b: w.records(1) }),
  });
}

/**
 * a * c + b * (1 - c) on the bits: one product is zero, so the result is the other's code, or the bits of its float. With a zero point of 1 the flag itself
 * is c - 1, which saves an operation where b * (c - 1) has 32 bits: of every constant but -0.
 */
export function whereKernel(cx: NodeContext): PlainKernel {
  const format = formatOf(cx.output);
  const bits: Format = { bits: format.bits, coding: format.coding === 'float' ? 'signed' : format.coding, zero: 0 };
  // Codes of -1 and +1 alone have no zero for the product that is left out.
  refuseUnless(format.coding !== 'bipolar', 'a choice between values of -1 and +1; widen them to two bits');
  const flag = formatOf(cx.inputType(0));
  const raw = (t: NamedTensor): NamedTensor => ({ ...t, widthBits: bits.bits, coding: bits.coding });
  const other = cx.constantData(2)?.data;
  if (format.coding === 'float' && other?.every((x) => !Object.is(x, -0)) === true) {
    return nodeKernel(cx, {
      operands: [cx.operand(0), cx.operand(1), cx.operand(2)],
      temps: [bits, bits],
      emit: (w, emit) => {
        emit({ op: 'vmul', dst: w.temp(0), a: raw(w.input(1)), b: w.input(0) });
        emit({ op: 'vmul', dst: w.temp(1), a: raw(w.input(2)), b: w.input(0, 1) });
        emit({ op: 'vsub', dst: raw(w.output()), a: w.temp(0), b: w.temp(1) });
      },
    });
  }
  return nodeKernel(cx, {
    operands: [cx.operand(0), cx.operand(1), cx.operand(2), cx.scalar('one', 1, flag)],
    temps: [flag, bits, bits],
    emit: (w, emit) => {
      emit({ op: 'vsub', dst: w.temp(0), a: w.input(3), b: w.input(0) });
      emit({ op: 'vmul', dst: w.temp(1), a: raw(w.input(1)), b: w.input(0) });
      emit({ op: 'vmul', dst: w.temp(2), a: raw(w.input(2)), b: w.temp(0) });
      emit({ op: 'vadd', dst: raw(w.output()), a: w.temp(1), b: w.temp(2) });
    },
  });
}
