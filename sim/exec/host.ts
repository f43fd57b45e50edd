/** What the host does before and after a run: constants and inputs into DRAM, outputs out of it. */
import { roundUp } from '../../isa/base/bits.ts';
import { CapacityError, InputError, SimFault } from '../../isa/base/errors.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import type { Program } from '../../isa/program.ts';
import { codeRange } from '../../isa/tensor.ts';
import { ZERO_REGISTERS } from '../walk/sequence.ts';
import { resolveWalk, type Walk } from '../walk/walk.ts';
import { ArrayCells } from './arrays.ts';
import type { Memories } from './context.ts';
import { ByteMemory, firstMisfit } from './memory.ts';

/** Codes (integers) or floats of one output, in the order of its logical shape. */
export type OutputCodes = Int32Array | Float32Array | Float64Array;

/** Longest DRAM space, tier included, that a run with data holds in memory. */
const MOST_BYTES = 2 ** 32;

/** Throws CapacityError where the DRAM space is longer than a run with data can hold; time and energy need none of it. */
export function createMemories(machine: Machine, dramBytes: number): Memories {
  if (dramBytes > MOST_BYTES)
    throw new CapacityError(`values of a program with ${dramBytes} bytes of DRAM and tier are not computed`, {
      code: 'E-CAPACITY-DRAM',
      needed: dramBytes,
      available: MOST_BYTES,
      unit: 'bytes',
      knob: 'dram.capacityBytes',
    });
  return {
    dram: new ByteMemory(roundUp(dramBytes, 64)),
    buffer: new ByteMemory(machine.buffer.sizeBytes),
    cores: Array.from({ length: machine.cores }, () => ({
      spad: new ByteMemory(machine.core.scratchpad.sizeBytes),
      acc: new ByteMemory(machine.core.accumulators.sizeBytes),
      cells: new ArrayCells(machine.core.matrix),
    })),
  };
}

export function loadConstants(program: Program, memories: Memories): void {
  for (const c of program.constants) {
    if (c.address + c.bytes.length > memories.dram.bytes.length) {
      throw new InputError(
        `constants at ${c.address} .. ${c.address + c.bytes.length - 1} lie behind the program's ${program.dramBytes} bytes of DRAM`,
        { code: 'E-PROGRAM-DRAM' },
      );
    }
    memories.dram.load(c.address, c.bytes);
  }
}

/** Writes every input of the program; `inputs` are codes (floats for float tensors) by name. */
export function loadInputs(program: Program, memories: Memories, inputs: ReadonlyMap<string, ArrayLike<number>>): void {
  const code = 'E-RUN-INPUT';
  const wanted = program.io.filter((t) => t.direction === 'input');
  const stranger = [...inputs.keys()].find((name) => !wanted.some((w) => w.name === name));
  if (stranger !== undefined)
    throw new InputError(
      `the program has no input ${stranger}; it has ${wanted.map((w) => w.name).join(', ') || 'none'}`,
      { code },
    );
  for (const io of wanted) {
    const given = inputs.get(io.name);
    const walk = walkOf(program, io.tensor, memories);
    if (given === undefined) throw new InputError(`input ${io.name} was not given`, { code });
    if (given.length !== walk.count) {
      throw new InputError(
        `input ${io.name} has ${given.length} elements, expected ${walk.count} for [${io.shape.join(', ')}]`,
        { code },
      );
    }
    const bad = firstMisfit(walk.descriptor, given);
    if (bad >= 0) {
      const { min, max } = codeRange(walk.descriptor.coding, walk.descriptor.widthBits);
      throw new InputError(`input ${io.name}[${bad}] = ${given[bad]} is outside its codes ${min} .. ${max}`, { code });
    }
    memories.dram.write(walk, given);
  }
}

/** Reads every output; bytes that the program never wrote are a fault, for they would be chance. */
export function readOutputs(program: Program, memories: Memories): Map<string, OutputCodes> {
  const outputs = new Map<string, OutputCodes>();
  for (const io of program.io.filter((t) => t.direction === 'output')) {
    const walk = walkOf(program, io.tensor, memories);
    const unwritten = memories.dram.firstUnwritten(walk.base, walk.shape.intervals());
    if (unwritten !== undefined)
      throw new SimFault(`output ${io.name}: the program never wrote DRAM byte ${unwritten}`, { code: 'E-SIM-OUTPUT' });
    outputs.set(io.name, memories.dram.read(walk));
  }
  return outputs;
}

function walkOf(program: Program, tensor: number, memories: Memories): Walk {
  const d = program.tensors[tensor];
  if (d === undefined || d.space !== 'dram')
    throw new InputError(`program tensor ${tensor} is not in DRAM`, { code: 'E-PROGRAM-IO' });
  const walk = resolveWalk(d, ZERO_REGISTERS);
  const outside = memories.dram.firstOutside(walk.base, walk.shape.intervals());
  if (outside !== undefined)
    throw new InputError(
      `program tensor ${tensor} reaches DRAM byte ${outside}, behind the program's ${program.dramBytes} bytes`,
      { code: 'E-PROGRAM-IO' },
    );
  return walk;
}
