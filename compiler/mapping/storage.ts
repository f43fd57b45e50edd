/**
 * Which values share bytes, and for how long buffers live. Aliases become layouts of their source where every reader can walk
 * them, parts of a join are written in place where bytes allow, and each network input and output gets its DRAM
 * tensor with a load or store that vanishes when the value itself stays in DRAM.
 */
import { InternalError } from '../../isa/base/errors.ts';
import type { Graph } from '../graph/types.ts';
import { constantTensor } from '../lower/constants.ts';
import type { Kernel, KernelInput, Source } from '../lower/kernel.ts';
import { fewFactors, formatOf } from '../lower/kernel.ts';
import { copyKernel } from '../lower/kernels/copy.ts';
import type { Layout } from '../lower/layout.ts';
import { at, boxLayout, byteGroup, denseLayout, fullBox, memoryOrder, reshapeLayout } from '../lower/layout.ts';
import type { Alias, Join, Selected } from '../lower/select.ts';
import type { Format } from '../lower/walk.ts';

/** A run of bytes with one home. */
export interface Buffer {
  readonly id: number;
  readonly name: string;
  readonly sizeBytes: number;
  /** Network input or output: its home is DRAM. */
  readonly fixed: 'input' | 'output' | null;
  /** The network tensor that stands in for this buffer when it stays in DRAM; null when there is none. */
  readonly twin: number | null;
}

export interface Stored {
  readonly buffer: number;
  readonly layout: Layout;
  readonly format: Format;
}

/** Kernels in order, and where each value's elements lie in which buffer. */
export interface Storage {
  readonly kernels: readonly Kernel[];
  readonly buffers: readonly Buffer[];
  /** By value name; network tensors are `input x` and `output y`. */
  readonly values: ReadonlyMap<string, Stored>;
  /** Per kernel the output under the kernel's own shape. */
  readonly outputs: readonly Stored[];
}

export const inputKey = (name: string): string => `input ${name}`;
export const outputKey = (name: string): string => `output ${name}`;

/** @param copies rearranged values whose dims lie in several pieces are copied, so that any kernel can be cut anywhere. */
export function planStorage(graph: Graph, selected: readonly Selected[], copies = false): Storage {
  return new StoragePlanner(graph, selected, copies).run();
}

class StoragePlanner {
  readonly #graph: Graph;
  readonly #selected: readonly Selected[];
  readonly #copies: boolean;
  readonly #kernels: Kernel[] = [];
  readonly #outputs: Stored[] = [];
  readonly #buffers: Buffer[] = [];
  readonly #values = new Map<string, Stored>();
  /** Dense copies by what they are of. */
  readonly #plain = new Map<string, string>();
  /** Parts that are written straight into a joined tensor: value -> its join and place. */
  readonly #inPlace = new Map<
    string,
    { readonly join: Join; readonly start: number; readonly shape: readonly number[] }
  >();

  constructor(graph: Graph, selected: readonly Selected[], copies: boolean) {
    this.#copies = copies;
    this.#graph = graph;
    this.#selected = selected;
    for (const s of selected) if (s.kind === 'join') this.#planJoin(s);
  }

  run(): Storage {
    for (const name of this.#graph.inputs) this.#declareInput(name);
    for (const name of new Set(this.#graph.outputs)) {
      if (this.#graph.constants.has(name) || this.#graph.inputs.includes(name)) this.#addStore(name);
    }
    for (const s of this.#selected) {
      this.#loadInputs(s);
      if (s.kind === 'alias') this.#addAlias(s);
      else if (s.kind === 'join') this.#addJoin(s);
      else this.#addKernel(s);
      if (this.#graph.outputs.includes(s.output)) this.#addStore(s.output);
    }
    return { kernels: this.#kernels, buffers: this.#buffers, values: this.#values, outputs: this.#outputs };
  }

  #typeOf(name: string) {
    const type = this.#graph.values.get(name);
    if (type === undefined) throw new InternalError(`value ${name} has no type`);
    return type;
  }

  #newBuffer(name: string, sizeBytes: number, fixed: Buffer['fixed'] = null, twin: number | null = null): number {
    this.#buffers.push({ id: this.#buffers.length, name, sizeBytes, fixed, twin });
    return this.#buffers.length - 1;
  }

  #declareInput(name: string): void {
    const type = this.#typeOf(name);
    const format = formatOf(type);
    const { layout, sizeBytes } = denseLayout(type.shape, format.bits);
    this.#values.set(inputKey(name), { buffer: this.#newBuffer(inputKey(name), sizeBytes, 'input'), layout, format });
  }

  /** Loads a network input before the first kernel that reads it. */
  #loadInputs(s: Selected): void {
    for (const source of sourcesOf(s)) {
      if (source.kind !== 'value' || this.#values.has(source.name) || !this.#graph.inputs.includes(source.name))
        continue;
      this.#addLoad(source.name);
    }
  }

  #addLoad(name: string): void {
    const stored = this.#stored(inputKey(name));
    const { shape } = this.#typeOf(name);
    const spec = { name: `load ${name}`, op: 'load', output: name, shape, format: stored.format };
    this.#addKernel(
      copyKernel(spec, { kind: 'value', name: inputKey(name) }, shape, (layout) => layout),
      stored.buffer,
    );
  }

  #addStore(name: string): void {
    const type = this.#typeOf(name);
    const format = formatOf(type);
    const { layout, sizeBytes } = denseLayout(type.shape, format.bits);
    const constant = this.#graph.constants.has(name);
    if (!constant && !this.#values.has(name)) this.#addLoad(name);
    const key = outputKey(name);
    const buffer = this.#newBuffer(key, sizeBytes, 'output');
    this.#values.set(key, { buffer, layout, format });
    if (!constant) this.#offerTwin(this.#stored(name), buffer, layout);
    const spec = { name: `store ${name}`, op: 'store', output: key, shape: type.shape, format };
    const source = this.#constantSource(name) ?? { kind: 'value', name };
    this.#kernels.push(copyKernel(spec, source, type.shape, (l) => l));
    this.#outputs.push(this.#stored(key));
  }

  /** A dense value of its own may be made in the output tensor itself. */
  #offerTwin(stored: Stored, output: number, layout: Layout): void {
    const own = at(this.#buffers, stored.buffer);
    const same = sameLayout(stored.layout, layout);
    if (own.fixed === null && own.twin === null && same && own.sizeBytes === at(this.#buffers, output).sizeBytes) {
      this.#buffers[own.id] = { ...own, twin: output };
    }
  }

  #constantSource(name: string): Source | null {
    const tensor = this.#graph.constants.get(name);
    if (tensor === undefined) return null;
    for (const s of this.#selected) {
      for (const source of sourcesOf(s)) if (source.kind === 'constant' && source.constant.name === name) return source;
    }
    return {
      kind: 'constant',
      constant: constantTensor(name, tensor.type.shape, formatOf(tensor.type), 'parameters', tensor.data),
    };
  }

  #stored(name: string): Stored {
    const stored = this.#values.get(name);
    if (stored === undefined) throw new InternalError(`value ${name} has no storage`);
    return stored;
  }

  #addKernel(wanted: Kernel, twin: number | null = null): void {
    const kernel = this.#withPlainInputs(wanted);
    const part = this.#partOfJoin(kernel.output);
    this.#kernels.push(kernel);
    if (part !== null) {
      this.#values.set(kernel.output, part);
      this.#outputs.push(part);
      return;
    }
    const { layout, sizeBytes } = denseLayout(kernel.shape, kernel.format.bits);
    const own: Stored = {
      buffer: this.#newBuffer(kernel.output, sizeBytes, null, twin),
      layout,
      format: kernel.format,
    };
    this.#outputs.push(own);
    const shape = this.#graph.values.get(kernel.output)?.shape ?? kernel.shape;
    const seen = sameShape(shape, kernel.shape) ? layout : reshapeLayout(layout, shape);
    if (seen === null) throw new InternalError(`${kernel.name} makes [${kernel.shape}], which is not [${shape}]`);
    this.#values.set(kernel.output, { ...own, layout: seen });
  }

  /** Copies operands that the kernel cannot walk as they lie (a matrix of rows that are not evenly spaced). */
  #withPlainInputs(kernel: Kernel): Kernel {
    const inputs = kernel.inputs.map((input): KernelInput => {
      const { arrange, source, ...rest } = input;
      if (arrange === undefined) return input;
      const constant = source.kind === 'constant' ? source.constant : null;
      const name = source.kind === 'constant' ? source.constant.name : source.name;
      const stored = constant ?? this.#stored(name);
      // Constants are seen as they are kept.
      if (constant === null ? acceptsInput(input, stored.layout) : sameLayout(arrange(stored.layout), stored.layout))
        return input;
      const from = constant?.shape ?? this.#typeOf(name).shape;
      const shape = input.need(fullBox(kernel.shape)).count;
      const plain = `${kernel.name} rows of ${name}`;
      const spec = { name: plain, op: 'copy', output: plain, shape, format: stored.format };
      this.#addKernel(copyKernel(spec, source, from, arrange));
      return { ...rest, source: { kind: 'value', name: plain } };
    });
    return { ...kernel, inputs };
  }

  #addAlias(alias: Alias): void {
    if (alias.of.kind === 'constant') {
      this.#addKernel(alias.copy(alias.of));
      return;
    }
    let source = alias.of;
    let base = this.#stored(source.name);
    let layout = alias.arrange(base.layout);
    const copies = alias.sameOrder && fewFactors(base.layout);
    if (layout === null && !copies) {
      source = { kind: 'value', name: this.#plainCopy(alias) };
      base = this.#stored(source.name);
      layout = alias.arrange(base.layout);
    }
    const inPieces = this.#copies && layout?.dims.some((factors) => factors.length > 1) === true;
    if (layout === null || inPieces || !this.#readersAccept(alias.output, layout)) this.#addKernel(alias.copy(source));
    else this.#values.set(alias.output, { ...base, layout });
  }

  /** A dense copy of an alias's source, for layouts that the alias cannot start from; aliases of one source have one. */
  #plainCopy(alias: Alias): string {
    const of = alias.of.kind === 'value' ? alias.of.name : '';
    const source = this.#stored(of);
    const known = this.#plain.get(of);
    if (known !== undefined) return known;
    const name = `${alias.output} source`;
    this.#plain.set(of, name);
    const spec = { name, op: 'copy', output: name, shape: alias.sourceShape, format: source.format };
    this.#addKernel(copyKernel(spec, alias.of, alias.sourceShape, (l) => l));
    return name;
  }

  /** Where a value lies that is written straight into a joined tensor; null for others. */
  #partOfJoin(value: string): Stored | null {
    const place = this.#inPlace.get(value);
    if (place === undefined) return null;
    const joined = this.#joined(place.join);
    const box = { start: place.shape.map((_, d) => (d === place.join.axis ? place.start : 0)), count: place.shape };
    const layout = boxLayout(joined.layout, box);
    if (layout === null) throw new InternalError(`part ${value} does not fit its join`);
    return { ...joined, layout };
  }

  /** The joined tensor, made when its first part is; a part of another join lies there. */
  #joined(join: Join): Stored {
    const known = this.#values.get(join.output);
    if (known !== undefined) return known;
    const part = this.#partOfJoin(join.output);
    if (part !== null) {
      this.#values.set(join.output, part);
      return part;
    }
    const type = this.#typeOf(join.output);
    const format = formatOf(type);
    const { layout, sizeBytes } = denseLayout(type.shape, format.bits);
    const stored: Stored = { buffer: this.#newBuffer(join.output, sizeBytes), layout, format };
    this.#values.set(join.output, stored);
    return stored;
  }

  #addJoin(join: Join): void {
    const rest = join.parts.filter((p) => p.source.kind !== 'value' || this.#inPlace.get(p.source.name)?.join !== join);
    const stored = this.#joined(join);
    if (rest.length === 0) return;
    this.#kernels.push(join.copy(rest));
    this.#outputs.push(stored);
  }

  #planJoin(join: Join): void {
    const shape = this.#typeOf(join.output).shape;
    const { bits } = formatOf(this.#typeOf(join.output));
    const fastest = [...memoryOrder(shape.length)].reverse().find((d) => at(shape, d) > 1);
    const { layout } = denseLayout(shape, bits);
    for (const part of join.parts) {
      if (part.source.kind !== 'value') continue;
      const { name } = part.source;
      const maker = this.#selected.find((s) => s.output === name);
      if (maker === undefined || maker.kind === 'alias' || this.#inPlace.has(name)) continue;
      const end = part.start + at(part.shape, join.axis);
      const onBytes = (i: number): boolean => i % byteGroup(bits) === 0 || i === at(shape, join.axis);
      if (join.axis === fastest && !(onBytes(part.start) && onBytes(end))) continue;
      if (
        (maker.kind !== 'join' && !sameShape(maker.shape, part.shape)) ||
        join.parts.filter((p) => p.source.kind === 'value' && p.source.name === name).length > 1
      )
        continue;
      const own = boxLayout(layout, {
        start: part.shape.map((_, d) => (d === join.axis ? part.start : 0)),
        count: part.shape,
      });
      if (own === null || !this.#readersAccept(name, own)) continue;
      this.#inPlace.set(name, { join, start: part.start, shape: part.shape });
    }
  }

  #readersAccept(value: string, layout: Layout): boolean {
    return this.#selected.every(
      (s) =>
        s.kind === 'alias' || s.kind === 'join' || s.inputs.every((i) => !reads(i, value) || acceptsInput(i, layout)),
    );
  }
}

/** Layout of a kernel's operand under the kernel's own shape. */
export function operandLayout(storage: Storage, kernel: Kernel, index: number): Layout {
  const input = at(kernel.inputs, index);
  if (input.source.kind === 'constant') return input.source.constant.layout;
  const stored = storage.values.get(input.source.name);
  const layout =
    stored === undefined ? null : input.arrange === undefined ? stored.layout : input.arrange(stored.layout);
  if (layout === null) throw new InternalError(`${kernel.name} cannot see operand ${index} in its own shape`);
  return layout;
}

function sourcesOf(s: Selected): readonly Source[] {
  if (s.kind === 'alias') return [s.of];
  return s.kind === 'join' ? s.parts.map((p) => p.source) : s.inputs.map((i) => i.source);
}

function reads(input: KernelInput, value: string): boolean {
  return input.source.kind === 'value' && input.source.name === value;
}

function acceptsInput(input: KernelInput, layout: Layout): boolean {
  const seen = input.arrange === undefined ? layout : input.arrange(layout);
  return seen !== null && input.accepts(seen);
}

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((d, i) => d === b[i]);
}

function sameLayout(a: Layout | null, b: Layout): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
