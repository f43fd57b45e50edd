/** Every network that can be a graph is one: well formed, with the same MACs counted from its weights and shapes, and the same again for the same name. */
import { describe, expect, it } from 'vitest';
import { verify } from '../../../compiler/graph/verify.ts';
import { UnsupportedError } from '../../../isa/base/errors.ts';
import { refusalsOf } from '../../../src/workloads/build.ts';
import { countNetwork } from '../../../src/workloads/count.ts';
import { ZOO } from '../../../src/workloads/networks/index.ts';
import { parseRecipe } from '../../../src/workloads/recipe.ts';
import { openZoo, openZooSections } from '../../../src/workloads/zoo.ts';
import { graphMacs, graphWeights } from './graph-counts.ts';

const RECIPE = parseRecipe('w4a4');
const LARGE = 40_000_000;
const refused = ZOO.filter((e) => refusalsOf(e.describe(), RECIPE).length > 0);
/** One image each; those of many parameters are in graphs-large.test.ts. */
const built = ZOO.filter((e) => e.kind === 'cnn' && e.batch === undefined && e.totals.params < LARGE);

describe.each(built.map((entry) => ({ entry, name: entry.name })))('$name', ({ entry }) => {
  it('is a well-formed graph of as many MACs', () => {
    const graph = openZoo(`zoo:${entry.name}-w4a4`);
    expect(verify(graph)).toEqual([]);
    expect(graphMacs(graph)).toBe(entry.totals.macs);
  });
});

it('the cameras are one graph of a batch', () => {
  const graph = openZoo('resnet50-v1-225-12cameras-w4a4');
  expect(graph.values.get(graph.inputs[0]!)?.shape).toEqual([12, 3, 225, 225]);
  expect(graphMacs(graph)).toBe(12 * 3_860_090_048);
});

it('leaves none out, but one-bit activations of values that are added', () => {
  expect(refused).toEqual([]);
  const narrow = parseRecipe('w1a1');
  for (const entry of ZOO.filter((e) => e.kind !== 'cnn')) {
    const refusals = refusalsOf(entry.describe(), narrow);
    expect(refusals.map((d) => d.message)).toContain('add of one-bit activations');
    expect(refusals.every((d) => d.where !== undefined && d.hint !== undefined)).toBe(true);
  }
  expect(() => openZooSections('bert-base-s128-w1a1')).toThrow(UnsupportedError);
});

it('gives the sections of a transformer, each once', () => {
  const sections = openZooSections('bert-base-s128-w8a8');
  expect(sections.map((s) => [s.name, s.repeat])).toEqual([
    ['embeddings', 1],
    ['block', 12],
    ['pooler', 1],
  ]);
  const macs = sections.reduce((n, s) => n + s.repeat * s.steps * graphMacs(s.graph), 0);
  expect(macs).toBe(ZOO.find((e) => e.name === 'bert-base-s128')?.totals.macs);
  expect(() => openZoo('bert-base-s128-w8a8')).toThrow('3 graphs of which some repeat');
});

it('refuses one-bit activations where values are added', () => {
  expect(() => openZoo('resnet18-w1a1')).toThrow(/cannot be built/);
  expect(verify(openZoo('mlperf-tiny-dscnn-w1a1'))).toEqual([]);
});

it('has the same weights for the same name, whatever the width of the activations', () => {
  const weights = (name: string, seed?: number) => {
    const graph = openZoo(name, seed === undefined ? {} : { seed });
    return [...graph.constants].filter(([key]) => key.endsWith('.w')).map(([, t]) => t.data);
  };
  const first = weights('mlperf-tiny-dscnn-w4a4');
  expect(weights('mlperf-tiny-dscnn-w4a4')).toEqual(first);
  expect(weights('mlperf-tiny-dscnn-w4a8')).toEqual(first);
  expect(weights('mlperf-tiny-dscnn-w4a4', 2)).not.toEqual(first);
});

it('keeps widths: first and last at the edge width, the rest at the recipe', () => {
  const bits = (name: string) => graphWeights(openZoo(name)).map((w) => w.bits);
  const inner = (n: number, b: number) => Array.from({ length: n }, () => b);
  expect(bits('mlperf-tiny-dscnn-w4a4')).toEqual([8, ...inner(8, 4), 8]);
  expect(bits('mlperf-tiny-dscnn-w4a4f4')).toEqual(inner(10, 4));
  expect(bits('mlperf-tiny-dscnn-w2a4f3')).toEqual([3, ...inner(8, 2), 3]);
});

it('has the published widths of MixNet-S in its weights', () => {
  const entry = ZOO.find((e) => e.name === 'riair-mixnet-s');
  const graph = openZoo('riair-mixnet-s-published');
  expect(graphWeights(graph).map((w) => w.bits)).toEqual(entry?.publishedWidths?.map((w) => w.weights));
});

it('describes at another input size', () => {
  const small = ZOO.find((e) => e.name === 'resnet18')!.describe([3, 64, 64]);
  expect(countNetwork(small).params).toBe(11_689_512);
  expect(graphMacs(openZoo('resnet18-w4a4', { input: [3, 64, 64] }))).toBe(countNetwork(small).macs);
});
