/**
 * The traffic ledger: bytes over each boundary by role and layer, counted from the walks of the executed instructions. `read` is towards the
 * arrays, `write` away from them. Bytes are those the program asked for; what DRAM moves in excess (whole bursts) is in the action counts.
 */
import type { Program } from '../../isa/program.ts';
import type { Role, Space } from '../../isa/tensor.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import { touchesOf } from '../walk/accesses.ts';
import type { DynamicInstruction } from '../walk/sequence.ts';
import { intervalBytes, type WalkCache } from '../walk/walk.ts';
import type { Boundary, TrafficRow } from '../result.ts';

export class Ledger {
  readonly #rows = new Map<string, { boundary: Boundary; role: Role; layer: number; readBytes: number; writeBytes: number }>();
  readonly #program: Program;
  readonly #machine: Machine;
  readonly #walks: WalkCache;

  constructor(program: Program, machine: Machine, walks: WalkCache) {
    this.#program = program;
    this.#machine = machine;
    this.#walks = walks;
  }

  rows(): TrafficRow[] {
    return [...this.#rows.values()].map((r) => ({ ...r }));
  }

  add(boundary: Boundary, role: Role, layer: number, bytes: number, write: boolean): void {
    if (bytes === 0) return;
    const key = `${boundary} ${role} ${layer}`;
    const row = this.#rows.get(key) ?? { boundary, role, layer, readBytes: 0, writeBytes: 0 };
    if (write) row.writeBytes += bytes;
    else row.readBytes += bytes;
    this.#rows.set(key, row);
  }

  /** Books one executed instruction. */
  book(d: DynamicInstruction, layer: number): void {
    const i = d.instruction;
    const touches = touchesOf(i);
    if (i.op === 'mm') return this.#matmul(d, layer);
    const destination = touches.operands.find((o) => o.write);
    for (const o of touches.operands) {
      const walk = this.#walks.get(o.tensor, d.registers);
      const { space, role } = walk.descriptor;
      const bytes = intervalBytes(walk.intervals);
      const inside = touches.tile !== undefined || (destination !== undefined && onCore(this.#walks.get(destination.tensor, d.registers).descriptor.space));
      if (o.read) this.#book(space, role, layer, bytes, false, inside);
      if (o.write) this.#book(space, role, layer, bytes, true, touches.operands.some((s) => s.read && onCore(this.#walks.get(s.tensor, d.registers).descriptor.space)));
    }
    if (touches.tile !== undefined) {
      const a = this.#program.arrays[touches.tile.array]!;
      this.add('array', 'weights', layer, Math.ceil((a.kCount * a.nCount * a.weightBits) / 8), false);
    }
  }

  /** `crosses`: the other end is inside the core, so the bytes pass the core's border too. */
  #book(space: Space, role: Role, layer: number, bytes: number, write: boolean, crosses: boolean): void {
    if (space === 'dram') this.add('dram', role, layer, bytes, write);
    if (!onCore(space) && crosses) this.add('core', role, layer, bytes, write);
  }

  #matmul(d: DynamicInstruction, layer: number): void {
    const i = d.instruction;
    if (i.op !== 'mm') return;
    const src = this.#program.tensors[i.src]!;
    const a = this.#program.arrays[i.tile]!;
    const window = src.dims.slice(src.dims.length - i.kdims).reduce((n, x) => n * x.count, 1);
    const m = src.dims.reduce((n, x) => n * x.count, 1) / window;
    this.add('array', src.role, layer, Math.ceil((m * a.kCount * src.widthBits) / 8), false);
    this.add('array', 'partial-sums', layer, Math.ceil((m * a.nCount * this.#machine.core.accumulators.widthBits) / 8), true);
  }
}

function onCore(space: Space): boolean {
  return space === 'spad' || space === 'acc';
}
