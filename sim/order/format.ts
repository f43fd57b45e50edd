/** Findings of the order check as text: pure, so that the command line, tests and the playground say the same. */
import type { Program } from '../../isa/program.ts';
import { formatInstruction } from '../walk/format.ts';
import type { OrderFinding } from './check.ts';

export interface Place {
  readonly core: number;
  readonly pc: number;
}

/** e.g. `line 12: mm dst=sums src=x tile=w` (the instruction number where there is no source). */
export function formatPlace(at: Place, program: Program): string {
  const line = program.symbols.lineOf[at.core]?.[at.pc] ?? 0;
  const core = program.cores.length > 1 ? `core ${at.core} ` : '';
  const where = line > 0 ? `line ${line}` : `instruction ${at.pc}`;
  return `${core}${where}: ${formatInstruction(program, at.core, at.pc)}`;
}

/** Headline, one line for each instruction, what is missing. */
export function formatFinding(finding: OrderFinding, program: Program): string {
  const places = finding.places.map((p) => `  ${formatPlace(p, program)}`);
  const missing = finding.missing === undefined ? [] : [`  missing: ${finding.missing}`];
  return [`${finding.kind}: ${finding.message}`, ...places, ...missing].join('\n');
}
