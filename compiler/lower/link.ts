/** Numbers descriptors and lays out the program: equal descriptors become one entry, names go to the side table. */
import { CapacityError } from '../../isa/base/errors.ts';
import { accessFields } from '../../isa/instructions/access.ts';
import type { Instruction } from '../../isa/instructions/table.ts';
import { ISA_VERSION, NO_TENSOR } from '../../isa/instructions/table.ts';
import type { ConstantSegment, LayerSymbol, Program, ProgramTensor, SemaphoreDeclaration } from '../../isa/program.ts';
import type { ArrayDescriptor, TensorDescriptor } from '../../isa/tensor.ts';
import { LIMITS } from '../../isa/tensor.ts';
import type { NamedArray, NamedTensor } from './draft.ts';
import { WalkKeys } from './keys.ts';
import type { Rolled } from './roll.ts';

export interface LinkInput {
  readonly name: string;
  /** By core. */
  readonly cores: readonly (readonly Rolled[])[];
  readonly semaphores: readonly SemaphoreDeclaration[];
  readonly layers: readonly LayerSymbol[];
  /** Number among those of a draft's layer. */
  readonly layerOf: (layer: number) => number;
  readonly constants: readonly ConstantSegment[];
  readonly io: readonly {
    readonly name: string;
    readonly direction: 'input' | 'output';
    readonly tensor: NamedTensor;
    readonly shape: readonly number[];
  }[];
  /** DRAM address behind all data; code follows. */
  readonly dataEnd: number;
  /** Address behind what lies in the slower tier; 0 where nothing does. */
  readonly farEnd: number;
}

export function link(input: LinkInput): Program {
  const tensors = new Interner<NamedTensor, TensorDescriptor>('tensor', tensorKeys());
  const arrays = new Interner<NamedArray, ArrayDescriptor>('array', arrayKey);
  const cores = input.cores.map((code) => ({
    instructions: [
      ...code.map((o) => encodeOperands(o, tensors, arrays)),
      { op: 'halt', waits: [], signals: [] } satisfies Instruction,
    ],
  }));
  const io = input.io.map(
    (t): ProgramTensor => ({ name: t.name, direction: t.direction, tensor: tensors.number(t.tensor), shape: t.shape }),
  );
  const codeBytes = codeBytesOf({ cores, tensors: tensors.items, arrays: arrays.items });
  return {
    isaVersion: ISA_VERSION,
    name: input.name,
    cores,
    tensors: tensors.items,
    arrays: arrays.items,
    semaphores: input.semaphores,
    constants: input.constants,
    io,
    dramBytes: Math.max(input.dataEnd + codeBytes, input.farEnd),
    codeAddress: input.dataEnd,
    symbols: {
      tensorNames: tensors.names,
      arrayNames: arrays.names,
      layers: input.layers,
      layerOf: input.cores.map((code) => [...code.map((o) => input.layerOf(o.draft.layer)), -1]),
      lineOf: cores.map((core) => core.instructions.map(() => 0)),
      sourceFile: '',
    },
  };
}

/** DRAM that a program needs in front of a slower tier: code lies behind all data there. */
export function nearBytesOf(program: Program): number {
  return program.codeAddress + codeBytesOf(program);
}

/** Room for code and descriptors. */
export function codeBytesOf({ cores, tensors, arrays }: Pick<Program, 'cores' | 'tensors' | 'arrays'>): number {
  const instructions = cores.reduce((n, core) => n + core.instructions.length, 0);
  return instructions * 16 + tensors.length * 128 + arrays.length * 32;
}

/** Replaces descriptors by their numbers, guided by the row's field kinds. */
function encodeOperands(
  o: Rolled,
  tensors: Interner<NamedTensor, TensorDescriptor>,
  arrays: Interner<NamedArray, ArrayDescriptor>,
): Instruction {
  const draft = o.draft as unknown as Readonly<Record<string, unknown>>;
  const out: Record<string, unknown> = {};
  for (const field in draft) if (field !== 'layer' && field !== 'site') out[field] = draft[field];
  out.waits = o.waits;
  out.signals = o.signals;
  for (const { name, of } of accessFields(o.draft.op)) {
    const value = out[name];
    if (of === 'array') out[name] = arrays.number(value as NamedArray);
    else out[name] = value === null ? NO_TENSOR : tensors.number(value as NamedTensor);
  }
  return out as unknown as Instruction;
}

/** Tells tensors apart, but not by name. */
function tensorKeys(): (t: NamedTensor) => string {
  const walks = new WalkKeys();
  return (t) => {
    let text = `${walks.number(t)} ${t.base} ${t.baseRegister}`;
    for (const { origin } of t.axes) text += ` ${origin}`;
    for (const { axis, register } of t.originRegisters) text += ` ${axis}+${register}`;
    return text;
  };
}

function arrayKey({ name: _, ...rest }: NamedArray): string {
  return JSON.stringify(rest);
}

/** Numbers equal descriptors once. Names do not make a difference. */
class Interner<N extends D & { readonly name: string }, D> {
  readonly items: D[] = [];
  readonly names: string[] = [];
  readonly #byObject = new Map<N, number>();
  readonly #byText = new Map<string, number>();
  readonly #what: string;
  readonly #textOf: (item: N) => string;

  /** @param textOf equal for equal descriptors */
  constructor(what: string, textOf: (item: N) => string) {
    this.#what = what;
    this.#textOf = textOf;
  }

  number(named: N): number {
    const known = this.#byObject.get(named);
    if (known !== undefined) return known;
    const text = this.#textOf(named);
    let index = this.#byText.get(text);
    if (index === undefined) {
      index = this.items.length;
      if (index >= LIMITS.descriptors) this.#tooMany();
      const { name, ...rest } = named;
      this.items.push(rest as unknown as D);
      this.names.push(name);
      this.#byText.set(text, index);
    }
    this.#byObject.set(named, index);
    return index;
  }

  #tooMany(): never {
    throw new CapacityError(`the program needs more than ${LIMITS.descriptors} ${this.#what} descriptors`, {
      needed: LIMITS.descriptors + 1,
      available: LIMITS.descriptors,
      unit: 'descriptors',
      knob: 'core.accumulators.sizeBytes',
      code: 'E-CAPACITY-DESCRIPTORS',
    });
  }
}
