/** The main job from the command line on the model of the repository: start of Node, import, compile, four simulations, report. */
import { join } from 'node:path';
import type { Benchmark } from '../benchmark.ts';
import { runOf } from '../process.ts';

export const runDigits: Benchmark = {
  name: 'run-digits',
  shows: 'seconds',
  prepare: (s) => runOf(s, join('examples', 'digits', 'models', 'digits-w2a4.qonnx.onnx')),
};
