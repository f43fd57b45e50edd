/** Options that several commands share, and how their texts are read. */
import type { InputType } from '../../compiler/frontend/onnx/index.ts';
import { InputError } from '../../isa/base/errors.ts';
import { didYouMean } from '../../isa/base/suggest.ts';
import { parseMachine } from '../../isa/machine/load.ts';
import { applyOverrides } from '../../isa/machine/overrides.ts';
import { PRESETS } from '../../isa/machine/presets/index.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import { readInput } from '../io/files.ts';

export const machineOption = {
  type: 'string',
  alias: 'm',
  requiresArg: true,
  describe: `machine: a preset (${Object.keys(PRESETS).join(', ')}) or a YAML or JSON file`,
} as const;

const repeatable = { type: 'string', array: true, requiresArg: true, nargs: 1 } as const;

export const setOption = {
  ...repeatable,
  describe: 'override one machine field, e.g. --set core.matrix.rows=512 (repeatable)',
} as const;

export const dimsOption = {
  ...repeatable,
  describe: "size of a symbolic dim, or of any input dim: --dims batch=4, --dims 'x[2]=64' (repeatable)",
} as const;

export const outputsOption = {
  ...repeatable,
  describe:
    'end the network at these values instead of its own outputs: --outputs boxes,scores. What lies behind is left to the host',
} as const;

export const inputTypeOption = {
  ...repeatable,
  describe:
    'a float input that is really codes: --input-type x=u8[:scale[:zero]], value = (code - zero) x scale (repeatable)',
} as const;

/** A preset by name or a machine file by path, with overrides. */
export function loadMachine(name: string, overrides: readonly string[]): Machine {
  return applyOverrides(namedMachine(name), overrides);
}

function namedMachine(name: string): Machine {
  if (Object.hasOwn(PRESETS, name)) return PRESETS[name]!;
  if (!/[./\\]/.test(name)) {
    const near = didYouMean(name, Object.keys(PRESETS));
    throw badOption('E-MACHINE-NAME', `there is no machine preset '${name}'`, {
      expected: `one of ${Object.keys(PRESETS).join(', ')}, or the path of a YAML or JSON file`,
      hint: near === undefined ? 'qnpu machine lists them' : `did you mean '${near}'?`,
    });
  }
  const text = new TextDecoder().decode(readInput(name, 'machine file'));
  return parseMachine(text, { fileName: name, format: name.endsWith('.json') ? 'json' : 'yaml' });
}

/** `name=4` texts as a record. Throws InputError at the first that is none. */
export function parseDims(texts: readonly string[]): Record<string, number> {
  return Object.fromEntries(
    pairs('--dims', texts, 'batch=4').map(([name, text]) => {
      if (!/^[0-9]+$/.test(text) || Number(text) < 1 || Number(text) >= 2 ** 31)
        throw badOption('E-DIMS', `--dims ${name}=${text}: '${text}' is not a size`, {
          expected: 'a whole number, 1 .. 2^31 - 1',
          hint: `--dims '${name}=1'`,
        });
      return [name, Number(text)];
    }),
  );
}

/** `a,b` texts as names, each once; undefined when there are none. */
export function parseOutputs(texts: readonly string[] | undefined): string[] | undefined {
  const names = texts?.flatMap((t) => t.split(',')).map((t) => t.trim());
  const twice = names?.find((n, i) => names.indexOf(n) !== i);
  const empty = names?.includes('') === true;
  if (empty || twice !== undefined) {
    const wrong = empty ? 'a name is empty' : `'${twice}' is named twice`;
    throw badOption('E-OPTION', `--outputs ${texts?.join(' ')}: ${wrong}`, {
      expected: 'names of values, with commas between them, each once',
    });
  }
  return names;
}

/** `name=u8`, `name=i4:0.25`, `name=u8:1/255:128` texts as declared input types; scale 1 and zero 0 when not said. */
export function parseInputTypes(texts: readonly string[]): Record<string, InputType> {
  return Object.fromEntries(pairs('--input-type', texts, 'x=u8').map(([name, text]) => [name, inputType(name, text)]));
}

function inputType(name: string, text: string): InputType {
  const [type = '', scaleText = '1', zeroText = '0', ...more] = text.split(':');
  const parsed = /^([ui])([1-8]|16)$/.exec(type);
  const [numerator, denominator = '1', ...rest] = scaleText.split('/').map((t) => (t.trim() === '' ? 'x' : t));
  const scale = Number(numerator) / Number(denominator);
  const zero = zeroText.trim() === '' ? Number.NaN : Number(zeroText);
  const wrong = parsed === null ? `'${type}' is not an integer type` : `'${text}' cannot be read`;
  if (parsed === null || more.length > 0 || rest.length > 0 || !Number.isFinite(scale) || !Number.isInteger(zero))
    throw badOption('E-INPUT-TYPE', `--input-type ${name}=${text}: ${wrong}`, {
      expected: 'u1 .. u8, u16, i1 .. i8 or i16, then optionally :scale and :zero',
      hint: `--input-type ${name}=u8, or ${name}=u8:1/255:0 when the float is code / 255`,
    });
  const coding = parsed[1] === 'u' ? 'unsigned' : 'signed';
  return { element: { kind: 'int', bits: Number(parsed[2]), coding }, scale, zero };
}

/** Splits `name=value` texts; each name once. */
export function pairs(option: string, texts: readonly string[], example: string): [string, string][] {
  const seen = new Set<string>();
  return texts.map((text) => {
    const split = text.lastIndexOf('=');
    const name = text.slice(0, split).trim();
    const expected = `name=value, e.g. ${option} ${example}`;
    if (split <= 0) throw badOption('E-OPTION', `${option} ${text}: there is no name and = in it`, { expected });
    if (seen.has(name)) throw badOption('E-OPTION', `${option} names '${name}' twice`, { expected: 'each name once' });
    seen.add(name);
    return [name, text.slice(split + 1).trim()];
  });
}

/** One finding about the value of an option. */
export function badOption(code: string, message: string, more: { expected: string; hint?: string }): InputError {
  return new InputError(message, { code, diagnostics: [{ code, message, ...more }] });
}
