/**
 * Joins what spells a sum, difference or product of two quantized values in float32 (two dequantizers, the operation, perhaps a relu or clip that
 * the codes saturate before, a quantizer) into `qadd` or `qmul`, which one or two instructions compute.
 * Needs: a verified graph. Gives: the same values, fewer float ops. Method: the joined ops are defined by the same float32 operations in the
 * same order. A chain that rounds otherwise, clips within the range of the codes, or has scales along an axis stays as it is.
 */
import { type Graph, type IntegerType, integerRange, type Node, type NodeOf } from '../graph/types.ts';
import { rebuild, type Uses, usesOf } from './rewrite.ts';

export function join(graph: Graph): Graph {
  const uses = usesOf(graph);
  return rebuild(graph, (node, builder, at) => {
    if (node.op !== 'quantize') return undefined;
    const result = resultOf(graph, node);
    const pair = result && binaryBehind(uses, node, result);
    const [a, b] = pair?.inputs.map((name) => operandOf(uses, name)) ?? [];
    if (result === undefined || pair === undefined || a === undefined || b === undefined) return undefined;
    const { fn } = pair.attributes;
    if (fn !== 'add' && fn !== 'sub' && fn !== 'mul') return undefined;
    const attributes = {
      ...{ aScale: a.scale, aZero: a.zero },
      // Negation is exact, so that a difference is a sum.
      ...{ bScale: fn === 'sub' ? -b.scale : b.scale, bZero: b.zero },
      ...{ scale: result.scale, zeroPoint: result.zeroPoint },
    };
    const element = graph.values.get(node.output)!.element;
    const options = { name: node.name, source: node.source, element, output: node.output };
    return builder.add(fn === 'mul' ? 'qmul' : 'qadd', [at(a.codes), at(b.codes)], attributes, options);
  });
}

interface Result {
  readonly scale: number;
  readonly zeroPoint: number;
  /** Lowest and highest code. */
  readonly min: number;
  readonly max: number;
}

/** The quantizer, where it rounds half to even behind its zero point and clips to the range of its codes. */
function resultOf(graph: Graph, { attributes: q, output }: NodeOf<'quantize'>): Result | undefined {
  const { min, max } = integerRange(graph.values.get(output)!.element as IntegerType);
  const [scale, zeroPoint] = [q.scale[0], q.zeroPoint[0]];
  if (scale === undefined || zeroPoint === undefined || q.scale.length > 1 || q.zeroPoint.length > 1) return undefined;
  if (q.rounding !== 'half-even' || q.min !== min || q.max !== max) return undefined;
  if (q.order !== 'zero-then-round' && zeroPoint !== 0) return undefined;
  return { scale, zeroPoint, min, max };
}

/** The operation whose result reaches the quantizer alone, or by way of limits that change no code. */
function binaryBehind(uses: Uses, node: Node, result: Result): NodeOf<'binary'> | undefined {
  const name = node.inputs[0]!;
  const maker = uses.count.get(name) === 1 ? uses.producer.get(name) : undefined;
  if (maker?.op === 'binary') return maker;
  if (maker === undefined || !saturatesFirst(maker, result)) return undefined;
  return binaryBehind(uses, maker, result);
}

/** Whether every number that a relu or clip changes has the same code before and after. */
function saturatesFirst(node: Node, { scale, zeroPoint, min, max }: Result): boolean {
  const limits =
    node.op === 'clip'
      ? node.attributes
      : node.op === 'unary' && node.attributes.fn === 'relu'
        ? { min: 0, max: Infinity }
        : undefined;
  if (limits === undefined || !(scale > 0)) return false;
  const code = (x: number): number => Math.fround(Math.fround(Math.fround(x) / scale) + zeroPoint);
  return code(limits.min) <= min && code(limits.max) >= max;
}

interface Operand {
  readonly codes: string;
  readonly scale: number;
  readonly zero: number;
}

function operandOf(uses: Uses, name: string): Operand | undefined {
  const maker = uses.producer.get(name);
  if (maker?.op !== 'dequantize') return undefined;
  const { scale, zeroPoint } = maker.attributes;
  if (scale.length > 1 || zeroPoint.length > 1) return undefined;
  return { codes: maker.inputs[0]!, scale: scale[0]!, zero: zeroPoint[0]! };
}
