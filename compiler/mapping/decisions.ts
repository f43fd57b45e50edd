/**
 * What a mapping decides, in words that a person can write: of the network, and of each layer by its name. The compiler gives the decisions of a run in this
 * form, and takes any part of it back as pins: what is pinned holds, the rest is chosen as ever. No times and no addresses: these follow.
 */

/** Where a value lies between the layer that makes it and those that read it. */
export type Home = 'scratchpad' | 'buffer' | 'dram';

/** How a matrix product lies on the arrays and in the accumulators. */
export interface ArraysDecision {
  /** Macros that share the rows, and the outputs, of one weight tile. */
  readonly gridK?: number | undefined;
  readonly gridN?: number | undefined;
  /** Copies of the weights that take positions in turn. */
  readonly replicas?: number | undefined;
  /** Rows and outputs of one weight tile. */
  readonly tileK?: number | undefined;
  readonly tileN?: number | undefined;
  /** Outputs and positions that are summed in the accumulators and drained together. */
  readonly outputs?: number | undefined;
  readonly positions?: number | undefined;
}

/** What the compiler expected of a layer as decided, in core cycles. */
export interface LayerEstimate {
  /** Tiles of the largest share, and the time of moving and computing them before overlap. */
  readonly tiles: number;
  readonly tileCycles: number;
  /** Of a matrix product: arrays, weight writes and drain, after overlap. */
  readonly productCycles?: number | undefined;
}

export interface LayerDecisions {
  /** As the report calls it. */
  readonly layer: string;
  /** Layers that run as part of this one, tile by tile. */
  readonly joins?: readonly string[] | undefined;
  /** Dim of the result that is cut over the cores; `none`: one core makes all of it. */
  readonly cores?: string | undefined;
  /** Elements of a tile along each dim of the result (of one core's share); `summed`: along the axis that a matrix product sums over, in one slice of its activations. */
  readonly tile?: Readonly<Record<string, number>> | undefined;
  /** Dims of the result in the order in which tiles step through them, outermost first. */
  readonly order?: readonly string[] | undefined;
  readonly result?: Home | undefined;
  /** Made side by side with the layer in front of it, rows behind rows. */
  readonly beside?: boolean | undefined;
  readonly arrays?: ArraysDecision | undefined;
  /** Weights that stay nowhere: by way of the global buffer as far as it has room, or straight from DRAM. */
  readonly weights?: 'buffer' | 'dram' | undefined;
  /** To be read: it pins nothing. */
  readonly estimate?: LayerEstimate | undefined;
}

export interface NetworkDecisions {
  /** Cores that layers are cut over. */
  readonly cores?: number | undefined;
  /** Where all weights stay from one inference to the next; `nowhere`: they are streamed. */
  readonly weights?: 'arrays' | 'buffer' | 'nowhere' | undefined;
  /** Parameters that a layer needs from its start come in while the layer before it runs. */
  readonly parametersAhead?: boolean | undefined;
  /** Rearranged values are copied, so that any layer can be cut anywhere. */
  readonly copies?: boolean | undefined;
}

/** Neighbouring nodes of the network that are computed together, band by band, so that what is between them stays small; each band's layers have its number behind their name. */
export interface BandsDecision {
  /** First and last node, in the order of the network. */
  readonly first: string;
  readonly last: string;
  /** Dim of the results that is cut into bands, and into how many. */
  readonly along: string;
  readonly bands: number;
}

export interface Decisions {
  readonly network?: NetworkDecisions | undefined;
  /** All groups in bands. Left out: chosen, or none where layers are named. */
  readonly bands?: readonly BandsDecision[] | undefined;
  /** Requantizer records, tables and constant operands by name: kept in the scratchpad, or loaded from DRAM each time. */
  readonly parameters?: Readonly<Record<string, 'scratchpad' | 'dram'>> | undefined;
  readonly layers?: readonly LayerDecisions[] | undefined;
}

/** The axis that a matrix product sums over, beside the dims of its result. */
export const SUMMED = 'summed';

/** Names of a result's dims, as tiles and cuts over cores are told. */
export function dimNames(rank: number): readonly string[] {
  if (rank === 4) return ['images', 'channels', 'rows', 'columns'];
  if (rank > 4) return Array.from({ length: rank }, (_, d) => `dim${d}`);
  return ['matrices', 'rows', 'channels'].slice(3 - rank);
}

/** Names for people: those that several share are counted, `conv`, `conv#2`, in order. */
export function uniqueNames(names: readonly string[]): readonly string[] {
  const taken = new Set(names);
  const seen = new Set<string>();
  return names.map((name) => {
    let own = name;
    for (let n = 2; seen.has(own) || (own !== name && taken.has(own)); n++) own = `${name}#${n}`;
    seen.add(own);
    return own;
  });
}
