/** The same on a network made by others: TFC W2A2, 59 thousand weights of 2 bits. Its goal is part of the project's promises. */
import { join } from 'node:path';
import type { Benchmark } from '../benchmark.ts';
import { runOf } from '../process.ts';

export const runTfc: Benchmark = {
  name: 'run-tfc',
  shows: 'seconds',
  goalSeconds: 1,
  prepare: (s) => runOf(s, join('..', 'shared', 'models', 'tfc-w2a2.qonnx.onnx')),
};
