/** Models that cannot be run: each a one-screen refusal, exit code 1, nothing on standard output and nothing written. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import {
  type ModelParts,
  makeModel,
  makeNode,
  makeTensor,
  makeValue,
  type OnnxModel,
  writeModel,
} from '../../../compiler/frontend/onnx/index.ts';
import { createRandom } from '../../../isa/base/random.ts';
import { bytesOf, digitsModel } from '../../harness/models.ts';
import { expectRefusal, qnpu, scratchFolder, writingEverything } from './rig.ts';

const folder = scratchFolder();
const digits = bytesOf(digitsModel('int4.qdq'));

function put(name: string, data: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, data);
  return path;
}

async function refused(path: string, ...says: readonly (string | RegExp)[]): Promise<void> {
  const everything = writingEverything(folder);
  expectRefusal(await qnpu('run', path, ...everything.args), ...says);
  everything.untouched();
  const check = await qnpu('check', path);
  expect(check).toMatchObject({ code: 1, out: '' });
  expect(check.err).toMatch(/^error /);
}

const noise = createRandom(7);
const FILES: readonly (readonly [string, Uint8Array | string, RegExp])[] = [
  ['empty.onnx', '', /empty/],
  ['noise.onnx', Uint8Array.from({ length: 4096 }, () => noise.int(0, 255)), /ONNX/],
  ['picture.onnx', Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, 73, 72, 68, 82), /ONNX/],
  ['text.onnx', 'This is not a model, it is a sentence.\n'.repeat(50), /ONNX/],
  ['zeros.onnx', new Uint8Array(1000), /ONNX/],
];

it.each(FILES)('%s is no model', async (name, data, says) => {
  await refused(put(name, data), says, /try: /);
});

it('no file, a folder, a link to nowhere', async () => {
  await refused(join(folder, 'nowhere.onnx'), /there is no such file/, /try: /);
  mkdirSync(join(folder, 'folder.onnx'));
  await refused(join(folder, 'folder.onnx'), /it is a folder/, /try: /);
  symlinkSync(join(folder, 'gone'), join(folder, 'link.onnx'));
  await refused(join(folder, 'link.onnx'), /there is no such file/, /try: /);
});

it('a model that is cut off anywhere', async () => {
  for (let i = 0; i < 50; i++) {
    const length = Math.floor(((i + 0.5) / 50) * digits.length);
    await refused(put('cut.onnx', digits.subarray(0, length)), /try: /);
  }
});

/** A quantized product, small enough that most flipped bits hit structure and not weights. */
function product(parts: Partial<ModelParts> = {}): OnnxModel {
  return makeModel({
    name: 'product',
    opset: 13,
    inputs: [makeValue('x', 'uint8', [1, 4])],
    outputs: [makeValue('y', 'uint8', [1, 2])],
    initializers: [
      makeTensor('s', 'float32', [], [0.5]),
      makeTensor('z', 'uint8', [], [128]),
      makeTensor('w', 'int8', [4, 2], [1, -2, 3, -4, 5, -6, 7, -8]),
      makeTensor('ws', 'float32', [], [0.25]),
      makeTensor('wz', 'int8', [], [0]),
    ],
    nodes: [makeNode('QLinearMatMul', ['x', 's', 'z', 'w', 'ws', 'wz', 's', 'z'], ['y'])],
    ...parts,
  });
}

it('the small product runs as it is', async () => {
  expect((await qnpu('run', put('good.onnx', writeModel(product())), '--json')).code).toBe(0);
});

it('a flipped bit gives a result or a clean refusal, never a defect', async () => {
  const good = writeModel(product());
  const random = createRandom(20261121);
  let refusals = 0;
  for (let i = 0; i < 200; i++) {
    const bytes = good.slice();
    const bit = random.int(0, 8 * bytes.length - 1);
    bytes[bit >> 3]! ^= 1 << (bit & 7);
    const outcome = await qnpu('run', put('flipped.onnx', bytes), '--values', '--json');
    if (outcome.code === 0) {
      expect(outcome.err).toBe('');
      expect(JSON.parse(outcome.out)).toMatchObject({ schema: 'run/1' });
    } else {
      expectRefusal(outcome);
      refusals += 1;
    }
  }
  expect(refusals).toBeGreaterThan(50);
  expect(refusals).toBeLessThan(200);
});

const shaped = (...shape: (number | string)[]) => ({ inputs: [makeValue('x', 'uint8', shape)] });
const weightless = product().graph.initializers.filter((t) => t.name !== 'w');
const MODELS: readonly (readonly [string, Partial<ModelParts>, RegExp])[] = [
  [
    'nodes in a cycle',
    { nodes: [makeNode('Add', ['x', 'b'], ['a']), makeNode('Relu', ['a'], ['b']), makeNode('Relu', ['b'], ['y'])] },
    /3 nodes wait for each other in a cycle/,
  ],
  ['a missing initializer', { initializers: weightless }, /'w' is used but nothing defines it/],
  ['an input that nothing makes', { nodes: [makeNode('Relu', ['nobody'], ['y'])] }, /'nobody' is used but nothing/],
  ['a name that is defined twice', { nodes: [makeNode('Relu', ['x'], ['x'])] }, /'x' is defined twice/],
  ['an output that nothing makes', { nodes: [] }, /'y' is used but nothing defines it/],
  ['no outputs', { outputs: [] }, /the model has no outputs/],
  ['operands whose shapes do not fit', shaped(1, 5), /5.*4|4.*5/],
  ['a dim of 0', shaped(1, 0), /dim 1 is 0/],
  ['a negative dim', shaped(1, -3), /dim/],
  ['a dim of 2^31', shaped(1, 2 ** 31), /2147483648/],
  ['2^31 elements', shaped(2 ** 16, 2 ** 16), /2\^31/],
  ['a symbolic dim behind the first', shaped(1, 'width'), /--dims 'width=<size>'/],
  ['an opset of the future', { opset: 999 }, /opset 999 is not known/],
  ['an opset of long ago', { opset: 3 }, /opset 3 is not known/],
  ['an op that nobody knows', { nodes: [makeNode('Frobnicate', ['x'], ['y'])] }, /Frobnicate/],
  ['a domain that nobody knows', { nodes: [makeNode('org.example:Relu', ['x'], ['y'])] }, /org\.example/],
  ['a float model', floatProduct(), /float weights.*\n.*\n.*quantize the model first/],
  [
    'weights of the wrong size',
    { initializers: [...weightless, { ...makeTensor('w', 'int8', [4, 2], [1, 2, 3, 4, 5, 6, 7, 8]), dims: [40, 2] }] },
    /w/,
  ],
  [
    'external data that is not there',
    { initializers: [...weightless, external('nothing.bin')] },
    /nothing\.bin: there is no such file/,
  ],
  [
    'external data outside of the folder',
    { initializers: [...weightless, external('../../etc/passwd')] },
    /leaves the folder|outside|\.\./,
  ],
  ['external data by an absolute path', { initializers: [...weightless, external('/etc/passwd')] }, /passwd/],
];

it.each(MODELS)('%s', async (_, parts, says) => {
  await refused(put('bad.onnx', writeModel(product(parts))), says);
});

function external(location: string): ReturnType<typeof makeTensor> {
  const tensor = makeTensor('w', 'int8', [4, 2], [1, 2, 3, 4, 5, 6, 7, 8]);
  return { ...tensor, raw: new Uint8Array(), external: { location, offset: 0, length: 8 } };
}

function floatProduct(): Partial<ModelParts> {
  return {
    inputs: [makeValue('x', 'float32', [1, 4])],
    outputs: [makeValue('y', 'float32', [1, 2])],
    initializers: [makeTensor('w', 'float32', [4, 2], [1, 2, 3, 4, 5, 6, 7, 8])],
    nodes: [makeNode('MatMul', ['x', 'w'], ['y'])],
  };
}
