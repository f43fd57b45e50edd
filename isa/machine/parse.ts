/** From an unknown value to a Machine: schema and cross-field findings together, each with its path, what was expected and, for a misspelt key, the right one. */
import type { z } from 'zod';
import { type Diagnostic, InputError } from '../base/errors.ts';
import { canonicalJson, hashHex } from '../base/hash.ts';
import { didYouMean } from '../base/suggest.ts';
import { checkMachine } from './check.ts';
import { DRAM_PRESETS } from './presets/dram/index.ts';
import { TIER_PRESETS } from './presets/tier/index.ts';
import { type Machine, machineSchema } from './schema.ts';

/** Where a path of the value stands in its source, for messages. */
export type Locate = (path: readonly PropertyKey[]) => { readonly line?: number; readonly column?: number };

/** Validates; throws one InputError with all findings. */
export function toMachine(value: unknown, source: string, locate: Locate = () => ({})): Machine {
  const full = withNamedMemories(value);
  const parsed = machineSchema.safeParse(full);
  const diagnostics = parsed.success
    ? checkMachine(parsed.data)
    : parsed.error.issues.flatMap((i) => issueDiagnostics(i, full));
  if (!parsed.success || diagnostics.length > 0) {
    const hint = 'qnpu machine show <preset> prints a valid machine with every field';
    const placed = diagnostics.map((d) => ({ hint, ...d, ...locate((d.where ?? '').split('.')) }));
    throw new InputError(
      `${source}: ${placed.length} problem${placed.length === 1 ? '' : 's'} in the machine description`,
      { code: 'E-MACHINE', diagnostics: placed },
    );
  }
  return parsed.data;
}

/** Groups of fields that a preset's name may stand for. */
export const NAMED_MEMORIES = { dram: DRAM_PRESETS, tier: TIER_PRESETS } as const;

/** The name of a DRAM or tier preset stands for its description. */
export function withNamedMemories(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const named = Object.entries(NAMED_MEMORIES).flatMap(([field, presets]) => {
    const name = (value as Record<string, unknown>)[field];
    return typeof name === 'string' && Object.hasOwn(presets, name) ? [[field, presets[name]] as const] : [];
  });
  return named.length === 0 ? value : { ...value, ...Object.fromEntries(named) };
}

function issueDiagnostics(issue: z.core.$ZodIssue, value: unknown): Diagnostic[] {
  const where = issue.path.join('.');
  const code = 'E-MACHINE-FIELD';
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const near = didYouMean(key, knownKeys(issue.path));
      return {
        code,
        where: [...issue.path, key].join('.'),
        message: `there is no field '${key}' here`,
        ...(near === undefined ? {} : { hint: `did you mean '${near}'?` }),
      };
    });
  }
  const found = at(value, issue.path);
  if (found === undefined)
    return [
      {
        code,
        where,
        message: 'this field is missing',
        expected: expectation(issue.message),
        hint: 'a machine has no hidden defaults: state it, or start from a preset with extends',
      },
    ];
  const message = `${JSON.stringify(found)} is not allowed`;
  if ((where === 'dram' || where === 'tier') && typeof found === 'string') {
    const names = Object.keys(NAMED_MEMORIES[where]);
    const near = didYouMean(found, names);
    const expected = `a description, or one of ${names.join(', ')}`;
    return [{ code, where, message, expected, ...(near === undefined ? {} : { hint: `did you mean '${near}'?` }) }];
  }
  return [{ code, where, message, expected: expectation(issue.message) }];
}

/** What zod expected, without what it received: the message has that already. */
function expectation(message: string): string {
  return message.replace(/^(Invalid input|Too small|Too big): expected /, '').replace(/, received .*$/, '');
}

function at(value: unknown, path: readonly PropertyKey[]): unknown {
  let current = value;
  for (const key of path)
    current =
      typeof current === 'object' && current !== null ? (current as Record<PropertyKey, unknown>)[key] : undefined;
  return current;
}

/** Field names that the schema knows at a path. */
export function knownKeys(path: readonly PropertyKey[]): string[] {
  let schemas: unknown[] = [machineSchema];
  for (const key of path)
    schemas = schemas
      .flatMap(options)
      .map((s) => shapeOf(s)[String(key)])
      .filter((s) => s !== undefined);
  return [...new Set(schemas.flatMap(options).flatMap((s) => Object.keys(shapeOf(s))))];
}

function options(schema: unknown): unknown[] {
  const { options: all } = (schema as { def: { options?: unknown[] } }).def;
  return all ?? [schema];
}

function shapeOf(schema: unknown): Record<string, unknown> {
  return (schema as { def: { shape?: Record<string, unknown> } }).def.shape ?? {};
}

/** Identifies a machine in results: equal descriptions have equal hashes. */
export function machineHash(machine: Machine): string {
  return hashHex(canonicalJson(machine)).slice(0, 16);
}
