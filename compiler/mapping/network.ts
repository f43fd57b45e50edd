/**
 * Mappings of all matrix products together, because they share the arrays. When every weight tile of the network fits at once, the
 * spare macros go, one step at a time, to the layer that gains most cycles per macro (wider grids, replicas), as long as
 * all tiles still fit: weights are then written once and can stay. When they do not fit, each layer takes its own best.
 */
import { matrixGeometry } from '../../isa/machine/geometry.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import type { Kernel } from '../lower/kernel.ts';
import { at } from '../lower/layout.ts';
import type { MappingChoice, Scored } from './matmul.ts';
import { chooseMapping, explain, macrosOf, scoreMappings } from './matmul.ts';
import type { TilePlan } from './tiles.ts';

interface Layer {
  readonly index: number;
  /** All mappings, those of fewest macros first. */
  readonly options: readonly Scored[];
  chosen: Scored;
}

/** One choice per kernel, null where there is no matrix product. */
export function chooseMappings(
  kernels: readonly Kernel[],
  plans: readonly (TilePlan | null)[],
  machine: Machine,
): (MappingChoice | null)[] {
  const matmuls = kernels.flatMap((kernel, index) => {
    const plan = plans[index] ?? null;
    return kernel.kind === 'matmul' && plan !== null ? [{ kernel, index, plan }] : [];
  });
  const layers = matmuls.map(({ kernel, index, plan }): Layer => {
    const options = scoreMappings(kernel, plan, machine, true);
    const least = Math.min(...options.map(cells));
    const smallest = options.filter((o) => cells(o) === least);
    return { index, options, chosen: fastest(smallest) ?? at(options, 0) };
  });
  const resident =
    machine.capabilities.weightResidency && layers.every((l) => l.options.length > 0) && fits(layers, machine);
  if (resident) grow(layers, machine);
  const out: (MappingChoice | null)[] = kernels.map(() => null);
  matmuls.forEach(({ kernel, index, plan }, i) => {
    out[index] = resident
      ? explain(at(layers, i).chosen, at(layers, i).options, 'all weights stay in the arrays')
      : chooseMapping(kernel, plan, machine, true);
  });
  return out;
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

/** First fit of all tiles into the planes, in order, as the weights will be placed. */
function fits(layers: readonly Layer[], machine: Machine): boolean {
  const { macros, planes } = matrixGeometry(machine.core.matrix);
  const free = new Array<number>(machine.capabilities.weightPlanes ? planes : 1).fill(macros);
  for (const { chosen } of layers) {
    const size = macrosOf(chosen.mapping);
    for (let t = 0; t < chosen.cost.weightTiles; t++) {
      const plane = free.findIndex((f) => f >= size);
      if (plane < 0) return false;
      free[plane] = (free[plane] ?? 0) - size;
    }
  }
  return true;
}

/** Gives spare macros to the best step until none helps or fits. */
function grow(layers: readonly Layer[], machine: Machine): void {
  for (;;) {
    let best: { readonly layer: Layer; readonly option: Scored; readonly gain: number } | null = null;
    for (const layer of layers) {
      const now = layer.chosen;
      for (const option of layer.options) {
        const saved = cycles(now) - cycles(option);
        if (saved <= 0) continue;
        const gain = saved / Math.max(1, cells(option) - cells(now));
        if (best !== null && gain <= best.gain) continue;
        layer.chosen = option;
        if (fits(layers, machine)) best = { layer, option, gain };
        layer.chosen = now;
      }
    }
    if (best === null) return;
    best.layer.chosen = best.option;
  }
}
