/**
 * What a classifier says of a sample: the largest element of its first output, or the class itself where the network ends in ArgMax or in TopK of one element.
 * Refused: several samples in one inference of scores, maps of classes, TopK of more than one. Values of such a TopK without its places pass for scores.
 */
import { type Graph, sizeOf, type ValueType } from '../../compiler/graph/types.ts';
import { InputError } from '../../isa/base/errors.ts';

export interface Classes {
  /** The output that is looked at. */
  readonly output: string;
  /** Labels of one inference. */
  readonly labels: number;
  /** How many classes there are; undefined where the output holds class numbers and does not say. */
  readonly count: number | undefined;
}

/**
 * The first output as scores, unless it, or with a single number there another output, holds a whole number of 32 bits for each sample of an inference.
 * Throws InputError where outputs are no scores of one sample and no class for each: a map of places, several places of TopK.
 */
export function classesOf(graph: Graph): Classes {
  const [first = ''] = graph.outputs;
  const typeOf = (name: string): ValueType => graph.values.get(name)!;
  const batch = graph.inputs[0] === undefined ? 1 : (typeOf(graph.inputs[0]).shape[0] ?? 1);
  const chosen = (name: string): boolean => {
    const { element, shape } = typeOf(name);
    return element.kind === 'int' && element.bits === 32 && [1, batch].includes(sizeOf(shape));
  };
  const { shape } = typeOf(first);
  const scores = sizeOf(shape);
  const output = scores > batch ? undefined : graph.outputs.find(chosen);
  if (output !== undefined) return { output, labels: sizeOf(typeOf(output).shape), count: undefined };
  if (shape.filter((d) => d > 1).length > 1)
    refuse(first, `holds [${shape.join(', ')}] numbers, which are no scores of one sample`);
  // Values of TopK look like scores; the places next to them tell.
  const places = graph.outputs.find((o) => holdsPlaces(graph, o) && String(typeOf(o).shape) === String(shape));
  if (scores > 1 && places !== undefined)
    refuse(places, `holds ${scores} class numbers for ${batch === 1 ? 'a sample' : `${batch} samples`}`);
  return { output: first, labels: 1, count: scores };
}

function refuse(output: string, what: string): never {
  const message = `output '${output}' ${what}`;
  const diagnostic = {
    code: 'E-RUN-LABELS',
    where: `output '${output}'`,
    message,
    expected:
      'scores of one sample along one axis of the first output, or one class for each sample (ArgMax, TopK with k = 1)',
    hint: 'end the network at its scores (--outputs <value>), one sample an inference; for a map of classes compare the outputs that -o writes',
  };
  throw new InputError(`--labels: ${message}`, { code: 'E-RUN-LABELS', diagnostics: [diagnostic] });
}

/** Whether an output is whole numbers cut from float ones, as ArgMax and TopK give, and no sum of products. */
function holdsPlaces(graph: Graph, output: string): boolean {
  const node = graph.nodes.find((n) => n.output === output);
  if (node === undefined) return false;
  if (['reshape', 'transpose', 'slice'].includes(node.op)) return holdsPlaces(graph, node.inputs[0]!);
  return node.op === 'quantize' && node.attributes.rounding === 'toward-zero';
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
