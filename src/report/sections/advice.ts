/**
 * What to try next, from this run alone: each line names its evidence and the fields that act on it, on a machine of this kind. A share of the critical
 * path is what a perfect remedy could save at most, because other work may then take its place. At most three lines, largest first.
 */
import { formatBytes } from '../../../isa/base/units.ts';
import type { RunResult } from '../schema.ts';
import { percent } from '../words.ts';
import { wrapText } from '../wrap.ts';
import { trafficByKind } from './memory-wall.ts';

/** Smaller shares are not worth a line. */
const LEAST_SHARE = 0.05;
const SHOWN = 3;

interface Idea {
  readonly cycles: number;
  readonly text: (share: string) => string;
}

export function adviceSection(r: RunResult): string[] {
  const ideas = [...dramIdeas(r), ...chipIdeas(r)]
    .filter((i) => i.cycles > LEAST_SHARE * r.cycles)
    .sort((a, b) => b.cycles - a.cycles)
    .slice(0, SHOWN);
  if (ideas.length === 0) return ['  nothing stands out: no single cause takes more than 5 % of the critical path'];
  return ideas.flatMap((i) => wrapText(i.text(percent(i.cycles, r.cycles)), { first: '  - ', rest: '    ' }));
}

function causeCycles(r: RunResult, ...names: readonly string[]): number {
  return names.reduce((n, name) => n + (r.causes[name] ?? 0), 0);
}

/** The wall that was measured, told by what crosses it most. */
function dramIdeas(r: RunResult): Idea[] {
  const kinds = new Map(trafficByKind(r, 'dram').map(([kind, { read, write }]) => [kind, read + write]));
  const of = (kind: string) => kinds.get(kind) ?? 0;
  const cim = r.machine.matrix !== 'systolic';
  const inout = r.bounds.compulsoryBytes - of('parameters') - of('weights');
  const [most] = [...kinds.keys()];
  const advice: Readonly<Record<string, string>> = {
    weights: `${formatBytes(of('weights'))} of weights are read for every inference. ${
      cim
        ? 'They would stay in larger arrays (core.matrix.macros, core.matrix.rows); fewer weight bits shorten the rest'
        : 'Fewer weight bits, a batch (--dims) that shares them, or a machine whose arrays hold them (-m edge-dcim-28nm)'
    }`,
    activations:
      of('activations') > 1.2 * Math.max(0, inout)
        ? `${formatBytes(of('activations'))} of activations cross, because they do not fit on chip: a larger core.scratchpad.sizeBytes or buffer.sizeBytes`
        : `${formatBytes(of('activations'))} are the input and output of the network, which must move once: fewer bits for them (--input-type), or a faster DRAM`,
    parameters: `${formatBytes(of('parameters'))} of biases, scales and thresholds are read: a larger core.scratchpad.sizeBytes to keep them`,
    instructions: `${formatBytes(of('instructions'))} of instructions and descriptors are fetched, because the code does not fit: a larger core.sequencer.instructionBytes, or larger tiles (core.scratchpad.sizeBytes)`,
  };
  return [
    {
      cycles: r.wall.dramCycles,
      text: (share) => `a free DRAM would save ${share} of the time. ${advice[most ?? ''] ?? 'Try a faster DRAM'}`,
    },
  ];
}

function chipIdeas(r: RunResult): Idea[] {
  const cim = r.machine.matrix !== 'systolic';
  const floats = r.layers.filter((l) => l.op.includes('float')).sort((a, b) => b.cycles - a.cycles);
  const idea = (causes: readonly string[], text: (share: string) => string): Idea => ({
    cycles: causeCycles(r, ...causes),
    text,
  });
  return [
    idea(
      ['dma-setup', 'dispatch', 'fetch', 'matrix-pipeline'],
      (share) =>
        `${share} of the critical path is fixed latency (set-up, dispatch, pipelines): the network is small for this machine. Several inputs at once share it (--dims), or a shorter core.dma.setupCycles`,
    ),
    idea(
      ['transfer', 'interconnect', 'buffer-port', 'bank'],
      (share) =>
        `${share} of the critical path is data on their way on chip: wider interconnect.linkBits, buffer.portBits or core.scratchpad.portBits, or more banks`,
    ),
    idea(['vector'], (share) =>
      floats.length > 0 && floats[0]!.cycles > 0.3 * causeCycles(r, 'vector')
        ? `${share} of the critical path is vector work, most of it ${floats[0]!.name} in float32: say that its input is really codes (--input-type name=u8), so that it runs on the arrays, or more core.vector.windowMacLanes`
        : `${share} of the critical path is vector work: more core.vector.lanes, or quantizers that fuse into the drain (one scale a layer, no float ops between)`,
    ),
    idea(
      ['drain', 'accumulator-port'],
      (share) =>
        `${share} of the critical path is requantizing: more core.drain.lanes, a wider core.accumulators.portBits`,
    ),
    idea(['weight-write', 'array'], (share) =>
      cim
        ? `${share} of the critical path is writing weights into arrays: a wider core.matrix.writeBits, or more core.matrix.macros so that they stay`
        : `${share} of the critical path is loading weights into the array: a wider core.matrix.writeBits, or a batch (--dims) that shares them`,
    ),
    idea(['matrix'], (share) =>
      cim
        ? `${share} of the critical path is arrays at work: more core.matrix.macros, more core.matrix.inputBitsPerCycle, or fewer bits in the model`
        : `${share} of the critical path is the array at work: more core.matrix.rows and columns`,
    ),
    idea(
      ['operand', 'semaphore', 'queue', 'outstanding'],
      (share) =>
        `${share} of the critical path is waiting for earlier work: more core.dma.channels, core.dma.outstanding or core.sequencer.queueDepth`,
    ),
  ];
}
