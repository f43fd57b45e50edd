/** How many instructions a network may have in front of loops: what is longer is refused by the layers that make it long. */
import { CapacityError } from '../../isa/base/errors.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import type { Step } from './draft.ts';
import type { Kernel } from './kernel.ts';
import { at } from './layout.ts';

/** Each takes some 6 KB while waits are found: more would take more than 4 GiB. */
export const MOST_STEPS = 2 ** 19;

/** Throws CapacityError, which names the longest layers, for more than `MOST_STEPS` instructions; what makes them fewer is room for larger tiles. */
export function requireSteps(steps: readonly Step[], layers: readonly Kernel[], { name }: Machine): void {
  if (steps.length <= MOST_STEPS) return;
  const counts = layers.map(() => 0);
  for (const { layer } of steps) counts[layer] = (counts[layer] ?? 0) + 1;
  const longest = counts
    .map((amount, i) => ({ kernel: at(layers, i), amount }))
    .sort((a, b) => b.amount - a.amount)
    .filter(({ amount }) => amount > 0);
  const product = longest[0]?.kernel.kind === 'matmul';
  throw new CapacityError(`the network is ${steps.length} instructions on ${name}, before loops are found`, {
    needed: steps.length,
    available: MOST_STEPS,
    unit: 'instructions',
    knob: product ? 'core.accumulators.sizeBytes' : 'core.scratchpad.sizeBytes',
    consumers: longest.map(({ kernel, amount }) => ({ name: kernel.layer.name, amount })),
    code: 'E-CAPACITY-STEPS',
  });
}
