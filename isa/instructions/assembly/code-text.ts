/** Code as text: the inverse of instruction-syntax.ts and resolve.ts. */
import type { Program } from '../../program.ts';
import { coresOf, destinationCores } from '../destinations.ts';
import { type FieldValue, operandsOf } from '../fields.ts';
import { type FieldSpec, type Instruction, type InstructionOf, NO_TENSOR } from '../table.ts';
import type { TextNames } from './disassemble.ts';
import { unitText } from './names.ts';
import { operandForm } from './operand-form.ts';

/** Writes the code of one core. */
export class CodeWriter {
  readonly #program: Program;
  readonly #core: number;
  readonly #names: TextNames;

  constructor(program: Program, core: number, names: TextNames) {
    this.#program = program;
    this.#core = core;
    this.#names = names;
  }

  lines(): string[] {
    const out: string[] = [];
    const code = this.#program.cores[this.#core]!.instructions;
    const layerOf = this.#program.symbols.layerOf[this.#core] ?? [];
    /** Ends of the open braces: index of the first instruction behind each. */
    const ends: number[] = [];
    const close = (at: number) => {
      while (ends.at(-1) === at) {
        ends.pop();
        out.push(`${'  '.repeat(ends.length)}}`);
      }
    };
    let layer = -1;
    code.forEach((instruction, at) => {
      close(at);
      const own = layerOf[at] ?? -1;
      if (own !== layer) out.push(`.layer ${own === -1 ? 'none' : this.#names.layers[own]}`);
      layer = own;
      const limit = ends.at(-1) ?? code.length;
      const text = this.#instruction(instruction, at, limit);
      out.push('  '.repeat(ends.length) + text);
      if (text.endsWith('{') && (instruction.op === 'loop' || instruction.op === 'skip'))
        ends.push(at + 1 + instruction.length);
    });
    close(code.length);
    return layer === -1 ? out : [...out, '.layer none'];
  }

  /** One line; `limit` is the end of the body around it. */
  #instruction(i: Instruction, at: number, limit: number): string {
    const ordering = this.#ordering(i);
    if (i.op === 'sync')
      return `sync ${unitText({ kind: i.unit, channel: i.channel })}${i.unit !== 'dma' && i.channel !== 0 ? ` channel=${i.channel}` : ''}${ordering}`;
    if (i.op === 'loop' || i.op === 'skip') {
      const braces = at + 1 + i.length <= limit && (i.op === 'skip' || i.times === 0 || i.count === 0);
      const head =
        i.op === 'skip'
          ? `skip ${i.condition} r${i.rs}`
          : braces
            ? loopHead(i)
            : `loop count=${i.count} times=r${i.times}`;
      return braces ? `${head}${ordering} {` : `${head} length=${i.length}${ordering}`;
    }
    return this.#plain(i) + ordering;
  }

  #plain(i: Instruction): string {
    const form = operandForm(i.op);
    const values = operandsOf(i);
    const suffix = form.suffix === undefined ? '' : `.${values[form.suffix[0]]}`;
    const operands = form.positional.map(([name, field]) => this.#value(name, field, values[name]!));
    const keywords = form.keywords.flatMap(([name, field]) => {
      const value = values[name]!;
      if (value === false || (field.kind === 'optionalTensor' ? value === NO_TENSOR : value === 0)) return [];
      return [field.kind === 'flag' ? name : `${name}=${this.#value(name, field, value, values)}`];
    });
    return [`${i.op}${suffix}${operands.length === 0 ? '' : ' '}${operands.join(', ')}`, ...keywords].join(' ');
  }

  #value(name: string, field: FieldSpec, value: FieldValue, all: Readonly<Record<string, FieldValue>> = {}): string {
    const number = Number(value);
    switch (field.kind) {
      case 'tensor':
      case 'optionalTensor':
        return this.#names.tensors[number] ?? `#${number}`;
      case 'array':
        return this.#names.arrays[number] ?? `#${number}`;
      case 'register':
        return `r${number}`;
      default:
        if (name === 'core' && number <= 31) return `core${number - 1}`;
        if (name === 'cores') return coreList(number);
        return name === 'signalRemote' ? this.#remote(number, all) : String(value);
    }
  }

  /** Semaphore number on the core that the instruction names, of several on the first. */
  #remote(semaphore: number, values: Readonly<Record<string, FieldValue>>): string {
    return this.#names.semaphore(destinationCores(values, this.#core)[0]!, semaphore);
  }

  #ordering({ waits, signals }: Instruction): string {
    const name = (semaphore: number) => this.#names.semaphore(this.#core, semaphore);
    const wait = waits.length === 0 ? '' : `  wait ${waits.map(name).join(', ')}`;
    const signal =
      signals.length === 0
        ? ''
        : `  signal ${signals.map((s) => name(s.semaphore) + (s.at === 'release' ? '@release' : '')).join(', ')}`;
    return wait + signal;
  }
}

function coreList(mask: number): string {
  return coresOf(mask)
    .map((core) => `core${core}`)
    .join(',');
}

function loopHead(i: InstructionOf<'loop'>): string {
  return `loop ${i.times === 0 ? i.count : `r${i.times}`}`;
}

/** One instruction as a line, for messages: names of the side table as far as there are any. */
export function instructionText(program: Program, core: number, at: number): string {
  const instruction = program.cores[core]?.instructions[at];
  if (instruction === undefined) return '?';
  const named = (list: readonly string[], prefix: string) =>
    list.map((name, i) => (name === '' ? `${prefix}${i}` : name));
  const names: TextNames = {
    tensors: named(program.symbols.tensorNames, 't'),
    arrays: named(program.symbols.arrayNames, 'a'),
    layers: [],
    semaphore: (_, index) => `s${index}`,
  };
  const single: Program = {
    ...program,
    cores: program.cores.map((c, k) => (k === core ? { instructions: [instruction] } : c)),
    symbols: { ...program.symbols, layerOf: [] },
  };
  return new CodeWriter(single, core, names).lines()[0]!;
}
