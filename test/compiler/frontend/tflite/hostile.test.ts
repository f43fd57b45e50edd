/** Files that are cut off, damaged or made to hurt: an error that says what, where and what to try, never a crash or a hang. */
import { describe, expect, it } from 'vitest';
import { checkTflite, importTflite, isTflite } from '../../../../compiler/frontend/tflite/index.ts';
import { InputError, type QnpuError, UnsupportedError } from '../../../../isa/base/errors.ts';
import { prepareModel } from '../../../../src/run/prepare.ts';
import { seeded } from '../../../harness/differential.ts';
import { drawsOf, LONG } from '../../../harness/long.ts';
import { CODES, type ModelSpec, makeTflite, OPTIONS } from './make.ts';
import { EXACT } from './single-op.ts';
import { FLOAT_EXACT } from './single-op-floats.ts';
import { LEGACY_EXACT } from './single-op-legacy.ts';
import { MORE_EXACT } from './single-op-more.ts';

const FILES = [...EXACT, ...MORE_EXACT, ...FLOAT_EXACT, ...LEGACY_EXACT].map(
  ([name, draw]) => [name, makeTflite(draw(seeded(1)))] as const,
);
const FLIPS = drawsOf(8);
/** Bytes from one damaged word to the next, so that in the end every kind of field has its turn. */
const STEP = LONG ? 44 : 196;

function attempt(bytes: Uint8Array): Error | undefined {
  try {
    importTflite(bytes);
    return undefined;
  } catch (error) {
    return error as Error;
  }
}

/** Damage is an input error, or what is left is legal, or outside what is supported; each finding says what to do. */
function expectTold(error: Error | undefined): void {
  if (error === undefined) return;
  expect(error instanceof InputError || error instanceof UnsupportedError, String(error.stack)).toBe(true);
  for (const d of (error as QnpuError).diagnostics) expect(d.message.length > 0 && d.hint !== undefined).toBe(true);
}

describe('damage', () => {
  it('flipped bits', () => {
    const random = seeded(20261121);
    let refused = 0;
    for (const [, bytes] of FILES) {
      for (let i = 0; i < FLIPS; i++) {
        const copy = bytes.slice();
        const at = Math.floor(random() * copy.length);
        copy[at] = copy[at]! ^ (1 << Math.floor(random() * 8));
        const error = attempt(copy);
        expectTold(error);
        if (error !== undefined) refused += 1;
      }
    }
    expect(refused).toBeGreaterThan(FILES.length);
  });

  it('cut off at any byte', () => {
    const [, bytes] = FILES[0]!;
    for (let n = 0; n < bytes.length; n += 7) {
      const error = attempt(bytes.subarray(0, n));
      expect(error).toBeInstanceOf(InputError);
      expectTold(error);
    }
  });

  it('words of all ones and of nothing', () => {
    for (const [, bytes] of FILES) {
      for (let at = 8; at + 4 <= bytes.length; at += STEP) {
        for (const value of [0xff, 0x00, 0x7f]) {
          const copy = bytes.slice();
          copy.fill(value, at, at + 4);
          expectTold(attempt(copy));
        }
      }
    }
  });
});

const X = { name: 'x', shape: [1, 4], type: 'int8', scale: [1], zero: [0] } as const;
const Y = { ...X, name: 'y' } as const;

it('every unsupported operator is listed at once, with its name; what is behind one is not', () => {
  const z = { ...X, name: 'z' } as const;
  const spec: ModelSpec = {
    tensors: [X, Y, z, { ...X, name: 'end' }],
    operators: [
      { code: CODES.UNIQUE, inputs: [0], outputs: [1] },
      { code: CODES.CUSTOM, custom: 'Mystery', inputs: [0], outputs: [2] },
      { code: CODES.ADD, inputs: [1, 2], outputs: [3], options: { type: OPTIONS.add, fields: [] } },
    ],
    inputs: [0],
    outputs: [3],
  };
  const { supported, issues } = checkTflite(makeTflite(spec));
  expect(supported).toBe(false);
  expect(issues.map((i) => [i.where, i.message])).toEqual([
    ["operator 0 (UNIQUE, 'y')", 'operator UNIQUE is not supported'],
    ["operator 1 (Mystery, 'z')", 'custom operator Mystery is not supported'],
  ]);
});

it.each([
  ['TOPK_V2', 48, undefined, /choose on the host/],
  ['TFLite_Detection_PostProcess', CODES.CUSTOM, 'TFLite_Detection_PostProcess', /post-process on the host/],
  ['BIDIRECTIONAL_SEQUENCE_LSTM', 52, undefined, /unrolled/],
  ['WHILE', 119, undefined, /control flow/],
])('%s is refused with what to do about it', (name, code, custom, hint) => {
  const operator = { code, inputs: [0], outputs: [1], ...(custom === undefined ? {} : { custom }) };
  const { issues } = checkTflite(makeTflite({ tensors: [X, Y], operators: [operator], inputs: [0], outputs: [1] }));
  expect(issues).toHaveLength(1);
  expect(issues[0]?.message).toContain(name);
  expect(issues[0]?.hint).toMatch(hint);
});

it('float networks are refused with what to do', () => {
  const float = (name: string) => ({ name, shape: [1, 4], type: 'float32' }) as const;
  const spec: ModelSpec = {
    tensors: [float('x'), float('y')],
    operators: [{ code: CODES.RELU, inputs: [0], outputs: [1] }],
    inputs: [0],
    outputs: [1],
  };
  const { issues } = checkTflite(makeTflite(spec));
  expect(issues[0]).toMatchObject({ code: 'E-TFLITE-UNSUPPORTED', message: "RELU of floats ('x')" });
  expect(issues[0]?.hint).toMatch(/representative dataset/);
});

it('the format is told from the bytes, and options of ONNX models are refused', () => {
  const [, bytes] = FILES[0]!;
  expect(isTflite(bytes)).toBe(true);
  expect(isTflite(new Uint8Array(4))).toBe(false);
  expect(prepareModel(bytes, 'net').graph.name).toBe('net');
  expect(() => prepareModel(bytes, 'net', { dims: { n: 2 } })).toThrow(InputError);
});

it('a file that only its name calls TensorFlow Lite is told what it lacks', () => {
  const renamed = FILES[0]![1].slice();
  renamed[7] = 0x32;
  for (const bytes of [renamed, new Uint8Array(0), new Uint8Array(3)])
    expect(() => prepareModel(bytes, 'net', { format: 'tflite' })).toThrow(/no file identifier TFL3/);
});
