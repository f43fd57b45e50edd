/** Physical address to channel, bank and row, by the mapping bits of the machine; and runs of bytes cut into row segments. */
import type { Dram } from '../../../isa/machine/schema.ts';

export interface Segment {
  readonly channel: number;
  /** Bank number over all groups. */
  readonly bank: number;
  readonly group: number;
  readonly row: number;
  readonly bursts: number;
}

interface Field {
  readonly name: string;
  readonly shift: number;
  readonly size: number;
}

export class AddressMap {
  /** Contiguous bytes that stay in one row of one bank. */
  readonly segmentBytes: number;
  readonly #fields: readonly Field[];
  readonly #dram: Dram;

  constructor(dram: Dram) {
    this.#dram = dram;
    let shift = 0;
    this.#fields = dram.mapping.map((text) => {
      const [name, bits] = text.split(':');
      const field = { name: name!, shift, size: Number(bits) };
      shift += field.size;
      return field;
    });
    const first = this.#fields[0];
    this.segmentBytes = dram.burstBytes * 2 ** (first?.name === 'column' ? first.size : 0);
  }

  /** Where the burst of a byte address lies; addresses beyond the capacity wrap. */
  locate(address: number): { channel: number; bank: number; group: number; row: number } {
    const at = { channel: 0, bank: 0, group: 0, row: 0 };
    const width = { channel: 0, bank: 0, group: 0, row: 0 };
    const burst = Math.floor(address / this.#dram.burstBytes);
    for (const f of this.#fields) {
      if (f.name === 'column') continue;
      const key = f.name as keyof typeof at;
      const part = Math.floor(burst / 2 ** f.shift) % 2 ** f.size;
      at[key] += part * 2 ** width[key];
      width[key] += f.size;
    }
    return { ...at, bank: at.group * 2 ** width.bank + at.bank };
  }

  /** Cuts [start, end) pairs into segments, rounded out to whole bursts; a burst shared by two runs moves twice. */
  segments(intervals: Float64Array, maxBytes: number): { readonly segment: Segment; readonly bytes: number }[] {
    const out: { segment: Segment; bytes: number }[] = [];
    const { burstBytes } = this.#dram;
    const limit = Math.max(burstBytes, Math.min(this.segmentBytes, Math.floor(maxBytes / burstBytes) * burstBytes));
    for (let i = 0; i < intervals.length; i += 2) {
      for (let at = intervals[i]!; at < intervals[i + 1]!; ) {
        const first = Math.floor(at / burstBytes) * burstBytes;
        const border = Math.min(Math.floor(first / this.segmentBytes) * this.segmentBytes + this.segmentBytes, first + limit);
        const end = Math.min(border, intervals[i + 1]!);
        out.push({ segment: { ...this.locate(first), bursts: Math.ceil((end - first) / burstBytes) }, bytes: end - at });
        at = end;
      }
    }
    return out;
  }
}
