/** Arrays that do not fit and paths that cannot be written: refused before any work, nothing written. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { makeModel, makeNode, makeTensor, makeValue, writeModel } from '../../../compiler/frontend/onnx/index.ts';
import { readNpy, writeNpy } from '../../../src/io/npy.ts';
import { digitsData, digitsModel } from '../../harness/models.ts';
import { expectRefusal, qnpu, scratchFolder, writingEverything } from './rig.ts';

const folder = scratchFolder();
const model = digitsModel('w2a4.qonnx');
const images = digitsData('test-images');

function put(name: string, data: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, data);
  return path;
}

async function refused(args: readonly string[], ...says: readonly (string | RegExp)[]): Promise<void> {
  const everything = writingEverything(folder);
  expectRefusal(await qnpu('run', model, ...args, ...everything.args), ...says);
  everything.untouched();
}

/** A .npy file with any header. */
function withHeader(header: string, dataBytes: number): Uint8Array {
  const text = `${header}\n`;
  const bytes = new Uint8Array(10 + text.length + dataBytes);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, text.length & 255, text.length >> 8]);
  bytes.set(new TextEncoder().encode(text), 10);
  return bytes;
}

const good = { descr: "'<f4'", order: 'False', shape: '(1, 1, 16, 16)' };
const header = (h: Partial<typeof good>) => {
  const { descr, order, shape } = { ...good, ...h };
  return `{'descr': ${descr}, 'fortran_order': ${order}, 'shape': ${shape}, }`;
};
const zeros = (n: number) => new Float32Array(n);

it.each([
  ['no .npy at all', 'hello, world, this is text', /not a \.npy file/],
  ['an empty file', '', /not a \.npy file/],
  [
    'another shape',
    writeNpy([1, 1, 28, 28], 'f4', zeros(784)),
    /shape \[1, 1, 28, 28\] does not fit.*\[1, 1, 16, 16\]/,
  ],
  ['the same size, other axes', writeNpy([8, 32], 'f4', zeros(256)), /does not fit/],
  ['flat', writeNpy([256], 'f4', zeros(256)), /does not fit/],
  ['no samples', writeNpy([0, 1, 16, 16], 'f4', []), /does not fit/],
  ['not a number', writeNpy([1, 1, 16, 16], 'f4', zeros(256).fill(Number.NaN)), /element 0 is NaN/],
  ['infinite', writeNpy([1, 1, 16, 16], 'f4', zeros(256).fill(Number.POSITIVE_INFINITY)), /element 0 is Infinity/],
  ['Fortran order', withHeader(header({ order: 'True' }), 1024), /Fortran order/],
  ['big endian', withHeader(header({ descr: "'>f4'" }), 1024), /element type >f4/],
  ['text elements', withHeader(header({ descr: "'<U8'" }), 1024), /header|element type/],
  ['a structure', withHeader(header({ descr: "[('a', '<f4')]" }), 1024), /unreadable header/],
  ['complex numbers', withHeader(header({ descr: "'<c8'" }), 4096), /element type <c8/],
  ['cut off', writeNpy([1, 1, 16, 16], 'f4', zeros(256)).subarray(0, 500), /needs 1024 bytes/],
  ['longer than it says', withHeader(header({}), 2000), /bytes/],
  ['a size beyond all bounds', withHeader(header({ shape: '(99999999999, 99999999999)' }), 64), /bytes/],
])('--input: %s', async (_, data, says) => {
  await refused(['--input', put('x.npy', data)], says, /x\.npy|--input/);
});

it('--input: no file, a folder, an unknown name, the same input twice', async () => {
  await refused(['--input', join(folder, 'none.npy')], /there is no such file/);
  await refused(['--input', folder], /it is a folder/);
  await refused(['--input', `nobody=${images}`], /there is no such file/);
  await refused(['--input', images, '--input', images], /twice/);
});

it('several inputs: each has a name, all the same number of samples', async () => {
  const two = makeModel({
    name: 'sum',
    opset: 13,
    inputs: [makeValue('a', 'uint8', [1, 4]), makeValue('b', 'uint8', [1, 4])],
    outputs: [makeValue('y', 'float32', [1, 4])],
    initializers: [makeTensor('s', 'float32', [], [0.5])],
    nodes: [
      makeNode('DequantizeLinear', ['a', 's'], ['af']),
      makeNode('DequantizeLinear', ['b', 's'], ['bf']),
      makeNode('Add', ['af', 'bf'], ['y']),
    ],
  });
  const path = put('two.onnx', writeModel(two));
  const codes = put('codes.npy', writeNpy([2, 4], 'u1', [1, 2, 3, 4, 5, 6, 7, 8]));
  const single = put('single.npy', writeNpy([1, 4], 'u1', [1, 2, 3, 4]));
  const wide = put('wide.npy', writeNpy([2, 4], 'i4', [1, 2, 3, 4, 5, 6, 7, 256]));
  const half = put('half.npy', writeNpy([2, 4], 'f4', [1, 2, 3, 4, 5, 6, 7, 0.5]));
  const output = join(folder, 'sum.npy');
  expectRefusal(await qnpu('run', path, '--input', codes), /has 2 inputs/, /a=file\.npy/);
  expectRefusal(await qnpu('run', path, '--input', `a=${codes}`), /no array is given for input 'b'/);
  expectRefusal(await qnpu('run', path, '--input', `a=${codes}`, '--input', `b=${single}`), /'a' has 2, 'b' has 1/);
  expectRefusal(
    await qnpu('run', path, '--input', `a=${codes}`, '--input', `b=${wide}`),
    /element 7 is 256/,
    /0 \.\. 255/,
  );
  expectRefusal(await qnpu('run', path, '--input', `a=${codes}`, '--input', `b=${half}`), /element 7 is 0\.5/);
  expect(existsSync(output)).toBe(false);
  const fine = await qnpu('run', path, '--input', `a=${codes}`, '--input', `b=${codes}`, '--output', output, '--json');
  expect(fine.code).toBe(0);
  expect(readNpy(new Uint8Array(readFileSync(output)), output)).toMatchObject({
    shape: [2, 4],
    type: 'f4',
    data: Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8),
  });
});

it('--labels: wrong count, no classes, not numbers', async () => {
  const labels = (n: number, v: number) => put('labels.npy', writeNpy([n], 'i4', new Int32Array(n).fill(v)));
  await refused(['--input', images, '--labels', labels(999, 1)], /999 labels for 1000 samples/);
  await refused(['--input', images, '--labels', labels(1000, 10)], /label 0 is 10/, /0 \.\. 9/);
  await refused(['--input', images, '--labels', labels(1000, -1)], /label 0 is -1/);
  await refused(['--input', images, '--labels', put('l.npy', 'x')], /not a \.npy file/);
});

it('targets that cannot be written', async () => {
  const file = put('a-file', 'x');
  const before = readdirSync(folder).sort();
  for (const option of ['--output', '--html', '--trace']) {
    expectRefusal(await qnpu('run', model, option, join(folder, 'no', 'where')), /does not exist/, /create the folder/);
    expectRefusal(await qnpu('run', model, option, join(file, 'y')), /is not a folder/);
    expectRefusal(await qnpu('run', model, option, folder), /it is a folder/);
  }
  expectRefusal(await qnpu('run', model, '-o', file), /is a file/);
  expectRefusal(await qnpu('run', model, '-o', join(file, 'deep')), /is a file/);
  expectRefusal(
    await qnpu('run', model, '--html', join(folder, 'r'), '--trace', join(folder, 'r')),
    /the file of --html/,
  );
  const copy = put('model.onnx', readFileSync(model));
  expectRefusal(await qnpu('run', copy, '--output', copy), /the file of the model/);
  expect(readFileSync(copy)).toEqual(readFileSync(model));
  expect(readdirSync(folder).sort()).toEqual([...before, 'model.onnx'].sort());
});

it('-o writes everything or nothing', async () => {
  const target = join(folder, 'half-blocked');
  mkdirSync(join(target, 'layers.csv'), { recursive: true });
  expectRefusal(await qnpu('run', model, '-o', target), /layers\.csv/, /it is a folder/);
  expect(readdirSync(target)).toEqual(['layers.csv']);
});

it.each([
  ['--dims', 'nobody=4', /no input dim is called 'nobody'/],
  ['--dims', 'image[0]=0', /'0' is not a size/],
  ['--dims', 'image[0]=4294967296', /is not a size/],
  ['--dims', 'image[0]', /there is no name and = in it/],
  ['--input-type', 'image=u9', /'u9' is not an integer type/],
  ['--input-type', 'image=float', /'float' is not an integer type/],
  ['--input-type', 'image=u8:0', /scale 0/],
  ['--input-type', 'image=u8:1/0', /cannot be read/],
  ['--input-type', 'image=u8:1:300', /zero point 300/],
  ['--input-type', 'nobody=u8', /no float input is called 'nobody'/],
])('%s %s', async (option, value, says) => {
  await refused([option, value], says, /expected: /);
});
