/**
 * Bytes that executed instructions moved, counted from the addresses that were really accessed, element by element. It exists to be compared with the timed
 * run's ledger, which counts from interval arithmetic; slow, off unless asked for. Boundaries and roles are those of sim/result.ts.
 */

import type { Role, Space } from '../../isa/tensor.ts';
import type { Boundary, TrafficRow } from '../result.ts';
import { OUTSIDE, type Part, type Walk } from '../walk/walk.ts';
import type { ByteMemory } from './memory.ts';

interface Touch {
  readonly space: Space;
  readonly role: Role;
  readonly write: boolean;
  readonly bytes: number;
  /** Those of them that lie in the slower tier. */
  readonly far: number;
}

export class MovedBytes {
  readonly #rows = new Map<
    string,
    { boundary: Boundary; role: Role; layer: number; readBytes: number; writeBytes: number }
  >();
  readonly #stamps = new Map<ByteMemory, Int32Array>();
  #stamp = 0;
  #touches: Touch[] = [];
  #tile = false;
  readonly #tierStart: number;

  /** @param tierStart address from which on the DRAM space is the slower tier */
  constructor(tierStart: number) {
    this.#tierStart = tierStart;
  }

  rows(): TrafficRow[] {
    return [...this.#rows.values()].map((r) => ({ ...r }));
  }

  /** One operand of the instruction at hand. */
  touch(walk: Walk, memory: ByteMemory, part: Part, write: boolean): void {
    const { space, role } = walk.descriptor;
    this.#touches.push({ space, role, write, ...this.#distinct(walk, memory, part) });
  }

  /** Bits between core and array. */
  array(role: Role, layer: number, bits: number, write: boolean): void {
    this.#tile = true;
    this.#add('array', role, layer, Math.ceil(bits / 8), write);
  }

  /** Books the operands of the instruction that has just been executed. @param remote it wrote to another core, or to several */
  finish(layer: number, remote: boolean): void {
    const onCore = (t: Touch) => t.space === 'spad' || t.space === 'acc';
    // From core to core: out of the one, into each of the others.
    if (remote && this.#touches.every(onCore))
      for (const t of this.#touches) this.#add('core', t.role, layer, t.bytes, !t.write);
    for (const t of this.#touches) {
      if (onCore(t)) continue;
      if (t.space === 'dram') {
        this.#add('dram', t.role, layer, t.bytes - t.far, t.write);
        this.#add('tier', t.role, layer, t.far, t.write);
      }
      const crosses = t.write
        ? this.#touches.some((o) => !o.write && onCore(o))
        : this.#tile || this.#touches.some((o) => o.write && onCore(o));
      if (crosses) this.#add('core', t.role, layer, t.bytes, t.write);
    }
    this.#touches = [];
    this.#tile = false;
  }

  #add(boundary: Boundary, role: Role, layer: number, bytes: number, write: boolean): void {
    if (bytes === 0) return;
    const key = `${boundary} ${role} ${layer}`;
    const row = this.#rows.get(key) ?? { boundary, role, layer, readBytes: 0, writeBytes: 0 };
    if (write) row.writeBytes += bytes;
    else row.readBytes += bytes;
    this.#rows.set(key, row);
  }

  /** Distinct bytes under the elements of a walk; a gathered table lies in DRAM or in the tier as a whole. */
  #distinct(walk: Walk, memory: ByteMemory, part: Part): { readonly bytes: number; readonly far: number } {
    let stamps = this.#stamps.get(memory);
    if (stamps === undefined) {
      stamps = new Int32Array(memory.bytes.length);
      this.#stamps.set(memory, stamps);
    }
    this.#stamp += 1;
    if (part === 'table') {
      const bytes = intervalTotal(walk.intervalsOf(part));
      return { bytes, far: walk.descriptor.space === 'dram' && walk.base >= this.#tierStart ? bytes : 0 };
    }
    const { dims, widthBits } = walk.descriptor;
    const window = part === undefined ? 1 : dims.slice(dims.length - part.kdims).reduce((n, d) => n * d.count, 1);
    let bytes = 0;
    let far = 0;
    walk.offsets.forEach((offset, i) => {
      if (offset === OUTSIDE || (part !== undefined && (i % window < part.from || i % window >= part.to))) return;
      const last = walk.base + Math.floor((offset * widthBits + widthBits - 1) / 8);
      for (let b = walk.base + Math.floor((offset * widthBits) / 8); b <= last; b++) {
        if (stamps[b] !== this.#stamp) {
          bytes += 1;
          if (b >= this.#tierStart) far += 1;
        }
        stamps[b] = this.#stamp;
      }
    });
    return { bytes, far };
  }
}

function intervalTotal(intervals: Float64Array): number {
  return intervals.reduce((n, b, i) => n + (i % 2 === 0 ? -b : b), 0);
}
