/**
 * Rewrites QONNX quantizers into standard ONNX ops, so that ONNX Runtime can run the model, and makes each quantizer's levels (the
 * rounded codes, as floats) outputs of the model. Two spellings:
 * - `plain`: x / s + z, clip, round, - z, * s. Products behind it are float32 sums in the runtime's own order.
 * - `integer`: Conv and MatMul of two quantized operands take the levels and the scales are multiplied afterwards. Sums of
 *   levels below 2^24 are exact in float32, so the runtime has one right answer. Weights must have zero point 0.
 */

import type { OnnxModel, OnnxNode, OnnxTensor, OnnxValueInfo } from '../../../compiler/frontend/onnx/index.ts';
import { makeNode, makeScalar, makeTensor, tensorValues } from '../../../compiler/frontend/onnx/index.ts';

export type Spelling = 'plain' | 'integer';

export interface LoweredModel {
  readonly model: OnnxModel;
  /** Level output of each quantizer of activations, by the quantizer's ONNX result. */
  readonly levels: ReadonlyMap<string, string>;
}

const QUANTIZERS = new Set(['Quant', 'IntQuant', 'BipolarQuant']);
/** Ops that commute with a positive scale. */
const MOVERS = new Set(['Transpose', 'Flatten', 'Reshape', 'MaxPool']);

export function lowerQonnx(model: OnnxModel, spelling: Spelling): LoweredModel {
  const lowering = new Lowering(model, spelling);
  for (const node of model.graph.nodes) lowering.take(node);
  return lowering.finish();
}

interface Quantized {
  readonly levels: string;
  readonly scale: string;
  readonly constant: boolean;
}

class Lowering {
  readonly #model: OnnxModel;
  readonly #spelling: Spelling;
  readonly #nodes: OnnxNode[] = [];
  readonly #added: OnnxTensor[] = [];
  readonly #levels = new Map<string, string>();
  readonly #quantized = new Map<string, Quantized>();
  readonly #constants: ReadonlyMap<string, OnnxTensor>;
  #next = 0;

  constructor(model: OnnxModel, spelling: Spelling) {
    this.#model = model;
    this.#spelling = spelling;
    const found = new Map(model.graph.initializers.map((t) => [t.name, t]));
    for (const n of model.graph.nodes) {
      const value = n.opType === 'Constant' ? n.attributes.get('value') : undefined;
      if (value?.type === 'tensor') found.set(n.outputs[0] ?? '', value.value);
    }
    this.#constants = found;
  }

  take(node: OnnxNode): void {
    const [x, w] = node.inputs.map((name) => this.#quantized.get(name));
    if (QUANTIZERS.has(node.opType)) this.#quantizer(node);
    else if (node.opType === 'Trunc') this.#trunc(node);
    else if (node.opType === 'MultiThreshold') this.#multiThreshold(node);
    else if (MOVERS.has(node.opType) && x !== undefined) this.#move(node, x);
    else if (this.#spelling === 'integer' && (node.opType === 'Conv' || node.opType === 'MatMul') && x && w)
      this.#product(node, x, w);
    else this.#nodes.push(node);
  }

  finish(): LoweredModel {
    const { graph } = this.#model;
    const infos: OnnxValueInfo[] = [...this.#levels.values()].map((name) => ({ name, dataType: 'float32' }));
    const opsets = this.#model.opsets
      .filter((o) => o.domain === '')
      .map((o) => ({ ...o, version: Math.max(o.version, 11) }));
    const model = {
      ...this.#model,
      irVersion: Math.max(this.#model.irVersion, 6),
      opsets,
      graph: {
        ...graph,
        nodes: this.#nodes,
        initializers: [...graph.initializers, ...this.#added],
        outputs: [...graph.outputs, ...infos],
        valueInfo: [],
      },
    };
    return { model, levels: this.#levels };
  }

  #emit(op: string, inputs: readonly string[], out = `oracle.${this.#next++}`): string {
    this.#nodes.push(makeNode(op, inputs, [out], {}, `oracle/${op}/${out}`));
    return out;
  }

  #scalar(value: number): string {
    const name = `oracle.c${this.#next++}`;
    this.#added.push(makeScalar(name, 'float32', value));
    return name;
  }

  #number(name: string | undefined): number {
    const tensor = this.#constants.get(name ?? '');
    if (tensor === undefined) throw new Error(`the oracle needs a constant for '${name}'`);
    return tensorValues(tensor)[0] ?? 0;
  }

  #quantizer(node: OnnxNode): void {
    const [x, scale, zero, width] = node.inputs as [string, string, string, string];
    const constant = this.#constants.has(x);
    const bipolar = node.opType === 'BipolarQuant';
    const levels = bipolar ? this.#sign(x) : this.#round(node, x, scale, zero, this.#number(width));
    const [out] = node.outputs as [string];
    if (!constant) this.#levels.set(out, levels);
    const centred = bipolar || this.#number(zero) === 0 ? levels : this.#emit('Sub', [levels, zero]);
    this.#emit('Mul', [centred, scale], out);
    this.#quantized.set(out, { levels: centred, scale, constant });
  }

  /** Version 1: half-even(x / s + z) / 2^(in - out), rounded; then - z, * s. */
  #trunc(node: OnnxNode): void {
    const [x, scale, zero, from, to] = node.inputs as [string, string, string, string, string];
    const codes = this.#emit('Round', [this.#emit('Add', [this.#emit('Div', [x, scale]), zero])]);
    const factor = this.#scalar(2 ** (this.#number(from) - this.#number(to)));
    const mode = node.attributes.get('rounding_mode');
    const levels = this.#rounding(mode?.type === 'string' ? mode.value : 'FLOOR', this.#emit('Div', [codes, factor]));
    const [out] = node.outputs as [string];
    this.#levels.set(out, levels);
    this.#emit('Mul', [this.#emit('Sub', [levels, zero]), scale], out);
  }

  /** How many thresholds of its channel (axis 1) a value reaches, times a scale, plus an offset. */
  #multiThreshold(node: OnnxNode): void {
    const [x, thresholds] = node.inputs as [string, string];
    const table = this.#constants.get(thresholds);
    if (table === undefined) throw new Error(`the oracle needs a constant for '${thresholds}'`);
    const rank = this.#model.graph.inputs[0]?.shape?.length ?? 2;
    const axes = Array.from({ length: rank - 2 }, (_, i) => i + 1);
    const list = (values: readonly number[]): string => {
      const name = `oracle.c${this.#next++}`;
      this.#added.push(makeTensor(name, 'int64', [values.length], values));
      return name;
    };
    const limits = axes.length === 0 ? thresholds : this.#emit('Unsqueeze', [thresholds, list(axes)]);
    const reached = this.#emit('GreaterOrEqual', [this.#emit('Unsqueeze', [x, list([rank])]), limits]);
    const ones = `oracle.${this.#next++}`;
    this.#nodes.push(makeNode('Cast', [reached], [ones], { to: 1 }, `oracle/${ones}`));
    const counts = this.#emit('Squeeze', [this.#emit('ReduceSum', [ones, list([rank])]), list([rank])]);
    const number = (name: string, fallback: number): string => {
      const a = node.attributes.get(name);
      return this.#scalar(a?.type === 'float' ? a.value : fallback);
    };
    const [out] = node.outputs as [string];
    this.#levels.set(out, counts);
    this.#emit('Add', [this.#emit('Mul', [counts, number('out_scale', 1)]), number('out_bias', 0)], out);
  }

  /** 1 - 2 * (x < 0), which Opset 9 has the ops for. */
  #sign(x: string): string {
    const below = this.#emit('Less', [x, this.#scalar(0)]);
    const float = `oracle.${this.#next++}`;
    this.#nodes.push(makeNode('Cast', [below], [float], { to: 1 }, `oracle/${float}`));
    return this.#emit('Sub', [this.#scalar(1), this.#emit('Mul', [float, this.#scalar(2)])]);
  }

  #round(node: OnnxNode, x: string, scale: string, zero: string, bits: number): string {
    const flag = (name: string, fallback: number) => {
      const a = node.attributes.get(name);
      return a?.type === 'int' ? a.value : fallback;
    };
    const signed = flag('signed', 1) !== 0;
    const narrow = flag('narrow', 0) !== 0;
    const low = signed ? -(2 ** (bits - 1)) + (narrow ? 1 : 0) : 0;
    const high = signed ? 2 ** (bits - 1) - 1 : 2 ** bits - (narrow ? 2 : 1);
    const shifted = this.#emit('Add', [this.#emit('Div', [x, scale]), zero]);
    const clipped = this.#emit('Clip', [shifted, this.#scalar(low), this.#scalar(high)]);
    const mode = node.attributes.get('rounding_mode');
    return this.#rounding(mode?.type === 'string' ? mode.value.toUpperCase() : 'ROUND', clipped);
  }

  #rounding(mode: string, x: string): string {
    const outward = (op: string, shift: number) => {
      const size = this.#emit('Abs', [x]);
      const moved = shift === 0 ? size : this.#emit('Add', [size, this.#scalar(shift)]);
      return this.#emit('Mul', [this.#emit('Sign', [x]), this.#emit(op, [moved])]);
    };
    switch (mode) {
      case 'ROUND':
        return this.#emit('Round', [x]);
      case 'FLOOR':
        return this.#emit('Floor', [x]);
      case 'CEIL':
        return this.#emit('Ceil', [x]);
      case 'UP':
        return outward('Ceil', 0);
      case 'DOWN':
      case 'ROUND_TO_ZERO':
        return outward('Floor', 0);
      case 'HALF_UP':
        return outward('Floor', 0.5);
      case 'HALF_DOWN':
        return outward('Ceil', -0.5);
      default:
        throw new Error(`the oracle does not know rounding mode ${mode}`);
    }
  }

  /** A moved quantized tensor is quantized: the same op moves its levels; scales of weights turn with a Transpose. */
  #move(node: OnnxNode, x: Quantized): void {
    this.#nodes.push(node);
    if (this.#spelling === 'plain') return;
    const [out] = node.outputs as [string];
    const again = (name: string) => {
      const copy = `oracle.${this.#next++}`;
      this.#nodes.push({ ...node, name: `oracle/${copy}`, inputs: [name, ...node.inputs.slice(1)], outputs: [copy] });
      return copy;
    };
    const turns = node.opType === 'Transpose' && (this.#constants.get(x.scale)?.dims ?? []).length > 1;
    this.#quantized.set(out, {
      levels: again(x.levels),
      scale: turns ? again(x.scale) : x.scale,
      constant: x.constant,
    });
  }

  /** (levels x levels) * float32(xs * ws) + bias. */
  #product(node: OnnxNode, x: Quantized, w: Quantized): void {
    const sum = `oracle.${this.#next++}`;
    this.#nodes.push({ ...node, inputs: [x.levels, w.levels], outputs: [sum] });
    const conv = node.opType === 'Conv';
    const ones = (this.#rankOf(node.inputs[1]) ?? 4) - 2;
    const scale = this.#emit('Mul', [x.scale, conv ? this.#alongChannels(w.scale) : w.scale]);
    const bias = conv ? node.inputs[2] : undefined;
    const [out] = node.outputs as [string];
    if (bias === undefined || bias === '') {
      this.#emit('Mul', [sum, scale], out);
      return;
    }
    this.#emit(
      'Add',
      [this.#emit('Mul', [sum, scale]), this.#reshape(bias, [-1, ...new Array<number>(ones).fill(1)])],
      out,
    );
  }

  /** [O, 1, 1, 1] scales of weights as [O, 1, 1], which broadcasts over [N, O, H, W]; one axis less for 1-D data. */
  #alongChannels(scale: string): string {
    const { length } = this.#constants.get(scale)?.dims ?? [];
    return length > 2 ? this.#reshape(scale, [-1, ...new Array<number>(length - 2).fill(1)]) : scale;
  }

  /** Rank of the weights that a quantizer gives. */
  #rankOf(name: string | undefined): number | undefined {
    const node = this.#model.graph.nodes.find((n) => n.outputs[0] === name);
    return this.#constants.get(node?.inputs[0] ?? '')?.dims.length;
  }

  #reshape(name: string, shape: readonly number[]): string {
    const target = `oracle.c${this.#next++}`;
    this.#added.push(makeTensor(target, 'int64', [shape.length], shape));
    return this.#emit('Reshape', [name, target]);
  }
}
