/** The slower tier behind DRAM in time: requests overlap their latency, the link moves one block after the other; and what of a run of bytes is where. */
import { describe, expect, it } from 'vitest';
import { edgeDcim28nm } from '../../../isa/machine/presets/edge-dcim-28nm.ts';
import type { Tier } from '../../../isa/machine/schema.ts';
import { AddressMap, splitAt } from '../../../sim/timing/dram/mapping.ts';
import { TierLink } from '../../../sim/timing/dram/tier.ts';
import { Kernel } from '../../../sim/timing/kernel.ts';

/** A block of 256 B takes 256 / 1024 MB/s = 250 ns. */
const tier: Tier = {
  name: 'probe',
  technology: 'host-link',
  capacityBytes: 2 ** 20,
  megabytesPerSecond: 1024,
  latencyPs: 1_000_000,
  blockBytes: 256,
  holds: 'overflow',
};
const BLOCK_PS = 250_000;

/** When each request of so many blocks is through, and the parts of its time; all asked for at time 0. */
function served(...blocks: readonly number[]) {
  const kernel = new Kernel(undefined);
  const link = new TierLink(tier, kernel);
  const out: { at: number; parts: readonly (readonly [string, number])[] }[] = [];
  blocks.forEach((bursts, part) => {
    const segment = { channel: 2, bank: 0, group: 0, row: 0, bursts };
    const who = { age: 0, unit: 0, part };
    link.request({ who, segment, write: false, layer: 0, done: (at, parts) => out.push({ at, parts }) });
  });
  kernel.run((now) => link.settle(now));
  return out;
}

describe('a request', () => {
  it('takes the latency and then its blocks', () => {
    expect(served(3)).toEqual([
      {
        at: 1_000_000 + 3 * BLOCK_PS,
        parts: [
          ['tier-transfer', 0],
          ['tier-latency', 1_000_000],
          ['tier-transfer', 3 * BLOCK_PS],
        ],
      },
    ]);
  });

  it('overlaps its latency with those of others, and waits for the link behind their blocks', () => {
    expect(served(3, 1, 2).map((r) => r.at)).toEqual([3, 4, 6].map((n) => 1_000_000 + n * BLOCK_PS));
    for (const { at, parts } of served(3, 1, 2)) expect(parts.reduce((n, [, ps]) => n + ps, 0)).toBe(at);
  });
});

describe('bytes', () => {
  const start = edgeDcim28nm.dram.capacityBytes;
  it('lie in DRAM up to its capacity, in the tier from there on', () => {
    const runs = Float64Array.of(0, 64, start - 10, start + 20, start + 300, start + 310);
    const { near, far } = splitAt(runs, start);
    expect([...near]).toEqual([0, 64, start - 10, start]);
    expect([...far]).toEqual([start, start + 20, start + 300, start + 310]);
    expect(splitAt(runs, Infinity).near).toBe(runs);
  });

  it('are moved in whole blocks, on the channel behind those of DRAM, in at most as many as DRAM would have bursts', () => {
    const map = new AddressMap(edgeDcim28nm.dram, tier);
    const { burstBytes, channels } = edgeDcim28nm.dram;
    const segments = map.segments(Float64Array.of(start + 100, start + 256 * 4 + 1), 2 * burstBytes);
    expect(segments.map((s) => [s.segment.channel, s.segment.bursts, s.bytes])).toEqual([
      [channels, 2, 512],
      [channels, 2, 512],
      [channels, 1, 256],
    ]);
  });
});
