import { readFileSync } from 'node:fs';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type AttributeValue,
  checkModel,
  type DataType,
  importModel,
  makeModel,
  makeNode,
  makeTensor,
  makeValue,
  type OnnxModel,
  type OnnxTensor,
  readModel,
  readTensorFile,
  tensorValues,
  writeModel,
  writeTensorFile,
} from '../../../../compiler/frontend/onnx/index.ts';
import { InputError, QnpuError } from '../../../../isa/base/errors.ts';
import { createRandom } from '../../../../isa/base/random.ts';
import { convModel, ModelMaker } from '../../../harness/oracle/pattern-models.ts';
import { sharedFile } from '../../../harness/shared.ts';

const INTEGER_TYPES: readonly DataType[] = ['int8', 'uint8', 'int16', 'uint16', 'int32', 'int64', 'int4', 'uint4'];

const text = fc.string({ maxLength: 12 });
const dims = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 });
const float32 = fc.float({ noNaN: true });

function rangeOf(type: DataType): [number, number] {
  const bits = Math.min(48, Number(/\d+/.exec(type)?.[0] ?? 8));
  return type.startsWith('u') ? [0, 2 ** bits - 1] : [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1];
}

const tensor: fc.Arbitrary<OnnxTensor> = fc
  .tuple(fc.constantFrom(...INTEGER_TYPES, 'float32' as const), dims, text)
  .chain(([type, shape, name]) => {
    const size = shape.reduce((n, d) => n * d, 1);
    const [min, max] = rangeOf(type);
    const element = type === 'float32' ? float32 : fc.integer({ min, max });
    return fc
      .array(element, { minLength: size, maxLength: size })
      .map((values) => makeTensor(name, type, shape, values));
  });

const attribute: fc.Arbitrary<AttributeValue> = fc.oneof(
  float32.map((value) => ({ type: 'float' as const, value })),
  fc.integer().map((value) => ({ type: 'int' as const, value })),
  text.map((value) => ({ type: 'string' as const, value })),
  tensor.map((value) => ({ type: 'tensor' as const, value })),
  fc.array(float32, { maxLength: 5 }).map((value) => ({ type: 'floats' as const, value })),
  fc.array(fc.maxSafeInteger(), { maxLength: 5 }).map((value) => ({ type: 'ints' as const, value })),
  fc.array(text, { maxLength: 3 }).map((value) => ({ type: 'strings' as const, value })),
  fc
    .uint8Array({ maxLength: 6 })
    .map((value) => ({ type: 'opaque' as const, attributeType: 5, value: Uint8Array.from(value) })),
);

const info = fc.record({
  name: text,
  dataType: fc.constantFrom<DataType>('float32', 'uint8', 'int64'),
  shape: fc.array(
    fc.oneof(
      fc.nat(9),
      text.filter((t) => t !== ''),
      fc.constant(null),
    ),
    { maxLength: 4 },
  ),
});

const node = fc.record({
  name: text,
  opType: text,
  domain: text.filter((d) => d !== 'ai.onnx'),
  inputs: fc.array(text, { maxLength: 4 }),
  outputs: fc.array(text, { maxLength: 2 }),
  attributes: fc.array(fc.tuple(text, attribute), { maxLength: 4 }).map((pairs) => new Map(pairs)),
});

const model: fc.Arbitrary<OnnxModel> = fc.record({
  irVersion: fc.nat(20),
  producerName: text,
  producerVersion: text,
  opsets: fc.array(fc.record({ domain: text.filter((d) => d !== 'ai.onnx'), version: fc.nat(30) }), { maxLength: 3 }),
  graph: fc.record({
    name: text,
    nodes: fc.array(node, { maxLength: 4 }),
    initializers: fc.array(tensor, { maxLength: 4 }),
    inputs: fc.array(info, { maxLength: 2 }),
    outputs: fc.array(info, { maxLength: 2 }),
    valueInfo: fc.array(info, { maxLength: 2 }),
  }),
  metadata: fc.array(fc.tuple(text, text), { maxLength: 2 }).map((pairs) => new Map(pairs)),
  functions: fc.constant([]),
});

/** A file never gives anything but a model or one of our errors. */
function readsOrRefuses(bytes: Uint8Array): void {
  try {
    importModel(bytes);
  } catch (error) {
    if (!(error instanceof QnpuError) || error.kind === 'internal') throw error;
  }
}

describe('ONNX messages', () => {
  it('reads what it writes', () => {
    fc.assert(
      fc.property(model, (m) => {
        const bytes = writeModel(m);
        expect(readModel(bytes)).toEqual(m);
        expect(writeModel(readModel(bytes))).toEqual(bytes);
      }),
      { numRuns: 200 },
    );
  });

  it('gives tensor bytes as views into the file', () => {
    const m = makeModel({
      name: 'm',
      nodes: [],
      inputs: [],
      outputs: [],
      initializers: [makeTensor('w', 'int8', [3], [1, -2, 3])],
    });
    const bytes = writeModel(m);
    const [w] = readModel(bytes).graph.initializers;
    expect(w?.raw.buffer).toBe(bytes.buffer);
    expect(tensorValues(w as OnnxTensor).buffer).toBe(bytes.buffer);
  });

  it('accepts integers packed and unpacked, in int32_data and int64_data', () => {
    const w = new BinaryWriter();
    w.tag(1, WireType.Varint).int64(2).tag(1, WireType.Varint).int64(2);
    w.tag(2, WireType.Varint).int32(3);
    w.tag(5, WireType.Varint).int64(-1).tag(5, WireType.Varint).int64(7);
    w.tag(5, WireType.LengthDelimited).fork().int64(-128).int64(127).join();
    const t = readTensorFile(w.finish());
    expect(t).toMatchObject({ dataType: 'int8', dims: [2, 2] });
    expect(Array.from(tensorValues(t))).toEqual([-1, 7, -128, 127]);
  });

  it('unpacks 4-bit, half, double and boolean elements', () => {
    const raw = (dataType: DataType, dims: number[], bytes: number[]) =>
      Array.from(tensorValues({ name: 't', dims, dataType, raw: Uint8Array.from(bytes) }));
    expect(raw('int4', [3], [0x8f, 0x07])).toEqual([-1, -8, 7]);
    expect(raw('uint4', [3], [0x8f, 0x07])).toEqual([15, 8, 7]);
    expect(raw('float16', [4], [0x00, 0x3c, 0x01, 0x00, 0x00, 0xfc, 0x55, 0x35])).toEqual([
      1,
      2 ** -24,
      -Infinity,
      0.333251953125,
    ]);
    expect(raw('float64', [1], [0, 0, 0, 0, 0, 0, 0xf0, 0x3f])).toEqual([1]);
    expect(raw('bool', [2], [0, 1])).toEqual([0, 1]);
  });

  it('refuses tensors whose bytes do not fit their dims, and dims beyond 2^31', () => {
    const t = { name: 't', dataType: 'int32' as const, raw: new Uint8Array(8) };
    expect(() => tensorValues({ ...t, dims: [3] })).toThrow(/8 bytes of data; expected 12 bytes/);
    expect(() => tensorValues({ ...t, dims: [2 ** 31] })).toThrow(InputError);
    expect(() => tensorValues({ ...t, dims: [65536, 65536] })).toThrow(/fewer than 2\^31/);
    expect(() => tensorValues({ ...t, dims: [-2, -1] })).toThrow(InputError);
  });

  it('refuses external data outside the folder and asks the loader for the rest', () => {
    const external = (location: string): OnnxTensor => ({
      name: 'w',
      dims: [2],
      dataType: 'uint8',
      raw: new Uint8Array(0),
      external: { location, offset: 4 },
    });
    expect(
      Array.from(
        tensorValues(readTensorFile(writeTensorFile(external('w.bin'))), (l, o, n) =>
          Uint8Array.of(l.length, o, n).subarray(0, n),
        ),
      ),
    ).toEqual([5, 4]);
    expect(() => tensorValues(external('w.bin'))).toThrow(/a loader of external data/);
    for (const bad of ['../w.bin', '/etc/w.bin', 'a/../../w.bin', 'C:w.bin', 'a\\w.bin', '']) {
      expect(() => readTensorFile(writeTensorFile(external(bad)))).toThrow(InputError);
    }
  });

  it('says where a truncated file ends', () => {
    const bytes = writeModel(
      convModel(new ModelMaker(createRandom(1)), { x: 'uint8', w: 'int8', bias: 'int32', after: 'Relu' }),
    );
    const { issues } = checkModel(bytes.subarray(0, bytes.length - 30));
    expect(issues[0]).toMatchObject({ code: 'E-ONNX-WIRE', message: 'the file ends inside this field' });
    expect(issues[0]?.where).toMatch(/^model\.\w+, byte \d+$/);
    expect(checkModel(new Uint8Array(0)).issues[0]?.message).toBe('the ONNX file is empty');
    expect(checkModel(new TextEncoder().encode('not a model')).supported).toBe(false);
  });

  it('never throws anything but its own errors: truncated files', () => {
    const bytes = writeModel(
      convModel(new ModelMaker(createRandom(2)), { x: 'uint8', w: 'int4', bias: 'float', after: 'Relu6' }),
    );
    for (let n = 0; n < bytes.length; n++) readsOrRefuses(bytes.subarray(0, n));
  });

  it('never throws anything but its own errors: flipped bits and stray bytes', () => {
    fc.assert(
      fc.property(
        fc.nat(40),
        fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 4 }),
        (seed, edits) => {
          const bytes = writeModel(
            convModel(new ModelMaker(createRandom(seed)), { x: 'int8', w: 'int8', bias: 'int32', after: 'none' }),
          ).slice();
          for (const [at, value] of edits) bytes[at % bytes.length] = value;
          readsOrRefuses(bytes);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('never throws anything but its own errors: noise', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), readsOrRefuses), { numRuns: 2000 });
  });

  const zoo = ['tfc-w1a1.qonnx.onnx', 'espcn-subpixel-w8w4.qonnx.onnx', 'mnist-conv-float.onnx'];
  it.skipIf(sharedFile('models') === undefined)(
    'rewrites real models without losing what it read (skipped without ../shared/models)',
    () => {
      for (const name of zoo) {
        const file = readModel(readFileSync(sharedFile('models', name) ?? ''));
        expect(readModel(writeModel(file))).toEqual(file);
      }
    },
  );
});

describe('building models', () => {
  it('refuses values that do not fit and floats that are not spelled as such', () => {
    expect(() => makeTensor('t', 'int4', [1], [8])).toThrow(/does not fit int4/);
    expect(() => makeTensor('t', 'uint8', [2], [1])).toThrow(/1 values for dims \[2\]/);
    expect(() => makeNode('LeakyRelu', ['x'], ['y'], { alpha: 0.1 })).toThrow(/float\(0.1\)/);
    expect(makeValue('x', 'float32', ['n', 3]).shape).toEqual(['n', 3]);
  });
});
