/** What the zoo knows of a network: its name, its totals as constants that the tests hold against the description, where they come from. */
import type { Totals } from './count.ts';
import type { Network } from './layers.ts';
import type { Widths } from './recipe.ts';

/** [channels, height, width]. */
export type Chw = readonly [number, number, number];

export interface ZooEntry {
  /** As in `zoo:<name>-<recipe>`. */
  readonly name: string;
  readonly kind: 'cnn' | 'transformer' | 'recurrent';
  /** One inference at batch 1, in the counting of count.ts. */
  readonly totals: Totals;
  /** Where the architecture was read. */
  readonly source: string;
  /** Figures that others have published, and how they differ. */
  readonly published: string;
  /** Images at once; 1 when left out. */
  readonly batch?: number;
  /** The authors' widths by number of the product layer: the recipe `published`. */
  readonly publishedWidths?: readonly Widths[];
  /** The network, at its own input size or at another one where the architecture allows. */
  readonly describe: (input?: Chw) => Network;
}
