/**
 * The part of a model that some results need: the whole model without what no output depends on, or what lies before named tensors, so that the
 * post-processing of a detector that no accelerator runs can be left to the host.
 */
import { InputError } from '../../../isa/base/errors.ts';
import { didYouMean } from '../../../isa/base/suggest.ts';
import type { TfliteModel } from './read.ts';

/**
 * The model with the tensors called `outputs` as its results, in that order (its own when left out), and only the operators and inputs that these need; inputs
 * stay when the outputs are the model's own. Throws InputError on names that no operator makes.
 */
export function cutModel(model: TfliteModel, outputs?: readonly string[]): TfliteModel {
  const made = model.operators.flatMap((o) => o.outputs);
  const results = outputs?.map((name) => {
    const found = made.findLast((t) => model.tensors[t]!.name === name);
    return (
      found ??
      unknownOutput(
        name,
        made.map((t) => model.tensors[t]!.name).filter((n) => n !== ''),
      )
    );
  });
  const ends = results ?? model.outputs;
  const needed = new Set(ends);
  const backwards = model.operators.toReversed().filter((o) => {
    const used = o.outputs.some((t) => needed.has(t));
    if (used) for (const t of o.inputs) needed.add(t);
    return used;
  });
  const operators = backwards.reverse();
  const inputs = outputs === undefined ? model.inputs : model.inputs.filter((i) => needed.has(i));
  return { ...model, operators, inputs, outputs: ends };
}

function unknownOutput(name: string, names: readonly string[]): never {
  const message = `no operator makes a tensor called '${name}'`;
  const near = didYouMean(name, names);
  const expected = `the result of an operator, such as ${names.slice(-3).join(', ')}`;
  const hint = near === undefined ? 'a viewer such as Netron shows the names of tensors' : `did you mean '${near}'?`;
  throw new InputError(message, {
    diagnostics: [{ code: 'E-TFLITE-OUTPUT', message, where: 'outputs', expected, hint }],
  });
}
