/**
 * Laws of every run, counted on small networks of random weights on every preset: how many checks were made and how many failed. The networks are drawn from a
 * seed and built here, so that the command needs no files.
 */
import { GraphBuilder } from '../../compiler/graph/builder.ts';
import { type Graph, sizeOf } from '../../compiler/graph/types.ts';
import { runPasses } from '../../compiler/passes/pipeline.ts';
import { createRandom, type Random } from '../../isa/base/random.ts';
import { PRESETS } from '../../isa/machine/presets/index.ts';
import { execute } from '../../sim/exec/execute.ts';
import { checkOrder } from '../../sim/order/check.ts';
import { simulate } from '../../sim/timing/simulate.ts';
import { compileModel, type Model } from '../run/model.ts';
import { randomInputs } from '../run/random-inputs.ts';
import { buildResult } from '../run/result.ts';
import { type DesignPoint, simulatePoint } from '../run/simulate-model.ts';
import { makeRow, type Row } from './row.ts';

const SEED = 1;
const NETWORKS = 3;

/** One law: what it says, and for one design point how many checks it makes and how many fail. */
interface Law {
  readonly says: string;
  readonly check: (model: Model, point: DesignPoint) => readonly boolean[];
}

const LAWS: readonly Law[] = [
  {
    says: 'causes, layers and the critical path each add up to the cycles',
    check: (model, point) => {
      const r = resultOf(model, point);
      const { criticalPath, latencyPs } = point.result;
      const end = criticalPath.reduce((at, p) => (p.startPs === at ? p.endPs : NaN), 0);
      return [
        sum(Object.values(r.causes)) === r.cycles,
        sum(r.layers.map((l) => l.cycles)) === r.cycles,
        end === latencyPs,
      ];
    },
  },
  {
    says: 'every unit is busy, stalled or idle in every cycle',
    check: (model, point) =>
      Object.values(resultOf(model, point).units).map(
        (u) => u.busy + sum(Object.values(u.stalls)) + u.idle === u.total,
      ),
  },
  {
    says: 'bytes of the timed ledger = bytes at the addresses that the run with data touched',
    check: (model, point) => {
      const inputs = randomInputs(model.graph, createRandom(SEED));
      const { moved } = execute(point.compiled.program, point.machine, inputs, { countBytes: true });
      const text = (
        rows: readonly { boundary: string; role: string; layer: number; readBytes: number; writeBytes: number }[],
      ) =>
        rows
          .filter((r) => r.role !== 'instructions')
          .map((r) => `${r.boundary} ${r.role} ${r.layer} ${r.readBytes} ${r.writeBytes}`)
          .sort((a, b) => (a < b ? -1 : 1));
      const [timed, touched] = [text(point.cold.traffic), text(moved!)];
      return timed.length === touched.length ? timed.map((t, i) => t === touched[i]) : [false];
    },
  },
  {
    says: 'energy = counts x prices, and the parts add up to the total',
    check: (model, point) => {
      const { energyFj } = resultOf(model, point);
      const actions = Object.values(energyFj.byAction);
      return [
        ...actions.map((a) => Math.abs(a.energyFj - a.count * a.priceFj) <= 0.5 + 1e-9 * a.energyFj),
        sum(actions.map((a) => a.energyFj)) === energyFj.total,
      ];
    },
  },
  {
    says: 'no run beats its bound',
    check: (_model, { result, cold, bounds }) => [
      result.cycles >= bounds.boundCycles,
      result.cycles >= bounds.dramCycles,
      cold.cycles >= bounds.computeCycles,
    ],
  },
  {
    says: 'the program is ordered by its semaphores alone, and events of one instant may come in any order',
    check: (_model, { compiled, machine, cold }) => [
      checkOrder(compiled.program, machine).length === 0,
      ...[1, 2].map(
        (shuffleSeed) => JSON.stringify(simulate(compiled.program, machine, { shuffleSeed })) === JSON.stringify(cold),
      ),
    ],
  },
];

export function lawRows(): Row[] {
  const points = Array.from({ length: NETWORKS }, (_, i) => i).flatMap((i) => {
    const graph = runPasses(network(createRandom(SEED + i)));
    const model: Model = { name: `network ${i}`, hash: '', graph, notes: [] };
    return Object.values(PRESETS).map((machine) => ({
      model,
      point: simulatePoint(compileModel(model, machine), machine),
    }));
  });
  return LAWS.map(({ says, check }) => {
    const results = points.flatMap(({ model, point }) => check(model, point));
    return makeRow({
      group: 'laws',
      reference: 'law',
      quantity: says,
      unit: 'violations',
      published: 0,
      ours: results.filter((ok) => !ok).length,
      use: 'exact',
      read: 'must hold',
      note: `${results.length} checks on ${points.length} design points`,
    });
  });
}

function resultOf(model: Model, point: DesignPoint) {
  return buildResult(model, point, { seed: SEED, overrides: [], warnings: [] });
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((n, v) => n + v, 0);
}

/** Convolution, pool and matrix product at drawn widths and sizes. */
function network(random: Random): Graph {
  const builder = new GraphBuilder('network');
  const bits = random.pick([2, 4, 8]);
  const channels = random.int(2, 6);
  const size = random.pick([8, 12]);
  const x = builder.input('x', {
    element: { kind: 'int', bits, coding: 'unsigned' },
    shape: [1, channels, size, size],
  });
  const weights = (shape: readonly number[], width: number) =>
    builder.constant({
      type: { element: { kind: 'int', bits: width, coding: 'signed' }, shape },
      data: Int32Array.from({ length: sizeOf(shape) }, () => random.int(-(2 ** (width - 1)), 2 ** (width - 1) - 1)),
    });
  const outputs = random.int(4, 20);
  const window = { kernel: [3, 3], strides: [1, 1], dilations: [1, 1], pads: [1, 1, 1, 1] } as const;
  const wZero = Int32Array.of(0);
  const conv = builder.add(
    'conv',
    [x, weights([outputs, channels, 3, 3], random.pick([1, 2, 4, 8]))],
    { window, groups: 1, xZero: 0, wZero },
    { name: 'conv' },
  );
  const spec = { mode: 'float32', scale: Float32Array.of(2 ** -random.int(3, 6)), zeroPoint: 0 } as const;
  const element = { kind: 'int', bits: 4, coding: 'unsigned' } as const;
  const codes = builder.add('requantize', [conv], { spec, axis: 1, relu: true }, { element });
  const pool = { kernel: [2, 2], strides: [2, 2], dilations: [1, 1], pads: [0, 0, 0, 0] } as const;
  const pooled = builder.add('maxpool', [codes], { window: pool });
  const features = outputs * (size / 2) ** 2;
  const flat = builder.add('reshape', [pooled], {}, { shape: [1, features] });
  return builder.finish([
    builder.add('matmul', [flat, weights([features, 10], 4)], { xZero: 0, wZero }, { name: 'matmul' }),
  ]);
}
