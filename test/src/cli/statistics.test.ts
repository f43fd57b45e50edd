/** Statistics of a run as a file: written beside the values, used by a later run without data, and for zero skipping. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hashHex } from '../../../isa/base/hash.ts';
import type { RunResult } from '../../../src/report/schema.ts';
import { type StatisticsFile, statisticsSchema } from '../../../src/run/statistics-file.ts';
import { digitsModel } from '../../harness/models.ts';
import { violations } from './json-schema.ts';
import { expectRefusal, qnpu, scratchFolder } from './rig.ts';

const folder = scratchFolder();
const model = digitsModel('w2a4.qonnx');
const skipping = ['--set', 'capabilities.zeroSkipping=true'];

async function run(...args: readonly string[]): Promise<RunResult> {
  const { code, out, err } = await qnpu('run', model, '--json', ...args);
  expect(code, err).toBe(0);
  return JSON.parse(out) as RunResult;
}

/** Energies and time, without what says where they come from. */
const figures = (r: RunResult) => ({ cycles: r.cycles, total: r.energyFj.total, layers: r.layers, causes: r.causes });

const measuredPath = join(folder, 'measured.json');
const readFile = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as StatisticsFile;

describe('--statistics-out', () => {
  it('is the published document, and prices a later run without data as the run itself was priced', async () => {
    const measured = await run('--statistics-out', measuredPath);
    const document = readFile(measuredPath);
    expect(statisticsSchema.parse(document)).toEqual(document);
    const schema = JSON.parse((await qnpu('schema', 'statistics')).out) as Record<string, unknown>;
    expect(violations(schema, document)).toEqual([]);
    expect(document).toMatchObject({ schema: 'statistics/1', source: 'seeded input, seed 1', samples: 1 });
    const later = await run('--statistics', measuredPath);
    expect(figures(later)).toEqual(figures(measured));
    expect(later.values).toBeUndefined();
    const hash = hashHex(new Uint8Array(readFileSync(measuredPath))).slice(0, 16);
    expect(measured.prices.activity).toMatch(/^measured operands: /);
    expect(later.prices.activity).toContain(
      `statistics file measured.json (hash ${hash}, digits-w2a4.qonnx, seeded input, seed 1, samples counted: 1): `,
    );
    const assumed = await run();
    expect(assumed.prices.activity).toMatch(/^random operands, assumed: /);
    expect(assumed.energyFj.total).not.toBe(later.energyFj.total);
  });

  it('holds on another machine with the same layers: weights are as dense there, and so is what enters the network', async () => {
    const path = join(folder, 'analog.json');
    await run('-m', 'jia-65nm', '--statistics-out', path);
    const [here, there] = [readFile(measuredPath).layers, readFile(path).layers];
    const weights = (layers: typeof here) => layers.map((l) => [l.name, l.weightOnes / l.weightBits]);
    expect(weights(there)).toEqual(weights(here));
    expect(there[0]).toMatchObject({ name: 'Conv_conv1', inputs: here[0]!.inputs, inputOnes: here[0]!.inputOnes });
    expect((await run('--statistics', path)).prices.activity).toContain('statistics file analog.json');
  });

  it('is in the folder of -o too, and in its manifest', async () => {
    const target = join(folder, 'all');
    await run('--values', '-o', target);
    expect(readFileSync(join(target, 'statistics.json'))).toEqual(readFileSync(measuredPath));
    expect(JSON.parse(readFileSync(join(target, 'manifest.json'), 'utf8'))).toMatchObject({
      files: expect.arrayContaining([expect.objectContaining({ name: 'statistics.json' })]) as unknown,
    });
  });

  it('times skipped zeros without data as with; skipping saves cycles and changes no value', async () => {
    const path = join(folder, 'skipping.json');
    const plain = await run('--values');
    const measured = await run('--values', ...skipping, '--statistics-out', path);
    expect(measured.values!.outputs).toEqual(plain.values!.outputs);
    expect(measured.causes.matrix).toBeLessThan(plain.causes.matrix!);
    expect(measured.cycles).toBeLessThan(plain.cycles);
    expect(measured.energyFj.total).toBeLessThan(plain.energyFj.total);
    const later = await run('--statistics', path, ...skipping);
    expect(figures(later)).toEqual(figures(measured));
  });
});

describe('refused, with advice', () => {
  it('zero skipping without operands', async () => {
    expectRefusal(await qnpu('run', model, ...skipping), 'E-SKIP-STATISTICS', '--values', 'zeroSkipping=false');
  });

  it('statistics that were measured without skipping, where zeros are skipped', async () => {
    expectRefusal(await qnpu('run', model, '--statistics', measuredPath, ...skipping), 'no operands were measured');
  });

  it('statistics of another model', async () => {
    const other = digitsModel('int8.qdq');
    expectRefusal(await qnpu('run', other, '--statistics', measuredPath), 'E-STATISTICS', 'measured on another model');
  });

  it('statistics with layers that the program has not, and without some that it has', async () => {
    const path = join(folder, 'layers.json');
    const document = readFile(measuredPath);
    const layers = document.layers.map((l, i) => (i === 1 ? { ...l, name: 'head' } : l));
    writeFileSync(path, JSON.stringify({ ...document, layers }));
    expectRefusal(await qnpu('run', model, '--statistics', path), 'layers that the program has not', "'head' there");
    writeFileSync(path, JSON.stringify({ ...document, layers: document.layers.slice(0, 1) }));
    expectRefusal(await qnpu('run', model, '--statistics', path), 'lacks layers', 'was not measured');
  });

  it('what is no such document', async () => {
    const strange = join(folder, 'strange.json');
    writeFileSync(strange, '{"schema": "statistics/1", "layers": 3}');
    expectRefusal(await qnpu('run', model, '--statistics', strange), 'E-STATISTICS', 'layers');
    writeFileSync(strange, 'plain text');
    expectRefusal(await qnpu('run', model, '--statistics', strange), 'not JSON');
    expectRefusal(await qnpu('run', model, '--statistics', join(folder, 'none.json')), 'none.json');
  });
});
