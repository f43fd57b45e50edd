/** A fused node spelled as the plain ONNX nodes that it stands for: each is imported like any node of the model, by the same rules. */
import { invalid } from '../../refusal.ts';
import { type AttributeInput, makeNode } from '../build.ts';
import { make } from '../constants.ts';
import type { ImportContext } from '../context.ts';
import type { DataType } from '../model.ts';

export class Expansion {
  readonly #cx: ImportContext;
  readonly #stem: string;
  #next = 0;

  constructor(cx: ImportContext) {
    this.#cx = cx;
    this.#stem = cx.node.outputs.find((o) => o !== '') ?? cx.node.name;
  }

  #fresh(what: string): string {
    return `${this.#stem}.${what}${this.#next++}`;
  }

  /** Imports one node and gives the name of its result. */
  node(
    op: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, AttributeInput>> = {},
    output = this.#fresh(op.slice(op.lastIndexOf(':') + 1)),
  ): string {
    this.#cx.importNode(makeNode(op, inputs, [output], attributes, this.#cx.node.name));
    return output;
  }

  /** Imports a node with several results. */
  nodes(
    op: string,
    inputs: readonly string[],
    count: number,
    attributes: Readonly<Record<string, AttributeInput>>,
  ): string[] {
    const outputs = Array.from({ length: count }, () => this.#fresh(op));
    this.#cx.importNode(makeNode(op, inputs, outputs, attributes, this.#cx.node.name));
    return outputs;
  }

  constant(dataType: DataType, shape: readonly number[], values: readonly number[]): string {
    const name = this.#fresh('known');
    this.#cx.define(name, { kind: 'constant', constant: make(dataType, shape, values) });
    return name;
  }

  number(value: number): string {
    return this.constant('float32', [], [value]);
  }

  ints(values: readonly number[]): string {
    return this.constant('int64', [values.length], values);
  }

  /** Input `index` of the fused node by name; '' when it is absent. */
  input(index: number): string {
    return this.#cx.hasInput(index) ? (this.#cx.node.inputs[index] ?? '') : '';
  }

  shapeOf(name: string): readonly number[] {
    return this.#cx.typeOf(this.#cx.lookup(name) ?? invalid(`'${name}' is not known`)).shape;
  }

  /** Float multiplication by a number, left out when it is 1. */
  times(x: string, factor: number): string {
    return factor === 1 ? x : this.node('Mul', [x, this.number(Math.fround(factor))]);
  }

  /** The last two axes turned. */
  turned(x: string): string {
    const rank = this.shapeOf(x).length;
    const perm = Array.from({ length: rank }, (_, d) => (d < rank - 2 ? d : 2 * rank - 3 - d));
    return this.node('Transpose', [x], { perm });
  }

  /** `x` under the name of the fused node's result `index`. */
  result(x: string, index = 0): void {
    this.#cx.result(this.#cx.lookup(x) ?? invalid(`'${x}' is not known`), index);
  }
}
