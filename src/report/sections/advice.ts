/** What to try next, from the causes of this run alone: each line names the evidence and the field. At most three. */
import type { RunResult } from '../schema.ts';

interface Advice {
  readonly weight: number;
  readonly text: string;
}

export function adviceSection(r: RunResult): string[] {
  const cause = (...names: string[]) => names.reduce((n, name) => n + (r.causes[name] ?? 0), 0);
  const percent = (cycles: number) => `${Math.round((100 * cycles) / Math.max(1, r.cycles))} %`;
  const weights = r.traffic
    .filter((t) => t.boundary === 'dram' && t.kind === 'weights')
    .reduce((n, t) => n + t.readBytes, 0);
  const dram = cause(
    'dram-transfer',
    'dram-latency',
    'dram-activate',
    'dram-turnaround',
    'dram-refresh',
    'outstanding',
  );
  const latency = cause('dma-setup', 'dram-latency', 'dispatch', 'fetch');
  const ideas: Advice[] = [
    {
      weight: weights > 0 ? dram : 0,
      text: `${percent(dram)} of the critical path is DRAM, and weights are read again each inference: more or larger macros (core.matrix.macros) let them stay`,
    },
    {
      weight: weights === 0 ? cause('dram-transfer') : 0,
      text: `${percent(cause('dram-transfer'))} of the critical path is DRAM transfer of activations and parameters: a larger core.scratchpad.sizeBytes, or fewer bits`,
    },
    {
      weight: cause('weight-write'),
      text: `${percent(cause('weight-write'))} waits for weight writes: wider core.matrix.writeBits, or arrays that hold all layers`,
    },
    {
      weight: latency,
      text: `${percent(latency)} is latency and set-up, not bandwidth: the network is small for this machine; batch it, or lower core.dma.setupCycles`,
    },
    {
      weight: cause('interconnect', 'transfer', 'buffer-port'),
      text: `${percent(cause('interconnect', 'transfer', 'buffer-port'))} is on-chip transport: wider interconnect.linkBits or buffer.portBits`,
    },
    {
      weight: cause('vector'),
      text: `${percent(cause('vector'))} is vector work: more core.vector.lanes, or quantizers that fuse (thresholds, tables)`,
    },
    { weight: cause('drain'), text: `${percent(cause('drain'))} is requantizing: more core.drain.lanes` },
    {
      weight: cause('matrix'),
      text: `${percent(cause('matrix'))} is array time: fewer bits, more macros, or core.matrix.inputBitsPerCycle`,
    },
    {
      weight: cause('bank', 'accumulator-port'),
      text: `${percent(cause('bank', 'accumulator-port'))} waits for memory ports: more core.scratchpad.banks or a wider core.accumulators.portBits`,
    },
  ];
  const shown = ideas
    .filter((i) => i.weight > 0.05 * r.cycles)
    .sort((a, b) => b.weight - a.weight)
    .slice(0, 3);
  return shown.length > 0
    ? shown.map((i) => i.text)
    : ['nothing stands out: no single cause takes more than 5 % of the critical path'];
}
