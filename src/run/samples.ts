/**
 * Arrays that people bring become samples of the network's inputs: shapes, ranges and counts are checked here, and nowhere is a
 * wrong array bent into shape. One array an input; its first axis is the samples when the rest is the input's shape.
 */
import { type Graph, integerRange, sizeOf, type ValueType } from '../../compiler/graph/types.ts';
import { type Diagnostic, InputError } from '../../isa/base/errors.ts';
import { rowsPicked } from './random-inputs.ts';

/** An array and where it came from, for messages. */
export interface NamedArray {
  readonly where: string;
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

export type Sample = ReadonlyMap<string, ArrayLike<number>>;

/** One array for each input of the graph; all with the same number of samples. Throws InputError with every finding. */
export function samplesOf(graph: Graph, arrays: ReadonlyMap<string, NamedArray>, option = '--input'): Sample[] {
  const findings: Diagnostic[] = [];
  const add = (d: Omit<Diagnostic, 'code'>) => findings.push({ code: 'E-RUN-INPUT', ...d });
  for (const [name, { where }] of arrays)
    if (!graph.inputs.includes(name))
      add({ where, message: `the model has no input '${name}'`, expected: `one of ${graph.inputs.join(', ')}` });
  const missing = graph.inputs.filter((name) => !arrays.has(name));
  if (missing.length > 0)
    add({
      message: `no array is given for input ${missing.map((m) => `'${m}'`).join(', ')}`,
      expected: 'one array for each input',
      hint: missing.map((m) => `${option} ${m}=file.npy`).join(' '),
    });
  const counts = new Map<string, number>();
  for (const name of graph.inputs) {
    const array = arrays.get(name);
    if (array === undefined) continue;
    const type = graph.values.get(name)!;
    const samples = sampleCount(array, type);
    if (samples === undefined) add(shapeFinding(name, array, type));
    else {
      counts.set(name, samples);
      const wrong = wrongElement(array.data, type, rowsPicked(graph, name));
      if (wrong !== undefined)
        add({ where: array.where, ...wrong, hint: 'elements count from 0 in C order: look at it with numpy.load' });
    }
  }
  const [samples = 0] = counts.values();
  if (new Set(counts.values()).size > 1)
    add({
      message: `different numbers of samples: ${[...counts].map(([n, c]) => `'${n}' has ${c}`).join(', ')}`,
      expected: 'the same number for each input',
      hint: 'cut the longer files to the same samples',
    });
  if (findings.length > 0)
    throw new InputError(`${option}: ${findings.length === 1 ? findings[0]!.message : `${findings.length} problems`}`, {
      diagnostics: findings,
    });
  return Array.from({ length: samples }, (_, s) => new Map(graph.inputs.map((name) => [name, part(name, s)])));

  function part(name: string, s: number): Float64Array {
    const size = sizeOf(graph.values.get(name)!.shape);
    const { data } = arrays.get(name)!;
    return Float64Array.from({ length: size }, (_, i) => data[s * size + i]!);
  }
}

/** Samples in an array, or undefined when its shape is another; axes of one element may be there or not. */
function sampleCount({ shape, data }: NamedArray, type: ValueType): number | undefined {
  if (data.length === 0) return undefined;
  const own = type.shape.filter((d) => d !== 1);
  const given = shape.filter((d) => d !== 1);
  const equal = (a: readonly number[], b: readonly number[]) => a.length === b.length && a.every((d, i) => d === b[i]);
  if (equal(given, own)) return 1;
  if (equal(given.slice(1), own)) return given[0];
  const [batch = 1] = own;
  const whole = given.length > 0 && given[0]! % batch === 0;
  return type.shape[0] !== 1 && whole && equal(given.slice(1), own.slice(1)) ? given[0]! / batch : undefined;
}

function shapeFinding(name: string, { where, shape }: NamedArray, type: ValueType): Omit<Diagnostic, 'code'> {
  const own = type.shape;
  const several = own[0] === 1 ? ['samples', ...own.slice(1)] : ['samples', ...own];
  return {
    where,
    message: `shape [${shape.join(', ')}] does not fit input '${name}' of shape [${own.join(', ')}]`,
    expected: `[${own.join(', ')}] or [${several.join(', ')}]`,
    hint: 'numpy.reshape or numpy.transpose before saving',
  };
}

/** The first element that is no value of this type, or names a row that the smallest table of `rows` does not have. */
function wrongElement(
  data: ArrayLike<number>,
  type: ValueType,
  rows: number | undefined,
): { message: string; expected: string } | undefined {
  const { element } = type;
  if (element.kind === 'float32') {
    for (let i = 0; i < data.length; i++)
      if (!Number.isFinite(data[i])) return { message: `element ${i} is ${data[i]}`, expected: 'finite numbers' };
    return undefined;
  }
  const own = integerRange(element);
  const { min, max } = rows === undefined ? own : { min: 0, max: Math.min(own.max, rows - 1) };
  const bipolar = element.coding === 'bipolar';
  for (let i = 0; i < data.length; i++) {
    const v = data[i]!;
    if (Number.isInteger(v) && v >= min && v <= max && !(bipolar && v === 0)) continue;
    const expected = rows === undefined ? `whole codes, ${min} .. ${max}` : `rows of a table, ${min} .. ${max}`;
    return { message: `element ${i} is ${v}`, expected: bipolar ? '-1 or 1' : expected };
  }
  return undefined;
}

/** Checks labels: one class for each sample, and each one a class that the output has, where that is known. */
export function requireLabels(labels: NamedArray, samples: number, classes: number | undefined): void {
  const fail = (message: string, expected: string, hint: string): never => {
    throw new InputError(`--labels: ${message}`, {
      code: 'E-RUN-LABELS',
      diagnostics: [{ code: 'E-RUN-LABELS', where: labels.where, message, expected, hint }],
    });
  };
  const { data } = labels;
  if (data.length !== samples)
    fail(
      `${data.length} labels for ${samples} sample${samples === 1 ? '' : 's'}`,
      'one label for each sample',
      'give --input the samples that belong to these labels',
    );
  for (let i = 0; i < data.length; i++)
    if (!Number.isInteger(data[i]) || data[i]! < 0 || (classes !== undefined && data[i]! >= classes))
      fail(
        `label ${i} is ${data[i]}`,
        classes === undefined ? 'a class, a whole number from 0 on' : `a class, 0 .. ${classes - 1}`,
        classes === undefined
          ? 'labels are the numbers that the output gives'
          : 'labels are indices into the first output',
      );
}
