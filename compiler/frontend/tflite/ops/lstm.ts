/**
 * UNIDIRECTIONAL_SEQUENCE_LSTM of int8 codes with 16-bit cells, unrolled over its steps, as the kernel of TensorFlow Lite for Microcontrollers computes it: each
 * gate is two products rescaled to 12 fraction bits and added with saturation, functions are those of 16-bit codes, products of gates are rescaled
 * with two roundings. The products of all gates are one; those of the input are one for all steps. Every run begins with empty states.
 */
import { INT32, type IntegerType, sizeOf, type Tensor } from '../../../graph/types.ts';
import { invalid, refuse } from '../../refusal.ts';
import { type ImportContext, text } from '../context.ts';
import type { Multiplier } from '../fixed-point.ts';
import { split } from '../fixed-point.ts';
import type { TfliteTensor } from '../schema.ts';
import { factor, rescaled } from './requantizer.ts';
import { centred, exactProduct, Steps } from './whole-numbers.ts';
import { wordLogistic, wordTanh } from './word-sigmoid.ts';

const WORD: IntegerType = { kind: 'int', bits: 16, coding: 'signed' };
const [LOW, HIGH] = [-(2 ** 15), 2 ** 15 - 1];
const STEPS_MAX = 512;
const TANH = 4;
/** Operands: weights of the input and of the state, and biases, by gate in the order in which they lie here. */
const GATES = [
  { name: 'input', input: 1, state: 5, bias: 12 },
  { name: 'forget', input: 2, state: 6, bias: 13 },
  { name: 'output', input: 4, state: 8, bias: 15 },
  { name: 'cell', input: 3, state: 7, bias: 14 },
] as const;
const [STATE, CELL] = [18, 19];
const GATE_SCALE = 2 ** -12;
const UNIT_SCALE = 2 ** -15;

interface Sizes {
  readonly batch: number;
  readonly steps: number;
  readonly inputs: number;
  readonly units: number;
  readonly timeMajor: boolean;
}

/** What the kernel does not have, or what we leave out. */
function sizesOf(cx: ImportContext): Sizes {
  const [x, out] = [cx.inputTensor(0), cx.outputTensor()];
  const options = cx.options ?? invalid('the operator has no options', { expected: 'its activation' });
  const others = [9, 10, 11, 16, 17, 20, 21, 22, 23].filter((i) => cx.hasInput(i));
  if (others.length > 0 || GATES.some((g) => !cx.hasInput(g.input)))
    refuse('an LSTM with peepholes, a projection, layer norms or coupled gates', { expected: 'four plain gates' });
  if (x.type !== 'int8' || out.type !== 'int8' || cx.inputTensor(CELL).type !== 'int16')
    refuse(`an LSTM of ${x.type} with cells of ${cx.inputTensor(CELL).type}`, { expected: 'int8 with cells of int16' });
  if (options.int8(0, 'fused_activation_function') !== TANH) refuse('an LSTM with another function than TANH');
  if (options.float32(2, 'proj_clip') !== 0) refuse('an LSTM that clips a projection', { expected: 'none' });
  if (x.shape.length !== 3) invalid(`input [${x.shape.join(', ')}]`, { expected: 'batch, steps and inputs' });
  const timeMajor = options.uint8(3, 'time_major') !== 0;
  const [first = 0, second = 0, inputs = 0] = x.shape;
  const [batch, steps] = timeMajor ? [second, first] : [first, second];
  if (steps > STEPS_MAX) refuse(`an LSTM of ${steps} steps`, { expected: `at most ${STEPS_MAX}` });
  return { batch, steps, inputs, units: cx.inputTensor(GATES[0].input).shape[0] ?? 0, timeMajor };
}

interface Product {
  readonly weights: string;
  readonly bias: string | undefined;
  readonly factors: readonly Multiplier[];
  readonly zero: number;
}

/** The weights of all gates side by side, [K, 4 units], with a factor a column. */
function gateProduct(
  cx: ImportContext,
  part: 'input' | 'state',
  x: TfliteTensor,
  rows: number,
  units: number,
): Product {
  const data = new Int32Array(rows * GATES.length * units);
  const bias = new Int32Array(GATES.length * units);
  const { scale, zero } = cx.scaling(x);
  const factors = GATES.flatMap((gate, g) => {
    const tensor = cx.inputTensor(gate[part]);
    const known = cx.weights(gate[part], `weights of the ${gate.name} gate`);
    if (tensor.type !== 'int8' || tensor.shape.join() !== [units, rows].join())
      invalid(`weights ${text(tensor)} are ${tensor.type} of [${tensor.shape.join(', ')}]`, {
        expected: `int8 of [${units}, ${rows}]`,
      });
    known.data.forEach((w: number, at: number) => {
      data[(at % rows) * GATES.length * units + g * units + Math.floor(at / rows)] = w;
    });
    if (part === 'input' && cx.hasInput(gate.bias)) bias.set(gateBias(cx, gate.bias, units), g * units);
    const own = cx.scaling(tensor);
    if (own.zero !== 0) invalid(`weights ${text(tensor)} have zero point ${own.zero}`, { expected: '0' });
    const f = factor(Math.fround(scale * own.scale) / GATE_SCALE);
    return new Array<Multiplier>(units).fill(f);
  });
  const element: IntegerType = { kind: 'int', bits: 8, coding: 'signed' };
  const weights: Tensor = { type: { element, shape: [rows, GATES.length * units] }, data };
  const sums: Tensor = { type: { element: INT32, shape: [bias.length] }, data: bias };
  return {
    weights: cx.constant(weights, `${part}.weights`),
    bias: part === 'input' ? cx.constant(sums, 'bias') : undefined,
    factors,
    zero,
  };
}

function gateBias(cx: ImportContext, index: number, units: number): Int32Array {
  const { type, data } = cx.constantInput(index, 'biases');
  if (cx.inputTensor(index).type !== 'int32' || data.length !== units)
    invalid(`${data.length} biases of ${type.element.kind}`, { expected: `${units} of int32` });
  return Int32Array.from(data);
}

/** Rows times the weights of all gates, with 12 fraction bits, as whole float32 numbers. */
function gateSums(cx: ImportContext, rows: string, product: Product, stem: string): string {
  const { weights, bias, factors, zero } = product;
  const inputs = [rows, weights, ...(bias === undefined ? [] : [bias])];
  const name = (suffix: string) => `${cx.label}.${stem}.${suffix}`;
  const sums = cx.add('matmul', inputs, { xZero: zero, wZero: Int32Array.of(0) }, { name: name('sum') });
  return centred(cx, rescaled(cx, sums, factors, { element: WORD, axis: 1, name: name('codes') }), 0, name('numbers'));
}

/** `count` elements of axis `axis` from `start` on. */
function part(cx: ImportContext, id: string, axis: number, start: number, count: number, name: string): string {
  const { shape } = cx.builder.typeOf(id);
  const starts = shape.map((_, d) => (d === axis ? start : 0));
  const target = shape.map((d, i) => (i === axis ? count : d));
  return cx.add('slice', [id], { starts, steps: shape.map(() => 1) }, { shape: target, name: `${cx.label}.${name}` });
}

/** Fraction bits by which the cell's codes are short of 12. */
function cellShift(cell: TfliteTensor, scale: number): number {
  const { fraction, exponent } = split(scale);
  const left = exponent - 1 + 12;
  if (fraction !== 0.5 || left < 0 || left > 6)
    refuse(`cells ${text(cell)} of scale ${scale}`, { expected: 'a power of two from 2^-12 to 2^-6' });
  return left;
}

export function importLstm(cx: ImportContext): void {
  const sizes = sizesOf(cx);
  const { batch, steps, inputs, units, timeMajor } = sizes;
  const [x, state, cell] = [cx.inputTensor(0), cx.inputTensor(STATE), cx.inputTensor(CELL)];
  const [hidden, cells] = [cx.scaling(state), cx.scaling(cell)];
  const left = cellShift(cell, cells.scale);
  const clip = Math.trunc((cx.options?.float32(1, 'cell_clip') ?? 0) / cells.scale);
  cx.requireSameScaling(state, cx.outputTensor());
  cx.notes.push(
    `${cx.label}: unrolled over ${steps} steps that begin with empty states, with the arithmetic of TensorFlow Lite for Microcontrollers; desktop builds can differ by a code`,
  );
  const ofInput = gateProduct(cx, 'input', x, inputs, units);
  const ofState = gateProduct(cx, 'state', state, units, units);
  const flat = cx.add(
    'reshape',
    [cx.value(0, 'file')],
    {},
    { shape: [sizeOf(x.shape) / inputs, inputs], name: `${cx.label}.rows` },
  );
  const shape = [...x.shape.slice(0, 2), GATES.length * units];
  const all = cx.add('reshape', [gateSums(cx, flat, ofInput, 'input')], {}, { shape, name: `${cx.label}.gates` });
  const f = new Steps(cx, 'float');
  let h: string | undefined;
  let c: string | undefined;
  const results: string[] = [];
  for (let t = 0; t < steps; t++) {
    const stem = `step${t}`;
    const now = part(cx, all, timeMajor ? 0 : 1, t, 1, `${stem}.input`);
    const given = cx.add(
      'reshape',
      [now],
      {},
      { shape: [batch, GATES.length * units], name: `${cx.label}.${stem}.row` },
    );
    // The state before the first step is its zero point: its products are nothing.
    const gates =
      h === undefined
        ? given
        : clipped(cx, f.binary('add', given, gateSums(cx, h, ofState, stem)), LOW, HIGH, `${stem}.gates`);
    const logistic = wordLogistic(cx, part(cx, gates, 1, 0, 3 * units, `${stem}.logistic`), `${stem}.l`);
    const bent = wordTanh(cx, part(cx, gates, 1, 3 * units, units, `${stem}.tanh`), 0, `${stem}.t`);
    const gate = (i: number) => part(cx, logistic, 1, i * units, units, `${stem}.${GATES[i]!.name}`);
    const added = scaledProduct(cx, gate(0), bent, UNIT_SCALE ** 2 / cells.scale, `${stem}.added`);
    const kept = c === undefined ? undefined : scaledProduct(cx, gate(1), c, UNIT_SCALE, `${stem}.kept`);
    const next = kept === undefined ? added : clipped(cx, f.binary('add', kept, added), LOW, HIGH, `${stem}.cell`);
    c = clip > 0 ? clipped(cx, next, -clip, clip, `${stem}.clipped`) : next;
    const shown = wordTanh(cx, c, left, `${stem}.c`);
    const products = exactProduct(cx, shown, gate(2), `${stem}.h`);
    const element = cx.codeType(cx.outputTensor());
    const name = `${cx.label}.${stem}.state`;
    h = rescaled(cx, products, [factor(UNIT_SCALE ** 2 / hidden.scale)], { element, zeroPoint: hidden.zero, name });
    results.push(
      cx.add(
        'reshape',
        [h],
        {},
        { shape: timeMajor ? [1, batch, units] : [batch, 1, units], name: `${cx.label}.${stem}.result` },
      ),
    );
  }
  cx.result(joined(cx, results, timeMajor ? 0 : 1), 'file');
}

const clipped = (cx: ImportContext, x: string, min: number, max: number, name: string): string =>
  cx.add('clip', [x], { min, max }, { name: `${cx.label}.${name}` });

/** a · b times a scale, rounded twice and held in 16 bits, as whole float32 numbers. */
function scaledProduct(cx: ImportContext, a: string, b: string, scale: number, stem: string): string {
  const name = `${cx.label}.${stem}.codes`;
  const codes = rescaled(cx, exactProduct(cx, a, b, stem), [factor(scale)], { element: WORD, name });
  return centred(cx, codes, 0, `${cx.label}.${stem}.numbers`);
}

/** Parts joined, at most 64 at a time. */
function joined(cx: ImportContext, parts: readonly string[], axis: number): string {
  if (parts.length === 1) return parts[0]!;
  const groups = Array.from({ length: Math.ceil(parts.length / 64) }, (_, i) => parts.slice(i * 64, (i + 1) * 64));
  const whole = groups.map((g) =>
    g.length === 1 ? g[0]! : cx.add('concat', g, { axis }, { name: `${cx.label}.joined` }),
  );
  return joined(cx, whole, axis);
}
