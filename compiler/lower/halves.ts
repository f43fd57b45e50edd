/**
 * Halves of a product with sums of the vector unit behind its drain: arrays and drain first, then the vector unit and the drain again. Where the scratch of two
 * tiles fits, the first half runs one tile ahead, so that the drain takes the next tile's products while the vector unit computes what it is to drain after them.
 */
import { TABLE } from '../../isa/instructions/table.ts';
import type { TilePlan } from '../mapping/tiles.ts';
import type { Step } from './draft.ts';
import type { Kernel } from './kernel.ts';

export interface Half {
  readonly part: 'whole' | 'product' | 'epilogue';
  /** Operands that it reads: from the first to in front of the last. */
  readonly firstInput: number;
  readonly endInput: number;
}

/** In the order of their work on one tile: at the same time the first is a tile further. One for most kernels. */
export function halvesOf(kernel: Kernel, { arenaDepth }: TilePlan): readonly Half[] {
  const endInput = kernel.inputs.length;
  if (kernel.kind !== 'matmul' || !kernel.epilogue?.accumulates || arenaDepth < 2)
    return [{ part: 'whole', firstInput: 0, endInput }];
  const { firstInput } = kernel.epilogue;
  return [
    { part: 'product', firstInput: 0, endInput: firstInput },
    { part: 'epilogue', firstInput, endInput },
  ];
}

/** Whether the half reads operand `i`. */
export function reads({ firstInput, endInput }: Half, i: number): boolean {
  return i >= firstInput && i < endInput;
}

/**
 * Independent steps in one order: the drain takes turns, so that no stream's sums wait until all of the other's are drained.
 * @param streams each in the order that it needs
 */
export function interleave(streams: readonly (readonly Step[])[]): Step[] {
  const turns = streams.flatMap((steps) => {
    const pieces = upToDrains(steps);
    return pieces.map((piece, i) => ({ piece, when: (i + 1) / pieces.length }));
  });
  return turns.sort((a, b) => a.when - b.when).flatMap(({ piece }) => piece);
}

/** Pieces of a stream that each end with a drain; what follows the last belongs to it. */
function upToDrains(steps: readonly Step[]): Step[][] {
  const pieces: Step[][] = [];
  let open = true;
  for (const step of steps) {
    if (open) pieces.push([]);
    pieces.at(-1)?.push(step);
    open = TABLE[step.op].unit === 'drain';
  }
  const [tail, before] = [pieces.at(-1), pieces.at(-2)];
  if (open || tail === undefined || before === undefined) return pieces;
  return [...pieces.slice(0, -2), [...before, ...tail]];
}
