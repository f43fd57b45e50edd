/** Random pins: some of the decisions of a run, some of them changed to others that might be possible. */
import type { ArraysDecision, Decisions, LayerDecisions } from '../../compiler/mapping/decisions.ts';

type Random = () => number;

/** A share of the decisions, each changed with a chance of one in two. */
export function randomPins({ network, parameters, layers = [] }: Decisions, random: Random): Decisions {
  const keep = <T>(value: T, change: (value: T) => T): T | undefined => {
    if (value === undefined || random() < 0.5) return undefined;
    return random() < 0.5 ? value : change(value);
  };
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const next = (own: LayerDecisions): string => layers[layers.indexOf(own) + 1]?.layer ?? own.layer;
  const layer = (own: LayerDecisions): LayerDecisions => ({
    layer: own.layer,
    joins: keep(own.joins, (joins) => (random() < 0.5 ? [] : [...(joins ?? []), next(own)])),
    cores: keep(own.cores, () => pick(['none', ...Object.keys(own.tile ?? {})])),
    tile: keep(own.tile, (tile) => changeSome(tile ?? {}, random)),
    order: keep(own.order, (order) => [...(order ?? [])].sort(() => random() - 0.5)),
    result: keep(own.result, () => pick(['scratchpad', 'buffer', 'dram'])),
    beside: keep(own.beside, (b) => b !== true),
    arrays: keep(own.arrays, (arrays) => changeSome(arrays as Record<string, number>, random) as ArraysDecision),
    weights: keep(own.weights, () => pick(['buffer', 'dram'])),
  });
  const some = layers.filter(() => random() < 0.7).map(layer);
  const joined = new Set(some.flatMap(({ joins }) => joins ?? []));
  return {
    network: {
      cores: keep(network?.cores, (n) => 1 + Math.floor(random() * (n ?? 1))),
      weights: keep(network?.weights, () => pick(['arrays', 'buffer', 'nowhere'])),
      parametersAhead: keep(network?.parametersAhead, (b) => b !== true),
      copies: keep(network?.copies, (b) => b !== true),
    },
    parameters: Object.fromEntries(
      Object.entries(parameters ?? {}).flatMap(([name, home]) => {
        const kept = keep(home, () => pick(['scratchpad', 'dram']));
        return kept === undefined ? [] : [[name, kept]];
      }),
    ),
    layers: some.filter((own) => !joined.has(own.layer)),
  };
}

/** Numbers up to twice what they were, some of them left out. */
function changeSome(numbers: Readonly<Record<string, number>>, random: Random): Record<string, number> {
  return Object.fromEntries(
    Object.entries(numbers).flatMap(([name, n]): [string, number][] =>
      random() < 0.4 ? [] : [[name, random() < 0.5 ? n : 1 + Math.floor(random() * (random() < 0.8 ? n : 2 * n))]],
    ),
  );
}
