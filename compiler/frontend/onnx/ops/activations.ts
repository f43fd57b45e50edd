/**
 * Activation functions made of simpler ones, each step one float32 operation in the order in which ONNX Runtime's kernels
 * compute it: LeakyRelu, PRelu, HardSigmoid, HardSwish.
 */
import type { BinaryFunction } from '../../../graph/types.ts';
import { floatAttribute } from '../attributes.ts';
import { floatTensor, type ImportContext } from '../context.ts';
import { refuse } from '../meaning.ts';

function scalar(cx: ImportContext, value: number, suffix: string): string {
  return cx.builder.constant(floatTensor(new Float32Array([value]), []), `${cx.outputName}.${suffix}`);
}

function step(cx: ImportContext, fn: BinaryFunction, a: string, b: string, suffix: string): string {
  return cx.add('binary', [a, b], { fn }, { output: suffix === '' ? cx.outputName : `${cx.outputName}.${suffix}` });
}

/** max(x, slope * x) for slopes of 0 .. 1, which is what LeakyRelu is there. */
export function importLeakyRelu(cx: ImportContext): void {
  const alpha = floatAttribute(cx.node, 'alpha', 0.01);
  if (!(alpha >= 0 && alpha <= 1)) refuse(`LeakyRelu with slope ${alpha}`, { expected: 'a slope of 0 .. 1' });
  const x = cx.floatInput(0);
  const scaled = step(cx, 'mul', x, scalar(cx, alpha, 'slope'), 'scaled');
  cx.result({ kind: 'float', id: step(cx, 'max', x, scaled, '') });
}

/** max(x, 0) + slope * min(x, 0): one addend is always zero. */
export function importPRelu(cx: ImportContext): void {
  const x = cx.floatInput(0);
  const low = step(cx, 'min', x, scalar(cx, 0, 'zero'), 'low');
  const scaled = step(cx, 'mul', low, cx.floatInput(1), 'scaled');
  const high = cx.add('unary', [x], { fn: 'relu' }, { output: `${cx.outputName}.high` });
  cx.result({ kind: 'float', id: step(cx, 'add', high, scaled, '') });
}

function hardSigmoid(cx: ImportContext, x: string, alpha: number, beta: number, output: string): string {
  const scaled = step(cx, 'mul', x, scalar(cx, alpha, 'alpha'), 'scaled');
  const shifted = step(cx, 'add', scaled, scalar(cx, beta, 'beta'), 'shifted');
  return cx.add('clip', [shifted], { min: 0, max: 1 }, { output });
}

export function importHardSigmoid(cx: ImportContext): void {
  const [alpha, beta] = [floatAttribute(cx.node, 'alpha', 0.2), floatAttribute(cx.node, 'beta', 0.5)];
  cx.result({ kind: 'float', id: hardSigmoid(cx, cx.floatInput(0), alpha, beta, cx.outputName) });
}

/** x * HardSigmoid(x) with slope 1/6 and offset 1/2. */
export function importHardSwish(cx: ImportContext): void {
  const x = cx.floatInput(0);
  const gate = hardSigmoid(cx, x, Math.fround(1 / 6), 0.5, `${cx.outputName}.gate`);
  cx.result({ kind: 'float', id: step(cx, 'mul', x, gate, '') });
}
