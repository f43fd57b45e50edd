/**
 * Whole machines: networks and matrix products compiled for a preset and simulated, beside what chip and RTL did. Nothing was fitted: the presets hold published
 * dimensions and clocks, and assumptions that were made before. Leaves out hosts: what they do before and after the array.
 */
import { runPasses } from '../../compiler/passes/pipeline.ts';
import { createRandom } from '../../isa/base/random.ts';
import { eyerissLike } from '../../isa/machine/presets/eyeriss-like.ts';
import { gemmini16x16 } from '../../isa/machine/presets/gemmini-16x16.ts';
import { tpuV1 } from '../../isa/machine/presets/tpu-v1.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import type { SimResult } from '../../sim/result.ts';
import { simulate } from '../../sim/timing/simulate.ts';
import { compileModel } from '../run/model.ts';
import { singleSection } from '../workloads/blocks.ts';
import { buildNetwork } from '../workloads/build.ts';
import { countNetwork } from '../workloads/count.ts';
import { SectionBuilder } from '../workloads/describe.ts';
import type { Chw } from '../workloads/entry.ts';
import type { Value } from '../workloads/layers.ts';
import { parseRecipe } from '../workloads/recipe.ts';
import { makeRow, type Row } from './row.ts';

export function systemRows(): Row[] {
  return [...tpuRows(), ...gemminiRows(), ...eyerissRows()];
}

interface Outcome {
  readonly result: SimResult;
  /** Of the whole batch. */
  readonly macs: number;
}

/** INT8, steady state, weights streamed where the machine keeps none. `layers` gives the last value of the network. */
function run(name: string, machine: Machine, batch: number, layers: (s: SectionBuilder) => Value): Outcome {
  const builder = new SectionBuilder('net');
  const network = singleSection(builder.finish([layers(builder)]));
  const options = { name, recipe: parseRecipe('w8a8'), batch, random: createRandom(1) };
  const graph = runPasses(buildNetwork(network, options)[0]!.graph);
  const { program, steadyProgram } = compileModel({ name, hash: '', graph, notes: [] }, machine);
  const result = simulate(steadyProgram ?? program, machine, { warmCode: true });
  return { result, macs: batch * countNetwork(network).macs };
}

/** Tables 1 and 3 of the paper. Layer sizes are not published: equal layers that give its weights and operations per weight byte. */
const TPU_APPS = [
  {
    name: 'MLP0',
    batch: 200,
    tops: 12.3,
    active: 12.7,
    weights: 53.9 + 15.9,
    layers: equalProducts(5, 2000),
    as: '5 x 2000 x 2000',
  },
  {
    name: 'MLP1',
    batch: 168,
    tops: 9.7,
    active: 10.6,
    weights: 44.2 + 13.4,
    layers: equalProducts(4, 1118),
    as: '4 x 1118 x 1118',
  },
  {
    name: 'CNN0',
    batch: 8,
    tops: 86,
    active: 78.2,
    weights: 0,
    layers: equalConvolutions(16, 236),
    as: '16 x 3x3, 236 channels, 19x19',
  },
] as const;
const TPU_BAND = 25;

export function tpuRows(): Row[] {
  return TPU_APPS.flatMap((app) => {
    const { result, macs } = run(app.name, tpuV1, app.batch, app.layers);
    const matrix = result.units.find((u) => u.kind === 'matrix')!;
    const writes = result.units.find((u) => u.kind === 'write')!;
    const common = {
      group: 'systems',
      reference: 'TPUv1',
      use: 'held-out',
      bandPercent: TPU_BAND,
      read: `Tables 1 and 3; layers assumed: ${app.as}`,
    } as const;
    const share = (cycles: number) => (100 * cycles) / result.cycles;
    return [
      makeRow({
        ...common,
        quantity: `${app.name}, batch ${app.batch}`,
        unit: 'TOPS',
        published: app.tops,
        ours: (2 * macs) / result.latencyPs,
        note:
          app.name === 'CNN0'
            ? 'published active cycles (78.2 %) of the peak are 71.9 TOPS: its tables do not agree'
            : '',
      }),
      makeRow({
        ...common,
        quantity: `${app.name}, array active`,
        unit: '% of cycles',
        published: app.active,
        ours: share(matrix.busyCycles),
        note: app.name === 'MLP1' ? 'the assumed 1118 is 4.4 arrays wide and takes 5' : '',
      }),
      makeRow({
        ...common,
        use: 'listed',
        quantity: `${app.name}, waiting for weights and shifting them`,
        unit: '% of cycles',
        published: app.weights,
        ours: share(matrix.stallCycles.semaphore ?? 0),
        note: `all that the matrix unit waits for; weights are being written in ${share(writes.busyCycles).toFixed(0)} %`,
      }),
    ];
  });
}

function equalProducts(count: number, width: number) {
  return (s: SectionBuilder): Value => {
    let x = s.input([width]);
    for (let i = 0; i < count; i++) x = s.linear(x, `fc${i}`, width, { act: 'relu' });
    return x;
  };
}

function equalConvolutions(count: number, channels: number) {
  return (s: SectionBuilder): Value => {
    let x = s.input([channels, 19, 19]);
    for (let i = 0; i < count; i++) x = s.conv(x, `conv${i}`, { kernel: 3, out: channels, act: 'relu' });
    return x;
  };
}

/** M, K, N, cycles of the RTL. */
const GEMMINI = [
  [64, 64, 64, 3_810],
  [128, 128, 128, 10_530],
  [256, 256, 256, 69_653],
  [16, 512, 512, 32_506],
  [512, 512, 64, 74_413],
  [512, 512, 512, 543_240],
] as const;
const GEMMINI_BAND = 12;

export function gemminiRows(): Row[] {
  return GEMMINI.map(([m, k, n, published]) => {
    const name = `${m}x${k}x${n}`;
    const { result } = run(name, gemmini16x16, m, (s) => s.linear(s.input([k]), 'fc', n));
    return makeRow({
      group: 'systems',
      reference: 'Gemmini RTL',
      quantity: `matrix product ${name}`,
      unit: 'cycles',
      published,
      ours: result.cycles,
      use: 'held-out',
      bandPercent: GEMMINI_BAND,
      read: 'Verilator, GemminiRocketConfig, INT8, weight stationary; secondary',
      note: m * k * n <= 64 ** 3 ? 'the host core sets up loops and addresses for some 2,000 cycles: not modelled' : '',
    });
  });
}

/** Layer, input, kernel, outputs, stride, pad, groups; active elements, processing ms, DRAM MB, of a batch of 4. */
const EYERISS = [
  ['CONV1', [3, 227, 227], 11, 96, 4, 0, 1, 154, 16.5, 5],
  ['CONV2', [96, 27, 27], 5, 256, 1, 2, 2, 135, 39.2, 4],
  ['CONV3', [256, 13, 13], 3, 384, 1, 1, 1, 156, 21.8, 3],
  ['CONV4', [384, 13, 13], 3, 384, 1, 1, 2, 156, 16, 2.1],
  ['CONV5', [384, 13, 13], 3, 256, 1, 1, 2, 156, 10, 1.3],
] as const satisfies readonly (readonly [string, Chw, ...number[]])[];
const EYERISS_BATCH = 4;

/** Listed only: row stationary, 16 bits and run-length coded, where the preset is weight stationary, 8 bits and plain. */
function eyerissRows(): Row[] {
  return EYERISS.flatMap(([layer, input, kernel, out, stride, pad, groups, active, ms, dramMb]) => {
    const { result, macs } = run(layer, eyerissLike, EYERISS_BATCH, (s) =>
      s.conv(s.input(input), layer, { kernel, out, stride, pad, groups, act: 'relu' }),
    );
    const bytes = result.traffic
      .filter((t) => t.boundary === 'dram')
      .reduce((n, t) => n + t.readBytes + t.writeBytes, 0);
    const common = {
      group: 'systems',
      reference: 'Eyeriss',
      use: 'listed',
      read: 'JSSC 2017, Tables III to V; secondary',
    } as const;
    const mhz = eyerissLike.clocks.coreMhz;
    return [
      makeRow({
        ...common,
        quantity: `AlexNet ${layer}, processing`,
        unit: 'ms',
        published: ms,
        ours: result.latencyPs / 1e9,
        note: `weight stationary, not row stationary; its ${active} active elements need ${(macs / active / mhz / 1e3).toFixed(1)} ms`,
      }),
      makeRow({
        ...common,
        quantity: `AlexNet ${layer}, DRAM`,
        unit: 'MB',
        published: dramMb,
        ours: (2 * bytes) / 1e6,
        note: 'ours doubled, for 16 bits; theirs after run-length coding',
      }),
    ];
  });
}
