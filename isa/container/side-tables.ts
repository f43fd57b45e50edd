/** The JSON sections: what the host needs (name, DRAM size, inputs and outputs) and the symbols. Both are checked field by field. */
import { z } from 'zod';
import { type Diagnostic, InputError } from '../base/errors.ts';
import type { CoreCode, Program, Symbols } from '../program.ts';

const natural = z.int().min(0);

const metaSchema = z.strictObject({
  name: z.string(),
  dramBytes: natural,
  codeAddress: natural,
  io: z.array(
    z.strictObject({
      name: z.string(),
      direction: z.enum(['input', 'output']),
      tensor: natural,
      shape: z.array(natural),
    }),
  ),
});

const symbolsSchema = z.strictObject({
  tensorNames: z.array(z.string()),
  arrayNames: z.array(z.string()),
  layers: z.array(
    z.strictObject({ name: z.string(), op: z.string(), m: natural, k: natural, n: natural, macs: natural }),
  ),
  layerOf: z.array(z.array(z.int().min(-1))),
  lineOf: z.array(z.array(natural)),
  sourceFile: z.string(),
});

type Meta = Pick<Program, 'name' | 'dramBytes' | 'codeAddress' | 'io'>;

export function writeMeta({ name, dramBytes, codeAddress, io }: Program): Uint8Array {
  const meta: Meta = {
    name,
    dramBytes,
    codeAddress,
    io: io.map((t) => ({ name: t.name, direction: t.direction, tensor: t.tensor, shape: t.shape })),
  };
  return toBytes(meta);
}

export function readMeta(bytes: Uint8Array): Meta {
  return fromBytes(bytes, metaSchema, 'section meta');
}

export function writeSymbols({ tensorNames, arrayNames, layers, layerOf, lineOf, sourceFile }: Symbols): Uint8Array {
  const symbols: Symbols = {
    tensorNames,
    arrayNames,
    layers: layers.map(({ name, op, m, k, n, macs }) => ({ name, op, m, k, n, macs })),
    layerOf,
    lineOf,
    sourceFile,
  };
  return toBytes(symbols);
}

/** Symbols whose layer numbers exist and whose lists are no longer than the code. */
export function readSymbols(bytes: Uint8Array, cores: readonly CoreCode[]): Symbols {
  const symbols = fromBytes(bytes, symbolsSchema, 'section symb');
  for (const [name, lists] of [
    ['layerOf', symbols.layerOf],
    ['lineOf', symbols.lineOf],
  ] as const) {
    if (lists.some((list, core) => list.length > (cores[core]?.instructions.length ?? 0)))
      bad('section symb', [{ code: CODE, message: `${name} has more entries than the code has instructions` }]);
  }
  if (symbols.layerOf.some((list) => list.some((layer) => layer >= symbols.layers.length)))
    bad('section symb', [
      { code: CODE, message: `layerOf names a layer beyond the ${symbols.layers.length} that there are` },
    ]);
  return symbols;
}

const CODE = 'E-FILE-CONTENT';
/** A damaged table may have a finding an entry; more than these, or longer ones, help nobody. */
const MOST_FINDINGS = 200;

function toBytes(value: Meta | Symbols): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

function fromBytes<T>(bytes: Uint8Array, schema: z.ZodType<T>, what: string): T {
  const result = schema.safeParse(parseJson(bytes, what));
  if (result.success) return result.data;
  return bad(
    what,
    result.error.issues.slice(0, MOST_FINDINGS).map((issue) => ({
      code: CODE,
      where: `${what}: ${issue.path.join('.')}`,
      message: issue.message.slice(0, MOST_FINDINGS),
    })),
  );
}

function parseJson(bytes: Uint8Array, what: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (cause) {
    throw new InputError(`${what} is no JSON`, {
      code: CODE,
      cause,
      diagnostics: [{ code: CODE, message: `${what} is no JSON`, expected: 'a file that writeProgram wrote' }],
    });
  }
}

function bad(what: string, diagnostics: readonly Diagnostic[]): never {
  throw new InputError(`${what} says what cannot be: ${diagnostics[0]?.message}`, { code: CODE, diagnostics });
}
