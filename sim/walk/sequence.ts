/**
 * The sequencer without time: walks one core's code, runs scalar instructions, loops and skips, and yields every instruction that a unit
 * executes, with the registers as they are at dispatch. Values of `ldr` come from the caller, so the same walk serves the run
 * with data and the run without.
 */
import { SimFault } from '../../isa/base/errors.ts';
import type { Instruction, InstructionOf } from '../../isa/instructions/table.ts';
import type { Program } from '../../isa/program.ts';
import { LIMITS } from '../../isa/tensor.ts';

export interface DynamicInstruction {
  /** Static index in the core's code. */
  readonly pc: number;
  readonly instruction: Instruction;
  /** Register values at dispatch; shared between instructions that see the same values. */
  readonly registers: readonly number[];
}

export type LoadScalar = (instruction: InstructionOf<'ldr'>, registers: readonly number[]) => number;

/** A program that executes more instructions than this is taken for one that never ends. */
const RUNAWAY = 200_000_000;

interface Loop {
  readonly start: number;
  readonly end: number;
  left: number;
}

/** Yields each executed instruction of one core in program order, scalar ones included; ends at halt or the end of the code. */
export function* sequence(program: Program, core: number, load: LoadScalar): Generator<DynamicInstruction, void> {
  const code = program.cores[core]?.instructions ?? [];
  let registers: readonly number[] = new Array<number>(LIMITS.registers).fill(0);
  const loops: Loop[] = [];
  const set = (rd: number, value: number) => {
    if (rd === 0) return;
    const next = registers.slice();
    next[rd] = value;
    registers = next;
  };
  let pc = 0;
  for (let executed = 0; pc < code.length; executed++) {
    if (executed > RUNAWAY) throw fault(program, core, pc, `more than ${RUNAWAY} instructions were executed`, 'check the loop counts');
    const instruction = code[pc]!;
    yield { pc, instruction, registers };
    let next = pc + 1;
    switch (instruction.op) {
      case 'halt':
        return;
      case 'li':
        set(instruction.rd, instruction.value);
        break;
      case 'addi':
        set(instruction.rd, registers[instruction.rs]! + instruction.value);
        break;
      case 'add':
        set(instruction.rd, registers[instruction.rs]! + registers[instruction.rt]!);
        break;
      case 'cadd': {
        const m = instruction.modulus;
        if (m < 1) throw fault(program, core, pc, 'cadd with modulus 0', 'use a modulus of at least 1');
        set(instruction.rd, (((registers[instruction.rs]! + instruction.step) % m) + m) % m);
        break;
      }
      case 'ldr':
        set(instruction.rd, load(instruction, registers));
        break;
      case 'skip':
        if (holds(instruction.condition, registers[instruction.rs]!)) next = pc + 1 + instruction.length;
        break;
      case 'loop': {
        const times = instruction.times === 0 ? instruction.count : registers[instruction.times]!;
        const end = pc + instruction.length;
        if (times <= 0) next = end + 1;
        else {
          if (loops.length >= LIMITS.loopDepth) throw fault(program, core, pc, `loops nest deeper than ${LIMITS.loopDepth}`, 'unroll the innermost');
          loops.push({ start: pc + 1, end, left: times });
        }
        break;
      }
      default:
        break;
    }
    pc = closeLoops(loops, pc, next);
  }
}

/** Jumps back at the end of a body; a skip that lands behind the end counts as reaching it. */
function closeLoops(loops: Loop[], pc: number, next: number): number {
  let at = next;
  for (let loop = loops[loops.length - 1]; loop !== undefined && at > loop.end && pc <= loop.end; loop = loops[loops.length - 1]) {
    loop.left -= 1;
    if (loop.left > 0) return loop.start;
    loops.pop();
    at = Math.max(at, loop.end + 1);
  }
  return at;
}

function holds(condition: InstructionOf<'skip'>['condition'], value: number): boolean {
  switch (condition) {
    case 'zero':
      return value === 0;
    case 'nonzero':
      return value !== 0;
    case 'negative':
      return value < 0;
    case 'not-negative':
      return value >= 0;
  }
}

/** A fault with the place in the program: core, instruction number, source line where known. */
export function fault(program: Program, core: number, pc: number, what: string, hint: string, code = 'E-SIM'): SimFault {
  const op = program.cores[core]?.instructions[pc]?.op ?? '?';
  const line = program.symbols.lineOf[core]?.[pc] ?? 0;
  const where = `${program.symbols.sourceFile || program.name}, core ${core}, instruction ${pc} (${op})`;
  return new SimFault(`${what} (${where}${line > 0 ? `, line ${line}` : ''})`, {
    code,
    diagnostics: [{ code, message: what, where, hint, ...(line > 0 ? { line } : {}) }],
  });
}
