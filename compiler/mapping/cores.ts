/**
 * How each kernel is cut over the cores: not at all, or along one dim of its output (rows, columns, channels). The estimate weighs what is shared
 * (arrays, drain and vector time; weights that do not stay in the arrays) against what sharing costs: halos and channels that other cores need,
 * set-ups, and weights that every core loads. Splits are improved kernel by kernel from a few starts until nothing falls; one core is always among
 * them, so the choice is never worse than one core by this estimate. Costs guide: values are the same whatever is chosen.
 */
import type { Machine } from '../../isa/machine/schema.ts';
import type { Kernel } from '../lower/kernel.ts';
import { at } from '../lower/layout.ts';
import { KEEP_IN_STAGE, KEEP_SHARE } from '../lower/staging.ts';
import { dimNames } from './decisions.ts';
import { type KernelPins, type Pins, pinCapacity, pinErrors } from './pinned.ts';
import { choosePipeline, type Pipeline, type StageCosts } from './pipeline.ts';
import type { Split } from './shares.ts';
import { serial, splitsOf } from './shares.ts';
import { SplitCosts } from './split-cost.ts';
import { placeSplits, type Stages } from './stages.ts';
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
  /** Where a stream of inferences is pipelined over the cores; null where all cores work on one kernel at a time. */
  readonly stages: Stages | null;
  /** Ways in which kernel `k` may be cut, with the time of the whole network; none on one core. */
  readonly ways: (k: number) => readonly { readonly dim: number | null; readonly cycles: number }[];
}

/** Stages that a stream of inferences may be pipelined over: the best number by estimate, or up to so many. */
export type StagesWanted = 'auto' | number;

/** Sweeps over all kernels in which each may change its split. */
const SWEEPS = 3;
/** A pipeline is taken where its estimate is below this part of the other: stages wait for each other and for DRAM more than it knows. */
const CLEARLY = 0.9;

/**
 * @param cores cores that may be used
 * @param stages null where every run is one inference; without pins
 * Throws CapacityError or InputError where pins ask for more cores, or for cuts that there are not.
 */
export function chooseCores(
  storage: Storage,
  machine: Machine,
  cores: number,
  sharing: CoreSharing,
  stages: StagesWanted | null,
  pins?: Pins,
): CoreChoice {
  const wanted = pins?.network.cores;
  if (wanted !== undefined && wanted > cores) {
    const details = { needed: wanted, available: cores, unit: 'cores', knob: 'cores' };
    throw pinCapacity('network, cores', `${machine.name} has no more than ${cores}`, details);
  }
  const one = (wanted ?? cores) < 2 || sharing === 'off';
  if (one) requireNoCuts(pins);
  if (one && (cores < 2 || stages === null)) return alone(storage);
  const tried = one ? [1] : wanted === undefined ? counts(cores, sharing) : [wanted];
  const { cost, choice } = choiceFor(storage, machine, tried, sharing, 1, pins);
  const pipelined = stages === null ? null : pipelineOver(storage, machine, cores, sharing, stages);
  if (pipelined !== null && (stages !== 'auto' || pipelined.intervalCycles < cost * CLEARLY)) return pipelined.choice;
  if (one) return alone(storage);
  return {
    splits: choice.splits(),
    cores: choice.used(),
    over: choice.cores,
    reasons: choice.reasons(),
    stages: null,
    ways: (k) => choice.ways(k),
  };
}

function requireNoCuts(pins: Pins | undefined): void {
  const cut = (pins?.kernels ?? []).filter((p) => typeof p?.split === 'number');
  if (cut.length === 0) return;
  const message = 'it is not cut over cores: there is one, or one is all that may be used';
  const finding = { code: 'E-MAPPING-PIN', message, expected: 'none, or network, cores: 2 and more' };
  throw pinErrors(cut.map((p) => ({ ...finding, where: `layer ${p?.layer}, cores` })));
}

function alone({ kernels }: Storage): CoreChoice {
  return {
    splits: kernels.map(serial),
    cores: 1,
    over: 1,
    reasons: kernels.map(() => ''),
    stages: null,
    ways: () => [],
  };
}

interface Found {
  readonly choice: Choice;
  /** Estimated core cycles of an inference. */
  readonly cost: number;
}

/** The best splits over one of the numbers of cores, by each of so many stages. */
function choiceFor(
  storage: Storage,
  machine: Machine,
  tried: readonly number[],
  sharing: CoreSharing,
  stages: number,
  pins?: Pins,
): Found {
  const kind = sharing === 'off' ? 'auto' : sharing;
  const choices = tried.map((n) => new Choice(storage, machine, n, kind, stages, pins));
  return choices.map((choice): Found => ({ choice, cost: choice.run() })).reduce((a, b) => (b.cost < a.cost ? b : a));
}

/** The pipeline of the shortest interval, each stage on an equal part of the cores; null where there is none. */
function pipelineOver(
  storage: Storage,
  machine: Machine,
  cores: number,
  sharing: CoreSharing,
  wanted: StagesWanted,
): { readonly choice: CoreChoice; readonly intervalCycles: number } | null {
  const all = Array.from({ length: cores - 1 }, (_, i) => cores - i);
  const numbers = wanted === 'auto' ? all.filter((n) => cores % n === 0) : all.filter((n) => n <= wanted);
  let best: { readonly pipeline: Pipeline; readonly choice: Choice } | null = null;
  for (const n of numbers) {
    const each = Math.floor(cores / n);
    const { choice } = choiceFor(
      storage,
      machine,
      each < 2 || sharing === 'off' ? [1] : counts(each, sharing),
      sharing,
      n,
    );
    const pipeline = choosePipeline(storage, choice.stageCosts(), n, each);
    if (pipeline === null || (best !== null && best.pipeline.intervalCycles <= pipeline.intervalCycles)) continue;
    best = { pipeline, choice };
    if (wanted !== 'auto') break;
  }
  if (best === null) return null;
  const { stages, intervalCycles } = best.pipeline;
  const interval = Math.round(intervalCycles);
  const reasons = best.choice
    .reasons()
    .map((r, k) => `stage ${at(stages.of, k) + 1} of ${stages.count}, about ${interval} cycles between results; ${r}`);
  const total = stages.count * stages.cores;
  const splits = placeSplits(best.choice.splits(), stages);
  return { choice: { splits, cores: total, over: total, reasons, stages, ways: () => [] }, intervalCycles };
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

  /** @param stages of as many cores each, which share the global buffer */
  constructor(
    storage: Storage,
    machine: Machine,
    cores: number,
    sharing: Exclude<CoreSharing, 'off'>,
    stages: number,
    pins: Pins | undefined,
  ) {
    this.cores = cores;
    this.#storage = storage;
    this.#sharing = sharing;
    this.#options = storage.kernels.map((_, k) => splitsOf(storage, k, cores));
    this.#open = storage.kernels.map((kernel, k) => allowed(kernel, at(this.#options, k), pins?.kernels[k], cores));
    const keep = stages > 1 ? KEEP_IN_STAGE : KEEP_SHARE;
    this.#costs = new SplitCosts(storage, machine, this.#options, (keep * machine.buffer.sizeBytes) / (cores * stages));
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

  stageCosts(): StageCosts {
    return {
      parts: this.#storage.kernels.map((_, k) => this.#costs.partOf(this.#chosen, k)),
      roomFor: (least) => this.#costs.roomFor(least),
    };
  }

  splits(): readonly Split[] {
    return this.#options.map((options, k) => at(options, at(this.#chosen, k)));
  }

  ways(k: number): readonly { readonly dim: number | null; readonly cycles: number }[] {
    return at(this.#options, k).map(({ dim }, option) => ({
      dim,
      cycles: this.#costs.total(this.#chosen.with(k, option)),
    }));
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
