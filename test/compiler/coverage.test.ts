/**
 * Nothing is untested: random graphs reach every word of the graph's vocabulary, every instruction that the compiler can emit, and
 * every requantizer, on each kind of matrix unit; and each graph that reaches something first is run against the interpreter. A new op,
 * function, rounding, requantizer or instruction fails here until graphs with it are drawn (test/harness/random-graphs.ts).
 * Seeds are fixed and few; how often is the business of differential.test.ts.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Compiled, compile } from '../../compiler/compile.ts';
import { OPS } from '../../compiler/graph/ops/index.ts';
import type { BinaryFunction, Graph, UnaryFunction } from '../../compiler/graph/types.ts';
import { CapacityError, UnsupportedError } from '../../isa/base/errors.ts';
import {
  type Instruction,
  MNEMONICS,
  type Mnemonic,
  REQUANTIZE_MODES,
  ROUNDINGS,
  SPECIAL_FUNCTIONS,
} from '../../isa/instructions/table.ts';
import { PRESETS } from '../../isa/machine/presets/index.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import { checkGraph, seeded } from '../harness/differential.ts';
import { GENERATED_OPS, randomGraph } from '../harness/random-graphs.ts';

/** For hand-written code. The test below sees to it that lowering does not name them. */
const HAND_ONLY: readonly Mnemonic[] = ['cadd', 'ldr', 'nop', 'skip', 'add'];
/** Needed only where waits or signals find no room on their instruction (lower/order.test.ts), or between cores (cores.test.ts). */
const RARE: readonly Mnemonic[] = ['sync', 'fill'];
/** Modes of instructions that no program of the compiler has. */
const MODES_UNUSED: readonly string[] = ['copy accumulating', 'rq.saturate'];

const UNARY: Readonly<Record<UnaryFunction, true>> = {
  relu: true,
  neg: true,
  abs: true,
  sqrt: true,
  exp: true,
  sigmoid: true,
  tanh: true,
  floor: true,
  ceil: true,
  round: true,
  sign: true,
  identity: true,
};
const BINARY: Readonly<Record<BinaryFunction, true>> = {
  add: true,
  sub: true,
  mul: true,
  div: true,
  max: true,
  min: true,
};
const CODINGS = ['signed', 'unsigned', 'bipolar', 'ternary'];

/** Everything that the graph's vocabulary has. */
const WORDS: readonly string[] = [
  ...Object.keys(OPS).map((op) => `op ${op}`),
  ...Object.keys(UNARY).map((fn) => `unary ${fn}`),
  ...Object.keys(BINARY).map((fn) => `binary ${fn}`),
  ...ROUNDINGS.map((r) => `rounding ${r}`),
  ...['round-then-zero', 'zero-then-round'].map((o) => `order ${o}`),
  ...['conv', 'matmul'].flatMap((op) => [
    ...CODINGS.flatMap((c) => [`${op} of ${c} weights`, `${op} of ${c} activations`]),
    ...['threshold', 'fixed-point', 'float32'].map((mode) => `${op} then ${mode}`),
  ]),
];

/** Every instruction, those with modes by mode. */
const INSTRUCTIONS: readonly string[] = MNEMONICS.flatMap((op) => {
  if (HAND_ONLY.includes(op) || RARE.includes(op)) return [];
  if (op === 'rq') return REQUANTIZE_MODES.map((mode) => `rq.${mode}`);
  if (op === 'vfun') return SPECIAL_FUNCTIONS.map((fn) => `vfun.${fn}`);
  return op === 'mm' || op === 'copy' ? [op, `${op} accumulating`] : [op];
}).filter((kind) => !MODES_UNUSED.includes(kind));

/** Instructions that come with any graph; a function comes with its word. */
const PLAIN = INSTRUCTIONS.filter((i) => !i.startsWith('vfun'));

function wordsOf(graph: Graph): string[] {
  const makers = new Map(graph.nodes.map((n) => [n.output, n.op]));
  const coding = (value: string): string => {
    const element = graph.values.get(value)?.element;
    return element?.kind === 'int' ? element.coding : 'float';
  };
  return graph.nodes.flatMap((node) => {
    const own = [`op ${node.op}`];
    if (node.op === 'unary' || node.op === 'binary') own.push(`${node.op} ${node.attributes.fn}`);
    if (node.op === 'quantize') own.push(`rounding ${node.attributes.rounding}`, `order ${node.attributes.order}`);
    if (node.op === 'requantize') own.push(`${makers.get(node.inputs[0]!)} then ${node.attributes.spec.mode}`);
    if (node.op === 'conv' || node.op === 'matmul')
      own.push(
        `${node.op} of ${coding(node.inputs[0]!)} activations`,
        `${node.op} of ${coding(node.inputs[1]!)} weights`,
      );
    return own;
  });
}

function kindOf(i: Instruction): string {
  if (i.op === 'rq') return `rq.${i.mode}`;
  if (i.op === 'vfun') return `vfun.${i.fn}`;
  return (i.op === 'mm' || i.op === 'copy') && i.accumulate ? `${i.op} accumulating` : i.op;
}

function instructionsOf({ program, steadyProgram }: Compiled): string[] {
  return [program, ...(steadyProgram === null ? [] : [steadyProgram])].flatMap((p) =>
    p.cores.flatMap((core) => core.instructions.map(kindOf)),
  );
}

/** What it cannot hold or run says so; anything else is an error. */
function compiledOr(graph: Graph, machine: Machine): Compiled | undefined {
  try {
    return compile(graph, machine);
  } catch (error) {
    if (error instanceof CapacityError || error instanceof UnsupportedError) return undefined;
    throw error;
  }
}

/** Graphs drawn before something counts as out of reach. */
const SEEDS = 3000;

const MATRIX_KINDS = [
  'digital-cim',
  'analog-cim',
  'systolic',
] as const satisfies readonly Machine['core']['matrix']['kind'][];
const ONE_OF_EACH = {
  'digital-cim': 'edge-dcim-28nm',
  'analog-cim': 'jia-65nm',
  systolic: 'conventional-int8',
} as const satisfies Record<Machine['core']['matrix']['kind'], string>;

describe('coverage of the random graphs', () => {
  it('the generator names every op', () => {
    expect([...GENERATED_OPS].sort()).toEqual(Object.keys(OPS).sort());
  });

  it.each(MATRIX_KINDS)('%s: every word of the graph, every instruction, every requantizer', (kind) => {
    const machine = PRESETS[ONE_OF_EACH[kind]]!;
    expect(machine.core.matrix.kind).toBe(kind);
    const missing = new Set([...WORDS, ...INSTRUCTIONS]);
    const known = new Set(missing);
    const unknown = new Set<string>();
    for (let seed = 0; seed < SEEDS && missing.size > 0; seed++) {
      const graph = randomGraph(seed);
      const words = wordsOf(graph);
      // Compiling is the slow part: only where the graph has a word that is missing, or may have such an instruction.
      if (!PLAIN.some((i) => missing.has(i)) && !words.some((word) => missing.has(word))) continue;
      const compiled = compiledOr(graph, machine);
      if (compiled === undefined) continue;
      const instructions = instructionsOf(compiled);
      for (const i of instructions) if (!known.has(i) && !RARE.includes(i as Mnemonic)) unknown.add(i);
      const reached = [...words, ...instructions].filter((word) => missing.has(word));
      if (reached.length === 0) continue;
      checkGraph(graph, machine, seeded(seed));
      for (const word of reached) missing.delete(word);
    }
    expect({ missing: [...missing], unknown: [...unknown] }).toEqual({ missing: [], unknown: [] });
  });

  it('what is for hand-written code is not named in lowering', () => {
    const folder = join(import.meta.dirname, '../../compiler/lower');
    // draft.ts names what a draft may not be; 'add' is also a function of the graph, so it cannot be told by its name.
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
      (f) => /\.ts$/.test(f) && f !== 'draft.ts',
    );
    const text = files.map((f) => readFileSync(join(folder, f), 'utf8')).join('\n');
    expect(files.length).toBeGreaterThan(20);
    expect(HAND_ONLY.filter((op) => op !== 'add' && text.includes(`'${op}'`))).toEqual([]);
  });
});
