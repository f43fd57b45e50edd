/** Physical address to channel, bank and row, by the mapping bits of the machine; and runs of bytes cut into row segments, or blocks of the tier behind. */
import { tierStart } from '../../../isa/machine/geometry.ts';
import type { Dram, Tier } from '../../../isa/machine/schema.ts';

/** Bursts of one row that follow each other; in the tier, on the channel behind those of DRAM, blocks. */
export interface Segment {
  readonly channel: number;
  /** Bank number over all groups. */
  readonly bank: number;
  readonly group: number;
  readonly row: number;
  readonly bursts: number;
}

type Part = 'channel' | 'group' | 'bank' | 'row';

/** `size` address values from `scale` bursts on become digits of a part, worth `weight` each. */
interface Field {
  readonly part: Part;
  readonly scale: number;
  readonly size: number;
  readonly weight: number;
}

export class AddressMap {
  /** Contiguous bytes that stay in one row of one bank. */
  readonly segmentBytes: number;
  readonly #fields: readonly Field[];
  readonly #banksPerGroup: number;
  readonly #burstBytes: number;
  readonly #tierStart: number;
  readonly #tier: Pick<Segment, 'channel'> & { readonly blockBytes: number };

  constructor(dram: Dram, tier?: Tier) {
    this.#burstBytes = dram.burstBytes;
    this.#tierStart = tierStart({ dram, tier });
    this.#tier = { channel: dram.channels, blockBytes: tier?.blockBytes ?? 1 };
    const width: Record<Part, number> = { channel: 0, group: 0, bank: 0, row: 0 };
    const fields: Field[] = [];
    let shift = 0;
    let columns = 0;
    for (const text of dram.mapping) {
      const [name, bits] = text.split(':');
      const size = Number(bits);
      if (name !== 'column') {
        const part = name as Part;
        fields.push({ part, scale: 2 ** shift, size: 2 ** size, weight: 2 ** width[part] });
        width[part] += size;
      } else if (shift === columns) columns += size;
      shift += size;
    }
    this.#fields = fields;
    this.#banksPerGroup = 2 ** width.bank;
    this.segmentBytes = dram.burstBytes * 2 ** columns;
  }

  /** Where the burst of a byte address lies; addresses beyond the capacity wrap. */
  locate(address: number): { channel: number; bank: number; group: number; row: number } {
    const at = { channel: 0, bank: 0, group: 0, row: 0 };
    const burst = Math.floor(address / this.#burstBytes);
    for (const f of this.#fields) at[f.part] += (Math.floor(burst / f.scale) % f.size) * f.weight;
    at.bank += at.group * this.#banksPerGroup;
    return at;
  }

  /**
   * Cuts ascending [start, end) pairs into segments of at most `maxBytes`, in whole bursts; runs that meet in a burst share it. `bytes` are those
   * of the bursts. What lies in the tier is cut into as many blocks as DRAM would have bursts.
   */
  segments(intervals: Float64Array, maxBytes: number): { readonly segment: Segment; readonly bytes: number }[] {
    const { near, far } = splitAt(intervals, this.#tierStart);
    return [...this.#rows(near, maxBytes), ...this.#blocks(far, Math.max(1, Math.floor(maxBytes / this.#burstBytes)))];
  }

  #blocks(intervals: Float64Array, most: number) {
    const { channel, blockBytes } = this.#tier;
    const out: { segment: Segment; bytes: number }[] = [];
    const whole = wholeBursts(intervals, blockBytes);
    for (let i = 0; i < whole.length; i += 2) {
      for (let at = whole[i]!; at < whole[i + 1]!; at += most * blockBytes) {
        const bytes = Math.min(most * blockBytes, whole[i + 1]! - at);
        out.push({ segment: { channel, bank: 0, group: 0, row: 0, bursts: bytes / blockBytes }, bytes });
      }
    }
    return out;
  }

  #rows(intervals: Float64Array, maxBytes: number) {
    const out: { segment: Segment; bytes: number }[] = [];
    const size = this.#burstBytes;
    const limit = Math.max(size, Math.min(this.segmentBytes, Math.floor(maxBytes / size) * size));
    const whole = wholeBursts(intervals, size);
    for (let i = 0; i < whole.length; i += 2) {
      for (let at = whole[i]!; at < whole[i + 1]!; ) {
        const border = Math.min(Math.floor(at / this.segmentBytes) * this.segmentBytes + this.segmentBytes, at + limit);
        const end = Math.min(border, whole[i + 1]!);
        const { channel, bank, group, row } = this.locate(at);
        out.push({ segment: { channel, bank, group, row, bursts: (end - at) / size }, bytes: end - at });
        at = end;
      }
    }
    return out;
  }
}

/** Ascending runs in front of an address and from it on. */
export function splitAt(intervals: Float64Array, address: number): { near: Float64Array; far: Float64Array } {
  if (intervals.length === 0 || intervals[intervals.length - 1]! <= address)
    return { near: intervals, far: new Float64Array(0) };
  const near: number[] = [];
  const far: number[] = [];
  for (let i = 0; i < intervals.length; i += 2) {
    const [start, end] = [intervals[i]!, intervals[i + 1]!];
    if (start < address) near.push(start, Math.min(end, address));
    if (end > address) far.push(Math.max(start, address), end);
  }
  return { near: Float64Array.from(near), far: Float64Array.from(far) };
}

/** Runs rounded out to whole bursts; those that then touch become one. */
function wholeBursts(intervals: Float64Array, size: number): number[] {
  const out: number[] = [];
  for (let i = 0; i < intervals.length; i += 2) {
    const start = Math.floor(intervals[i]! / size) * size;
    const end = Math.ceil(intervals[i + 1]! / size) * size;
    const last = out.length - 1;
    if (last >= 0 && start <= out[last]!) out[last] = Math.max(out[last]!, end);
    else out.push(start, end);
  }
  return out;
}

/** Bursts that ascending runs of bytes take. */
export function burstsOf(intervals: Float64Array, burstBytes: number): number {
  const whole = wholeBursts(intervals, burstBytes);
  let n = 0;
  for (let i = 0; i < whole.length; i += 2) n += (whole[i + 1]! - whole[i]!) / burstBytes;
  return n;
}
