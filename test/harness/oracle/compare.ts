/** Interpreter against ONNX Runtime on random inputs of a model: how many output elements differ, bit for bit. */
import {
  type ImportedModel,
  type ImportOptions,
  importModel,
  type OnnxModel,
} from '../../../compiler/frontend/onnx/index.ts';
import { interpret } from '../../../compiler/graph/interpret.ts';
import { type Graph, integerRange, sizeOf, type Tensor, type TensorData } from '../../../compiler/graph/types.ts';
import type { Random } from '../../../isa/base/random.ts';
import type { LoweredModel } from './lower-qonnx.ts';
import { type Optimization, Oracle, type OracleTensor } from './session.ts';
import { Reaches } from './ties.ts';

export interface Comparison {
  readonly elements: number;
  readonly different: number;
  /** Largest distance of a differing element. */
  readonly largest: number;
  /** Differing elements that are two right answers (ties.ts), where that was looked at. */
  readonly tied: number;
  /** First difference, for messages. */
  readonly first: string;
}

export const EQUAL: Comparison = { elements: 0, different: 0, largest: 0, tied: 0, first: '' };

export function merge(a: Comparison, b: Comparison): Comparison {
  return {
    elements: a.elements + b.elements,
    different: a.different + b.different,
    largest: Math.max(a.largest, b.largest),
    tied: a.tied + b.tied,
    first: a.first === '' ? b.first : a.first,
  };
}

/** Elements that are not the same number; -0 equals +0, NaN equals NaN. `isTie` says which of them are two right answers. */
export function compareData(
  name: string,
  ours: ArrayLike<number>,
  theirs: ArrayLike<number>,
  isTie: (i: number, a: number, b: number) => boolean = () => false,
): Comparison {
  let different = 0;
  let tied = 0;
  let largest = 0;
  let first = '';
  for (let i = 0; i < theirs.length; i++) {
    const [a, b] = [ours[i] ?? Number.NaN, theirs[i] ?? Number.NaN];
    if (a === b || (Number.isNaN(a) && Number.isNaN(b))) continue;
    if (different === 0) first = `${name}[${i}]: ours ${a}, oracle ${b}`;
    different += 1;
    if (isTie(i, a, b)) tied += 1;
    largest = Math.max(largest, Math.abs(a - b));
  }
  if (ours.length !== theirs.length)
    return {
      elements: theirs.length,
      different: theirs.length,
      largest: Infinity,
      tied: 0,
      first: `${name}: ${ours.length} elements, oracle ${theirs.length}`,
    };
  return { elements: theirs.length, different, largest, tied, first };
}

/** Random data for a graph input: every code of its type, or float32 in [low, high). */
export function randomInput(graph: Graph, name: string, random: Random, low = -1, high = 1): TensorData {
  const type = graph.values.get(name);
  if (type === undefined) throw new Error(`input ${name} has no type`);
  const size = sizeOf(type.shape);
  if (type.element.kind === 'float32')
    return Float32Array.from({ length: size }, () => low + random.real() * (high - low));
  const { min, max } = integerRange(type.element);
  return Int32Array.from({ length: size }, () => random.int(min, max));
}

const ARRAYS = {
  uint8: Uint8Array,
  int8: Int8Array,
  uint16: Uint16Array,
  int16: Int16Array,
  int32: Int32Array,
  float32: Float32Array,
} as const;

/** The oracle's form of a graph input. */
export function oracleInput(model: OnnxModel, graph: Graph, name: string, data: TensorData): OracleTensor {
  const type = model.graph.inputs.find((i) => i.name === name)?.dataType;
  const dims = graph.values.get(name)?.shape ?? [];
  if (type === undefined || !(type in ARRAYS))
    throw new Error(`input ${name} has type ${type}, which the oracle does not take`);
  const kind = type as keyof typeof ARRAYS;
  return { type: kind, dims, data: ARRAYS[kind].from(data) };
}

/** Imports, interprets and compares all outputs on `runs` random inputs. */
export async function compareWithOracle(
  model: OnnxModel,
  random: Random,
  runs: number,
  optimization: Optimization = 'all',
  options: ImportOptions = {},
): Promise<Comparison> {
  const { graph } = importModel(model, options);
  const oracle = await Oracle.create(model, optimization);
  let total = EQUAL;
  try {
    for (let run = 0; run < runs; run++) {
      const inputs = new Map(graph.inputs.map((name) => [name, randomInput(graph, name, random)]));
      const theirs = await oracle.run(
        new Map([...inputs].map(([name, data]) => [name, oracleInput(model, graph, name, data)])),
      );
      const ours = [...interpret(graph, inputs).values()];
      model.graph.outputs.forEach(({ name }, i) => {
        total = merge(total, compareData(name, ours[i]?.data ?? [], theirs.get(name)?.data ?? []));
      });
    }
  } finally {
    await oracle.release();
  }
  return total;
}

/** Levels of each quantizer of a QONNX model, one after the other, on one input: ours against the lowered model's. */
export function compareLevels(
  imported: ImportedModel,
  values: ReadonlyMap<string, Tensor>,
  lowered: LoweredModel,
  theirs: ReadonlyMap<string, OracleTensor>,
): Map<string, Comparison> {
  const reaches = new Reaches(imported.graph, values);
  return new Map(
    imported.quantizers.map(({ output, codes }) => {
      const found = theirs.get(lowered.levels.get(output) ?? '')?.data ?? [];
      const isTie = (i: number, a: number, b: number) => reaches.isTie(codes, i, a, b);
      return [output, compareData(output, values.get(codes)?.data ?? [], found, isTie)];
    }),
  );
}
