/**
 * Slower memory that a machine can name (`--set tier=host-pcie3-x4`). Rates are those of the interface; latencies are assumed: a microsecond for a read over PCIe into a host's
 * memory, 60 us for a page of flash (array read and controller). Leaves out: the host's own traffic, and wear and erasing of flash, for nothing is written.
 */
import type { Tier } from '../../schema.ts';

export const TIER_PRESETS: Readonly<Record<string, Tier>> = {
  /** PCIe 3.0, four lanes: 8 GT/s, 128b/130b, about 10 % of packet headers. */
  'host-pcie3-x4': {
    name: 'host memory over PCIe 3.0 x4',
    technology: 'host-link',
    capacityBytes: 2 ** 34,
    megabytesPerSecond: 3500,
    latencyPs: 1_000_000,
    blockBytes: 256,
    holds: 'overflow',
  },
  /** UFS 3.1, two lanes of 11.6 Gb/s with 8b/10b: 2,320 MB/s less protocol. */
  'flash-ufs3': {
    name: 'UFS 3.1 flash',
    technology: 'flash',
    capacityBytes: 2 ** 37,
    megabytesPerSecond: 2000,
    latencyPs: 60_000_000,
    blockBytes: 4096,
    holds: 'overflow',
  },
};
