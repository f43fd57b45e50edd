/**
 * Programs to assembly that assembles to the same program. Names of the side table are used where they can be written; where not (empty, taken,
 * not plain) a generated name stands in the text and `name="..."` keeps the real one. Loops and skips whose bodies nest get braces.
 */
import type { Program } from '../../program.ts';
import { CodeWriter } from './code-text.ts';
import { arrayText, constantText, ioText, layerText, semaphoreText, tensorText } from './declaration-text.ts';
import { isPlainName } from './names.ts';

/** Names of the text by descriptor, layer and semaphore. */
export interface TextNames {
  readonly tensors: readonly string[];
  readonly arrays: readonly string[];
  readonly layers: readonly string[];
  /** By core and number. */
  readonly semaphore: (core: number, index: number) => string;
}

/** Text of a program whose numbers are in range; source lines are not part of it. */
export function disassemble(program: Program): string {
  const names = namesOf(program);
  const { symbols } = program;
  const sections = [
    [`.program ${JSON.stringify(program.name)}`, `.dram size=${program.dramBytes} code=${program.codeAddress}`],
    program.tensors.map(
      (t, i) =>
        `.tensor ${names.tensors[i]} = ${tensorText(t)}${symbolText(names.tensors[i]!, symbols.tensorNames[i])}`,
    ),
    program.arrays.map(
      (a, i) => `.array ${names.arrays[i]} = ${arrayText(a)}${symbolText(names.arrays[i]!, symbols.arrayNames[i])}`,
    ),
    program.io.map((io) => ioText(io, names)),
    program.constants.map(constantText),
    program.semaphores.map((s) => semaphoreText(s, names)),
    symbols.layers.map((l, i) => layerText(l, names.layers[i]!)),
    ...program.cores.map((_, core) => [
      ...(program.cores.length > 1 ? [`.core ${core}`] : []),
      ...new CodeWriter(program, core, names).lines(),
    ]),
  ];
  return `${sections
    .filter((s) => s.length > 0)
    .map((s) => s.join('\n'))
    .join('\n\n')}\n`;
}

function symbolText(name: string, symbol: string | undefined): string {
  return symbol === name ? '' : ` name=${JSON.stringify(symbol ?? '')}`;
}

function namesOf(program: Program): TextNames {
  const { symbols } = program;
  const declared = new Map(
    program.semaphores.map((s) => [
      `${s.core}.${s.index}`,
      program.cores.length > 1 ? `s${s.index}_core${s.core}` : `s${s.index}`,
    ]),
  );
  return {
    tensors: uniqueNames(
      program.tensors.map((_, i) => symbols.tensorNames[i] ?? ''),
      't',
    ),
    arrays: uniqueNames(
      program.arrays.map((_, i) => symbols.arrayNames[i] ?? ''),
      'a',
    ),
    layers: symbols.layers.map((_, i) => `l${i}`),
    semaphore: (core, index) => declared.get(`${core}.${index}`) ?? `#${index}`,
  };
}

/** Each name where it is plain and nobody else's, else prefix and number. */
function uniqueNames(wanted: readonly string[], prefix: string): string[] {
  const counts = new Map<string, number>();
  for (const name of wanted) counts.set(name, (counts.get(name) ?? 0) + 1);
  const generated = new RegExp(`^${prefix}[0-9]+$`);
  return wanted.map((name, i) =>
    counts.get(name) === 1 && isPlainName(name) && !generated.test(name) ? name : `${prefix}${i}`,
  );
}
