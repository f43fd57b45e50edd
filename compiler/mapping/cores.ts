/**
 * How each kernel is cut over the cores: not at all, or along one dim of its output (rows, columns, channels). The estimate weighs what is shared
 * (arrays, drain and vector time; weights that do not stay in the arrays) against what sharing costs: halos and channels that other cores need,
 * set-ups, and weights that every core loads. Splits are improved kernel by kernel from a few starts until nothing falls; one core is always among
 * them, so the choice is never worse than one core by this estimate. Costs guide: values are the same whatever is chosen.
 */
import type { Machine } from '../../isa/machine/schema.ts';
import type { Kernel } from '../lower/kernel.ts';
import { at } from '../lower/layout.ts';
import type { Split } from './shares.ts';
import { serial, splitsOf } from './shares.ts';
import { SplitCosts } from './split-cost.ts';
import type { Storage } from './storage.ts';

/** What a user may ask for: the cheapest by estimate, one core alone, or every kernel along the same kind of dim where it can be. */
export type CoreSharing = 'auto' | 'off' | 'channels' | 'rows' | 'columns';

export interface CoreChoice {
  readonly splits: readonly Split[];
  /** Cores that do anything. */
  readonly cores: number;
  /** By kernel, in words; empty on one core. */
  readonly reasons: readonly string[];
}

/** Sweeps over all kernels in which each may change its split. */
const SWEEPS = 3;

/** @param cores cores that may be used */
export function chooseCores(storage: Storage, machine: Machine, cores: number, sharing: CoreSharing): CoreChoice {
  const alone = storage.kernels.map(serial);
  if (cores < 2 || sharing === 'off') return { splits: alone, cores: 1, reasons: storage.kernels.map(() => '') };
  const choices = counts(cores, sharing).map((n) => new Choice(storage, machine, n, sharing));
  const found = choices.map((c) => ({ choice: c, cost: c.run() }));
  const best = found.reduce((a, b) => (b.cost < a.cost ? b : a));
  const { choice } = best;
  return { splits: choice.splits(), cores: choice.used(), reasons: choice.reasons() };
}

/** Core counts that are tried: all, and halves of them where the compiler may choose. */
function counts(cores: number, sharing: CoreSharing): number[] {
  const out: number[] = [];
  for (let n = cores; n > 1; n = sharing === 'auto' ? Math.floor(n / 2) : 1) out.push(n);
  return out;
}

class Choice {
  readonly #storage: Storage;
  readonly #sharing: Exclude<CoreSharing, 'off'>;
  readonly #costs: SplitCosts;
  readonly #options: readonly (readonly Split[])[];
  /** By kernel, index of its option. */
  #chosen: number[];

  constructor(storage: Storage, machine: Machine, cores: number, sharing: Exclude<CoreSharing, 'off'>) {
    this.#storage = storage;
    this.#sharing = sharing;
    this.#options = storage.kernels.map((_, k) => splitsOf(storage, k, cores));
    this.#costs = new SplitCosts(storage, machine, this.#options);
    this.#chosen = storage.kernels.map(() => 0);
  }

  /** Settles the splits; gives the estimate in core cycles. */
  run(): number {
    if (this.#sharing !== 'auto') {
      this.#chosen = this.#along(this.#sharing);
      return this.#costs.total(this.#chosen);
    }
    const starts = [this.#chosen, this.#along('channels'), this.#along('rows'), this.#along('columns')];
    let best = Infinity;
    for (const start of starts) {
      const { chosen, cost } = this.#improve(start);
      if (cost < best) [best, this.#chosen] = [cost, chosen];
    }
    return best;
  }

  /** Every kernel cut along one kind of dim, where it can be. */
  #along(kind: 'channels' | 'rows' | 'columns'): number[] {
    return this.#storage.kernels.map((kernel, k) =>
      Math.max(
        0,
        at(this.#options, k).findIndex(({ dim }) => dim !== null && nameOf(kernel, dim) === kind),
      ),
    );
  }

  #improve(start: readonly number[]): { readonly chosen: number[]; readonly cost: number } {
    let chosen = [...start];
    let cost = this.#costs.total(chosen);
    for (let sweep = 0; sweep < SWEEPS; sweep++) {
      const before = cost;
      this.#options.forEach((options, k) => {
        options.forEach((_, option) => {
          const other = chosen.with(k, option);
          const changed = this.#costs.total(other);
          if (changed < cost) [chosen, cost] = [other, changed];
        });
      });
      if (cost >= before) break;
    }
    return { chosen, cost };
  }

  splits(): readonly Split[] {
    return this.#options.map((options, k) => at(options, at(this.#chosen, k)));
  }

  used(): number {
    return Math.max(1, ...this.splits().map((s) => s.boxes.length));
  }

  reasons(): readonly string[] {
    const serially = this.#chosen.map(() => 0);
    return this.#storage.kernels.map((kernel, k) => {
      const { dim, boxes } = at(at(this.#options, k), at(this.#chosen, k));
      const own = Math.round(this.#costs.own(this.#chosen, k));
      const alone = Math.round(this.#costs.own(serially, k));
      if (dim === null) return `on one core, about ${alone} cycles`;
      const moved = Math.round(this.#costs.moved(this.#chosen, at(this.#storage.outputs, k).buffer));
      const by = this.#sharing === 'auto' ? '' : ' as asked for';
      return `${nameOf(kernel, dim)} over ${boxes.length} cores${by}: about ${own} cycles instead of ${alone}, ${moved} to pass the result on`;
    });
  }
}

function nameOf(kernel: Kernel, dim: number): string {
  const { length } = kernel.shape;
  if (length === 4) return at(['images', 'channels', 'rows', 'columns'], dim);
  return dim === length - 1 ? 'channels' : 'rows';
}
