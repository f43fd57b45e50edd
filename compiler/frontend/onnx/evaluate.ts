/**
 * Ops on known numbers that have no fold of their own (weight normalization, a BatchNormalization of weights, places of largest elements): the node is imported into a
 * graph of its own, which the interpreter runs. Whole numbers of 64 bits are taken for 32 there, where all of them fit (shapes that are split). Left out: quantizers
 * of weights, whose results are codes and scales.
 */
import { GraphBuilder } from '../../graph/builder.ts';
import { interpret } from '../../graph/interpret.ts';
import { Refusal, refuse } from '../refusal.ts';
import { make } from './constants.ts';
import { ImportContext } from './context.ts';
import { foldNode } from './fold.ts';
import type { FoldContext } from './fold-basics.ts';
import type { Constant } from './meaning.ts';
import type { OnnxNode } from './model.ts';
import { importerOf } from './ops/index.ts';

/** The known operands of a node, undefined where one is absent; undefined when one of them is not known. */
export function knownInputs(cx: ImportContext, node: OnnxNode): (Constant | undefined)[] | undefined {
  const inputs: (Constant | undefined)[] = [];
  for (const name of node.inputs) {
    const meaning = name === '' ? undefined : cx.lookup(name);
    if (name !== '' && meaning?.kind !== 'constant') return undefined;
    inputs.push(meaning?.kind === 'constant' ? meaning.constant : undefined);
  }
  return inputs;
}

/**
 * Results of `node` in `cx`, whose operands are known, by name; undefined when the op is refused or gives something else than numbers, or when nobody is known to
 * read it (nodes that a fused one stands for).
 */
export function evaluateNode(
  cx: ImportContext,
  node: OnnxNode,
  inputs: readonly (Constant | undefined)[],
  fold: FoldContext,
): Map<string, Constant> | undefined {
  if (inputs.length === 0 || /quant/i.test(node.opType)) return undefined;
  const outputs = node.outputs.filter((_, i) => cx.wantsOutput(i));
  if (outputs.length === 0) return undefined;
  const run = (n: OnnxNode): void => runNode(own, n, fold);
  const own = new ImportContext(new GraphBuilder('known'), cx.opset, [node], outputs, node, run, true);
  const wide = inputs[0]?.dataType === 'int64';
  inputs.forEach((constant, i) => {
    if (constant !== undefined) own.define(node.inputs[i] ?? '', { kind: 'constant', constant: narrowed(constant) });
  });
  try {
    importerOf(node.domain, node.opType)?.(own);
    const results = resultsOf(own, outputs);
    return wide && results !== undefined ? new Map([...results].map(([name, c]) => [name, widened(c)])) : results;
  } catch (error) {
    if (error instanceof Refusal) return undefined;
    throw error;
  }
}

function narrowed(constant: Constant): Constant {
  const { dataType, shape, data } = constant;
  const fits = dataType === 'int64' && data.every((v: number) => Math.abs(v) < 2 ** 31);
  return fits ? make('int32', shape, data) : constant;
}

function widened(constant: Constant): Constant {
  return constant.dataType === 'int32' ? make('int64', constant.shape, constant.data) : constant;
}

function runNode(cx: ImportContext, node: OnnxNode, fold: FoldContext): void {
  const inputs = knownInputs(cx, node);
  const constant = inputs === undefined ? undefined : foldNode(node, inputs, fold);
  if (constant !== undefined) cx.result({ kind: 'constant', constant });
  else (importerOf(node.domain, node.opType) ?? (() => refuse(`op ${node.opType}`)))(cx);
}

function resultsOf(cx: ImportContext, outputs: readonly string[]): Map<string, Constant> | undefined {
  const results = new Map<string, Constant>();
  const computed = outputs.flatMap((name) => {
    const meaning = cx.lookup(name);
    if (meaning?.kind === 'constant') results.set(name, meaning.constant);
    if (meaning?.kind !== 'float' && meaning?.kind !== 'codes') return [];
    return [{ name, id: meaning.id, dataType: meaning.kind === 'float' ? ('float32' as const) : meaning.dataType }];
  });
  const values = interpret(cx.builder.finish(computed.map((c) => c.id)), new Map());
  for (const { name, id, dataType } of computed) {
    const value = values.get(id);
    if (value !== undefined) results.set(name, make(dataType, value.type.shape, value.data));
  }
  return results.size === outputs.length ? results : undefined;
}
