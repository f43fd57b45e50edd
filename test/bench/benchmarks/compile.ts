/** Graph to program: mapping search, lowering, ordering, linking of the same stack of convolutions. */
import { compile } from '../../../compiler/compile.ts';
import type { Benchmark } from '../benchmark.ts';
import { inProcess } from '../measure.ts';
import { compiledNetwork, MACHINE } from '../network.ts';
import { integerSteps } from '../references.ts';

export const compileBenchmark: Benchmark = {
  name: 'compile',
  shows: 'seconds',
  prepare: (s) => {
    const { graph, compiled } = compiledNetwork(s);
    return {
      subject: inProcess('compilation', 'a stack of convolutions, both programs', () => {
        compile(graph, MACHINE);
        return 1;
      }),
      reference: integerSteps(),
      facts: { nodes: graph.nodes.length, programInstructions: compiled.program.cores[0]!.instructions.length },
    };
  },
};
