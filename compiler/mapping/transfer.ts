/** What moving bytes costs, roughly: enough to choose homes and tiles. Exact costs are isa/demand's, per instruction. */
import type { Machine } from '../../isa/machine/schema.ts';
import type { Space } from '../../isa/tensor.ts';

/** Core cycles to move `bytes` between a space and the scratchpad in one transfer. */
export function transferCycles(machine: Machine, home: Space, bytes: number): number {
  if (home === 'spad' || home === 'acc') return 0;
  const corePs = 1e6 / machine.clocks.coreMhz;
  const { dram, buffer, interconnect, core } = machine;
  const link = interconnect.linkBits / 8;
  const bufferRate = Math.min(link, (buffer.portBits / 8) * (machine.clocks.bufferMhz / machine.clocks.coreMhz));
  if (home === 'buffer') return core.dma.setupCycles + buffer.latencyCycles + bytes / bufferRate;
  const latencyPs = dram.controllerPs + (dram.timing.readLatency + dram.timing.rcd) * dram.clockPs;
  return core.dma.setupCycles + latencyPs / corePs + bytes / Math.min(link, dramBytesPerCycle(machine));
}

/** Peak DRAM bytes per core cycle, all channels. */
export function dramBytesPerCycle(machine: Machine): number {
  const { dram } = machine;
  const bytesPerPs = (dram.channels * dram.burstBytes) / (dram.burstClocks * dram.clockPs);
  return bytesPerPs * (1e6 / machine.clocks.coreMhz);
}
