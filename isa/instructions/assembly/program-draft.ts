/**
 * What the directives of an assembly text have said so far: names to numbers, and the parts of the program. Code is
 * kept as syntax until all names are known, so instructions may come before the declarations that they use.
 */
import type { ConstantSegment, LayerSymbol, ProgramTensor, SemaphoreDeclaration, UnitRef } from '../../program.ts';
import type { ArrayDescriptor } from '../../tensor.ts';
import type { Located } from './cursor.ts';
import type { Token } from './lexer.ts';
import type { Span } from './source.ts';
import type { NamedTensor } from './tensor-syntax.ts';

/** A declared thing with its place in the text. */
export interface Declared<T> {
  readonly value: T;
  readonly span: Span;
  /** Name for the side table. */
  readonly symbol: string;
}

export interface SemaphoreDraft {
  readonly name: string;
  /** Undefined until numbered. */
  readonly index: number | undefined;
  readonly initial: number;
  readonly producer: UnitRef;
  readonly consumer: UnitRef;
  readonly span: Span;
}

/** One value of an instruction as written: a word, a number, or a raw descriptor or semaphore number after `#`. */
export type Operand =
  | { readonly kind: 'word'; readonly token: Token }
  | { readonly kind: 'number'; readonly located: Located }
  | { readonly kind: 'raw'; readonly located: Located };

export interface KeywordOperand {
  readonly name: string;
  readonly span: Span;
  /** Undefined for a bare word: a flag. */
  readonly value: Operand | undefined;
  /** Further values behind commas, of a list of cores. */
  readonly more: readonly Operand[];
}

export interface SignalSyntax {
  readonly semaphore: Operand;
  readonly at: 'release' | 'done';
}

export interface InstructionSyntax {
  readonly mnemonic: Token;
  readonly operands: readonly Operand[];
  readonly keywords: readonly KeywordOperand[];
  readonly waits: readonly Operand[];
  readonly signals: readonly SignalSyntax[];
  /** Instructions in the braces, filled in at the closing brace; undefined without braces. */
  length: number | undefined;
  readonly layer: number;
  readonly span: Span;
}

export interface Layout {
  readonly sizeBytes: number | undefined;
  readonly codeAddress: number | undefined;
}

export interface MachineChoice {
  readonly preset: string;
  readonly overrides: Readonly<Record<string, string>>;
}

export class ProgramDraft {
  name: string;
  machine: MachineChoice | undefined;
  layout: Layout = { sizeBytes: undefined, codeAddress: undefined };
  /** Core of the code that follows, and of units that name none. */
  core = 0;
  /** Layer of the code that follows, -1 for none. */
  layer = -1;
  readonly tensors: Declared<NamedTensor>[] = [];
  readonly tensorNumbers = new Map<string, number>();
  readonly arrays: Declared<ArrayDescriptor>[] = [];
  readonly arrayNumbers = new Map<string, number>();
  readonly semaphores: SemaphoreDraft[] = [];
  readonly constants: (ConstantSegment & { readonly span: Span })[] = [];
  /** Elements of all `.const` so far. */
  constantElements = 0;
  readonly io: (ProgramTensor & { readonly span: Span })[] = [];
  readonly layers: LayerSymbol[] = [];
  readonly layerNumbers = new Map<string, number>();
  readonly cores: InstructionSyntax[][] = [[]];

  constructor(name: string) {
    this.name = name;
  }

  /** Instructions that the code of all cores stands for so far. */
  instructions = 0;

  /** One statement of code of the current core; a barrier stands for two instructions a semaphore. */
  add(syntax: InstructionSyntax): void {
    this.cores[this.core]!.push(syntax);
    this.instructions += syntax.mnemonic.text === 'barrier' ? 2 * syntax.operands.length : 1;
  }

  openCore(core: number): void {
    while (this.cores.length <= core) this.cores.push([]);
    this.core = core;
  }

  /** Semaphores with numbers: stated ones keep theirs, the others take the lowest free ones of their core, in order. */
  numberedSemaphores(): (SemaphoreDeclaration & { readonly name: string; readonly span: Span })[] {
    const used = new Set(
      this.semaphores.filter((s) => s.index !== undefined).map((s) => `${s.consumer.core}.${s.index}`),
    );
    return this.semaphores.map(({ index, consumer, ...rest }) => {
      let number = index ?? 1;
      while (index === undefined && used.has(`${consumer.core}.${number}`)) number += 1;
      used.add(`${consumer.core}.${number}`);
      return { core: consumer.core, index: number, consumer, ...rest };
    });
  }
}
