/**
 * The sequencer without time: walks one core's code, runs scalar instructions, loops and skips, and yields every instruction that a unit
 * executes, with the registers as they are at dispatch. Values of `ldr` come from the caller, so the same walk serves the run
 * with data and the run without. Registers are integers of 48 bits; leaving that range is a fault, not a wrap.
 */
import { SimFault } from '../../isa/base/errors.ts';
import type { Instruction, InstructionOf } from '../../isa/instructions/table.ts';
import type { Program } from '../../isa/program.ts';
import { LIMITS } from '../../isa/tensor.ts';
import { formatInstruction } from './format.ts';

export interface DynamicInstruction {
  /** Static index in the core's code. */
  readonly pc: number;
  readonly instruction: Instruction;
  /** Register values at dispatch; shared between instructions that see the same values, never changed. */
  readonly registers: readonly number[];
}

export type LoadScalar = (instruction: InstructionOf<'ldr'>, registers: readonly number[], pc: number) => number;

/**
 * A program that executes more instructions than this on one core is taken for one that never ends: compiled networks end below a
 * million, and the timed run keeps some hundred bytes of each.
 */
const RUNAWAY_INSTRUCTIONS = 4_000_000;

const REGISTER_LIMIT = 2 ** 47;

interface Loop {
  readonly start: number;
  /** Last instruction of the body. */
  readonly end: number;
  left: number;
}

/** Registers before the first instruction. */
export const ZERO_REGISTERS: readonly number[] = new Array<number>(LIMITS.registers).fill(0);

/**
 * Yields each executed instruction of one core in program order, scalar ones included; ends at halt or the end of the code.
 * Throws SimFault on a runaway, a body that reaches behind its loop or the code, a skip that leaves its loop, and register overflow.
 */
export function* sequence(
  program: Program,
  core: number,
  load: LoadScalar,
  limit = RUNAWAY_INSTRUCTIONS,
): Generator<DynamicInstruction, void> {
  const code = program.cores[core]?.instructions ?? [];
  let registers = ZERO_REGISTERS;
  const loops: Loop[] = [];
  let pc = 0;
  for (let executed = 1; pc < code.length; executed++) {
    if (executed > limit)
      throw fault(
        program,
        core,
        pc,
        `more than ${limit} instructions were executed`,
        'check the loop counts',
        'E-SIM-RUNAWAY',
      );
    const instruction = code[pc]!;
    yield { pc, instruction, registers };
    if (instruction.op === 'halt') return;
    let next = pc + 1;
    if (instruction.op === 'skip') {
      if (holds(instruction.condition, registers[instruction.rs]!)) next = pc + 1 + instruction.length;
      checkInside(program, core, pc, next - 1, loops);
    } else if (instruction.op === 'loop') {
      next = enterLoop(program, core, pc, instruction, registers, loops);
    } else {
      registers = scalar(program, core, pc, instruction, registers, load);
    }
    pc = closeLoops(loops, pc, next);
  }
}

/** Registers after a scalar instruction; the same array when it changes none. */
function scalar(
  program: Program,
  core: number,
  pc: number,
  i: Instruction,
  registers: readonly number[],
  load: LoadScalar,
): readonly number[] {
  switch (i.op) {
    case 'li':
      return set(i.rd, i.value);
    case 'addi':
      return set(i.rd, registers[i.rs]! + i.value);
    case 'add':
      return set(i.rd, registers[i.rs]! + registers[i.rt]!);
    case 'cadd':
      if (i.modulus < 1) throw fault(program, core, pc, 'cadd with modulus 0', 'use a modulus of at least 1');
      return set(i.rd, (((registers[i.rs]! + i.step) % i.modulus) + i.modulus) % i.modulus);
    case 'ldr':
      return set(i.rd, load(i, registers, pc));
    default:
      return registers;
  }
  function set(rd: number, value: number): readonly number[] {
    if (rd === 0 || registers[rd] === value) return registers;
    if (Math.abs(value) > REGISTER_LIMIT)
      throw fault(
        program,
        core,
        pc,
        `register r${rd} would be ${value}, outside 48 bits`,
        'reset the register in the loop, or use cadd',
      );
    return registers.with(rd, value);
  }
}

/** Opens a loop and gives the next pc: the body, or what follows it for zero repetitions. */
function enterLoop(
  program: Program,
  core: number,
  pc: number,
  i: InstructionOf<'loop'>,
  registers: readonly number[],
  loops: Loop[],
): number {
  const end = pc + i.length;
  if (i.length < 1) throw fault(program, core, pc, 'loop with an empty body', 'give it at least one instruction');
  checkInside(program, core, pc, end, loops);
  const times = i.times === 0 ? i.count : registers[i.times]!;
  if (times <= 0) return end + 1;
  if (loops.length >= LIMITS.loopDepth)
    throw fault(program, core, pc, `loops nest deeper than ${LIMITS.loopDepth}`, 'unroll the innermost');
  loops.push({ start: pc + 1, end, left: times });
  return pc + 1;
}

function checkInside(program: Program, core: number, pc: number, last: number, loops: readonly Loop[]): void {
  const length = program.cores[core]!.instructions.length;
  if (last >= length)
    throw fault(program, core, pc, `reaches instruction ${last}, the code ends at ${length - 1}`, 'correct the length');
  const around = loops[loops.length - 1];
  if (around !== undefined && pc <= around.end && last > around.end) {
    throw fault(
      program,
      core,
      pc,
      `reaches instruction ${last}, the loop around it ends at ${around.end}`,
      'bodies and skips must lie within the loop around them',
    );
  }
}

/** Jumps back at the end of a body. */
function closeLoops(loops: Loop[], pc: number, next: number): number {
  let at = next;
  for (
    let loop = loops[loops.length - 1];
    loop !== undefined && at > loop.end && pc <= loop.end;
    loop = loops[loops.length - 1]
  ) {
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

/** Loads in the order in which an earlier run recorded them; throws SimFault when the program loads more. */
export function replayLoads(program: Program, core: number, recorded: readonly number[]): LoadScalar {
  let at = 0;
  return (_instruction, _registers, pc) => {
    const value = recorded[at];
    at += 1;
    if (value === undefined)
      throw fault(
        program,
        core,
        pc,
        'ldr needs a value and none was recorded',
        'run with data first (--values)',
        'E-SIM-LOADS',
      );
    return value;
  };
}

/** A fault with the place in the program: the instruction as text, core, number, source line where known. */
export function fault(
  program: Program,
  core: number,
  pc: number,
  what: string,
  hint: string,
  code = 'E-SIM',
): SimFault {
  const line = program.symbols.lineOf[core]?.[pc] ?? 0;
  const text = formatInstruction(program, core, pc);
  const file = program.symbols.sourceFile === '' ? program.name : program.symbols.sourceFile;
  const where = `${file}, core ${core}, instruction ${pc}: ${text}`;
  return new SimFault(`${what} (${where}${line > 0 ? `, line ${line}` : ''})`, {
    code,
    diagnostics: [{ code, message: what, where, hint, ...(line > 0 ? { line } : {}) }],
  });
}
