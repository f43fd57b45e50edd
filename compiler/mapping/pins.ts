/**
 * Decisions that a user has made, looked up for the kernels and buffers of one plan. Everything that cannot be meant (a layer that is not there, a
 * decision that a layer does not have, two layers that disagree) is said at once; what only planning can find impossible is refused there, by `pinError`.
 */
import type { Diagnostic } from '../../isa/base/errors.ts';
import { didYouMean } from '../../isa/base/suggest.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import type { Space } from '../../isa/tensor.ts';
import type { ConstantTensor } from '../lower/constants.ts';
import type { Kernel } from '../lower/kernel.ts';
import { at, roundUp } from '../lower/layout.ts';
import {
  type Decisions,
  dimNames,
  type Home,
  type LayerDecisions,
  type NetworkDecisions,
  SUMMED,
  uniqueNames,
} from './decisions.ts';
import { homeOf, type KernelPins, type Pins, pinErrors } from './pinned.ts';
import { stagedConstants } from './resident.ts';
import type { Storage } from './storage.ts';
import { sumsInSlices } from './summed.ts';

const SPACES: Readonly<Record<Home, Space>> = { scratchpad: 'spad', buffer: 'buffer', dram: 'dram' };

/** Layers of a plan by their names in a mapping. */
export function layerNames(kernels: readonly Kernel[]): readonly string[] {
  return uniqueNames(kernels.map((k) => k.layer.name));
}

/** Constants that may stay in the scratchpad, by their names in a mapping. */
export function constantNames(storage: Storage, machine: Machine): ReadonlyMap<ConstantTensor, string> {
  const constants = [...stagedConstants(storage, machine).keys()];
  const names = uniqueNames(constants.map((c) => c.name));
  return new Map(constants.map((c, i) => [c, at(names, i)]));
}

/** @param storage with all kernels, as layers are named there. Throws InputError with every finding. */
export function resolvePins(decisions: Decisions, storage: Storage, machine: Machine): Pins {
  const resolver = new Resolver(storage, machine);
  const pins = resolver.resolve(decisions);
  if (resolver.findings.length > 0) throw pinErrors(resolver.findings);
  return pins;
}

class Resolver {
  readonly findings: Diagnostic[] = [];
  readonly #storage: Storage;
  readonly #machine: Machine;
  readonly #spaces = new Map<number, { readonly space: Space; readonly layer: string }>();

  constructor(storage: Storage, machine: Machine) {
    this.#storage = storage;
    this.#machine = machine;
  }

  resolve({ network = {}, parameters = {}, layers = [] }: Decisions): Pins {
    this.#network(network);
    const names = layerNames(this.#storage.kernels);
    const kernels: (KernelPins | undefined)[] = names.map(() => undefined);
    for (const own of layers) {
      const k = names.indexOf(own.layer);
      if (k < 0) this.#unknownLayer(own.layer, names);
      else if (kernels[k] !== undefined) this.#add(own.layer, 'is named twice', 'each layer once');
      else kernels[k] = this.#layer(own, k);
    }
    return { network, kernels, spaces: this.#spaces, constants: this.#parameters(parameters) };
  }

  #add(where: string, message: string, expected: string, hint?: string): void {
    this.findings.push({ code: 'E-MAPPING-PIN', where, message, expected, ...(hint === undefined ? {} : { hint }) });
  }

  #network({ weights, parametersAhead }: NetworkDecisions): void {
    const { weightResidency, doubleBuffering } = this.#machine.capabilities;
    const { name } = this.#machine;
    if ((weights === 'arrays' || weights === 'buffer') && !weightResidency)
      this.#add('network, weights', `${name} keeps no weights (capabilities.weightResidency)`, 'nowhere');
    if (parametersAhead === true && !doubleBuffering)
      this.#add('network, parametersAhead', `${name} brings nothing in ahead (capabilities.doubleBuffering)`, 'false');
  }

  #unknownLayer(name: string, names: readonly string[]): void {
    const host = this.#storage.kernels.findIndex((k) => k.parts?.includes(name) === true);
    if (host >= 0) {
      const layer = at(names, host);
      const others = at(this.#storage.kernels, host).parts?.filter((p) => p !== layer && p !== name) ?? [];
      const apart = `{ "layer": "${layer}", "joins": ${JSON.stringify(others)} } lets it run alone`;
      this.#add(`layer ${name}`, `it runs as part of layer ${layer}`, `decisions of ${layer}`, apart);
      return;
    }
    const near = didYouMean(name, names);
    const hint = near === undefined ? '--mapping-out <file> writes all of them' : `did you mean '${near}'?`;
    this.#add(`layer ${name}`, 'the network has no such layer', 'a layer of the report', hint);
  }

  #layer(own: LayerDecisions, k: number): KernelPins {
    const kernel = at(this.#storage.kernels, k);
    this.#result(own, k);
    const [split, sizes, order] = [this.#split(own, kernel), this.#sizes(own, kernel), this.#order(own, kernel)];
    const summed = this.#summed(own, kernel);
    const where = `layer ${own.layer}`;
    const product = kernel.kind === 'matmul';
    if (own.arrays !== undefined && !product)
      this.#add(`${where}, arrays`, 'it is no matrix product on the arrays', `none: it runs on ${unitOf(kernel)}`);
    if (own.weights !== undefined && (!product || kernel.matmul.dynamic))
      this.#add(`${where}, weights`, 'it has no constant weights in the arrays', 'no such decision');
    return {
      layer: own.layer,
      ...(split === undefined ? {} : { split }),
      ...(sizes === undefined ? {} : { sizes }),
      ...(order === undefined ? {} : { order }),
      ...(summed === undefined ? {} : { summed }),
      ...(own.beside === undefined ? {} : { beside: own.beside }),
      ...(own.arrays === undefined ? {} : { arrays: own.arrays }),
      ...(own.weights === undefined ? {} : { weights: own.weights }),
    };
  }

  #result({ layer, result }: LayerDecisions, k: number): void {
    if (result === undefined) return;
    const { buffer } = at(this.#storage.outputs, k);
    const where = `layer ${layer}, result`;
    const space = SPACES[result];
    const other = this.#spaces.get(buffer);
    if (at(this.#storage.buffers, buffer).fixed !== null)
      this.#add(where, 'it is the tensor of the network that the host reads', 'no such decision: it is in DRAM');
    else if (other !== undefined && other.space !== space) {
      const both = `it is part of one value with the result of ${other.layer}, which is in ${homeOf(other.space)}`;
      this.#add(where, both, homeOf(other.space));
    } else this.#spaces.set(buffer, { space, layer });
  }

  #split({ layer, cores }: LayerDecisions, kernel: Kernel): number | null | undefined {
    if (cores === undefined || cores === 'none') return cores === undefined ? undefined : null;
    const dim = this.#dim(`layer ${layer}, cores`, cores, kernel, ['none']);
    return dim < 0 ? undefined : dim;
  }

  #sizes({ layer, tile }: LayerDecisions, kernel: Kernel): (number | undefined)[] | undefined {
    if (tile === undefined) return undefined;
    if (!this.#hasTiles(`layer ${layer}, tile`, kernel)) return undefined;
    const sizes: (number | undefined)[] = kernel.shape.map(() => undefined);
    for (const [name, size] of Object.entries(tile)) {
      if (name === SUMMED) continue;
      const dim = this.#dim(`layer ${layer}, tile`, name, kernel);
      if (dim >= 0) sizes[dim] = size;
    }
    return sizes;
  }

  /** Slices of the summed axis; all of it is no slice. */
  #summed({ layer, tile }: LayerDecisions, kernel: Kernel): number | null | undefined {
    const size = tile?.[SUMMED];
    if (size === undefined) return undefined;
    const where = `layer ${layer}, tile`;
    if (!sumsInSlices(kernel)) {
      this.#add(
        where,
        'it is no product that is summed in slices',
        `none: ${SUMMED} is of products by constant weights`,
      );
      return undefined;
    }
    const { k } = kernel.matmul;
    const grain = roundUp(this.#machine.core.matrix.rows, 8);
    if (size === k) return null;
    if (size > 0 && size < k && size % grain === 0) return size;
    this.#add(
      where,
      `a slice has ${size} of ${k} that are summed`,
      `a multiple of ${grain} (whole macros and bytes), or ${k}`,
    );
    return undefined;
  }

  #order({ layer, order }: LayerDecisions, kernel: Kernel): number[] | undefined {
    const where = `layer ${layer}, order`;
    if (order === undefined || !this.#hasTiles(where, kernel)) return undefined;
    const dims = order.map((name) => this.#dim(where, name, kernel)).filter((dim) => dim >= 0);
    if (dims.length < order.length) return undefined;
    const all = dimNames(kernel.shape.length);
    if (new Set(dims).size === all.length && dims.length === all.length) return dims;
    this.#add(where, `[${order.join(', ')}] does not name every dim once`, `${all.join(', ')}, in any order`);
    return undefined;
  }

  #hasTiles(where: string, kernel: Kernel): boolean {
    if (kernel.kind === 'copy') this.#add(where, 'it is a copy by DMA, which has no tiles', 'no such decision');
    return kernel.kind !== 'copy';
  }

  #dim(where: string, name: string, kernel: Kernel, more: readonly string[] = []): number {
    const names = dimNames(kernel.shape.length);
    const dim = names.indexOf(name);
    const shape = names.map((n, d) => `${n} ${at(kernel.shape, d)}`).join(', ');
    if (dim < 0) this.#add(where, `'${name}' is no dim of its result (${shape})`, [...names, ...more].join(', '));
    return dim;
  }

  #parameters(parameters: NonNullable<Decisions['parameters']>): Pins['constants'] {
    const names = constantNames(this.#storage, this.#machine);
    const known = new Map([...names].map(([constant, name]) => [name, constant]));
    const out = new Map<ConstantTensor, 'scratchpad' | 'dram'>();
    for (const [name, home] of Object.entries(parameters)) {
      const constant = known.get(name);
      const where = `parameters, ${name}`;
      if (constant === undefined) {
        const near = didYouMean(name, [...known.keys()]);
        this.#add(where, 'the network has no such parameters', near ?? 'a name of --mapping-out');
      } else if (home === 'scratchpad' && !this.#machine.capabilities.weightResidency)
        this.#add(where, `${this.#machine.name} keeps none (capabilities.weightResidency)`, 'dram');
      else out.set(constant, home);
    }
    return out;
  }
}

function unitOf({ kind }: Kernel): string {
  return kind === 'copy' ? 'DMA' : 'the vector unit';
}
