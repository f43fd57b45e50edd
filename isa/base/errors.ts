/**
 * Errors by who must act. Every message says what happened, where, what was expected and what to try; readers collect
 * diagnostics and throw once. Exit codes are the command line's: 1 input, 3 fault of the simulated program, 70 ours.
 */

/** One finding. `where` names a file, node or field; line and column are 1-based. */
export interface Diagnostic {
  readonly code: string;
  readonly message: string;
  readonly where?: string;
  readonly line?: number;
  readonly column?: number;
  readonly expected?: string;
  readonly hint?: string;
  /** Source excerpt with a caret line, already laid out. */
  readonly excerpt?: string;
}

export interface ErrorDetails {
  readonly code?: string;
  readonly diagnostics?: readonly Diagnostic[];
  readonly cause?: unknown;
}

export abstract class QnpuError extends Error {
  abstract readonly kind: string;
  abstract readonly exitCode: number;
  readonly code: string;
  readonly diagnostics: readonly Diagnostic[];

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.diagnostics = details.diagnostics ?? [];
    this.code = details.code ?? this.diagnostics[0]?.code ?? 'E-UNSPECIFIED';
    this.name = new.target.name;
  }
}

/** The user's file, setting or assembly is wrong. */
export class InputError extends QnpuError {
  readonly kind = 'input';
  readonly exitCode = 1;
}

/** Legal input outside what is supported; the diagnostics list every offending node. */
export class UnsupportedError extends QnpuError {
  readonly kind = 'unsupported';
  readonly exitCode = 1;
}

export interface CapacityDetails extends ErrorDetails {
  readonly needed: number;
  readonly available: number;
  readonly unit: string;
  /** The machine field that would help. */
  readonly knob: string;
  /** What takes the room, largest first. */
  readonly consumers?: readonly { readonly name: string; readonly amount: number }[];
}

/** It does not fit this chip. */
export class CapacityError extends QnpuError {
  readonly kind = 'capacity';
  readonly exitCode = 1;
  readonly needed: number;
  readonly available: number;
  readonly unit: string;
  readonly knob: string;
  readonly consumers: readonly { readonly name: string; readonly amount: number }[];

  constructor(message: string, details: CapacityDetails) {
    super(message, details);
    this.needed = details.needed;
    this.available = details.available;
    this.unit = details.unit;
    this.knob = details.knob;
    this.consumers = details.consumers ?? [];
  }
}

/** The simulated program did something illegal. */
export class SimFault extends QnpuError {
  readonly kind = 'fault';
  readonly exitCode = 3;
}

/** Our own invariant broke. */
export class InternalError extends QnpuError {
  readonly kind = 'internal';
  readonly exitCode = 70;
}

type ListError = new (message: string, details: ErrorDetails) => QnpuError;

/** Collects findings so that the user sees all of them at once. */
export class Diagnostics {
  readonly #items: Diagnostic[] = [];

  get items(): readonly Diagnostic[] {
    return this.#items;
  }

  add(item: Diagnostic): void {
    this.#items.push(item);
  }

  /** Throws one `kind` with all findings when there are any. */
  throwIfAny(kind: ListError, summary: string): void {
    if (this.#items.length > 0) throw new kind(summary, { diagnostics: this.#items });
  }
}

/** One-screen text of an error: summary, then each finding with where, expected and what to try. */
export function formatError(error: QnpuError, shown = 12): string {
  const lines = [`${error.kind === 'internal' ? 'internal error' : 'error'} ${error.code}: ${error.message}`];
  if (error instanceof CapacityError) lines.push(...capacityLines(error));
  const repeats = error.diagnostics.length === 1 && error.diagnostics[0]?.message === error.message;
  for (const d of error.diagnostics.slice(0, shown)) lines.push(...diagnosticLines(d, repeats));
  if (error.diagnostics.length > shown) lines.push(`  ... and ${error.diagnostics.length - shown} more`);
  const clip = (l: string) => (l.length > WIDEST ? `${l.slice(0, WIDEST)} ...` : l);
  return lines.join('\n').split('\n').map(clip).join('\n');
}

/** Names and lists in messages come from files; what nobody can read is cut. */
const WIDEST = 1000;

function capacityLines(e: CapacityError): string[] {
  const top = e.consumers.slice(0, 5).map((c) => `    ${c.name}: ${c.amount} ${e.unit}`);
  return [
    `  needed ${e.needed} ${e.unit}, available ${e.available} ${e.unit}, ${e.needed - e.available} too many`,
    ...(top.length > 0 ? ['  largest:', ...top] : []),
    `  try: a larger ${e.knob} (--set ${e.knob}=...)`,
  ];
}

function diagnosticLines(d: Diagnostic, repeats: boolean): string[] {
  const position = d.line === undefined ? '' : `:${d.line}${d.column === undefined ? '' : `:${d.column}`}`;
  const where = `${d.where ?? ''}${position}`;
  return [
    ...(repeats ? (where === '' ? [] : [`  at ${where}`]) : [`  ${where === '' ? '' : `${where}: `}${d.message}`]),
    ...(d.excerpt === undefined ? [] : d.excerpt.split('\n').map((l) => `    ${l}`)),
    ...(d.expected === undefined ? [] : [`    expected: ${d.expected}`]),
    ...(d.hint === undefined ? [] : [`    try: ${d.hint}`]),
  ];
}
