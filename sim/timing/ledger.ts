/**
 * The traffic ledger: bytes over each boundary by role and layer, counted from the walks of the executed instructions. `read` is towards the
 * arrays, `write` away from them. Bytes are those the program asked for; what DRAM moves in excess (whole bursts) is in the action counts.
 */
import { destinationCores, leavesCore } from '../../isa/instructions/destinations.ts';
import { tierStart } from '../../isa/machine/geometry.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import type { Program } from '../../isa/program.ts';
import type { Role, Space } from '../../isa/tensor.ts';
import type { Boundary, TrafficRow } from '../result.ts';
import { intervalBytes, type Walk } from '../walk/walk.ts';
import type { CodeEntry } from './code.ts';
import { splitAt } from './dram/mapping.ts';
import { gatheredIntervals } from './pieces.ts';

interface Row {
  readonly boundary: Boundary;
  readonly role: Role;
  readonly layer: number;
  readBytes: number;
  writeBytes: number;
}

export class Ledger {
  readonly #rows = new Map<string, Row>();
  readonly #program: Program;
  readonly #machine: Machine;

  constructor(program: Program, machine: Machine) {
    this.#program = program;
    this.#machine = machine;
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

  /** Books `times` executions of one instruction; `walks` are those of its operands. */
  book(entry: CodeEntry, walks: readonly Walk[], times: number): void {
    const { touches, layer, instruction } = entry;
    if (instruction.op === 'mm') return this.#matmul(entry, times);
    const { operands, tile } = touches;
    const space = (at: number) => walks[at]!.descriptor.space;
    const writesCore = operands.some((o, at) => o.write && onCore(space(at)));
    const readsCore = operands.some((o, at) => o.read && onCore(space(at)));
    const receivers = destinationCores(instruction, entry.unit.core).length;
    const between = leavesCore(instruction, entry.unit.core) && operands.every((_, at) => onCore(space(at)));
    operands.forEach((o, at) => {
      const walk = walks[at]!;
      const table = o.only === 'table';
      const runs = table ? gatheredIntervals(walk, walks[0]!.descriptor.dims[0]!.count) : walk.intervals;
      const bytes = intervalBytes(runs);
      const { role } = walk.descriptor;
      if (space(at) === 'dram') {
        const far = intervalBytes(splitAt(runs, tierStart(this.#machine)).far);
        for (const write of [false, true]) {
          if (!(write ? o.write : o.read)) continue;
          this.add('dram', role, layer, (bytes - far) * times, write);
          this.add('tier', role, layer, far * times, write);
        }
      }
      const outside = !onCore(space(at));
      if (o.read && outside && (tile !== undefined || writesCore)) this.add('core', role, layer, bytes * times, false);
      if (o.write && outside && readsCore) this.add('core', role, layer, bytes * times, true);
      // From core to core: out of the one, into each of the others.
      const cores = o.write ? receivers : 1;
      if (between && o.read) this.add('core', role, layer, bytes * times * cores, true);
      if (between && o.write) this.add('core', role, layer, bytes * times * cores, false);
    });
    if (tile === undefined) return;
    const a = this.#program.arrays[tile.array]!;
    this.add('array', 'weights', layer, Math.ceil((a.kCount * a.nCount * a.weightBits) / 8) * times, false);
  }

  #matmul(entry: CodeEntry, times: number): void {
    const i = entry.instruction;
    if (i.op !== 'mm') return;
    const src = this.#program.tensors[i.src]!;
    const a = this.#program.arrays[i.tile]!;
    const window = src.dims.slice(src.dims.length - i.kdims).reduce((n, x) => n * x.count, 1);
    const m = src.dims.reduce((n, x) => n * x.count, 1) / window;
    const sums = Math.ceil((m * a.nCount * this.#machine.core.accumulators.widthBits) / 8);
    this.add('array', src.role, entry.layer, Math.ceil((m * a.kCount * src.widthBits) / 8) * times, false);
    this.add('array', 'partial-sums', entry.layer, sums * times, true);
  }
}

function onCore(space: Space): boolean {
  return space === 'spad' || space === 'acc';
}
