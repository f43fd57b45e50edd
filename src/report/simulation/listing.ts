/** A program as its author wrote it: source lines and names where there is a text, disassembly and numbers where there is none. */
import type { Program } from '../../../isa/program.ts';
import { formatInstruction } from '../../../sim/walk/format.ts';
import { unitOf, unitText } from '../../../sim/walk/units.ts';

export class Listing {
  readonly program: Program;
  readonly #lines: readonly string[];
  /** By position among the `.sem` lines, which is the order of `program.semaphores`. */
  readonly #semaphores: readonly string[];

  /** `source`: the assembly that the program was made from. */
  constructor(program: Program, source?: string) {
    this.program = program;
    this.#lines = source === undefined ? [] : source.split(/\r?\n/);
    this.#semaphores = this.#lines.flatMap((l) => /^\s*\.sem\s+(\S+)/.exec(l)?.[1] ?? []);
  }

  /** 1-based line, 0 for none. */
  lineOf(core: number, pc: number): number {
    return this.program.symbols.lineOf[core]?.[pc] ?? 0;
  }

  /** `line 12`, or `instruction 3` without a source. */
  place(core: number, pc: number): string {
    const line = this.lineOf(core, pc);
    return line > 0 ? `line ${line}` : `instruction ${pc}`;
  }

  /** The instruction as it was written, without its comment, blanks made one. */
  code(core: number, pc: number): string {
    const written = this.#lines[this.lineOf(core, pc) - 1];
    if (written === undefined || written.includes('{')) return formatInstruction(this.program, core, pc);
    return written.replace(/;.*$/, '').trim().replace(/\s+/g, ' ');
  }

  op(core: number, pc: number): string {
    return this.program.cores[core]?.instructions[pc]?.op ?? '?';
  }

  unit(core: number, pc: number): string {
    const instruction = this.program.cores[core]?.instructions[pc];
    return instruction === undefined ? '?' : unitText(unitOf(instruction, core), this.program.cores.length);
  }

  /** `'loaded'` where the source names it, its number otherwise. */
  semaphore(index: number): string {
    const at = this.program.semaphores.findIndex((s) => s.index === index);
    const name = this.program.cores.length === 1 ? this.#semaphores[at] : undefined;
    return name === undefined ? String(index) : `'${name}'`;
  }
}
