/**
 * Instruction fetch: code and the descriptors that it uses first form one stream in DRAM, read in lines ahead of dispatch. A loop that fits the
 * instruction memory is fetched once; what does not fit is fetched again. A descriptor travels with the first instruction that names it.
 */
import type { Program } from '../../isa/program.ts';
import { touchesOf } from '../walk/accesses.ts';
import type { System } from './system.ts';
import { arrayDescriptorBytes, instructionBytes, tensorDescriptorBytes } from '../../isa/sizes.ts';

const LINE_BYTES = 64;
/** Lines asked for before they are needed. */
const AHEAD = 8;

export class FetchUnit {
  /** Stream bytes before each instruction, and the total at the end. */
  readonly #offsets: Float64Array;
  readonly #resident = new Set<number>();
  readonly #asked = new Set<number>();
  readonly #capacity: number;
  readonly #system: System;
  readonly #address: number;
  readonly #core: number;
  readonly #changed: () => void;
  bytes = 0;

  constructor(system: System, program: Program, core: number, warm: boolean, changed: () => void) {
    this.#system = system;
    this.#core = core;
    this.#changed = changed;
    this.#offsets = streamOffsets(program, core);
    this.#address = program.codeAddress;
    const { sequencer } = system.machine.core;
    this.#capacity = Math.max(AHEAD + 1, Math.floor((sequencer.instructionBytes + sequencer.descriptorEntries * 64) / LINE_BYTES));
    const lines = Math.ceil(this.#total / LINE_BYTES);
    if (warm && lines <= this.#capacity) for (let l = 0; l < lines; l++) this.#resident.add(l);
  }

  get #total(): number {
    return this.#offsets[this.#offsets.length - 1] ?? 0;
  }

  /** True when the instruction can be dispatched; asks for its lines, and for the next ones, where they are missing. */
  ready(pc: number): boolean {
    const first = Math.floor(this.#offsets[pc]! / LINE_BYTES);
    const last = Math.floor((this.#offsets[pc + 1]! - 1) / LINE_BYTES);
    const end = Math.min(Math.floor((this.#total - 1) / LINE_BYTES), last + AHEAD);
    for (let line = first; line <= end; line++) if (!this.#resident.has(line) && !this.#asked.has(line)) this.#ask(line);
    for (let line = first; line <= last; line++) if (!this.#resident.has(line)) return false;
    return true;
  }

  #ask(line: number): void {
    const { kernel, machine, map, channels } = this.#system;
    this.#asked.add(line);
    this.bytes += LINE_BYTES;
    const start = this.#address + line * LINE_BYTES;
    const link = this.#system.cores[this.#core]!.link;
    const who = { age: -1, unit: this.#core };
    const arrive = () => {
      const bits = Math.min(machine.interconnect.linkBits, machine.core.sequencer.fetchBits);
      link.request(who, Math.ceil((LINE_BYTES * 8) / bits) * this.#system.bufferPs, () => this.#keep(line));
    };
    if (this.#system.freeDram) {
      kernel.at(kernel.now, arrive);
      return;
    }
    const segments = map.segments(Float64Array.of(start, start + LINE_BYTES), LINE_BYTES);
    let left = segments.length;
    for (const { segment } of segments) {
      channels[segment.channel]!.request({ who, segment, write: false, done: () => {
        left -= 1;
        if (left === 0) arrive();
      } });
    }
  }

  #keep(line: number): void {
    this.#asked.delete(line);
    this.#resident.add(line);
    for (const old of this.#resident) {
      if (this.#resident.size <= this.#capacity) break;
      this.#resident.delete(old);
    }
    this.#changed();
  }
}

function streamOffsets(program: Program, core: number): Float64Array {
  const code = program.cores[core]?.instructions ?? [];
  const offsets = new Float64Array(code.length + 1);
  const tensors = new Set<number>();
  const arrays = new Set<number>();
  code.forEach((i, pc) => {
    let size = instructionBytes;
    const touches = touchesOf(i);
    for (const o of touches.operands) {
      if (tensors.has(o.tensor)) continue;
      tensors.add(o.tensor);
      size += tensorDescriptorBytes(program.tensors[o.tensor]!);
    }
    if (touches.tile !== undefined && !arrays.has(touches.tile.array)) {
      arrays.add(touches.tile.array);
      size += arrayDescriptorBytes;
    }
    offsets[pc + 1] = offsets[pc]! + size;
  });
  return offsets;
}
