/** Compile, check statically and in order, run, compare with the interpreter: the one judgement that every compiler test uses. */
import type { Compiled, CompileOptions } from '../../compiler/compile.ts';
import { compile } from '../../compiler/compile.ts';
import { interpret } from '../../compiler/graph/interpret.ts';
import type { Graph, Tensor } from '../../compiler/graph/types.ts';
import { integerRange, sizeOf } from '../../compiler/graph/types.ts';
import { requireValid } from '../../isa/instructions/validate/program.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import { execute } from '../../sim/exec/execute.ts';
import { checkOrder } from '../../sim/order/check.ts';

/** Small seeded generator (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Random legal inputs: any code, or floats of a few magnitudes. */
export function randomInputs(graph: Graph, random: () => number): Map<string, Tensor['data']> {
  return new Map(
    graph.inputs.map((name): [string, Tensor['data']] => {
      const type = graph.values.get(name);
      if (type === undefined) throw new Error(`no type of ${name}`);
      const size = sizeOf(type.shape);
      if (type.element.kind === 'float32')
        return [name, Float32Array.from({ length: size }, () => Math.fround((random() - 0.5) * 8))];
      const { min, max } = integerRange(type.element);
      const bipolar = type.element.coding === 'bipolar';
      return [
        name,
        Int32Array.from({ length: size }, () =>
          bipolar ? (random() < 0.5 ? -1 : 1) : min + Math.floor(random() * (max - min + 1)),
        ),
      ];
    }),
  );
}

export interface Mismatch {
  readonly output: string;
  readonly index: number;
  readonly expected: number;
  readonly found: number;
  readonly count: number;
}

/** Elements in which the simulated program and the interpreter differ; -0 and +0 are one value, all NaN are one value. */
export function mismatches(
  expected: ReadonlyMap<string, Tensor>,
  found: ReadonlyMap<string, ArrayLike<number>>,
): Mismatch[] {
  const out: Mismatch[] = [];
  for (const [output, { data }] of expected) {
    const own = found.get(output);
    let count = 0;
    let index = -1;
    for (let i = 0; i < data.length; i++) {
      const [a, b] = [data[i], own?.[i]];
      if (a === b || (Number.isNaN(a) && Number.isNaN(b))) continue;
      if (count === 0) index = i;
      count++;
    }
    if (count > 0) out.push({ output, index, expected: data[index] ?? NaN, found: own?.[index] ?? NaN, count });
  }
  return out;
}

/**
 * Everything that must hold of one compiled graph; throws with the reason when it does not. The compiler's own checkers run (`check`), then
 * the static checks of the contract, then the order check of the simulator; values on three runs: from empty memories, on what that
 * run left, and on what the second left; of a pipeline on as many more as it takes an inference to pass.
 */
export function checkGraph(
  graph: Graph,
  machine: Machine,
  random: () => number,
  options: CompileOptions = {},
): Compiled {
  const compiled = compile(graph, machine, { check: true, ...options });
  const { program, steadyProgram } = compiled;
  const steady = steadyProgram ?? program;
  for (const [name, one] of [
    ['cold', program],
    ['steady', steadyProgram],
  ] as const) {
    if (one === null) continue;
    requireValid(one, machine);
    const findings = checkOrder(one, machine);
    if (findings.length > 0) throw new Error(`order of the ${name} program: ${JSON.stringify(findings[0], null, 1)}`);
  }
  const runs = (steadyProgram === null ? 2 : 3) + 2 * compiled.delayRuns;
  const expected: ReadonlyMap<string, Tensor>[] = [];
  let memories: ReturnType<typeof execute>['memories'] | undefined;
  for (let r = 0; r < runs; r++) {
    const inputs = randomInputs(graph, random);
    expected.push(interpret(graph, inputs));
    const run = execute(r === 0 ? program : steady, machine, inputs, memories === undefined ? {} : { memories });
    memories = run.memories;
    const found = mismatches(expected[Math.max(0, r - compiled.delayRuns)] ?? new Map(), run.outputs);
    if (found.length > 0) throw new Error(`values (run ${r}): ${JSON.stringify(found)}`);
  }
  return compiled;
}
