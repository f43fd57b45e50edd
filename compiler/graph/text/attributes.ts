/**
 * What attributes each op has, for reading the text form: a mapped table over the ops, so that a new op or attribute fails to
 * compile here. Values are checked by the op itself; this checks that they are there, of the right kind, and no others.
 */
import type { OpAttributes, OpName } from '../types.ts';
import { TextError } from './scan.ts';

type Kind = 'number' | 'flag' | 'word' | 'list' | 'window' | 'i32' | 'f32' | 'table' | 'spec';
type KindsOf<O extends OpName> = { readonly [A in keyof OpAttributes[O]]: Kind };

const PAIR = {
  aScale: 'number',
  aZero: 'number',
  bScale: 'number',
  bZero: 'number',
  scale: 'number',
  zeroPoint: 'number',
} as const;

const KINDS: { readonly [O in OpName]: KindsOf<O> } = {
  conv: { window: 'window', groups: 'number', xZero: 'number', wZero: 'i32' },
  'conv-float': { window: 'window', groups: 'number' },
  matmul: { xZero: 'number', wZero: 'i32' },
  product: { aZero: 'number', bZero: 'number' },
  'product-float': {},
  requantize: { spec: 'spec', axis: 'number', relu: 'flag' },
  dequantize: { scale: 'f32', zeroPoint: 'i32', axis: 'number' },
  quantize: {
    scale: 'f32',
    zeroPoint: 'f32',
    axis: 'number',
    rounding: 'word',
    min: 'number',
    max: 'number',
    order: 'word',
  },
  bipolar: {},
  unary: { fn: 'word' },
  clip: { min: 'number', max: 'number' },
  binary: { fn: 'word' },
  addi: {},
  qadd: PAIR,
  qmul: PAIR,
  maxpool: { window: 'window' },
  avgpool: { window: 'window', countIncludePad: 'flag' },
  'spatial-sum': { xZero: 'number' },
  concat: { axis: 'number' },
  reshape: {},
  transpose: { perm: 'list' },
  pad: { before: 'list', after: 'list', value: 'number' },
  slice: { starts: 'list', steps: 'list' },
  expand: { shape: 'list' },
  gather: {},
  where: {},
  'depth-to-space': { block: 'number', mode: 'word' },
  softmax: { axis: 'number' },
  'layer-norm': { epsilon: 'number', centred: 'flag' },
  lut: { table: 'table', axis: 'number' },
};

const SPECS: Readonly<Record<string, Readonly<Record<string, (v: unknown) => boolean>>>> = {
  float32: { scale: isFloats, zeroPoint: isNumber },
  'fixed-point': { multiplier: isInts, shift: isInts, zeroPoint: isNumber },
  threshold: { levels: isNumber, base: isInts, descending: (v) => v instanceof Uint8Array, thresholds: isInts },
};

const WORDS: Readonly<Record<string, readonly string[]>> = {
  unary: ['relu', 'neg', 'abs', 'sqrt', 'exp', 'sigmoid', 'tanh', 'floor', 'ceil', 'round', 'sign', 'identity'],
  binary: ['add', 'sub', 'mul', 'div', 'max', 'min'],
  'depth-to-space': ['DCR', 'CRD'],
  rounding: ['half-even', 'floor', 'ceil', 'toward-zero', 'away-from-zero', 'half-up', 'half-down'],
  order: ['round-then-zero', 'zero-then-round'],
};

function isNumber(v: unknown): boolean {
  return typeof v === 'number';
}
function isInts(v: unknown): boolean {
  return v instanceof Int32Array && v.length > 0;
}
function isFloats(v: unknown): boolean {
  return v instanceof Float32Array && v.length > 0;
}
function isNumbers(v: unknown): boolean {
  return Array.isArray(v) && v.every(isNumber);
}
function isRecord(v: unknown): v is Readonly<Record<string, unknown>> {
  return typeof v === 'object' && v !== null && !Array.isArray(v);
}

/** Throws TextError when the attributes of an op are not the ones it has. */
export function checkAttributes(op: OpName, given: Readonly<Record<string, unknown>>, column: number): void {
  const kinds: Readonly<Record<string, Kind>> = KINDS[op];
  for (const key of Object.keys(given)) {
    if (!(key in kinds))
      throw new TextError(`${op} has no attribute '${key}'`, column, Object.keys(kinds).join(', ') || 'none');
  }
  for (const [key, kind] of Object.entries(kinds)) {
    if (!fits(op, key, kind, given[key]))
      throw new TextError(`${op} needs its attribute '${key}'`, column, describe(op, key, kind));
  }
}

function fits(op: OpName, key: string, kind: Kind, value: unknown): boolean {
  switch (kind) {
    case 'number':
      return isNumber(value);
    case 'flag':
      return typeof value === 'boolean';
    case 'word':
      return typeof value === 'string' && words(op, key).includes(value);
    case 'list':
      return isNumbers(value);
    case 'i32':
      return isInts(value);
    case 'f32':
      return isFloats(value);
    case 'table':
      return isInts(value) || isFloats(value);
    case 'window':
      return isWindow(value);
    case 'spec':
      return isSpec(value);
  }
}

function isWindow(value: unknown): boolean {
  const sized = (v: unknown, n: number, least: number) =>
    Array.isArray(v) && v.length === n && v.every((x) => Number.isInteger(x) && x >= least);
  if (!isRecord(value) || Object.keys(value).length !== 4) return false;
  return (
    sized(value.kernel, 2, 1) && sized(value.strides, 2, 1) && sized(value.dilations, 2, 1) && sized(value.pads, 4, 0)
  );
}

function isSpec(value: unknown): boolean {
  if (!isRecord(value) || typeof value.mode !== 'string') return false;
  const fields = Object.hasOwn(SPECS, value.mode) ? SPECS[value.mode] : undefined;
  if (fields === undefined || Object.keys(value).length !== Object.keys(fields).length + 1) return false;
  return Object.entries(fields).every(([key, ok]) => ok(value[key]));
}

function words(op: OpName, key: string): readonly string[] {
  return WORDS[key] ?? WORDS[op] ?? [];
}

function describe(op: OpName, key: string, kind: Kind): string {
  if (kind === 'word')
    return words(op, key)
      .map((w) => `"${w}"`)
      .join(', ');
  const kinds: Readonly<Record<Exclude<Kind, 'word'>, string>> = {
    number: 'a number',
    flag: 'true or false',
    list: 'a list of numbers',
    i32: 'i32[..]',
    f32: 'f32[..]',
    table: 'i32[..] or f32[..]',
    window: '{kernel: [h, w], strides: [h, w], dilations: [h, w], pads: [top, left, bottom, right]}',
    spec: '{mode: "float32" | "fixed-point" | "threshold", ..}',
  };
  return kinds[kind];
}
