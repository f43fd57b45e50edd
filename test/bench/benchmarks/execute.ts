/** The run with values: multiply-accumulates a second of execute(), everything between them included (copies, windows, quantizers). */
import { createRandom } from '../../../isa/base/random.ts';
import { execute } from '../../../sim/exec/execute.ts';
import { macTotal } from '../../../src/run/model.ts';
import { randomInputs } from '../../../src/run/random-inputs.ts';
import type { Benchmark } from '../benchmark.ts';
import { inProcess } from '../measure.ts';
import { compiledNetwork, MACHINE } from '../network.ts';
import { naiveMacs } from '../references.ts';

export const executeBenchmark: Benchmark = {
  name: 'execute',
  shows: 'rate',
  prepare: (s) => {
    const { graph, compiled } = compiledNetwork(s);
    const inputs = randomInputs(graph, createRandom(1));
    const { memories, instructions } = execute(compiled.program, MACHINE, inputs);
    const steady = compiled.steadyProgram ?? compiled.program;
    const macs = macTotal(graph);
    return {
      subject: inProcess('MAC', 'run with values of a stack of convolutions, 2-bit by 4-bit', () => {
        execute(steady, MACHINE, inputs, { memories });
        return macs;
      }),
      reference: naiveMacs(),
      facts: { macs, instructions },
    };
  },
};
