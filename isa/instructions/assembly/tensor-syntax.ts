/**
 * Reads a tensor: a place, a type and a shape (`spad@0x40+r3 u4[y:6,x:6,c:3]`, or `axes(y:6*18 ...)` for other strides), or the name of a
 * declared tensor to walk in another way; then attributes: `dims(y:2*2 x:2*2 y:3 x:3 c:3) origin(y=-1+r4 x=-1) fill=0 role=weights`.
 * Counts and extents come before `*`, steps and strides behind it.
 */
import {
  type Axis,
  type Dim,
  type OriginRegister,
  ROLES,
  type Role,
  SPACES,
  type Space,
  type TensorDescriptor,
} from '../../tensor.ts';
import { tensorProblems } from '../descriptor-rules.ts';
import type { Cursor } from './cursor.ts';
import { type ElementType, typeOf } from './names.ts';

/** A declared tensor; axis names are known to later views of it only. */
export interface NamedTensor {
  readonly descriptor: TensorDescriptor;
  readonly axisNames: readonly string[];
  /** Shape that `.input` and `.output` take from the walk, or as stated. */
  readonly shape: readonly number[];
  /** Name for the side table when it differs from the one in the text. */
  readonly symbol: string | undefined;
}

type Lookup = (name: string) => NamedTensor | undefined;

export interface TensorScope {
  readonly find: Lookup;
  readonly names: () => readonly string[];
  /** Role of tensors that state none. */
  readonly role: Role;
}

interface Draft {
  axisNames: readonly string[];
  space: Space;
  base: number;
  baseRegister: number;
  type: ElementType;
  axes: readonly Axis[];
  dims: readonly Dim[] | undefined;
  originRegisters: readonly OriginRegister[];
  fill: number;
  role: Role;
  shape: readonly number[] | undefined;
  symbol: string | undefined;
}

const I32 = { min: -(2 ** 31), max: 2 ** 31 - 1 };
const COUNT = { min: 1, max: 2 ** 32 - 1 };

/** Reads up to the end of the statement, or to `:` where constants follow. */
export function readTensor(c: Cursor, scope: TensorScope): NamedTensor {
  const { start } = c.token;
  const draft =
    c.is('word') && (SPACES as readonly string[]).includes(c.token.text) && c.next.text === '@'
      ? readPlaced(c, scope)
      : readView(c, scope);
  while (c.is('word')) readAttribute(c, draft);
  const { type, axisNames, shape, symbol, dims, ...rest } = draft;
  const descriptor: TensorDescriptor = {
    ...rest,
    ...type,
    dims: dims ?? rest.axes.map((a, axis) => ({ count: a.extent, axis, step: 1 })),
  };
  const problem = tensorProblems(descriptor)[0];
  if (problem !== undefined) c.fail(problem, { span: { start, end: c.last.end }, code: 'E-ASM-RANGE' });
  return { descriptor, axisNames, shape: shape ?? descriptor.dims.map((d) => d.count), symbol };
}

function readPlaced(c: Cursor, scope: TensorScope): Draft {
  const space = c.oneOf(SPACES, 'a space');
  c.expect('@');
  const { base, baseRegister } = readAddress(c, scope);
  const type = readType(c);
  const { axes, axisNames } = c.accept('[') ? readDense(c) : readAxes(c);
  return {
    axisNames,
    space,
    base,
    baseRegister,
    type,
    axes,
    dims: undefined,
    originRegisters: [],
    fill: 0,
    role: scope.role,
    shape: undefined,
    symbol: undefined,
  };
}

/** A number or the base of a declared tensor, moved by numbers and at last by a register. */
function readAddress(c: Cursor, scope: TensorScope): { base: number; baseRegister: number } {
  const named = c.is('word') ? found(c, scope) : undefined;
  const base = named?.descriptor.base ?? c.number('an address').value;
  return readOffsets(c, base, named?.descriptor.baseRegister ?? 0);
}

function readOffsets(c: Cursor, from: number, register: number): { base: number; baseRegister: number } {
  let base = from;
  let baseRegister = register;
  while (c.is('punctuation', '+') || c.is('punctuation', '-')) {
    if (c.next.kind === 'word' && c.accept('+')) baseRegister = c.register();
    else base += c.number('an offset in bytes').value;
  }
  return { base, baseRegister };
}

function readView(c: Cursor, scope: TensorScope): Draft {
  if (!c.is('word')) c.fail(`expected a place (${SPACES.map((s) => `${s}@...`).join(', ')}) or the name of a tensor`);
  if (c.next.text === '@') c.unknown(c.token, 'space', c.token.text, SPACES);
  const { descriptor: d, axisNames } = found(c, scope);
  const { base, baseRegister } = readOffsets(c, d.base, d.baseRegister);
  const { space, widthBits, coding, axes, dims, originRegisters, fill, role } = d;
  return {
    axisNames,
    space,
    base,
    baseRegister,
    type: { widthBits, coding },
    axes,
    dims,
    originRegisters,
    fill,
    role,
    shape: undefined,
    symbol: undefined,
  };
}

function found(c: Cursor, scope: TensorScope): NamedTensor {
  const token = c.word('the name of a tensor');
  const [, name, offset] = /^(.*)(-[0-9]+)$/.exec(token.text) ?? [];
  if (name !== undefined && scope.find(token.text) === undefined && scope.find(name) !== undefined)
    c.fail(`there is no tensor '${token.text}'`, {
      span: token,
      code: 'E-ASM-NAME',
      hint: `a hyphen may be part of a name; write ${name} ${offset} for an offset`,
    });
  return scope.find(token.text) ?? c.unknown(token, 'tensor declared above', token.text, scope.names());
}

function readType(c: Cursor): ElementType {
  const expected = 'an element type such as u4, s8, b1 (bipolar), t2 (ternary) or f32';
  const token = c.word(expected);
  return typeOf(token.text) ?? c.fail(`'${token.text}' is no element type`, { span: token, expected });
}

/** `[y:6,x:6,c:3]` or `[6,6,3]`: row-major without gaps. */
function readDense(c: Cursor): { axes: Axis[]; axisNames: string[] } {
  const axes: Axis[] = [];
  const axisNames: string[] = [];
  do {
    const name = c.is('word') ? c.take().text : '';
    if (name !== '') c.expect(':');
    axisNames.push(name === '' ? `d${axes.length}` : name);
    axes.push({ extent: c.number('an extent', COUNT).value, stride: 1, modulo: 0, origin: 0 });
  } while (c.accept(','));
  c.expect(']');
  let stride = 1;
  for (let a = axes.length - 1; a >= 0; a--) {
    axes[a] = { ...axes[a]!, stride };
    stride *= axes[a]!.extent;
  }
  return { axes, axisNames };
}

/** `axes(y:6*18 x:6*3%4 c:3*1)`: extent, stride, ring length. */
function readAxes(c: Cursor): { axes: Axis[]; axisNames: string[] } {
  if (!c.is('word', 'axes')) c.fail('expected a shape: [6,6,3] or axes(y:6*18 x:6*3 c:3*1)');
  c.take();
  const axes: Axis[] = [];
  const axisNames: string[] = [];
  c.expect('(');
  while (!c.accept(')')) {
    axisNames.push(c.word('an axis as name:extent*stride').text);
    c.expect(':');
    const extent = c.number('an extent', COUNT).value;
    c.expect('*');
    const stride = c.number('a stride in elements', I32).value;
    const modulo = c.accept('%') ? c.number('a ring length', { min: 0, max: 2 ** 32 - 1 }).value : 0;
    axes.push({ extent, stride, modulo, origin: 0 });
  }
  return { axes, axisNames };
}

type Attribute = (c: Cursor, draft: Draft) => void;

const ATTRIBUTES: Readonly<Record<string, Attribute>> = {
  dims: readDims,
  origin: readOrigins,
  fill: (c, draft) => {
    c.expect('=');
    draft.fill = c.number('a raw code', I32).value;
  },
  role: (c, draft) => {
    c.expect('=');
    draft.role = c.oneOf(ROLES, 'a role');
  },
  shape: (c, draft) => {
    c.expect('(');
    const shape: number[] = [];
    while (!c.accept(')')) {
      shape.push(c.number('a length', COUNT).value);
      c.accept(',');
    }
    draft.shape = shape;
  },
  name: (c, draft) => {
    c.expect('=');
    draft.symbol = c.string('a name in quotes').text;
  },
};

function readAttribute(c: Cursor, draft: Draft): void {
  const token = c.take();
  if (!Object.hasOwn(ATTRIBUTES, token.text))
    c.unknown(token, 'attribute of a tensor', token.text, Object.keys(ATTRIBUTES));
  ATTRIBUTES[token.text]!(c, draft);
}

function axisIndex(c: Cursor, draft: Draft): number {
  const token = c.word('the name of an axis');
  const axis = draft.axisNames.indexOf(token.text);
  return axis >= 0 ? axis : c.unknown(token, 'axis', token.text, draft.axisNames);
}

/** `dims(y:2*2 c:3)`: count and step; the step is 1 when left out. */
function readDims(c: Cursor, draft: Draft): void {
  const dims: Dim[] = [];
  c.expect('(');
  while (!c.accept(')')) {
    const axis = axisIndex(c, draft);
    c.expect(':');
    const count = c.number('a count', COUNT).value;
    dims.push({ count, axis, step: c.accept('*') ? c.number('a step', I32).value : 1 });
  }
  draft.dims = dims;
}

/** `origin(y=-1+r4 x=r5)`: a number, a register, or both. */
function readOrigins(c: Cursor, draft: Draft): void {
  const axes = [...draft.axes];
  const registers: OriginRegister[] = [];
  c.expect('(');
  while (!c.accept(')')) {
    const axis = axisIndex(c, draft);
    c.expect('=');
    const origin = c.is('word') ? 0 : c.number('an origin', I32).value;
    const moved = c.is('word') && c.next.text !== '=' ? true : c.accept('+');
    axes[axis] = { ...axes[axis]!, origin };
    if (moved) registers.push({ axis, register: c.register() });
  }
  draft.axes = axes;
  draft.originRegisters = registers;
}
