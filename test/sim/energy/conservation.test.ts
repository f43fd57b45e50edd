/** Counts of the timed run against counts made element by element in the untimed run, and energy as those counts times prices. */
import { describe, expect, it } from 'vitest';
import { compile } from '../../../compiler/compile.ts';
import { GraphBuilder } from '../../../compiler/graph/builder.ts';
import type { Graph } from '../../../compiler/graph/types.ts';
import { ACTION_NAMES, type ActionName } from '../../../isa/demand/actions.ts';
import { edgeDcim28nm } from '../../../isa/machine/presets/edge-dcim-28nm.ts';
import type { Machine } from '../../../isa/machine/schema.ts';
import type { ArrayDescriptor } from '../../../isa/tensor.ts';
import { energy } from '../../../sim/energy/energy.ts';
import { priceList } from '../../../sim/energy/price-list.ts';
import { execute } from '../../../sim/exec/execute.ts';
import type { SimResult } from '../../../sim/result.ts';
import { simulate } from '../../../sim/timing/simulate.ts';
import { prepareModel } from '../../../src/run/prepare.ts';
import { randomInputs, seeded } from '../../harness/differential.ts';
import { bytesOf, digitsModel } from '../../harness/models.ts';
import { MAIN_PRESETS } from '../../harness/presets.ts';
import { randomGraph } from '../../harness/random-graphs.ts';
import { randomMachine } from '../../harness/random-machines.ts';
import { Counter } from './counted.ts';

/** What only time decides: how many rows DRAM opens, how often it refreshes, what is fetched again. */
const OF_TIME: readonly ActionName[] = ['dram.activate', 'dram.refresh', 'seq.fetchBit'];

function check(graph: Graph, machine: Machine, seed: number): SimResult {
  const { program } = compile(graph, machine);
  const counter = new Counter(program, machine);
  execute(program, machine, randomInputs(graph, seeded(seed)), {
    trace: (_core, at) => counter.count(at.instruction, at.registers),
  });
  const timed = simulate(program, machine);
  // Fetched bits come from DRAM over the link, beside what instructions move.
  const fetched = timed.actions['seq.fetchBit'];
  for (const name of ACTION_NAMES) {
    if (OF_TIME.includes(name)) continue;
    const more = name === 'dram.readBit' || name === 'link.bit' ? fetched : 0;
    expect(timed.actions[name], `${name}, seed ${seed}, ${machine.name}`).toBe(counter.actions[name] + more);
  }
  return timed;
}

/** Every row of the result from the counts of the run and nothing else. */
function checkEnergy(timed: SimResult, machine: Machine): void {
  const prices = priceList(machine);
  const e = energy(timed, prices);
  let total = 0;
  for (const name of ACTION_NAMES) {
    const fj = Math.round(timed.actions[name] * prices.actions[name].value);
    expect(e.byAction[name]!.energyFj).toBe(fj);
    total += fj;
  }
  const busy = (kind: string) => timed.units.filter((u) => u.kind === kind).reduce((n, u) => n + u.busyCycles, 0);
  for (const [name, price] of Object.entries(prices.clocks)) {
    const fj = Math.round((name === 'clock.always' ? timed.cycles : busy(name.slice(6))) * price.value);
    expect(e.byAction[name]!.energyFj).toBe(fj);
    total += fj;
  }
  for (const price of [...Object.values(prices.leakage), prices.dramBackground])
    total += Math.round(timed.latencyPs * (price.value * 1e-6));
  expect(e.totalFj).toBe(total);
}

describe.each(Object.values(MAIN_PRESETS))('on $name', (machine) => {
  // On the tiny machine bytes take seconds to count one by one.
  const models = ['w2a4.qonnx', 'w1a2.qonnx', ...(machine.name === 'teach-8x8' ? [] : ['int8.qdq', 'int4.qdq'])];

  it.each(models as Parameters<typeof digitsModel>[0][])('digits %s: counts and energy', (model) => {
    const { graph } = prepareModel(bytesOf(digitsModel(model)), model);
    const timed = check(graph, machine, 1);
    expect(timed.actions['mac.bit'] + timed.actions['systolic.mac']).toBeGreaterThan(100_000);
    checkEnergy(timed, machine);
  });
});

/** M x 600 times 600 x n at 4 bits: three macros deep; 80 outputs are two macros wide. */
function product(m: number, n: number): Graph {
  const int = (bits: number) => ({ kind: 'int', bits, coding: 'signed' }) as const;
  const b = new GraphBuilder('one matmul');
  const x = b.input('x', { element: int(4), shape: [m, 600] });
  const data = Int32Array.from({ length: 600 * n }, (_, i) => ((i * 7) % 16) - 8);
  const w = b.constant({ type: { element: int(4), shape: [600, n] }, data });
  return b.finish([b.add('matmul', [x, w], { xZero: 0, wZero: Int32Array.of(0) })]);
}

it.each([
  [4, 80, (a: ArrayDescriptor) => a.gridK > 1 && a.gridN > 1],
  [256, 8, (a: ArrayDescriptor) => a.replicas > 1],
])('a product of %i x 600 x %i: over a grid of macros and copies of it', (m, n, wanted) => {
  const graph = product(m, n);
  expect(compile(graph, edgeDcim28nm).program.arrays.some(wanted)).toBe(true);
  checkEnergy(check(graph, edgeDcim28nm, 1), edgeDcim28nm);
});

it('random graphs on presets and on odd machines: counts and energy', () => {
  let compared = 0;
  for (let seed = 1; seed <= 24; seed++) {
    const random = seeded(seed);
    const machine = seed % 2 === 0 ? randomMachine(random) : Object.values(MAIN_PRESETS)[seed % 3]!;
    const graph = randomGraph(seed);
    // Which rows a gather reads is data; the timed run takes them to be distinct.
    if (graph.nodes.some((n) => n.op === 'gather')) continue;
    let timed: SimResult;
    try {
      timed = check(graph, machine, seed);
    } catch (error) {
      if ((error as { name?: string }).name === 'CapacityError') continue;
      throw error;
    }
    checkEnergy(timed, machine);
    compared += 1;
  }
  expect(compared).toBeGreaterThan(16);
});
