/** Everything that units share: the kernel, clocks, ports, link, buffer, DRAM. Built once per run from the machine. */
import { InternalError } from '../../isa/base/errors.ts';
import type { Random } from '../../isa/base/random.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import { ArrayWrites } from './array-writes.ts';
import { BankedPort } from './banked-port.ts';
import { periodPs } from './clock.ts';
import { DramChannel } from './dram/channel.ts';
import { AddressMap, type Segment } from './dram/mapping.ts';
import { TierLink } from './dram/tier.ts';
import { Kernel } from './kernel.ts';
import { inOrder, type Requester, Server } from './server.ts';

export { periodPs } from './clock.ts';

/** A boundary at infinite bandwidth and zero latency: DRAM with the tier behind it, buffer and interconnect of the cores, or ports and writes of the arrays. */
export type FreeBoundary = 'dram' | 'core' | 'array' | undefined;

export interface CorePorts {
  readonly spad: BankedPort;
  readonly acc: BankedPort;
  readonly arrayWrites: ArrayWrites;
}

/** A piece of a transfer that has arrived at this instant. */
export interface Arrival {
  readonly who: Requester;
  readonly take: () => void;
}

export interface System {
  readonly machine: Machine;
  readonly kernel: Kernel;
  readonly corePs: number;
  readonly bufferPs: number;
  readonly cores: readonly CorePorts[];
  /** Links of the interconnect, a lane a core. */
  readonly links: Server;
  /** Instruction fetch has ports of its own, a lane a core. */
  readonly fetches: Server;
  readonly buffer: BankedPort;
  readonly channels: readonly DramChannel[];
  /** Behind the channels, where segments of the tier go. */
  readonly tier: TierLink | undefined;
  readonly map: AddressMap;
  readonly free: FreeBoundary;
  /** DRAM, and the tier behind it, at infinite bandwidth and zero latency. */
  readonly freeDram: boolean;
  readonly arrivals: Arrival[];
  settle(now: number): void;
}

export function createSystem(machine: Machine, free: FreeBoundary, shuffle: Random | undefined): System {
  const kernel = new Kernel(shuffle);
  const corePs = periodPs(machine.clocks.coreMhz);
  const bufferPs = periodPs(machine.clocks.bufferMhz);
  const priced = free !== 'core';
  const { scratchpad, accumulators } = machine.core;
  const cores = Array.from({ length: machine.cores }, () => ({
    spad: new BankedPort(corePs, scratchpad.banks),
    acc: new BankedPort(corePs, accumulators.banks),
    arrayWrites: new ArrayWrites(),
  }));
  const links = new Server(bufferPs, machine.interconnect.latencyCycles * bufferPs, priced);
  const fetches = new Server(bufferPs, machine.interconnect.latencyCycles * bufferPs, priced);
  const buffer = new BankedPort(bufferPs, machine.buffer.banks, priced);
  const channels = Array.from({ length: machine.dram.channels }, () => new DramChannel(machine.dram, kernel));
  const tier = machine.tier === undefined ? undefined : new TierLink(machine.tier, kernel);
  const arrivals: Arrival[] = [];
  return {
    machine,
    kernel,
    corePs,
    bufferPs,
    cores,
    links,
    fetches,
    buffer,
    channels,
    tier,
    map: new AddressMap(machine.dram, machine.tier),
    free,
    freeDram: free === 'dram',
    arrivals,
    settle(now) {
      // Taking an arrival may ask for the next piece, and in a run with a free DRAM that piece may arrive at once.
      while (arrivals.length > 0) for (const a of arrivals.splice(0).sort(inOrder)) a.take();
      for (const c of cores) {
        c.spad.settle(now);
        c.acc.settle(now);
      }
      links.settle(now);
      fetches.settle(now);
      buffer.settle(now);
      for (const c of channels) c.settle(now);
      tier?.settle(now);
    },
  };
}

/** Who serves a segment. */
export function channelOf({ channels, tier }: System, { channel }: Segment): DramChannel | TierLink {
  const found = channels[channel] ?? tier;
  if (found === undefined) throw new InternalError(`there is no channel ${channel}`);
  return found;
}
