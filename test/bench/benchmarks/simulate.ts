/** The timed run: events a second of simulate(), held against the least that an event can cost. */
import { simulate } from '../../../sim/timing/simulate.ts';
import type { Benchmark } from '../benchmark.ts';
import { inProcess } from '../measure.ts';
import { compiledNetwork, MACHINE } from '../network.ts';
import { heapTurns } from '../references.ts';

export const simulateBenchmark: Benchmark = {
  name: 'simulate',
  shows: 'rate',
  prepare: (s) => {
    const { program } = compiledNetwork(s).compiled;
    const { instructions, events, cycles } = simulate(program, MACHINE);
    return {
      subject: inProcess('event', 'timed run of a stack of convolutions', () => simulate(program, MACHINE).events),
      reference: heapTurns(),
      facts: { instructions, events, cycles },
    };
  },
};
