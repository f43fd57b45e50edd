/** Drives DRAM channels alone, with the access patterns of the reference tables: in order, refused when the queue is full. */
import type { Dram } from '../../isa/machine/schema.ts';
import { DramChannel } from '../../sim/timing/dram/channel.ts';
import { AddressMap } from '../../sim/timing/dram/mapping.ts';
import { Kernel } from '../../sim/timing/kernel.ts';

export interface DramAccess {
  readonly address: number;
  readonly bytes: number;
  readonly write: boolean;
}

/** Picoseconds from 0 until the last access is served. `limit`: accesses in flight; `queue`: bursts waiting at the controllers. */
export function driveDram(dram: Dram, accesses: readonly DramAccess[], limit: number): number {
  const kernel = new Kernel(undefined);
  const channels = Array.from({ length: dram.channels }, () => new DramChannel(dram, kernel));
  const map = new AddressMap(dram);
  let next = 0;
  let flying = 0;
  let last = 0;
  const waiting = { reads: new Array<number>(dram.channels).fill(0), writes: new Array<number>(dram.channels).fill(0) };
  const room = { reads: dram.readQueue, writes: dram.writeQueue };
  const push = () => {
    while (next < accesses.length && (limit === 0 || flying < limit)) {
      const a = accesses[next]!;
      const parts = map.segments(Float64Array.of(a.address, a.address + a.bytes), a.bytes);
      const kind = a.write ? 'writes' : 'reads';
      const own = waiting[kind];
      if (parts.some((p) => own[p.segment.channel]! + p.segment.bursts > room[kind])) return;
      next += 1;
      flying += 1;
      let left = parts.length;
      for (const { segment } of parts) {
        own[segment.channel]! += segment.bursts;
        channels[segment.channel]!.request({
          who: { age: next, unit: 0, part: 0 },
          segment,
          write: a.write,
          layer: -1,
          done: (now) => {
            own[segment.channel]! -= segment.bursts;
            last = now;
            left -= 1;
            if (left === 0) flying -= 1;
            kernel.at(now + dram.clockPs, push);
          },
        });
      }
    }
  };
  kernel.at(0, push);
  kernel.run((now) => {
    for (const c of channels) c.settle(now);
  });
  return last;
}

/** Addresses of the patterns of the reference tables, by their names there. */
export function patternAccesses(
  pattern: string,
  params: string,
  accessBytes: number,
  totalBytes: number,
  quarterSpan: number,
): DramAccess[] {
  const count = Math.floor(totalBytes / accessBytes);
  const read = (address: number): DramAccess => ({ address, bytes: accessBytes, write: false });
  const size = (text: string) => Number(text.replace('B', ''));
  if (pattern.startsWith('stride')) return Array.from({ length: count }, (_, k) => read(k * Number(params)));
  if (pattern === 'seq_rd_limited') return Array.from({ length: count }, (_, k) => read(k * accessBytes));
  if (pattern === 'tile2d') {
    const [row, pitch] = params.split('@').map(size) as [number, number];
    const perRow = row / accessBytes;
    return Array.from({ length: count }, (_, k) => read(Math.floor(k / perRow) * pitch + (k % perRow) * accessBytes));
  }
  if (pattern.startsWith('random')) {
    let x = 1n;
    const slots = accessBytes === 64 ? 4194304n : 8388608n;
    return Array.from({ length: count }, () => {
      x = (x * 6364136223846793005n + 1442695040888963407n) & 0xffffffffffffffffn;
      return read(Number((x >> 33n) % slots) * accessBytes);
    });
  }
  const spread = pattern.endsWith('spread');
  const base = (k: number) => k * 2 ** 24 + (spread ? k * quarterSpan : 0);
  const [left, grain] = params.split(/[x@]/).map((t) => t) as [string, string];
  const mix = pattern.startsWith('rwmix');
  const streams = mix ? (left.startsWith('2R') ? 3 : 2) : Number(left);
  const g = size(grain);
  const perTurn = g / accessBytes;
  return Array.from({ length: count }, (_, i) => {
    const group = Math.floor(i / perTurn);
    const stream = group % streams;
    const turn = Math.floor(group / streams);
    return {
      address: base(stream) + turn * g + (i % perTurn) * accessBytes,
      bytes: accessBytes,
      write: mix && stream === streams - 1,
    };
  });
}
