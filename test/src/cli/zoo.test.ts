/** qnpu zoo list and show. */
import { expect, it } from 'vitest';
import { ZOO } from '../../../src/workloads/networks/index.ts';
import { expectRefusal, qnpu } from './rig.ts';

it('zoo list --json: every network with its totals, bytes and source', async () => {
  const { code, out } = await qnpu('zoo', 'list', '--json', '--recipe', 'w4a4');
  expect(code).toBe(0);
  const all = JSON.parse(out) as { name: string; macs: number; params: number; weightBytes: number; source: string }[];
  expect(all.map((n) => n.name)).toEqual(ZOO.map((e) => e.name));
  for (const n of all) {
    expect(Number.isSafeInteger(n.macs) && Number.isSafeInteger(n.params) && Number.isSafeInteger(n.weightBytes)).toBe(
      true,
    );
    expect(n.source.length).toBeGreaterThan(10);
  }
  // 11,166,912 weights of 4 bits, 9,408 of the first and 512,000 of the last layer of 8.
  const resnet18 = all.find((n) => n.name === 'resnet18');
  expect(resnet18).toMatchObject({ macs: 1_814_073_344, params: 11_689_512 });
  expect(resnet18?.weightBytes).toBe((11_678_912 - 9_408 - 512_000) / 2 + 9_408 + 512_000);
});

it('zoo list: a line for each network', async () => {
  const { code, out } = await qnpu('zoo', 'list');
  expect(code).toBe(0);
  expect(out).toContain('1,814,073,344');
  expect(out.trimEnd().split('\n')).toHaveLength(ZOO.length + 4);
});

it('zoo show: layers that add up, blocks with how often they run, and what is missing', async () => {
  const { out } = await qnpu('zoo', 'show', 'llama-7b-decode-w4a1', '--json');
  const shown = JSON.parse(out) as {
    macs: number;
    params: number;
    graph: boolean;
    missing: string[];
    sections: { repeat: number; layers: { macs: number; params: number }[] }[];
  };
  const sum = (pick: (l: { macs: number; params: number }) => number) =>
    shown.sections.reduce((n, s) => n + s.repeat * s.layers.reduce((m, l) => m + pick(l), 0), 0);
  expect([sum((l) => l.macs), sum((l) => l.params)]).toEqual([shown.macs, shown.params]);
  expect(shown.sections.map((s) => s.repeat)).toEqual([1, 32, 1]);
  expect(shown.graph).toBe(false);
  expect(shown.missing.join()).toContain('add of one-bit activations');
  const wide = JSON.parse((await qnpu('zoo', 'show', 'llama-7b-decode-w4a8', '--json')).out) as { graph: boolean };
  expect(wide.graph).toBe(true);

  const text = (await qnpu('zoo', 'show', 'zoo:resnet18-w4a4')).out;
  for (const part of ['layer4.1.conv2', 'w8a4', 'torchvision', 'yes: zoo:resnet18-w4a4']) expect(text).toContain(part);
});

it('refuses what it does not know', async () => {
  expectRefusal(await qnpu('zoo', 'show', 'resnet19'), "no network 'resnet19'", 'try: ');
  expectRefusal(await qnpu('zoo', 'show', 'nope'), "no network 'nope'", 'try: qnpu zoo list');
  expectRefusal(await qnpu('zoo', 'show', 'resnet18-w9a9'), "'w9a9' is not a width recipe", 'try: w8a8');
  expectRefusal(await qnpu('zoo', 'list', '--recipe', 'int4'), "'int4' is not a width recipe");
  expect((await qnpu('zoo')).code).toBe(2);
});

it('runs and checks a network by its name', async () => {
  const { code, out } = await qnpu('run', 'zoo:mlperf-tiny-autoencoder-w4a8', '--json');
  expect(code).toBe(0);
  const { model } = JSON.parse(out) as { model: { name: string; macs: number } };
  expect(model).toMatchObject({ name: 'mlperf-tiny-autoencoder-w4a8', macs: 264_192 });
  expect((await qnpu('check', 'zoo:mlperf-tiny-autoencoder-w4a8', '-m', 'teach-8x8')).out).toContain(
    'supported on teach-8x8',
  );
  expectRefusal(await qnpu('run', 'zoo:resnet18-w4a4', '--dims', 'n=2'), '--dims is for ONNX files');
  expectRefusal(await qnpu('run', 'zoo:resnet18'), "'zoo:resnet18' does not say the widths", 'try: zoo:resnet18-w8a8');
});

it('a network of sections runs as their sum; what needs one graph names them', async () => {
  expectRefusal(
    await qnpu('run', 'zoo:gpt2-decode-w8a8', '--values'),
    '--values needs one graph',
    'zoo:gpt2-decode-w8a8/block --values',
  );
  expectRefusal(await qnpu('run', 'zoo:gpt2-decode-w8a8/blocks'), "no section 'blocks'", 'gpt2-decode-w8a8/block');
  expectRefusal(await qnpu('run', 'zoo:bert-base-s128-w8a8', '--dims', 'n=2'), '--dims is for ONNX files');
  const { code, out } = await qnpu('run', 'zoo:bert-base-s128-w8a8/pooler', '--json');
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({ model: { name: 'bert-base-s128-w8a8/pooler', macs: 768 * 768 } });
});
