/** Machine files: YAML or JSON, whole or as changes to a preset (`extends`). Findings carry the line and column of the file. */
import { type Document, isMap, LineCounter, parseDocument } from 'yaml';
import { InputError } from '../base/errors.ts';
import { didYouMean } from '../base/suggest.ts';
import { type Locate, toMachine } from './parse.ts';
import { PRESETS } from './presets/index.ts';
import type { Machine } from './schema.ts';

export interface MachineSource {
  readonly fileName: string;
  /** JSON is read as YAML, of which it is a part. */
  readonly format: 'yaml' | 'json';
}

export function parseMachine(text: string, source: MachineSource): Machine {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true });
  if (document.errors.length > 0) {
    const diagnostics = document.errors.map((e) => {
      const { line, col } = lines.linePos(e.pos[0]);
      return {
        code: 'E-MACHINE-SYNTAX',
        where: source.fileName,
        line,
        column: col,
        message: e.message.split('\n')[0] ?? e.message,
        expected: source.format.toUpperCase(),
      };
    });
    throw new InputError(`${source.fileName}: not ${source.format.toUpperCase()}`, { diagnostics });
  }
  const value = plainValue(document, source.fileName);
  if (!isMap(document.contents) || typeof value !== 'object' || value === null) {
    throw new InputError(`${source.fileName}: a machine description is a map of fields`, { code: 'E-MACHINE-SYNTAX' });
  }
  const locate: Locate = (path) => {
    for (let n = path.length; n > 0; n--) {
      const node: unknown = document.getIn(path.slice(0, n), true);
      const range =
        typeof node === 'object' && node !== null && 'range' in node
          ? (node.range as [number, number, number] | undefined)
          : undefined;
      if (range !== undefined) {
        const { line, col } = lines.linePos(range[0]);
        return { line, column: col };
      }
    }
    return {};
  };
  const { extends: base, ...rest } = value as { extends?: unknown };
  return toMachine(base === undefined ? rest : merge(preset(base, source.fileName), rest), source.fileName, locate);
}

function preset(name: unknown, fileName: string): Machine {
  const found = typeof name === 'string' && Object.hasOwn(PRESETS, name) ? PRESETS[name] : undefined;
  if (found !== undefined) return found;
  const near = didYouMean(String(name), Object.keys(PRESETS));
  throw new InputError(`${fileName}: extends names no preset: ${String(name)}`, {
    code: 'E-MACHINE-NAME',
    diagnostics: [
      {
        code: 'E-MACHINE-NAME',
        where: `${fileName}: extends`,
        message: `there is no preset '${String(name)}'`,
        expected: `one of ${Object.keys(PRESETS).join(', ')}`,
        ...(near === undefined ? {} : { hint: `did you mean '${near}'?` }),
      },
    ],
  });
}

/** The document as plain objects; aliases that nobody defined, that multiply without end or that contain themselves are refused. */
function plainValue(document: Document.Parsed, fileName: string): unknown {
  try {
    const value: unknown = document.toJS({ maxAliasCount: 100 });
    JSON.stringify(value);
    return value;
  } catch (cause) {
    const message = cause instanceof ReferenceError ? cause.message : 'an alias contains itself';
    throw new InputError(`${fileName}: ${message}`, {
      code: 'E-MACHINE-SYNTAX',
      cause,
      diagnostics: [
        {
          code: 'E-MACHINE-SYNTAX',
          where: fileName,
          message,
          expected: 'a plain tree of fields',
          hint: 'write the values out, or use extends',
        },
      ],
    });
  }
}

/** Maps merge by key; everything else is replaced whole. A map that names another `kind` replaces the old one. */
function merge(base: unknown, change: unknown): unknown {
  if (!isPlain(base) || !isPlain(change)) return change;
  if ('kind' in change && 'kind' in base && change.kind !== base.kind) return change;
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(change)) {
    // A plain assignment to __proto__ would vanish instead of being reported as unknown.
    Object.defineProperty(merged, key, {
      value: Object.hasOwn(base, key) ? merge(base[key], value) : value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return merged;
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
