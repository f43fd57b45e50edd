/**
 * How each kernel is cut over the cores: not at all, or along one dim of its output (rows, columns, channels). The estimate weighs what is shared
 * (arrays, drain and vector time; weights that do not stay in the arrays) against what sharing costs: halos and channels that other cores need,
 * set-ups, and weights that every core loads. Splits are improved kernel by kernel from a few starts until nothing falls; one core is always among
 * them, so the choice is never worse than one core by this estimate. Costs guide: values are the same whatever is chosen.
 */
import type { Machine } from '../../isa/machine/schema.ts';
import type { Kernel } from '../lower/kernel.ts';
import { at } from '../lower/layout.ts';
import { dimNames } from './decisions.ts';
import { type KernelPins, type Pins, pinCapacity, pinErrors } from './pinned.ts';
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
  /** Cores that kernels were to be cut over; `cores` are fewer where none has so many parts. */
  readonly over: number;
  /** By kernel, in words; empty on one core. */
  readonly reasons: readonly string[];
}

/** Sweeps over all kernels in which each may change its split. */
const SWEEPS = 3;

/** @param cores cores that may be used. Throws CapacityError or InputError where pins ask for more, or for cuts that there are not. */
export function chooseCores(
  storage: Storage,
  machine: Machine,
  cores: number,
  sharing: CoreSharing,
  pins?: Pins,
): CoreChoice {
  const wanted = pins?.network.cores;
  if (wanted !== undefined && wanted > cores) {
    const details = { needed: wanted, available: cores, unit: 'cores', knob: 'cores' };
    throw pinCapacity('network, cores', `${machine.name} has no more than ${cores}`, details);
  }
  const alone = storage.kernels.map(serial);
  if ((wanted ?? cores) < 2 || sharing === 'off') {
    requireNoCuts(pins);
    return { splits: alone, cores: 1, over: 1, reasons: storage.kernels.map(() => '') };
  }
  const tried = wanted === undefined ? counts(cores, sharing) : [wanted];
  const choices = tried.map((n) => new Choice(storage, machine, n, sharing, pins));
  const found = choices.map((c) => ({ choice: c, cost: c.run() }));
  const best = found.reduce((a, b) => (b.cost < a.cost ? b : a));
  const { choice } = best;
  return { splits: choice.splits(), cores: choice.used(), over: choice.cores, reasons: choice.reasons() };
}

function requireNoCuts(pins: Pins | undefined): void {
  const cut = (pins?.kernels ?? []).filter((p) => typeof p?.split === 'number');
  if (cut.length === 0) return;
  const message = 'it is not cut over cores: there is one, or one is all that may be used';
  const finding = { code: 'E-MAPPING-PIN', message, expected: 'none, or network, cores: 2 and more' };
  throw pinErrors(cut.map((p) => ({ ...finding, where: `layer ${p?.layer}, cores` })));
}

/** Core counts that are tried: all, and halves of them where the compiler may choose. */
function counts(cores: number, sharing: CoreSharing): number[] {
  const out: number[] = [];
  for (let n = cores; n > 1; n = sharing === 'auto' ? Math.floor(n / 2) : 1) out.push(n);
  return out;
}

class Choice {
  readonly cores: number;
  readonly #storage: Storage;
  readonly #sharing: Exclude<CoreSharing, 'off'>;
  readonly #costs: SplitCosts;
  readonly #options: readonly (readonly Split[])[];
  /** By kernel, indices of options that may be chosen. */
  readonly #open: readonly (readonly number[])[];
  /** By kernel, index of its option. */
  #chosen: number[];

  constructor(
    storage: Storage,
    machine: Machine,
    cores: number,
    sharing: Exclude<CoreSharing, 'off'>,
    pins: Pins | undefined,
  ) {
    this.cores = cores;
    this.#storage = storage;
    this.#sharing = sharing;
    this.#options = storage.kernels.map((_, k) => splitsOf(storage, k, cores));
    this.#open = storage.kernels.map((kernel, k) => allowed(kernel, at(this.#options, k), pins?.kernels[k], cores));
    this.#costs = new SplitCosts(storage, machine, this.#options);
    this.#chosen = this.#open.map((open) => at(open, 0));
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
    return this.#storage.kernels.map((kernel, k) => {
      const open = at(this.#open, k);
      const cutsSo = (option: number): boolean => {
        const { dim } = at(at(this.#options, k), option);
        return dim !== null && nameOf(kernel, dim) === kind;
      };
      return open.find(cutsSo) ?? at(open, 0);
    });
  }

  #improve(start: readonly number[]): { readonly chosen: number[]; readonly cost: number } {
    let chosen = [...start];
    let cost = this.#costs.total(chosen);
    for (let sweep = 0; sweep < SWEEPS; sweep++) {
      const before = cost;
      this.#open.forEach((options, k) => {
        options.forEach((option) => {
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

/** The one way that is pinned, or all. */
function allowed(
  kernel: Kernel,
  options: readonly Split[],
  pins: KernelPins | undefined,
  cores: number,
): readonly number[] {
  const { split } = pins ?? {};
  if (pins === undefined || split === undefined) return options.map((_, i) => i);
  const found = options.findIndex((o) => o.dim === split);
  if (found >= 0) return [found];
  const names = dimNames(kernel.shape.length);
  const shape = kernel.shape.map((size, d) => `${at(names, d)} ${size}`).join(', ');
  const message = `its result (${shape}) cannot be cut over ${cores} cores along ${at(names, split ?? 0)}`;
  const expected = options.map(({ dim }) => (dim === null ? 'none' : at(names, dim))).join(', ');
  throw pinErrors([{ code: 'E-MAPPING-PIN', where: `layer ${pins.layer}, cores`, message, expected }]);
}

function nameOf(kernel: Kernel, dim: number): string {
  const { length } = kernel.shape;
  if (length === 4) return at(['images', 'channels', 'rows', 'columns'], dim);
  return dim === length - 1 ? 'channels' : 'rows';
}
