/**
 * SVDF of int8 codes with a state of 16 bits, exactly as the integer kernel: each filter keeps its last products with the input, a window in time that
 * moves by one a run, and a unit is the sum of its filters' windows times their weights. The state is an input and an output of the network.
 * The kernel clamps to the codes of the result and applies no activation of its own.
 */
import { INT32, type IntegerType } from '../../../graph/types.ts';
import { invalid, refuse } from '../../refusal.ts';
import { permuted } from '../constants.ts';
import { type ImportContext, text } from '../context.ts';
import type { TfliteTensor } from '../schema.ts';
import { factor, requantized, rescaled } from './requantizer.ts';
import { centred, joinedHalves, productHalves } from './whole-numbers.ts';

const WORD: IntegerType = { kind: 'int', bits: 16, coding: 'signed' };
const f32 = Math.fround;
const [FEATURES, TIMES, BIAS, STATE] = [1, 2, 3, 4];

interface Sizes {
  readonly batch: number;
  readonly inputs: number;
  readonly filters: number;
  readonly memory: number;
  /** Filters of a unit. */
  readonly rank: number;
}

function sizesOf(cx: ImportContext): Sizes {
  const [x, features, times, state] = [0, FEATURES, TIMES, STATE].map((i) => cx.inputTensor(i)) as [
    TfliteTensor,
    TfliteTensor,
    TfliteTensor,
    TfliteTensor,
  ];
  const types = [x, features, times, state, cx.outputTensor()].map((t) => t.type).join();
  if (types !== 'int8,int8,int16,int16,int8')
    refuse(`SVDF of ${types.replaceAll(',', ', ')} (input, weights, time weights, state, result)`, {
      expected: 'int8, int8, int16, int16, int8',
    });
  const rank = cx.options?.int32(0, 'rank') ?? 0;
  const [filters = 0, inputs = 0] = features.shape;
  const memory = times.shape[1] ?? 0;
  const batch = x.shape[0] ?? 0;
  const agree =
    rank > 0 && filters % rank === 0 && times.shape[0] === filters && x.shape.join() === [batch, inputs].join();
  if (!agree || state.shape.join() !== [batch, memory * filters].join())
    invalid(`[${x.shape.join(', ')}] into ${filters} filters of ${memory} steps by rank ${rank}`, {
      expected: `a state ${text(state)} of [batch, ${memory * filters}] and a rank that divides the filters`,
    });
  return { batch, inputs, filters, memory, rank };
}

export function importSvdf(cx: ImportContext): void {
  const sizes = sizesOf(cx);
  const { batch, filters, memory, rank } = sizes;
  const state = cx.inputTensor(STATE);
  const key = `tensor ${state.index}`;
  const before = cx.state(key, state, state.name === '' ? `${cx.label}_state` : state.name);
  const shape = [batch, filters, memory];
  const windows = cx.add('reshape', [before], {}, { shape, name: `${cx.label}.windows` });
  const kept = memory === 1 ? [] : [later(cx, windows)];
  const column = cx.add('reshape', [newest(cx, sizes)], {}, { shape: [batch, filters, 1], name: `${cx.label}.column` });
  const next = cx.add('concat', [...kept, column], { axis: 2 }, { name: `${cx.label}.moved` });
  cx.keep(key, state, cx.add('reshape', [next], {}, { shape: state.shape, name: `${cx.label}.state` }));

  const units = filters / rank;
  const ofUnits = cx.add('reshape', [next], {}, { shape: [batch, units, rank, memory], name: `${cx.label}.units` });
  const data = Float32Array.from(cx.weights(TIMES, 'weights in time').data);
  const type = { element: { kind: 'float32' }, shape: [1, units, rank, memory] } as const;
  const numbers = centred(cx, ofUnits, 0, `${cx.label}.numbers`);
  const halves = productHalves(cx, numbers, cx.constant({ type, data }, 'times'), 'products');
  const [high, low] = halves.map((half, i) =>
    cx.add('spatial-sum', [half], { xZero: 0 }, { name: `${cx.label}.sums${i}` }),
  ) as [string, string];
  const sums = joinedHalves(cx, [high, low], 'sums');
  const rows = cx.add('reshape', [sums], {}, { shape: [batch, units], name: `${cx.label}.rows` });
  const scale = f32(
    f32(cx.scaling(state).scale * cx.scaling(cx.inputTensor(TIMES)).scale) / cx.scaling(cx.outputTensor()).scale,
  );
  cx.result(requantized(cx, biased(cx, rows, units), [factor(scale)], 0, 'none'), 'file');
}

/** Windows without their oldest column. */
function later(cx: ImportContext, windows: string): string {
  const { shape } = cx.builder.typeOf(windows);
  const options = { shape: [shape[0]!, shape[1]!, shape[2]! - 1], name: `${cx.label}.later` };
  return cx.add('slice', [windows], { starts: [0, 0, 1], steps: [1, 1, 1] }, options);
}

/** Products of the input with the filters, as codes of the state. */
function newest(cx: ImportContext, { filters }: Sizes): string {
  const [x, features] = [cx.inputTensor(0), cx.inputTensor(FEATURES)];
  const weights = permuted(cx.weights(FEATURES, 'weights'), [1, 0]);
  const zeros = [cx.scaling(features).zero, cx.scaling(cx.inputTensor(STATE)).zero];
  if (zeros.some((z) => z !== 0)) invalid(`weights and state with zero points ${zeros.join(', ')}`, { expected: '0' });
  const attributes = { xZero: cx.scaling(x).zero, wZero: Int32Array.of(0) };
  const inputs = [cx.value(0, 'file'), cx.constant(weights, 'weights')];
  const sums = cx.add('matmul', inputs, attributes, { name: `${cx.label}.features`, shape: [x.shape[0]!, filters] });
  const state = cx.scaling(cx.inputTensor(STATE)).scale;
  const scale = f32(f32(cx.scaling(x).scale * cx.scaling(features).scale) / state);
  return rescaled(cx, sums, [factor(scale)], { element: WORD, name: `${cx.label}.newest` });
}

function biased(cx: ImportContext, rows: string, units: number): string {
  if (!cx.hasInput(BIAS)) return rows;
  const { type, data } = cx.constantInput(BIAS, 'biases');
  if (type.element.kind !== 'int' || type.element.bits !== 32 || data.length !== units)
    invalid(`${data.length} biases of ${cx.inputTensor(BIAS).type}`, { expected: `${units} of int32` });
  const bias = cx.constant({ type: { element: INT32, shape: [1, units] }, data: Int32Array.from(data) }, 'bias');
  return cx.add('addi', [rows, bias], {}, { name: `${cx.label}.biased` });
}
