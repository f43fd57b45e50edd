/** The mapping as a file: out, in again, in parts, and refused where it cannot be. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RunResult } from '../../../src/report/schema.ts';
import { type MappingFile, mappingSchema } from '../../../src/run/mapping-file.ts';
import { digitsModel } from '../../harness/models.ts';
import { violations } from './json-schema.ts';
import { expectRefusal, qnpu, scratchFolder } from './rig.ts';

const folder = scratchFolder();
const model = digitsModel('w2a4.qonnx');
const path = (name: string) => join(folder, name);
const readMapping = (name: string) => JSON.parse(readFileSync(path(name), 'utf8')) as MappingFile;

async function run(...args: readonly string[]): Promise<RunResult> {
  const { code, out, err } = await qnpu('run', model, '--json', ...args);
  expect(code, err).toBe(0);
  return JSON.parse(out) as RunResult;
}

/** A mapping of some decisions, as a person would write it. */
function pins(name: string, decisions: object): string[] {
  writeFileSync(path(name), JSON.stringify({ schema: 'mapping/1', ...decisions }));
  return ['--mapping', path(name)];
}

/** Everything that was counted, without the words for it; what other machines would do is run with the pinned mapping. */
const counts = ({ warnings: _, whatIfs: __, layers, ...r }: RunResult) => ({
  ...r,
  layers: layers.map((l) => ({ ...l, mapping: '' })),
});

describe('--mapping-out and --mapping', () => {
  it('is the published document; the same run comes out when it goes in', async () => {
    const first = await run('--mapping-out', path('all.json'));
    const document = readMapping('all.json');
    expect(mappingSchema.parse(document)).toEqual(document);
    expect(violations(JSON.parse((await qnpu('schema', 'mapping')).out) as Record<string, unknown>, document)).toEqual(
      [],
    );
    expect(document).toMatchObject({ model: { hash: first.model.hash }, machine: { hash: first.machine.hash } });
    const again = await run('--mapping', path('all.json'), '--mapping-out', path('again.json'));
    expect(counts(again)).toEqual(counts(first));
    expect(again.warnings).toEqual(first.warnings);
    expect(readFileSync(path('again.json'), 'utf8')).toBe(readFileSync(path('all.json'), 'utf8'));
    expect(again.layers.find((l) => l.name === 'Conv_conv2')?.mapping).toContain('as the mapping file says');
  });

  it('has the groups in bands, and takes them back', async () => {
    const group = { first: 'Conv_conv1.sum', last: 'MaxPool_conv1.pool', along: 'rows', bands: 3 };
    const first = await run(...pins('bands.json', { bands: [group] }), '--mapping-out', path('banded.json'));
    expect(readMapping('banded.json').bands).toEqual([group]);
    const again = await run('--mapping', path('banded.json'), '--mapping-out', path('banded-again.json'));
    expect(counts(again)).toEqual(counts(first));
    expect(readMapping('banded-again.json').bands).toEqual([group]);
    expect(first.cycles).not.toBe((await run('--mapping', path('all.json'))).cycles);
  });

  it('takes one decision, and chooses the others', async () => {
    const free = await run();
    const args = pins('one.json', { layers: [{ layer: 'Conv_conv2', arrays: { replicas: 1 } }] });
    const slow = await run(...args, '--mapping-out', path('out.json'), '--values');
    expect(slow.cycles).toBeGreaterThan(free.cycles);
    const layer = readMapping('out.json').layers?.find((l) => l.layer === 'Conv_conv2');
    expect(layer?.arrays).toMatchObject({ replicas: 1, gridK: 1 });
    expect(slow.values?.outputs).toEqual((await run('--values')).values?.outputs);
  });

  it('can stream weights that would stay, by way of the buffer or not', async () => {
    const inBuffer = await run(...pins('buffer.json', { network: { weights: 'buffer' } }));
    const streamed = await run(...pins('stream.json', { network: { weights: 'nowhere' } }));
    const weights = (r: RunResult) =>
      r.traffic.filter((t) => t.boundary === 'dram' && t.kind === 'weights').reduce((n, t) => n + t.readBytes, 0);
    expect([weights(await run()), weights(inBuffer)]).toEqual([0, 0]);
    expect(weights(streamed)).toBeGreaterThan(2000);
  });

  it('warns of a mapping of something else', async () => {
    const machine = { name: 'x', hash: 'y' };
    const { warnings } = await run(...pins('other.json', { machine }));
    expect(warnings[0]).toMatch(/^other\.json is the mapping of the machine x \(hash y, here [0-9a-f]{16}\)/);
    const { err } = await qnpu('run', model, ...pins('other.json', { machine, layers: [{ layer: 'nowhere' }] }));
    expect(err).toMatch(/^note: other\.json is the mapping of the machine x[\s\S]*no such layer/);
  });

  it.each<[string, object, RegExp]>([
    [
      'a layer that is not there',
      { layers: [{ layer: 'Conv_conv22' }] },
      /no such layer[\s\S]*did you mean 'Conv_conv2'/,
    ],
    [
      'a layer that is part of another',
      { layers: [{ layer: 'MaxPool_conv1.pool' }] },
      /part of layer Conv_conv1[\s\S]*"joins": \[\]/,
    ],
    [
      'more macros than there are',
      { layers: [{ layer: 'Conv_conv2', arrays: { gridK: 4, replicas: 8 } }] },
      /Conv_conv2, arrays: 4 x 1 macros x 8 replicas[\s\S]*needed 32 macros, available 16/,
    ],
    [
      'a wider grid than outputs fill',
      { layers: [{ layer: 'Conv_conv2', arrays: { gridN: 3 } }] },
      /gridN 3: 16 outputs, on macros that hold 128\n {4}expected: 1 .. 1/,
    ],
    [
      'arrays where there are none',
      { layers: [{ layer: 'Quant_image.quant', arrays: { gridK: 1 } }] },
      /no matrix product[\s\S]*vector unit/,
    ],
    ['tiles of a copy', { layers: [{ layer: 'load image', tile: { rows: 3 } }] }, /copy by DMA, which has no tiles/],
    [
      'a tile larger than the result',
      { layers: [{ layer: 'Conv_conv2', tile: { rows: 30 } }] },
      /a tile has 30 rows, the result has 8\n {4}expected: 1 .. 8/,
    ],
    [
      'a dim that is not there',
      { layers: [{ layer: 'Conv_conv2', tile: { row: 3 } }] },
      /'row' is no dim of its result \(images 1, channels 16, rows 8, columns 8\)/,
    ],
    [
      'layers that cannot be joined',
      { layers: [{ layer: 'Conv_conv2', joins: ['Conv_conv3'] }] },
      /cannot be joined with Conv_conv3: Conv_conv3 runs on the arrays/,
    ],
    [
      'a layer that is joined with itself',
      { layers: [{ layer: 'Conv_conv2', joins: ['Conv_conv2'] }] },
      /Conv_conv2, joins: Conv_conv2 is named twice[\s\S]*expected: each other layer once/,
    ],
    ['more cores than there are', { network: { cores: 4 } }, /needed 4 cores, available 1/],
    [
      'parameters that are not there',
      { parameters: { x: 'dram' } },
      /parameters, x: the network has no such parameters/,
    ],
    ['a document of another kind', { layer: [] }, /is not a mapping/],
  ])('refuses %s', async (_, decisions, says) => {
    expectRefusal(await qnpu('run', model, ...pins('bad.json', decisions)), says);
  });

  it('is for one graph', async () => {
    expectRefusal(
      await qnpu('run', 'zoo:gpt2-decode-w8a8', '--mapping-out', path('no.json')),
      /--mapping-out needs one graph/,
    );
  });
});

describe('--explain', () => {
  it('shows every decision with its estimate and the runners-up, in text, in JSON and in explain', async () => {
    const result = await run('--explain');
    const { network, layers } = result.mapping as NonNullable<RunResult['mapping']>;
    expect(network).toMatchObject([{ decision: 'weights', option: 'arrays' }]);
    const choices = layers.find((l) => l.layer === 'Conv_conv2')?.choices ?? [];
    expect(choices.map((c) => c.decision)).toEqual(['tile', 'result', 'arrays']);
    for (const { cycles, runnersUp } of choices) {
      expect(runnersUp.length).toBeGreaterThan(0);
      // What is faster by itself says what is against it.
      for (const other of runnersUp) if ((other.cycles ?? 0) < (cycles ?? 0)) expect(other.note).not.toBe('');
    }
    const { out } = await qnpu('run', model, '--explain', '--html', path('page.html'));
    const page = readFileSync(path('page.html'), 'utf8');
    const rows = choices.flatMap((c) => [c, ...c.runnersUp]);
    for (const { option } of rows) expect(page).toContain(option.replaceAll('>', '&gt;'));
    const arrays = choices[2];
    expect(out).toMatch(new RegExp(`^ {4}arrays +${arrays?.cycles} {2}gridK 1, gridN 1, replicas 8`, 'm'));
    expect(out).toMatch(new RegExp(`^ {9}or +${arrays?.runnersUp[0]?.cycles} {2}gridK 1`, 'm'));
    writeFileSync(path('run.json'), JSON.stringify(result));
    expect((await qnpu('explain', path('run.json'), 'Conv_conv2')).out).toMatch(/^ {4}result +\d+ {2}scratchpad/m);
  });

  it('is not in a run that nobody asked to explain, and changes nothing else', async () => {
    const [plain, explained] = [await run(), await run('--explain')];
    expect(plain.mapping).toBeUndefined();
    expect({ ...explained, mapping: undefined }).toEqual({ ...plain, mapping: undefined });
  });

  it('names what is pinned', async () => {
    const { mapping } = await run(
      ...pins('pinned.json', { layers: [{ layer: 'Conv_conv2', arrays: { replicas: 1 } }] }),
      '--explain',
    );
    const arrays = mapping?.layers.find((l) => l.layer === 'Conv_conv2')?.choices.find((c) => c.decision === 'arrays');
    expect(arrays?.note).toBe('as the mapping file says');
    expect(arrays?.runnersUp[0]?.cycles).toBeLessThan(arrays?.cycles ?? 0);
  });
});
