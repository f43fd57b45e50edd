/** The decisions of a finished plan, in the form in which they can be pinned: compiled with all of them, a network gives the same program. */
import type { Kernel } from '../lower/kernel.ts';
import { partsOf } from '../lower/kernel.ts';
import { at } from '../lower/layout.ts';
import { decisionOf } from './array-pins.ts';
import { type Decisions, dimNames, type LayerDecisions, type NetworkDecisions, SUMMED } from './decisions.ts';
import { costOf } from './matmul.ts';
import { homeOf } from './pinned.ts';
import { constantNames, layerNames } from './pins.ts';
import type { ReportInput } from './report.ts';
import { sumsInSlices } from './summed.ts';

export function decisionsOf(input: ReportInput): Decisions {
  const { full, memory, machine } = input;
  const names = layerNames(full.kernels);
  const layers = full.kernels.flatMap((kernel, k): LayerDecisions[] => {
    const own = layerDecisions(input, kernel, k, at(names, k));
    return Object.keys(own).length > 1 ? [own] : [];
  });
  const parameters = Object.fromEntries(
    [...constantNames(full, machine)].map(([constant, name]) => [
      name,
      memory.constants.has(constant) ? ('scratchpad' as const) : ('dram' as const),
    ]),
  );
  return { network: networkDecisions(input), bands: input.bands, parameters, layers };
}

function networkDecisions({ full, memory, cores, weights, machine, copies }: ReportInput): NetworkDecisions {
  const stay = weights.resident ? 'arrays' : weights.kept ? 'buffer' : 'nowhere';
  const hasWeights = full.kernels.some((k) => k.kind === 'matmul' && !k.matmul.dynamic);
  return {
    ...(machine.cores > 1 ? { cores: cores.over } : {}),
    ...(hasWeights ? { weights: stay } : {}),
    ...(machine.capabilities.doubleBuffering ? { parametersAhead: memory.prefetch } : {}),
    copies,
  };
}

function layerDecisions(input: ReportInput, kernel: Kernel, k: number, layer: string): LayerDecisions {
  const { full, memory, choices, cores, weights, layers, machine } = input;
  const { buffer } = at(full.outputs, k);
  const fixed = at(full.buffers, buffer).fixed !== null;
  const home = fixed ? {} : { result: homeOf(at(memory.homes.spaces, buffer)) };
  const plan = at(memory.homes.plans, k);
  const dims = dimNames(kernel.shape.length);
  const { dim } = at(cores.splits, k);
  const split = machine.cores > 1 ? { cores: dim === null ? 'none' : at(dims, dim) } : {};
  if (plan === null || kernel.kind === 'copy') return { layer, ...split, ...home };
  const joins = partsOf(kernel).filter((part) => part !== kernel.layer.name);
  const summed = sumsInSlices(kernel) ? { [SUMMED]: plan.summed ?? kernel.matmul.k } : {};
  const tile = { ...Object.fromEntries(plan.sizes.map((size, d) => [at(dims, d), size])), ...summed };
  const order = plan.order.map((d) => at(dims, d));
  const choice = at(choices, k);
  const streams = kernel.kind === 'matmul' && !kernel.matmul.dynamic && !weights.resident && !weights.kept;
  const way = weights.staged.has(layers.indexOf(kernel)) ? 'buffer' : 'dram';
  return {
    layer,
    joins,
    ...split,
    tile,
    order,
    ...home,
    beside: memory.homes.beside[k] === true,
    ...(choice === null ? {} : { arrays: decisionOf(choice.mapping) }),
    ...(streams ? { weights: way } : {}),
    estimate: {
      tiles: plan.tiles,
      tileCycles: Math.round(plan.costCycles),
      ...(choice === null ? {} : { productCycles: Math.round(costOf(choice, weights.resident)) }),
    },
  };
}
