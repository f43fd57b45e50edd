/** Options of `qnpu run` about the mapping: decisions from a file, decisions into a file. */
import { basename } from 'node:path';
import process from 'node:process';
import type { Explain } from '../../compiler/mapping/report.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import { type MappingFile, mappingSchema, strangeOrigins } from '../run/mapping-file.ts';
import type { Model } from '../run/model.ts';
import { readDocument } from './read-document.ts';

const file = { type: 'string', requiresArg: true } as const;

export const mappingOptions = {
  mapping: {
    ...file,
    describe: 'take decisions of the mapping from this file, any part of what --mapping-out writes; the rest is chosen',
  },
  explain: {
    type: 'boolean',
    describe: 'show every decision of the mapping with its estimate and the runners-up (also in --json)',
  },
  'mapping-out': { ...file, describe: 'write every decision of the mapping to this JSON file (qnpu schema mapping)' },
} as const;

/** What the compiler has to report for the options. */
export function explainWanted(a: {
  readonly explain: boolean | undefined;
  readonly 'mapping-out': unknown;
}): Explain | undefined {
  if (a.explain === true) return 'choices';
  return a['mapping-out'] === undefined ? undefined : 'decisions';
}

export interface PinnedModel {
  readonly model: Model;
  readonly warnings: readonly string[];
}

/** The model with the decisions of `--mapping`. Throws InputError for a file that is not that document. */
export function pinned(path: string | undefined, model: Model, machine: Machine): PinnedModel {
  if (path === undefined) return { model, warnings: [] };
  const mapping = readMapping(path);
  const { network, bands, parameters, layers } = mapping;
  const warnings = strangeOrigins(mapping, basename(path), model, machine);
  return { model: { ...model, pins: { network, bands, parameters, layers } }, warnings };
}

/** What `work` gives; where it is refused, what is strange about the mapping file is said in front of the reason. */
export function telling<T>(warnings: readonly string[], work: () => T): T {
  try {
    return work();
  } catch (error) {
    for (const warning of warnings) process.stderr.write(`note: ${warning}\n`);
    throw error;
  }
}

function readMapping(path: string): MappingFile {
  return readDocument(path, {
    schema: mappingSchema,
    code: 'E-MAPPING',
    what: 'a mapping',
    expected: 'a document mapping/1: qnpu run <model> --mapping-out mapping.json',
  }).document;
}
