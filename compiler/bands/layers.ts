/** Layers of a program whose network is computed in bands: the bands of a layer are one layer, with the sizes that it has in the network. */
import type { LayerSymbol } from '../../isa/program.ts';
import { layerName } from '../graph/names.ts';
import type { Graph } from '../graph/types.ts';
import { type Kernel, partsOf } from '../lower/kernel.ts';
import type { Selected } from '../lower/select.ts';

export interface MergedLayers {
  readonly symbols: readonly LayerSymbol[];
  /** By kernel, the number of its symbol. */
  readonly of: readonly number[];
}

/**
 * @param graph with its bands
 * @param whole kernels of the network without them
 */
export function mergeBands(kernels: readonly Kernel[], graph: Graph, whole: readonly Selected[]): MergedLayers {
  const origins = new Map(
    graph.nodes.flatMap((n): [string, string][] =>
      n.band === undefined ? [] : [[layerName(n.name), layerName(n.band.of)]],
    ),
  );
  const inNetwork = new Map(
    whole.flatMap((s): [string, LayerSymbol][] =>
      s.kind === 'alias' || s.kind === 'join' ? [] : [[s.layer.name, s.layer]],
    ),
  );
  const numbers = new Map<string, number>();
  const symbols: LayerSymbol[] = [];
  const of = kernels.map((kernel) => {
    const origin = origins.get(kernel.layer.name);
    const known = origin === undefined ? undefined : numbers.get(origin);
    if (known !== undefined) return known;
    if (origin !== undefined) numbers.set(origin, symbols.length);
    const own = inNetwork.get(origin ?? '');
    if (origin === undefined || own === undefined) return symbols.push(kernel.layer) - 1;
    const parts = partsOf(kernel).map((part) => inNetwork.get(origins.get(part) ?? part)?.macs ?? 0);
    return symbols.push({ ...own, op: kernel.layer.op, macs: parts.reduce((a, b) => a + b, 0) }) - 1;
  });
  return { symbols, of };
}
