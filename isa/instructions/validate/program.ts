/**
 * Static checks of a whole program, all findings at once: first those that hold for any machine, then those against one machine (machine.ts).
 * What depends on registers, data or time (bounds of moved walks, races, deadlocks) is the simulator's to find.
 */
import { type Diagnostic, InputError } from '../../base/errors.ts';
import type { Machine } from '../../machine/schema.ts';
import type { Program } from '../../program.ts';
import { LIMITS } from '../../tensor.ts';
import { MOST_CORES } from '../destinations.ts';
import { encodeInstruction } from '../encode.ts';
import { fieldsOf, operandsOf } from '../fields.ts';
import { ISA_VERSION, NO_TENSOR, runsHere } from '../table.ts';
import { checkControl } from './control.ts';
import { type ProgramFinding, reportAt, toDiagnostic } from './finding.ts';
import { checkOnMachine } from './machine.ts';
import { checkOperands } from './operands.ts';
import { checkSemaphores } from './semaphores.ts';
import { checkArrays, checkConstants, checkIo, checkTensors } from './tables.ts';

export type { Place, ProgramFinding } from './finding.ts';

/** Findings that hold on any machine; empty for a program that is sound as it stands. */
export function validateProgram(program: Program): ProgramFinding[] {
  const found: ProgramFinding[] = [];
  const whole = reportAt(found, 'E-PROGRAM', { kind: 'program' });
  if (!runsHere(program.isaVersion))
    whole(`the program is written for ISA ${program.isaVersion}`, `ISA ${ISA_VERSION} or an older 1.x`);
  if (program.cores.length < 1 || program.cores.length > MOST_CORES)
    whole(`the program has ${program.cores.length} cores`, `1 .. ${MOST_CORES}`);
  for (const [what, n] of [
    ['tensor', program.tensors.length],
    ['array', program.arrays.length],
  ] as const) {
    if (n > LIMITS.descriptors) whole(`the program has ${n} ${what} descriptors`, `at most ${LIMITS.descriptors}`);
  }
  checkTensors(program, found);
  checkArrays(program, found);
  checkConstants(program, found);
  checkIo(program, found);
  const sound = checkFields(program, found);
  checkControl(program, found);
  checkSemaphores(program, found);
  // Operand rules follow descriptor numbers, so those must be right first.
  if (sound && found.every((f) => f.place.kind !== 'tensor' && f.place.kind !== 'array')) checkOperands(program, found);
  return found;
}

/** Findings against one machine. The program itself must have no findings. */
export function validateOnMachine(program: Program, machine: Machine): ProgramFinding[] {
  return checkOnMachine(program, machine);
}

/** Throws InputError with every finding, of the program and then of the program on the machine. */
export function requireValid(program: Program, machine?: Machine): void {
  refuse(program, validateProgram(program), `program ${program.name} is not sound`);
  if (machine !== undefined)
    refuse(
      program,
      validateOnMachine(program, machine),
      `program ${program.name} does not fit machine ${machine.name}`,
    );
}

function refuse(program: Program, found: readonly ProgramFinding[], summary: string): void {
  if (found.length === 0) return;
  const diagnostics: Diagnostic[] = found.map((f) => toDiagnostic(f, program));
  throw new InputError(`${summary}: ${found.length} ${found.length === 1 ? 'finding' : 'findings'}`, { diagnostics });
}

/** Every operand fits its field and every named descriptor exists; gives whether all do. */
function checkFields(program: Program, found: ProgramFinding[]): boolean {
  const before = found.length;
  program.cores.forEach(({ instructions }, core) => {
    instructions.forEach((instruction, index) => {
      const place = { kind: 'instruction', core, index } as const;
      try {
        encodeInstruction(instruction);
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        for (const d of error.diagnostics) reportAt(found, d.code, place)(d.message, d.expected);
        return;
      }
      const report = reportAt(found, 'E-PROGRAM-DESCRIPTOR', place);
      const values = operandsOf(instruction);
      for (const [name, field] of fieldsOf(instruction.op)) {
        const number = Number(values[name]);
        if (field.kind === 'array' && number >= program.arrays.length)
          report(`${name} names array descriptor ${number}, the program has ${program.arrays.length}`);
        if (field.kind !== 'tensor' && field.kind !== 'optionalTensor') continue;
        if (number >= program.tensors.length && !(field.kind === 'optionalTensor' && number === NO_TENSOR)) {
          report(`${name} names tensor descriptor ${number}, the program has ${program.tensors.length}`);
        }
      }
    });
  });
  return found.length === before;
}
