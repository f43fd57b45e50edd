/**
 * Instruction fetch: code and the descriptors that it uses first form one stream in DRAM, read in lines ahead of dispatch over a port of its own
 * (`fetchBits` wide): it meets data in DRAM, where it goes first, and nowhere else. A loop that fits the instruction memory is fetched
 * once; what does not fit is fetched again, oldest line out first. A descriptor travels with the first instruction that names it, and instruction
 * and descriptor memory are one pool of lines.
 */
import type { Program } from '../../isa/program.ts';
import { arrayDescriptorBytes, instructionBytes, tensorDescriptorBytes } from '../../isa/sizes.ts';
import { touchesOf } from '../walk/accesses.ts';
import { alignUp } from './clock.ts';
import { channelOf, type System } from './system.ts';

const LINE_BYTES = 64;
/** Lines asked for before they are needed. */
const AHEAD = 8;
/** Bytes that one descriptor entry holds. */
const ENTRY_BYTES = 64;

const ABSENT = 0;
const ASKED = 1;
const RESIDENT = 2;

export class FetchUnit {
  /** Bytes that were fetched, by layer of the instruction that the line begins with. */
  readonly bytesByLayer = new Map<number, number>();
  /** First and last line of each instruction. */
  readonly #first: Int32Array;
  readonly #last: Int32Array;
  /** Layer of each line. */
  readonly #layers: Int32Array;
  readonly #state: Uint8Array;
  /** Resident and asked lines, oldest first, from `#head` on. */
  readonly #order: number[] = [];
  #head = 0;
  readonly #capacity: number;
  readonly #ahead: number;
  readonly #system: System;
  readonly #address: number;
  readonly #core: number;
  readonly #changed: () => void;

  constructor(system: System, program: Program, core: number, warm: boolean, changed: () => void) {
    this.#system = system;
    this.#core = core;
    this.#changed = changed;
    this.#address = program.codeAddress;
    const offsets = streamOffsets(program, core);
    const code = program.cores[core]?.instructions ?? [];
    this.#first = Int32Array.from(code, (_, pc) => Math.floor(offsets[pc]! / LINE_BYTES));
    this.#last = Int32Array.from(code, (_, pc) => Math.floor((offsets[pc + 1]! - 1) / LINE_BYTES));
    const lines = Math.ceil((offsets[code.length] ?? 0) / LINE_BYTES);
    this.#state = new Uint8Array(lines);
    this.#layers = new Int32Array(lines).fill(-1);
    for (let pc = code.length - 1; pc >= 0; pc--) {
      const layer = program.symbols.layerOf[core]?.[pc] ?? -1;
      for (let line = this.#first[pc]!; line <= this.#last[pc]!; line++) this.#layers[line] = layer;
    }
    const { sequencer } = system.machine.core;
    const longest = code.reduce((n, _, pc) => Math.max(n, this.#last[pc]! - this.#first[pc]! + 1), 1);
    const memory = Math.floor((sequencer.instructionBytes + sequencer.descriptorEntries * ENTRY_BYTES) / LINE_BYTES);
    // What one instruction needs always fits, or it could never be dispatched.
    this.#capacity = Math.max(memory, longest);
    this.#ahead = Math.min(AHEAD, this.#capacity - longest);
    if (warm && lines <= this.#capacity) this.#state.fill(RESIDENT);
  }

  /** True when the instruction can be dispatched; asks for its lines, and for the next ones, where they are missing. */
  ready(pc: number): boolean {
    const state = this.#state;
    const first = this.#first[pc]!;
    const last = this.#last[pc]!;
    const end = Math.min(state.length - 1, last + this.#ahead);
    let here = true;
    for (let line = first; line <= end; line++) {
      if (state[line] === ABSENT) this.#ask(line);
      if (line <= last && state[line] !== RESIDENT) here = false;
    }
    return here;
  }

  #ask(line: number): void {
    const { kernel, machine, map, fetches, corePs } = this.#system;
    this.#makeRoom();
    this.#state[line] = ASKED;
    this.#order.push(line);
    const layer = this.#layers[line]!;
    this.bytesByLayer.set(layer, (this.bytesByLayer.get(layer) ?? 0) + LINE_BYTES);
    const keep = () => {
      this.#state[line] = RESIDENT;
      this.#changed();
    };
    const who = { age: -1, unit: this.#core, part: line };
    const words = Math.ceil((LINE_BYTES * 8) / machine.core.sequencer.fetchBits);
    const arrive = (now: number) => {
      const served = (_start: number, end: number) => kernel.at(alignUp(end, corePs), keep);
      fetches.request({ who, lanes: [this.#core], words, from: now, served });
    };
    if (this.#system.freeDram) return kernel.at(kernel.now, arrive);
    const start = this.#address + line * LINE_BYTES;
    const segments = map.segments(Float64Array.of(start, start + LINE_BYTES), LINE_BYTES);
    let left = segments.length;
    for (const { segment } of segments) {
      channelOf(this.#system, segment).request({
        who,
        segment,
        write: false,
        layer,
        done: (now) => {
          left -= 1;
          if (left === 0) arrive(now);
        },
      });
    }
  }

  /** Drops the oldest resident line when the memory is full. */
  #makeRoom(): void {
    if (this.#order.length - this.#head < this.#capacity) return;
    const oldest = this.#order[this.#head]!;
    this.#head += 1;
    if (this.#state[oldest] === RESIDENT) this.#state[oldest] = ABSENT;
    else this.#order.push(oldest);
    if (this.#head > 4096) {
      this.#order.splice(0, this.#head);
      this.#head = 0;
    }
  }
}

/** Stream bytes before each instruction, and the total at the end. */
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
