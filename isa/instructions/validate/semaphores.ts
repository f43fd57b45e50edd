/**
 * Checks of semaphores: each is declared once with one signalling and one waiting unit, and used by these only, in one mode. That the
 * counts work out (order law, deadlock) needs the executed order and is the simulator's to find.
 */
import type { Program, SemaphoreDeclaration, UnitRef } from '../../program.ts';
import { LIMITS } from '../../tensor.ts';
import { unitText } from '../assembly/names.ts';
import { destinationCores, remoteSignals } from '../destinations.ts';
import { executingUnit } from '../fields.ts';
import type { Signal } from '../table.ts';
import { type ProgramFinding, type Report, reportAt } from './finding.ts';

const CODE = 'E-PROGRAM-SEMAPHORE';
/** Widest channel field. */
const MOST_CHANNELS = 16;

interface Known {
  readonly declaration: SemaphoreDeclaration;
  /** Mode of the signals seen so far. */
  mode: Signal['at'] | undefined;
}

export function checkSemaphores(program: Program, found: ProgramFinding[]): void {
  const known = checkDeclarations(program, found);
  program.cores.forEach(({ instructions }, core) => {
    instructions.forEach((instruction, index) => {
      const report = reportAt(found, CODE, { kind: 'instruction', core, index });
      const unit: UnitRef = { core, ...executingUnit(instruction) };
      for (const semaphore of new Set(instruction.waits))
        checkWait(known.get(keyOf(core, semaphore)), semaphore, unit, report);
      for (const { semaphore, at } of instruction.signals)
        checkSignal(known.get(keyOf(core, semaphore)), semaphore, core, at, unit, report);
      if (!('core' in instruction)) return;
      const missing = destinationCores(instruction, core).filter((c) => c >= program.cores.length);
      for (const c of missing)
        report(
          `it writes to core ${c}, the program has ${program.cores.length}`,
          `core0 .. core${program.cores.length - 1}`,
        );
      if (missing.length > 0) return;
      for (const remote of remoteSignals(instruction, core))
        checkSignal(
          known.get(keyOf(remote.core, remote.semaphore)),
          remote.semaphore,
          remote.core,
          'done',
          unit,
          report,
        );
    });
  });
}

function keyOf(core: number, semaphore: number): number {
  return core * LIMITS.semaphores + semaphore;
}

function checkDeclarations(program: Program, found: ProgramFinding[]): Map<number, Known> {
  const known = new Map<number, Known>();
  program.semaphores.forEach((declaration, index) => {
    const report = reportAt(found, CODE, { kind: 'semaphore', index });
    const { core, producer, consumer, initial } = declaration;
    if (!Number.isInteger(declaration.index) || declaration.index < 1 || declaration.index >= LIMITS.semaphores)
      report(`its number is ${declaration.index}`, `1 .. ${LIMITS.semaphores - 1}`);
    if (!Number.isInteger(initial) || initial < 0 || initial > LIMITS.initialCount)
      report(`its initial count is ${initial}`, `0 .. ${LIMITS.initialCount}`);
    for (const [role, unit] of [
      ['producer', producer],
      ['consumer', consumer],
    ] as const) {
      if (unit.core < 0 || unit.core >= program.cores.length)
        report(`its ${role} is on core ${unit.core}, the program has ${program.cores.length}`);
      if (unit.kind === 'dma' ? unit.channel < 0 || unit.channel >= MOST_CHANNELS : unit.channel !== 0)
        report(
          `its ${role} is ${unit.kind} channel ${unit.channel}`,
          unit.kind === 'dma' ? `0 .. ${MOST_CHANNELS - 1}` : 'channel 0',
        );
    }
    if (consumer.core !== core)
      report(
        `it belongs to core ${core} and a unit of core ${consumer.core} waits for it`,
        'a semaphore of the waiting core',
      );
    if (known.has(keyOf(core, declaration.index)))
      report(`semaphore ${declaration.index} of core ${core} is declared twice`, 'one declaration');
    known.set(keyOf(core, declaration.index), { declaration, mode: undefined });
  });
  return known;
}

function checkWait(known: Known | undefined, semaphore: number, unit: UnitRef, report: Report): void {
  if (known === undefined)
    report(
      `it waits for semaphore ${semaphore}, which core ${unit.core} does not declare`,
      'a declared semaphore (.sem)',
    );
  else if (!sameUnit(known.declaration.consumer, unit)) {
    report(
      `${full(unit)} waits for semaphore ${semaphore}, whose only waiting unit is ${full(known.declaration.consumer)}`,
      'one waiting unit a semaphore',
      'declare a second semaphore for this unit',
    );
  }
}

function checkSignal(
  known: Known | undefined,
  semaphore: number,
  core: number,
  at: Signal['at'],
  unit: UnitRef,
  report: Report,
): void {
  if (known === undefined) {
    report(`it signals semaphore ${semaphore}, which core ${core} does not declare`, 'a declared semaphore (.sem)');
    return;
  }
  if (!sameUnit(known.declaration.producer, unit)) {
    report(
      `${full(unit)} signals semaphore ${semaphore}, whose only signalling unit is ${full(known.declaration.producer)}`,
      'one signalling unit a semaphore',
      'declare a second semaphore for this unit',
    );
  }
  known.mode ??= at;
  if (known.mode !== at)
    report(
      `it signals semaphore ${semaphore} at ${at}, an earlier instruction at ${known.mode}`,
      'one moment for all signals of a semaphore',
    );
}

function sameUnit(a: UnitRef, b: UnitRef): boolean {
  return a.core === b.core && a.kind === b.kind && a.channel === b.channel;
}

function full(unit: UnitRef): string {
  return `${unitText(unit)} of core ${unit.core}`;
}
