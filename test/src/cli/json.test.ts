/** `--json` is one document and nothing else, the same each time, as `qnpu schema run` publishes it; the other outputs agree with it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hashHex } from '../../../isa/base/hash.ts';
import { readNpy } from '../../../src/io/npy.ts';
import { type RunResult, runSchema } from '../../../src/report/schema.ts';
import { digitsData, digitsModel } from '../../harness/models.ts';
import { violations } from './json-schema.ts';
import { qnpu, scratchFolder } from './rig.ts';

const folder = scratchFolder();
const model = digitsModel('w2a4.qonnx');
const sum = (numbers: readonly number[]) => numbers.reduce((n, v) => n + v, 0);

async function json(...args: readonly string[]): Promise<RunResult> {
  const { code, out, err } = await qnpu('run', model, '--json', ...args);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out.endsWith('}\n')).toBe(true);
  return JSON.parse(out) as RunResult;
}

describe('one document', () => {
  it('on standard output, the same twice', async () => {
    const first = await qnpu('run', model, '--json', '--ladder', '--values');
    const second = await qnpu('run', model, '--json', '--ladder', '--values');
    expect(first.code).toBe(0);
    expect(second).toEqual(first);
    expect(first.out.trimEnd().split('\n')).toHaveLength(1);
  });

  it.each([
    ['teach-8x8', []],
    ['edge-dcim-28nm', ['--values', '--ladder']],
    ['conventional-int8', ['--cold', '--set', 'core.vector.lanes=32']],
  ] as const)('that the published schema accepts: %s', async (machine, args) => {
    const schema = JSON.parse((await qnpu('schema', 'run')).out) as Record<string, unknown>;
    const document = await json('-m', machine, ...args);
    expect(runSchema.parse(document)).toEqual(document);
    expect(violations(schema, document)).toEqual([]);
    expect(violations(schema, { ...document, cycles: -1, stray: 1 }).sort()).toEqual([
      '$.cycles is below 0',
      '$.stray is not expected',
    ]);
  });

  it('whose parts add up', async () => {
    const r = await json('-m', 'teach-8x8');
    expect(sum(Object.values(r.causes))).toBe(r.cycles);
    for (const u of Object.values(r.units)) expect(u.busy + sum(Object.values(u.stalls)) + u.idle).toBe(r.cycles);
    expect(sum(r.layers.map((l) => l.cycles))).toBe(r.cycles);
    expect(sum(r.layers.map((l) => l.energyFj))).toBe(r.energyFj.total);
    const dram = r.traffic.filter((t) => t.boundary === 'dram').map((t) => t.readBytes + t.writeBytes);
    expect(sum(r.layers.map((l) => l.dramBytes))).toBe(sum(dram));
  });
});

describe('overrides', () => {
  it('without effect are reported, others are not', async () => {
    const { warnings, machine } = await json(
      ...['core.dma.channels=4', 'core.vector.lanes=16', 'summary=mine'].flatMap((s) => ['--set', s]),
    );
    expect(machine.overrides).toHaveLength(3);
    const inert = warnings.filter((w) => w.includes('is inert'));
    expect(inert).toHaveLength(2);
    expect(inert[0]).toContain('core.dma.channels=4 is inert: the machine has this value without it');
    expect(inert[1]).toContain('summary=mine is inert: cycles, energy, area, traffic and values are the same');
  });
  it('that need each other are not inert', async () => {
    const { warnings } = await json('--set', 'core.matrix.rows=128', '--set', 'core.matrix.rowsAtOnce=128');
    expect(warnings.filter((w) => w.includes('inert'))).toEqual([]);
  });
});

describe('shapes and types of inputs', () => {
  it('--dims makes a batch', async () => {
    const r = await json('--dims', 'image[0]=4');
    expect(r.model.inputs).toEqual([{ name: 'image', shape: [4, 1, 16, 16], type: 'f32' }]);
    expect(r.model.macs).toBe(4 * (await json()).model.macs);
  });
  it('--input-type takes codes instead of floats', async () => {
    const r = await json('--input-type', 'image=u8');
    expect(r.model.inputs).toEqual([{ name: 'image', shape: [1, 1, 16, 16], type: 'u8' }]);
  });
  it('codes and the floats that they stand for give the same outputs', async () => {
    const [a, b] = [join(folder, 'a.npy'), join(folder, 'b.npy')];
    const images = ['--input', digitsData('test-images')];
    expect((await qnpu('run', model, ...images, '--output', a)).code).toBe(0);
    expect((await qnpu('run', model, ...images, '--output', b, '--input-type', 'image=u8')).code).toBe(0);
    expect(readFileSync(a).equals(readFileSync(b))).toBe(true);
    expect(readNpy(new Uint8Array(readFileSync(a)), a)).toMatchObject({ shape: [1000, 10], type: 'f4' });
  });
});

describe('other outputs', () => {
  it('--csv alone has the layers of the document', async () => {
    const { code, out, err } = await qnpu('run', model, '--csv');
    const rows = out.trimEnd().split('\r\n');
    const { layers } = await json();
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(rows[0]).toMatch(/^name,op,m,k,n,macs,cycles,/);
    expect(rows.slice(1).map((r) => r.split(',')[0])).toEqual(layers.map((l) => l.name));
    expect(sum(rows.slice(1).map((r) => Number(r.split(',')[6])))).toBe(sum(layers.map((l) => l.cycles)));
  });
  it('-o writes all of it, and a manifest with the hash of each', async () => {
    const target = join(folder, 'new', 'results');
    const { code, err } = await qnpu('run', model, '-o', target, '--json', '--html', join(folder, 'r.html'));
    expect(code).toBe(0);
    const names = ['layers.csv', 'manifest.json', 'report.html', 'report.txt', 'run.json', 'trace.json'];
    expect(readdirSync(target).sort()).toEqual(names);
    expect(err.split('\n').filter((l) => l.startsWith('wrote '))).toHaveLength(7);
    const read = (name: string) => readFileSync(join(target, name), 'utf8');
    const manifest = JSON.parse(read('manifest.json')) as { files: { name: string; bytes: number; sha256: string }[] };
    expect(manifest.files.map((f) => f.name).sort()).toEqual(names.filter((n) => n !== 'manifest.json'));
    for (const f of manifest.files) {
      expect(f.sha256).toBe(hashHex(read(f.name)));
      expect(f.bytes).toBe(readFileSync(join(target, f.name)).length);
    }
    expect(JSON.parse(read('run.json'))).toEqual(await json());
    const trace = JSON.parse(read('trace.json')) as { traceEvents: { ph: string; ts?: number; dur?: number }[] };
    const events = trace.traceEvents.filter((e) => e.ph === 'X');
    const end = Math.max(...events.map((e) => (e.ts ?? 0) + (e.dur ?? 0)));
    expect(Math.round(end * 1e6)).toBeLessThanOrEqual((await json()).latencyPs);
    expect(events.length).toBeGreaterThan(20);
  });
  it('--labels counts the right answers', async () => {
    const r = await json('--input', digitsData('test-images'), '--labels', digitsData('test-labels'));
    expect(r.values).toMatchObject({ samples: 1000, accuracy: { total: 1000, labels: 'test-labels.npy' } });
    expect(r.values?.accuracy?.correct).toBeGreaterThan(850);
  });
});

describe('usage', () => {
  it.each([
    [['run'], /an argument is missing/],
    [['run', model, '--json', '--csv'], /choose one of --json and --csv/],
    [['run', model, '--labels', 'l.npy'], /--labels needs --input/],
    [['run', model, '--seed', 'x'], /--seed needs a number/],
    [['run', model, '--seed', '-1'], /--seed must be/],
    [['run', model, '-m', 'a', '-m', 'b'], /may be given once/],
    [['run', model, '--machine='], /needs a value/],
    [['run', model, '--vlaues'], /vlaues/],
    [['run', model, 'another.onnx'], /another\.onnx/],
    [['rnu', model], /did you mean 'run'/],
    [[], /name a command/],
    [['machine', 'show'], /which machine\?/],
    [['machine', 'frob', 'teach-8x8'], /not one of list, show, check/],
    [['schema', 'runn'], /runn|Choices/],
    [['check', model, '--set', 'a=b'], /--set needs --machine/],
  ] as const)('%j', async (args, says) => {
    const { code, out, err } = await qnpu(...args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(says);
    expect(err).toMatch(/\n {2}try: qnpu/);
  });
  it.each([[['--help']], [['run', '--help']], [['machine']], [['machine', 'show', 'teach-8x8']], [['--version']]])(
    '%j is no mistake',
    async (args) => {
      const { code, out, err } = await qnpu(...args);
      expect({ code, err }).toEqual({ code: 0, err: '' });
      for (const line of out.split('\n')) if (args[1] !== 'show') expect(line.length).toBeLessThanOrEqual(110);
    },
  );
  it('check tells what fits', async () => {
    expect(await qnpu('check', model, '-m', 'teach-8x8')).toMatchObject({ code: 0, err: '' });
    const small = ['core.scratchpad.sizeBytes=64', 'core.scratchpad.banks=1', 'core.scratchpad.portBits=64'];
    const refused = await qnpu('check', model, '-m', 'teach-8x8', ...small.flatMap((s) => ['--set', s]));
    expect(refused).toMatchObject({ code: 1, out: '' });
    expect(refused.err).toMatch(/scratchpad/);
  });
});
