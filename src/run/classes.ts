/**
 * What a classifier says of a sample: the largest element of its first output, or the class itself where the network ends in ArgMax or in TopK of one element.
 * Left out: several samples in one inference of scores, TopK of more than one.
 */
import { type Graph, sizeOf, type ValueType } from '../../compiler/graph/types.ts';

export interface Classes {
  /** The output that is looked at. */
  readonly output: string;
  /** Labels of one inference. */
  readonly labels: number;
  /** How many classes there are; undefined where the output holds class numbers and does not say. */
  readonly count: number | undefined;
}

/** The first output as scores, unless it, or with a single number there another output, holds a whole number of 32 bits for each sample of an inference. */
export function classesOf(graph: Graph): Classes {
  const [first = ''] = graph.outputs;
  const typeOf = (name: string): ValueType => graph.values.get(name)!;
  const batch = graph.inputs[0] === undefined ? 1 : (typeOf(graph.inputs[0]).shape[0] ?? 1);
  const chosen = (name: string): boolean => {
    const { element, shape } = typeOf(name);
    return element.kind === 'int' && element.bits === 32 && [1, batch].includes(sizeOf(shape));
  };
  const scores = sizeOf(typeOf(first).shape);
  const output = scores > batch ? undefined : graph.outputs.find(chosen);
  return output === undefined
    ? { output: first, labels: 1, count: scores }
    : { output, labels: sizeOf(typeOf(output).shape), count: undefined };
}

/** Labels that the outputs of all samples agree with; of equal scores the first counts. */
export function countCorrect(outputs: Float64Array, labels: ArrayLike<number>, scores = true): number {
  const classes = outputs.length / labels.length;
  let correct = 0;
  for (let s = 0; s < labels.length; s++) {
    let best = 0;
    for (let c = 1; c < classes; c++) if (outputs[s * classes + c]! > outputs[s * classes + best]!) best = c;
    if ((scores ? best : outputs[s]) === labels[s]) correct += 1;
  }
  return correct;
}
