/**
 * Mappings of all matrix products together, because they share the arrays. When every weight tile of the network fits at once, the
 * spare macros go, one step at a time, to the layer that gains most cycles per macro (wider grids, replicas), as long as
 * all tiles still fit: weights are then written once and can stay. When they do not fit, each layer takes its own best. Products of computed
 * operands write what they need each time, in macros that are left for them.
 */
import { matrixGeometry, usablePlanes } from '../../isa/machine/geometry.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import type { Kernel, MatmulKernel } from '../lower/kernel.ts';
import { channelDim, positionDims } from '../lower/kernels/matmul.ts';
import type { WeightTable } from '../lower/kernels/matmul-spec.ts';
import { at } from '../lower/layout.ts';
import type { WeightHome } from './mapping-cost.ts';
import type { Alike, MappingChoice, Scored } from './matmul.ts';
import { cheapest, explain, macrosOf, pinned, scoreMappings } from './matmul.ts';
import type { Pins } from './pinned.ts';
import type { TilePlan } from './tiles.ts';

interface Layer {
  /** Kernels with the same weights, which share their place in the arrays and so the mapping: bands of one layer. */
  readonly members: readonly number[];
  /** All mappings, those of fewest macros first. */
  readonly options: readonly Scored[];
  chosen: Scored;
}

/**
 * One choice per kernel, null where there is no matrix product.
 * @param stages by kernel, where each stage of a pipeline has arrays of its own
 */
export function chooseMappings(
  kernels: readonly Kernel[],
  plans: readonly (TilePlan | null)[],
  machine: Machine,
  pins?: Pins,
  stages: readonly number[] = [],
): (MappingChoice | null)[] {
  const out: (MappingChoice | null)[] = kernels.map(() => null);
  for (const stage of stages.length === 0 ? [0] : new Set(stages)) {
    const own = plans.map((plan, k) => ((stages[k] ?? 0) === stage ? plan : null));
    chooseTogether(kernels, own, machine, pins).forEach((choice, k) => {
      if (choice !== null) out[k] = choice;
    });
  }
  return out;
}

/** For kernels with a plan, which share the arrays. */
function chooseTogether(
  kernels: readonly Kernel[],
  plans: readonly (TilePlan | null)[],
  machine: Machine,
  pins: Pins | undefined,
): (MappingChoice | null)[] {
  const matmuls = kernels.flatMap((kernel, index) => {
    const plan = plans[index] ?? null;
    return kernel.kind === 'matmul' && plan !== null ? [{ kernel, index, plan }] : [];
  });
  const alike: Alike = new Map();
  const scored = (kernel: MatmulKernel, plan: TilePlan, index: number, home: WeightHome = 'dram') =>
    scoreMappings(kernel, plan, machine, true, home, pins?.kernels[index], alike);
  const layers = sharing(matmuls, pins).map((group): Layer => {
    const { kernel, plan, index } = smallest(group);
    const options = scored(kernel, plan, index);
    const least = Math.min(...options.map(cells));
    const fewest = options.filter((o) => cells(o) === least);
    return { members: group.map((g) => g.index), options, chosen: fastest(fewest) ?? at(options, 0) };
  });
  const computed = matmuls
    .filter(({ kernel }) => kernel.matmul.dynamic)
    .map(({ kernel, index, plan }) => ({ index, options: scored(kernel, plan, index) }));
  const least = Math.max(0, ...computed.map(({ options }) => Math.min(...options.map((o) => macrosOf(o.mapping)))));
  const wanted = pins?.network.weights;
  const fits = layers.every((l) => l.options.length > 0) && freeRun(layers, machine) >= least;
  const resident = machine.capabilities.weightResidency && (wanted ?? 'arrays') === 'arrays' && fits;
  const out: (MappingChoice | null)[] = kernels.map(() => null);
  let spare = 0;
  for (const { index, options } of computed) {
    const chosen = resident ? amongFree(options, freeRun(layers, machine)) : at(options, 0);
    spare = Math.max(spare, macrosOf(chosen.mapping));
    out[index] = explain(
      chosen,
      options,
      pinned('the second operand is written for each matrix', pins?.kernels[index]),
    );
  }
  if (resident) grow(layers, Math.min(2 * spare, freeRun(layers, machine)), machine);
  const home = wanted === 'buffer' ? 'buffer' : wanted === 'nowhere' ? 'dram' : weightHome(layers, kernels, machine);
  const streamed = layers.map(({ members, options }) => {
    const { kernel, plan, index } = smallest(matmuls.filter((m) => members.includes(m.index)));
    const own = pins?.kernels[index];
    return cheapest(home === 'dram' ? options : scored(kernel, plan, index, home), home, own);
  });
  const stay = resident && (wanted === 'arrays' || !worthWriting(layers, streamed));
  layers.forEach(({ members, chosen, options }, i) => {
    const state = pinned('all weights stay in the arrays', pins?.kernels[at(members, 0)]);
    const choice = stay ? explain(chosen, options, state, true) : at(streamed, i);
    for (const index of members) out[index] = choice;
  });
  return out;
}

interface Product {
  readonly kernel: MatmulKernel;
  readonly index: number;
  readonly plan: TilePlan;
}

/** Products with constant weights, those together that have the same and are cut alike along their outputs. */
function sharing(products: readonly Product[], pins: Pins | undefined): readonly (readonly Product[])[] {
  const groups = new Map<WeightTable | undefined, Map<string, Product[]>>();
  const all: Product[][] = [];
  for (const product of products) {
    const { kernel, index, plan } = product;
    if (kernel.matmul.dynamic) continue;
    const [weights] = kernel.matmul.parts;
    const alike = groups.get(weights) ?? new Map<string, Product[]>();
    groups.set(weights, alike);
    const key = JSON.stringify([plan.sizes[channelDim(kernel)], pins?.kernels[index]?.arrays]);
    const known = alike.get(key);
    if (known !== undefined) known.push(product);
    else all.push([product]);
    alike.set(key, known ?? at(all, all.length - 1));
  }
  return all;
}

/** The one of fewest positions a tile: what it can have, the others can. */
function smallest(group: readonly Product[]): Product {
  const positions = ({ kernel, plan }: Product): number =>
    positionDims(kernel).reduce((n, d) => n * at(plan.sizes, d), 1);
  return group.reduce((least, p) => (positions(p) < positions(least) ? p : least));
}

/** Share of the global buffer that weights are taken to find free beside activations. */
const BUFFER_SHARE = 0.5;

/** Where weights that leave the arrays would be: in the global buffer where they all fit, and a DMA channel of their own has brought them (lower/staging.ts). */
function weightHome(layers: readonly Layer[], kernels: readonly Kernel[], machine: Machine): WeightHome {
  const bits = layers.reduce((sum, { members, chosen }) => {
    const kernel = at(kernels, at(members, 0));
    if (kernel.kind !== 'matmul') return sum;
    return sum + chosen.mapping.kTile * chosen.mapping.nTile * chosen.cost.weightTiles * kernel.matmul.weightBits;
  }, 0);
  const stays = machine.capabilities.weightResidency && machine.cores === 1 && machine.core.dma.channels > 3;
  return stays && bits / 8 <= machine.buffer.sizeBytes * BUFFER_SHARE ? 'buffer' : 'dram';
}

/** By how much writing must be faster than weights that stay, by estimate: it costs energy, and the estimate knows nothing of waiting. */
const CLEARLY_FASTER = 0.7;

/** Whether arrays that every layer has to itself, with as many copies as it likes, make up for writing its weights each time. */
function worthWriting(layers: readonly Layer[], streamed: readonly MappingChoice[]): boolean {
  const total = (one: (layer: Layer, i: number) => number) =>
    layers.reduce((n, layer, i) => n + one(layer, i) * layer.members.length, 0);
  const written = total((_, i) => at(streamed, i).cost.totalCycles);
  return written < CLEARLY_FASTER * total((l) => cycles(l.chosen));
}

/** The cheapest mapping of which two tiles find room, so that one is written while the other computes; or one. */
function amongFree(options: readonly Scored[], free: number): Scored {
  const within = (room: number) => options.find((o) => macrosOf(o.mapping) <= room);
  return within(Math.floor(free / 2)) ?? within(free) ?? at(options, 0);
}

/** Cycles of a layer whose weights are in place. */
function cycles(s: Scored): number {
  return s.cost.residentCycles;
}

function fastest(options: readonly Scored[]): Scored | undefined {
  return options.reduce<Scored | undefined>(
    (best, o) => (best === undefined || cycles(o) < cycles(best) ? o : best),
    undefined,
  );
}

/** Macro-planes that a layer's weights take. */
function cells(s: Scored): number {
  return macrosOf(s.mapping) * s.cost.weightTiles;
}

/** First fit of all tiles into the planes, in order, as the weights will be placed: the longest run of macros that is left, -1 where they do not fit. */
function freeRun(layers: readonly Layer[], machine: Machine): number {
  const { macros } = matrixGeometry(machine.core.matrix);
  const free = new Array<number>(usablePlanes(machine)).fill(macros);
  for (const { chosen } of layers) {
    const size = macrosOf(chosen.mapping);
    for (let t = 0; t < chosen.cost.weightTiles; t++) {
      const plane = free.findIndex((f) => f >= size);
      if (plane < 0) return -1;
      free[plane] = (free[plane] ?? 0) - size;
    }
  }
  return Math.max(...free);
}

/** Gives spare macros to the best step until none helps or fits. */
function grow(layers: readonly Layer[], spare: number, machine: Machine): void {
  for (;;) {
    let best: { readonly layer: Layer; readonly option: Scored; readonly gain: number } | null = null;
    for (const layer of layers) {
      const now = layer.chosen;
      for (const option of layer.options) {
        const saved = (cycles(now) - cycles(option)) * layer.members.length;
        if (saved <= 0) continue;
        const gain = saved / Math.max(1, cells(option) - cells(now));
        if (best !== null && gain <= best.gain) continue;
        layer.chosen = option;
        if (freeRun(layers, machine) >= spare) best = { layer, option, gain };
        layer.chosen = now;
      }
    }
    if (best === null) return;
    best.layer.chosen = best.option;
  }
}
