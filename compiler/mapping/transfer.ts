/** What moving bytes costs, roughly: enough to choose homes and tiles. Exact costs are isa/demand's, per instruction. */
import type { Machine } from '../../isa/machine/schema.ts';
import type { Space } from '../../isa/tensor.ts';
import type { Factor, Layout } from '../lower/layout.ts';
import { roundUp } from '../lower/layout.ts';

/** What one transfer between a far memory and the scratchpad takes: cycles before its first byte, and its pace. */
export interface Transfer {
  readonly startCycles: number;
  readonly bytesPerCycle: number;
}

export function transferOf(machine: Machine, home: 'buffer' | 'dram'): Transfer {
  const { dram, buffer, interconnect, core, clocks } = machine;
  const corePs = 1e6 / clocks.coreMhz;
  const link = interconnect.linkBits / 8;
  if (home === 'buffer') {
    const port = (buffer.portBits / 8) * (clocks.bufferMhz / clocks.coreMhz);
    return { startCycles: core.dma.setupCycles + buffer.latencyCycles, bytesPerCycle: Math.min(link, port) };
  }
  const latencyPs = dram.controllerPs + (dram.timing.readLatency + dram.timing.rcd) * dram.clockPs;
  return {
    startCycles: core.dma.setupCycles + latencyPs / corePs,
    bytesPerCycle: Math.min(link, dramBytesPerCycle(machine)),
  };
}

/** Core cycles to move `bytes` between a space and the scratchpad in one transfer. */
export function transferCycles(machine: Machine, home: Space, bytes: number): number {
  if (home === 'spad' || home === 'acc') return 0;
  const { startCycles, bytesPerCycle } = transferOf(machine, home);
  return startCycles + bytes / bytesPerCycle;
}

/** Peak DRAM bytes per core cycle, all channels. */
export function dramBytesPerCycle(machine: Machine): number {
  const { dram } = machine;
  const bytesPerPs = (dram.channels * dram.burstBytes) / (dram.burstClocks * dram.clockPs);
  return bytesPerPs * (1e6 / machine.clocks.coreMhz);
}

/**
 * DRAM bytes per core cycle that one stream of one core gets, row hits taken for granted: a channel has `outstanding` bursts in flight, moved
 * half by half, so beyond its share of the DRAM a core waits for the round trip of a half.
 */
export function streamBytesPerCycle(machine: Machine): number {
  const { dram, clocks, interconnect, core } = machine;
  const corePs = 1e6 / clocks.coreMhz;
  const link = interconnect.linkBits / 8;
  const half = Math.max(1, Math.floor(core.dma.outstanding / 2)) * dram.burstBytes;
  const latencyPs = dram.controllerPs + dram.timing.readLatency * dram.clockPs;
  const roundTrip = latencyPs / corePs + half / dramBytesPerCycle(machine) + half / link + interconnect.latencyCycles;
  return Math.min(link, dramBytesPerCycle(machine), (2 * half) / roundTrip);
}

/** A piece of a tensor in memory: so many runs of so many neighbours. */
export interface Runs {
  readonly run: number;
  readonly runs: number;
}

export function runsOf(layout: Layout): Runs {
  const factors: Factor[] = [];
  for (const dim of layout.dims) for (const f of dim) factors.push(f);
  factors.sort((a, b) => a.stride - b.stride);
  let run = 1;
  let runs = 1;
  for (const f of factors) {
    if (runs === 1 && f.stride === run) run *= f.count;
    else runs *= f.count;
  }
  return { run, runs };
}

/**
 * Bytes that a port of `wordBytes` moves for a piece of a tensor: every run of neighbours is rounded out to whole words (bursts), so that
 * a tile of few channels costs far more than its own bytes.
 */
export function movedBytes({ run, runs }: Runs, bits: number, wordBytes: number): number {
  const bytes = (run * bits) / 8;
  return runs === 1 ? bytes : runs * roundUp(bytes, wordBytes);
}
