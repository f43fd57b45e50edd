/** The directives: one reader each, in one table. A directive that a person mistypes is answered with the nearest one. */
import { InternalError } from '../../base/errors.ts';
import type { UnitRef } from '../../program.ts';
import { type ArrayDescriptor, elementCount, LIMITS, type TensorDescriptor } from '../../tensor.ts';
import { arrayProblems } from '../descriptor-rules.ts';
import { readConstant, readHex } from './constant-syntax.ts';
import type { Cursor } from './cursor.ts';
import type { Token } from './lexer.ts';
import { coreOf, typeOf, UNIT_WORDS, unitOf } from './names.ts';
import type { ProgramDraft } from './program-draft.ts';
import { type NamedTensor, readTensor, type TensorScope } from './tensor-syntax.ts';

type Directive = (c: Cursor, draft: ProgramDraft) => void;

const DIRECTIVES: Readonly<Record<string, Directive>> = {
  '.program': (c, draft) => {
    draft.name = c.string('the name of the program in quotes').text;
  },
  '.machine': readMachine,
  '.dram': readLayout,
  '.tensor': (c, draft) => void declareTensor(c, draft, 'activations'),
  '.const': readConst,
  '.bytes': readBytes,
  '.input': (c, draft) => readIo(c, draft, 'input'),
  '.output': (c, draft) => readIo(c, draft, 'output'),
  '.array': readArray,
  '.sem': readSemaphore,
  '.layer': readLayer,
  '.core': (c, draft) => draft.openCore(c.number('a core number', { min: 0, max: 30 }).value),
};

/** Names of all directives, for the manual. */
export const DIRECTIVE_NAMES: readonly string[] = Object.keys(DIRECTIVES);

export function readDirective(c: Cursor, draft: ProgramDraft): void {
  const token = c.take();
  const read = DIRECTIVES[token.text] ?? c.unknown(token, 'directive', token.text, DIRECTIVE_NAMES);
  read(c, draft);
  c.end();
}

/** A new name, which must be free. */
function newName(c: Cursor, what: string, taken: ReadonlyMap<string, number>): Token {
  const token = c.word(`a name for the ${what}`);
  if (taken.has(token.text))
    c.fail(`there is a ${what} '${token.text}' already`, { span: token, code: 'E-ASM-NAME', expected: 'another name' });
  return token;
}

/** `.machine teach-8x8 core.matrix.macros=2`: the default machine of `qnpu sim`. */
function readMachine(c: Cursor, draft: ProgramDraft): void {
  const preset = c.word('a machine').text;
  const overrides = new Map<string, string>();
  while (c.is('word')) {
    const path = c.take().text;
    c.expect('=');
    if (!c.is('number') && !c.is('word') && !c.is('string')) c.fail('expected a value');
    overrides.set(path, c.take().text);
  }
  draft.machine = { preset, overrides: Object.fromEntries(overrides) };
}

/** `.dram size=4096 code=0x800`; what is left out follows from the declared tensors. */
function readLayout(c: Cursor, draft: ProgramDraft): void {
  let { sizeBytes, codeAddress } = draft.layout;
  while (c.is('word')) {
    const key = c.oneOf(['size', 'code'], 'a field of .dram');
    c.expect('=');
    const { value } = c.number('a number of bytes', { min: 0, max: 2 ** LIMITS.baseBits - 1 });
    if (key === 'size') sizeBytes = value;
    else codeAddress = value;
  }
  draft.layout = { sizeBytes, codeAddress };
}

function scopeOf(draft: ProgramDraft, role: TensorScope['role']): TensorScope {
  return {
    role,
    names: () => [...draft.tensorNumbers.keys()],
    find: (name) => {
      const number = draft.tensorNumbers.get(name);
      return number === undefined ? undefined : draft.tensors[number]?.value;
    },
  };
}

/** `name = tensor`; gives the number of the new descriptor. */
function declareTensor(
  c: Cursor,
  draft: ProgramDraft,
  role: TensorScope['role'],
): { readonly number: number; readonly name: Token; readonly tensor: NamedTensor } {
  const name = newName(c, 'tensor', draft.tensorNumbers);
  c.expect('=');
  const tensor = readTensor(c, scopeOf(draft, role));
  const number = draft.tensors.length;
  draft.tensors.push({
    value: tensor,
    span: { start: name.start, end: c.last.end },
    symbol: tensor.symbol ?? name.text,
  });
  draft.tensorNumbers.set(name.text, number);
  return { number, name, tensor };
}

/** `.const w = dram@0x100 s4[8,2] : 1 2 -3 ...` */
function readConst(c: Cursor, draft: ProgramDraft): void {
  const { name, tensor } = declareTensor(c, draft, 'weights');
  const t = tensor.descriptor;
  const span = { start: name.start, end: c.last.end };
  if (t.space !== 'dram' || t.baseRegister !== 0)
    c.fail('the loader writes constants to fixed places in dram', { span, expected: 'dram@address' });
  if (!isDenseWalk(t))
    c.fail('constants fill a dense tensor in its own order', {
      span,
      expected: 'a shape like [8,2] without dims or origin',
      hint: 'declare a .const with a shape, and a .tensor that walks it in another way',
    });
  draft.constants.push({ address: t.base, bytes: readConstant(c, t, draft.constantElements), span });
  draft.constantElements += elementCount(t);
}

function isDenseWalk(t: TensorDescriptor): boolean {
  let stride = 1;
  for (let a = t.axes.length - 1; a >= 0; a--) {
    const axis = t.axes[a]!;
    const dim = t.dims[a];
    if (
      axis.stride !== stride ||
      axis.modulo !== 0 ||
      axis.origin !== 0 ||
      dim?.axis !== a ||
      dim.step !== 1 ||
      dim.count !== axis.extent
    )
      return false;
    stride *= axis.extent;
  }
  return t.dims.length === t.axes.length && t.originRegisters.length === 0;
}

/** `.bytes 0x100 : "00ff"`: constants as they lie in memory. */
function readBytes(c: Cursor, draft: ProgramDraft): void {
  const { value: address, span } = c.number('an address in dram', { min: 0, max: 2 ** LIMITS.baseBits - 1 });
  draft.constants.push({ address, bytes: readHex(c), span });
}

/** `.input x = tensor`, or `.input "name" is t3 shape(1,8)` for a tensor that is declared already. */
function readIo(c: Cursor, draft: ProgramDraft, direction: 'input' | 'output'): void {
  const declares = c.is('word') && c.next.text === '=';
  if (declares) {
    const { number, name, tensor } = declareTensor(c, draft, 'activations');
    draft.io.push({ name: name.text, direction, tensor: number, shape: tensor.shape, span: name });
    return;
  }
  const name = c.is('string') ? c.take() : c.word(`the name of the ${direction}`);
  if (!c.is('word', 'is')) c.fail("expected '=' and a tensor, or 'is' and the name of one");
  c.take();
  const token = c.word('the name of a tensor');
  const number =
    draft.tensorNumbers.get(token.text) ??
    c.unknown(token, 'tensor declared above', token.text, [...draft.tensorNumbers.keys()]);
  const shape = c.is('word', 'shape') ? readShape(c) : draft.tensors[number]!.value.shape;
  draft.io.push({ name: name.text, direction, tensor: number, shape, span: name });
}

function readShape(c: Cursor): number[] {
  c.take();
  c.expect('(');
  const shape: number[] = [];
  while (!c.accept(')')) {
    shape.push(c.number('a length', { min: 1 }).value);
    c.accept(',');
  }
  return shape;
}

const ARRAY_FIELDS = ['macro', 'replicas', 'row', 'column', 'plane', 'kstart'] as const;

/** `.array a = s4[8,2] macro=0 grid=2x1 replicas=1 row=0 column=0 plane=1 kstart=8`; K x N, one macro at its corner unless stated. */
function readArray(c: Cursor, draft: ProgramDraft): void {
  const name = newName(c, 'array', draft.arrayNumbers);
  c.expect('=');
  const expected = 'a weight type such as s4, u2, b1 or t2';
  const type =
    typeOf(c.word(expected).text) ?? c.fail(`'${c.last.text}' is no weight type`, { span: c.last, expected });
  c.expect('[');
  const kCount = c.number('K, the rows of the tile').value;
  c.expect(',');
  const nCount = c.number('N, the outputs of the tile').value;
  c.expect(']');
  const fields: Record<string, number> = {
    gridK: 1,
    gridN: 1,
    macro: 0,
    replicas: 1,
    row: 0,
    column: 0,
    plane: 0,
    kstart: 0,
  };
  let symbol = name.text;
  while (c.is('word')) {
    const key = c.oneOf([...ARRAY_FIELDS, 'grid', 'name'], 'a field of an array');
    c.expect('=');
    if (key === 'grid') readGrid(c, fields);
    else if (key === 'name') symbol = c.string('a name in quotes').text;
    else fields[key] = c.number('a number').value;
  }
  const field = (key: string) => fields[key] ?? impossible(key);
  const value: ArrayDescriptor = {
    firstMacro: field('macro'),
    gridK: field('gridK'),
    gridN: field('gridN'),
    replicas: field('replicas'),
    rowStart: field('row'),
    columnStart: field('column'),
    plane: field('plane'),
    kStart: field('kstart'),
    kCount,
    nCount,
    weightBits: type.widthBits,
    weightCoding: type.coding as ArrayDescriptor['weightCoding'],
  };
  const span = { start: name.start, end: c.last.end };
  const problem = arrayProblems(value)[0];
  if (problem !== undefined) c.fail(problem, { span, code: 'E-ASM-RANGE' });
  draft.arrayNumbers.set(name.text, draft.arrays.length);
  draft.arrays.push({ value, span, symbol });
}

function impossible(key: string): never {
  throw new InternalError(`array field ${key} has no value`);
}

/** `grid=2x1`: macros along K and along N. */
function readGrid(c: Cursor, fields: Record<string, number>): void {
  fields.gridK = c.number('macros along K').value;
  const digits = c.is('word') ? /^x([0-9]+)$/.exec(c.token.text)?.[1] : undefined;
  if (digits === undefined) c.fail('expected a grid such as 2x1: macros along K x macros along N');
  c.take();
  fields.gridN = Number(digits);
}

/** `.sem full dma0 -> matrix = 0`, `.sem far #7 dma0@core1 -> matrix@core0`. */
function readSemaphore(c: Cursor, draft: ProgramDraft): void {
  const name = c.word('a name for the semaphore');
  if (draft.semaphores.some((s) => s.name === name.text))
    c.fail(`there is a semaphore '${name.text}' already`, { span: name, code: 'E-ASM-NAME', expected: 'another name' });
  const index = c.accept('#')
    ? c.number('a semaphore number', { min: 1, max: LIMITS.semaphores - 1 }).value
    : undefined;
  const producer = readUnit(c, draft.core);
  c.expect('->');
  const consumer = readUnit(c, draft.core);
  const most = LIMITS.semaphores - 1;
  if (draft.semaphores.filter((s) => s.consumer.core === consumer.core).length >= most)
    c.fail(`core ${consumer.core} has ${most} semaphores already`, { span: name, code: 'E-ASM-RANGE' });
  const initial = c.accept('=') ? c.number('an initial count', { min: 0, max: LIMITS.initialCount }).value : 0;
  draft.semaphores.push({ name: name.text, index, initial, producer, consumer, span: name });
}

function readUnit(c: Cursor, core: number): UnitRef {
  const token = c.word('a unit');
  const unit = unitOf(token.text) ?? c.unknown(token, 'unit', token.text, UNIT_WORDS);
  if (!c.accept('@')) return { core, ...unit };
  const expected = 'core0 .. core30';
  const word = c.word(expected);
  return { core: coreOf(word.text) ?? c.fail(`'${word.text}' is no core`, { span: word, expected }), ...unit };
}

const LAYER_FIELDS = ['m', 'k', 'n', 'macs'] as const;

/** `.layer "conv1" Conv m=.. k=.. n=.. macs=..` marks what follows; `.layer id = "conv1" ...` only declares, `.layer id` and `.layer none` mark. */
function readLayer(c: Cursor, draft: ProgramDraft): void {
  if (c.is('word') && c.next.text !== '=') {
    const token = c.take();
    draft.layer =
      token.text === 'none'
        ? -1
        : (draft.layerNumbers.get(token.text) ??
          c.unknown(token, 'layer', token.text, ['none', ...draft.layerNumbers.keys()]));
    return;
  }
  const id = c.is('word') ? newName(c, 'layer', draft.layerNumbers).text : undefined;
  if (id !== undefined) c.expect('=');
  const name = c.string('the name of the layer in quotes').text;
  const op = c.is('string') ? c.take().text : c.word('the op of the layer').text;
  const sizes = { m: 0, k: 0, n: 0, macs: 0 };
  while (c.is('word')) {
    const key = c.oneOf(LAYER_FIELDS, 'a field of a layer');
    c.expect('=');
    sizes[key] = c.number('a count', { min: 0 }).value;
  }
  const number = draft.layers.push({ name, op, ...sizes }) - 1;
  if (id === undefined) draft.layer = number;
  else draft.layerNumbers.set(id, number);
}
