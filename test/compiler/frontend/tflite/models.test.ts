/** Trained models made by others: every tensor of codes that an operator makes is held against the reference kernels, element by element. */
import { describe, expect, it } from 'vitest';
import { importTflite } from '../../../../compiler/frontend/tflite/index.ts';
import { interpret } from '../../../../compiler/graph/interpret.ts';
import type { Graph, Tensor } from '../../../../compiler/graph/types.ts';
import { createRandom } from '../../../../isa/base/random.ts';
import { randomInputs } from '../../../../src/run/random-inputs.ts';
import { sharedModel } from '../../../harness/models.ts';
import { runReference } from './reference.ts';
import { type RefModel, readReference } from './reference-file.ts';

const FILES = ['resnet8', 'kws-dscnn', 'ad-autoencoder'];
const INPUTS = 2;
const SOFTMAX = 25;

describe.each(FILES)('mlperf-tiny-%s-int8.tflite (needs ../shared/models)', (name) => {
  const bytes = sharedModel(`mlperf-tiny-${name}-int8.tflite`);
  describe.skipIf(bytes === undefined)('as imported', () => {
    const graph = bytes === undefined ? undefined! : importTflite(bytes, { name }).graph;

    it('gives the codes of the reference kernels in every tensor', () => {
      const model = readReference(bytes!);
      const makers = operatorValues(graph, model);
      const random = createRandom(20261121);
      for (let i = 0; i < INPUTS; i++) {
        const sample = integers(randomInputs(graph, random));
        const expected = runReference(model, new Map([[model.inputs[0]!, Array.from(sample.get(graph.inputs[0]!)!)]]));
        const found = interpret({ ...graph, outputs: makers.map((m) => m.value) }, sample);
        // Every operator but reshapes, which have no codes of their own.
        expect(makers.length).toBe(model.operators.filter((o) => o.code !== 22).length);
        for (const { value, tensor, code } of makers) {
          const codes = inFile(found.get(value)!, model.tensors[tensor]!.shape);
          const wrong = codes.filter((c, j) => c !== expected[tensor]![j]).length;
          // SOFTMAX is float32 here; on these inputs no code differs from the fixed-point kernel's.
          expect({ tensor, code, of: codes.length, wrong }).toEqual({
            tensor,
            code,
            of: expected[tensor]!.length,
            wrong: 0,
          });
          if (code === SOFTMAX) expect(codes.some((c) => c > -128)).toBe(true);
        }
      }
    });
  });
});

function integers(sample: ReadonlyMap<string, ArrayLike<number>>): Map<string, Int32Array> {
  return new Map([...sample].map(([n, v]) => [n, Int32Array.from(v)]));
}

interface Made {
  readonly value: string;
  readonly tensor: number;
  readonly code: number;
}

/** The graph's value of each operator's result: the node that is called after the operator. */
function operatorValues(graph: Graph, model: RefModel): Made[] {
  return graph.nodes.flatMap((node): Made[] => {
    const index = node.op === 'reshape' || node.op === 'transpose' ? null : /^[a-z0-9_]+_(\d+)$/.exec(node.name);
    const operator = model.operators[Number(index?.[1] ?? -1)];
    return operator === undefined ? [] : [{ value: node.output, tensor: operator.outputs[0]!, code: operator.code }];
  });
}

/** Values in the file's order: images of the graph are [N, C, H, W]. */
function inFile({ type, data }: Tensor, shape: readonly number[]): number[] {
  if (type.shape.length !== 4) return Array.from(data);
  const [n, c, h, w] = type.shape as [number, number, number, number];
  expect([n, h, w, c]).toEqual(shape);
  return Array.from(data, (_, at) => {
    const ch = at % c;
    const rest = Math.floor(at / c);
    return data[((Math.floor(rest / (h * w)) * c + ch) * h + (Math.floor(rest / w) % h)) * w + (rest % w)]!;
  });
}
