/**
 * The part of a model that some results need: the whole model without what no output depends on, or what lies before named tensors, so that the
 * post-processing of a detector that no accelerator runs can be left to the host.
 */
import { refuseOutput } from '../unknown-output.ts';
import type { TfliteModel, TfliteOperator } from './read.ts';

const WORDING = { maker: 'operator', value: 'tensor', code: 'E-TFLITE-OUTPUT' };

/**
 * The model with the tensors called `outputs` as its results, in that order (its own when left out), and only the operators and inputs that these need; inputs
 * stay when the outputs are the model's own. Throws InputError on names that no operator makes.
 */
export function cutModel(model: TfliteModel, outputs?: readonly string[]): TfliteModel {
  const made = model.operators.flatMap((o) => o.outputs);
  const results = outputs?.map((name) => {
    const found = made.findLast((t) => model.tensors[t]!.name === name);
    const names = () => made.map((t) => model.tensors[t]!.name).filter((n) => n !== '');
    return found ?? refuseOutput(name, names(), WORDING);
  });
  const ends = results ?? model.outputs;
  const { operators, needed } = neededBy(model, ends);
  const inputs = outputs === undefined ? model.inputs : model.inputs.filter((i) => needed.has(i));
  return { ...model, operators, inputs, outputs: ends };
}

/** Operators that the tensors depend on, in their order, and all tensors that these read; what a run keeps for the next is needed where it is read. */
function neededBy(model: TfliteModel, ends: readonly number[]) {
  const needed = new Set(ends);
  const kept = new Set<TfliteOperator>();
  const read = new Set<string>();
  const variables = new Map(model.operators.filter((o) => o.op === 'VAR_HANDLE').map((o) => [o.outputs[0], o]));
  const variableOf = (o: TfliteOperator) => variables.get(o.inputs[0])?.options?.string(1, 'shared_name') ?? '';
  for (let before = -1; before < kept.size; ) {
    before = kept.size;
    for (const o of model.operators.toReversed()) {
      const assigns = o.op === 'ASSIGN_VARIABLE' && read.has(variableOf(o));
      if (kept.has(o) || !(assigns || o.outputs.some((t) => needed.has(t)))) continue;
      kept.add(o);
      if (o.op === 'READ_VARIABLE') read.add(variableOf(o));
      for (const t of o.inputs) needed.add(t);
    }
  }
  return { operators: model.operators.filter((o) => kept.has(o)), needed };
}
