/** Variations of the presets that press the compiler where it is tight: tiny memories, one plane, no double buffering, odd geometry. */

import type { Machine } from '../../isa/machine/schema.ts';
import { MAIN_PRESETS } from './presets.ts';

/** A machine drawn from a seed's generator; every field stays legal. */
export function randomMachine(random: () => number): Machine {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const base = pick(Object.values(MAIN_PRESETS));
  const { core } = base;
  const matrix =
    core.matrix.kind === 'digital-cim'
      ? {
          ...core.matrix,
          macros: pick([1, 2, 3, 5, 16]),
          rows: pick([4, 8, 64]),
          columns: pick([8, 16, 64]),
          rowsAtOnce: 4,
          macroAdder: { ...core.matrix.macroAdder, fanIn: pick([1, 2, 4]) },
          planes: pick([1, 2] as const),
        }
      : { ...core.matrix, rows: pick([4, 16]), columns: pick([4, 16]), planes: pick([1, 2] as const) };
  return {
    ...base,
    name: `${base.name}-varied`,
    core: {
      ...core,
      matrix,
      scratchpad: { ...core.scratchpad, sizeBytes: pick([1024, 2048, 4096, 16384]) },
      accumulators: {
        ...core.accumulators,
        sizeBytes: pick([256, 1024, 4096]),
        widthBits: pick([24, 32, 48] as const),
      },
      dma: { ...core.dma, channels: pick([1, 2, 4, 6]) },
    },
    buffer: { ...base.buffer, sizeBytes: pick([256, 2048, 65536]) },
    capabilities: {
      ...base.capabilities,
      weightPlanes: random() < 0.7,
      doubleBuffering: random() < 0.7,
      weightResidency: random() < 0.7,
    },
  };
}
