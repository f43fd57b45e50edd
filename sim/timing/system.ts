/** Everything that units share: the kernel, clocks, ports, link, buffer, DRAM. Built once per run from the machine. */
import type { Random } from '../../isa/base/random.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import { unitCount } from '../walk/units.ts';
import { DramChannel } from './dram/channel.ts';
import { AddressMap } from './dram/mapping.ts';
import { Kernel } from './kernel.ts';
import { Server } from './server.ts';

export type FreeBoundary = 'dram' | 'core' | undefined;

export interface CorePorts {
  readonly spad: Server;
  readonly acc: Server;
  readonly link: Server;
}

export interface System {
  readonly machine: Machine;
  readonly kernel: Kernel;
  readonly corePs: number;
  readonly bufferPs: number;
  readonly cores: readonly CorePorts[];
  readonly buffer: Server;
  readonly channels: readonly DramChannel[];
  readonly map: AddressMap;
  /** DRAM at infinite bandwidth and zero latency. */
  readonly freeDram: boolean;
  readonly units: number;
  settle(now: number): void;
}

/** Clock period in integer picoseconds, rounded once here. */
export function periodPs(mhz: number): number {
  return Math.round(1e6 / mhz);
}

export function createSystem(machine: Machine, free: FreeBoundary, shuffle: Random | undefined): System {
  const kernel = new Kernel(shuffle);
  const corePs = periodPs(machine.clocks.coreMhz);
  const bufferPs = periodPs(machine.clocks.bufferMhz);
  const priced = free !== 'core';
  const cores = Array.from({ length: machine.cores }, () => ({
    spad: new Server(kernel, 0),
    acc: new Server(kernel, 0),
    link: new Server(kernel, machine.interconnect.latencyCycles * bufferPs, priced),
  }));
  const buffer = new Server(kernel, machine.buffer.latencyCycles * bufferPs, priced);
  const channels = Array.from({ length: machine.dram.channels }, () => new DramChannel(machine.dram, kernel));
  return {
    machine,
    kernel,
    corePs,
    bufferPs,
    cores,
    buffer,
    channels,
    map: new AddressMap(machine.dram),
    freeDram: free === 'dram',
    units: unitCount(machine.cores),
    settle(now) {
      for (const c of cores) {
        c.spad.settle(now);
        c.acc.settle(now);
        c.link.settle(now);
      }
      buffer.settle(now);
      for (const c of channels) c.settle(now);
    },
  };
}
