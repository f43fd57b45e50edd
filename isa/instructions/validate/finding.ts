/** What a static check finds, and where in the program; the assembler turns the place into a line, everyone else into words. */
import type { Diagnostic } from '../../base/errors.ts';
import type { Program } from '../../program.ts';
import { instructionText } from '../assembly/code-text.ts';

export type Place =
  | { readonly kind: 'program' }
  | { readonly kind: 'instruction'; readonly core: number; readonly index: number }
  /** Index into the program's table of that name. */
  | { readonly kind: 'tensor' | 'array' | 'semaphore' | 'constant' | 'io'; readonly index: number };

export interface ProgramFinding {
  readonly code: string;
  readonly message: string;
  readonly expected?: string;
  readonly hint?: string;
  readonly place: Place;
}

/** Adds one finding at a place; the code comes from whoever made the reporter. */
export type Report = (message: string, expected?: string, hint?: string) => void;

/** A reporter for one place. */
export function reportAt(found: ProgramFinding[], code: string, place: Place): Report {
  return (message, expected, hint) => {
    found.push({
      code,
      message,
      place,
      ...(expected === undefined ? {} : { expected }),
      ...(hint === undefined ? {} : { hint }),
    });
  };
}

/** A finding for people who have no source text. */
export function toDiagnostic({ place, ...finding }: ProgramFinding, program: Program): Diagnostic {
  const line = place.kind === 'instruction' ? (program.symbols.lineOf[place.core]?.[place.index] ?? 0) : 0;
  const file = program.symbols.sourceFile;
  if (line > 0 && file !== '') return { ...finding, where: file, line };
  return { ...finding, where: placeText(place, program) };
}

function placeText(place: Place, program: Program): string {
  const named = (name: string | undefined) => (name === undefined || name === '' ? '' : ` (${name})`);
  switch (place.kind) {
    case 'program':
      return `program ${program.name}`;
    case 'instruction':
      return `core ${place.core}, instruction ${place.index}: ${instructionText(program, place.core, place.index)}`;
    case 'tensor':
      return `tensor descriptor ${place.index}${named(program.symbols.tensorNames[place.index])}`;
    case 'array':
      return `array descriptor ${place.index}${named(program.symbols.arrayNames[place.index])}`;
    case 'semaphore':
      return `semaphore ${program.semaphores[place.index]?.index} of core ${program.semaphores[place.index]?.core}`;
    case 'constant':
      return `constant segment ${place.index}`;
    case 'io':
      return `${program.io[place.index]?.direction} ${program.io[place.index]?.name}`;
  }
}
