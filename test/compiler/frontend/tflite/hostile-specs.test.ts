/** Whole files that say nonsense: operands left out, shapes of nothing or of everything, other types, scales of zero, axes from nowhere. */
import { expect, it } from 'vitest';
import { importTflite } from '../../../../compiler/frontend/tflite/index.ts';
import { InputError, type QnpuError, UnsupportedError } from '../../../../isa/base/errors.ts';
import { seeded } from '../../../harness/differential.ts';
import { drawsOf } from '../../../harness/long.ts';
import { type ModelSpec, makeTflite, type OperatorSpec, type TensorSpec, TYPES } from './make.ts';
import { EXACT } from './single-op.ts';
import { FLOAT_EXACT } from './single-op-floats.ts';
import { LEGACY_EXACT } from './single-op-legacy.ts';
import { MORE_EXACT } from './single-op-more.ts';

type Random = () => number;
const ALL = [...EXACT, ...MORE_EXACT, ...FLOAT_EXACT, ...LEGACY_EXACT];
const DIMS = [0, -1, 1, 2, 3, 7, 1000, 2 ** 16, 2 ** 20, 2 ** 30, 2 ** 31 - 1];
const NUMBERS = [-(2 ** 31), -7, -1, 0, 1, 2, 3, 5, 100, 2 ** 15, 2 ** 20, 2 ** 31 - 1];
const SCALES = [0, -1, 1e-38, 1e-10, 1, 1e10, Number.NaN, Number.POSITIVE_INFINITY];

const one = <T>(r: Random, list: readonly T[]): T => list[Math.floor(r() * list.length)]!;
const changed = <T>(list: readonly T[], at: number, value: T): T[] => list.map((v, i) => (i === at ? value : v));

function wrongTensor(r: Random, t: TensorSpec): TensorSpec {
  const at = Math.floor(r() * Math.max(1, t.shape.length));
  const fits = (shape: readonly number[]) => shape.reduce((n, d) => n * d, 1) === (t.data?.length ?? 0);
  switch (Math.floor(r() * 8)) {
    case 0:
      return { ...t, shape: changed(t.shape, at, one(r, DIMS)) };
    case 1:
      return { ...t, shape: r() < 0.5 ? t.shape.slice(1) : [...t.shape, one(r, DIMS)] };
    case 2:
      return { ...t, type: one(r, Object.keys(TYPES) as (keyof typeof TYPES)[]) };
    case 3:
      return { ...t, scale: [one(r, SCALES)] };
    case 4:
      return { ...t, scale: [0.5], zero: [one(r, NUMBERS)] };
    case 5: {
      const { scale: _, ...rest } = t;
      return rest;
    }
    case 6:
      return t.data === undefined
        ? { ...t, data: [1, 2, 3] }
        : { ...t, data: t.data.slice(1), shape: fits(t.shape) ? [t.data.length - 1] : t.shape };
    default:
      return t.data === undefined
        ? t
        : { ...t, data: changed(t.data, Math.floor(r() * t.data.length), one(r, NUMBERS)) };
  }
}

function wrongOperator(r: Random, o: OperatorSpec, tensors: number): OperatorSpec {
  const at = Math.floor(r() * o.inputs.length);
  switch (Math.floor(r() * 6)) {
    case 0:
      return { ...o, inputs: o.inputs.slice(0, at) };
    case 1:
      return { ...o, inputs: changed(o.inputs, at, Math.floor(r() * (tensors + 1)) - 1) };
    case 2:
      return { ...o, inputs: [...o.inputs, Math.floor(r() * tensors)] };
    case 3:
      return { code: o.code, inputs: o.inputs, outputs: o.outputs };
    case 4:
      return { ...o, outputs: r() < 0.5 ? [] : [...o.outputs, Math.floor(r() * tensors)] };
    default: {
      if (o.options === undefined) return { ...o, code: Math.floor(r() * 160) };
      const fields = o.options.fields.map((f) =>
        r() < 0.5 || f[1] === 'ints' || f[1] === 'string'
          ? f
          : ([f[0], f[1], f[1] === 'int32' ? one(r, NUMBERS) : one(r, [-1, 0, 1, 2, 5, 100])] as const),
      );
      return { ...o, options: { ...o.options, fields } };
    }
  }
}

function wrong(r: Random, spec: ModelSpec): ModelSpec {
  if (r() < 0.55) {
    const at = Math.floor(r() * spec.tensors.length);
    return { ...spec, tensors: changed(spec.tensors, at, wrongTensor(r, spec.tensors[at]!)) };
  }
  const at = Math.floor(r() * spec.operators.length);
  return {
    ...spec,
    operators: changed(spec.operators, at, wrongOperator(r, spec.operators[at]!, spec.tensors.length)),
  };
}

/** Files of each kind. */
const FILES = drawsOf(5);
const SLOWEST_MS = 4000;

it('each is imported, or refused with what to do, in no time', () => {
  const random = seeded(20261122);
  let refused = 0;
  for (const [name, draw] of ALL) {
    for (let i = 0; i < FILES; i++) {
      let spec = draw(seeded(i + 1));
      for (let n = 1 + Math.floor(random() * 3); n > 0; n--) spec = wrong(random, spec);
      const bytes = makeTflite(spec);
      const start = performance.now();
      try {
        importTflite(bytes);
      } catch (error) {
        refused += 1;
        const told = error instanceof InputError || error instanceof UnsupportedError;
        expect(told, `${name}: ${JSON.stringify(spec.operators)} ${String((error as Error).stack)}`).toBe(true);
        for (const d of (error as QnpuError).diagnostics)
          expect(d.message.length > 0 && d.hint !== undefined).toBe(true);
      }
      expect(performance.now() - start, `${name}: ${JSON.stringify(spec)}`).toBeLessThan(SLOWEST_MS);
    }
  }
  expect(refused).toBeGreaterThan(ALL.length * FILES * 0.4);
});
