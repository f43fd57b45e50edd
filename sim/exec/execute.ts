/**
 * The run with data and without time: program order, one instruction after the other, cores taking turns where one waits for another.
 * What it answers: the values. When is sim/timing's question, ordering is sim/order's.
 */
import { InputError } from '../../isa/base/errors.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import { roundUp } from '../../isa/base/bits.ts';
import type { Program } from '../../isa/program.ts';
import { codeRange } from '../../isa/tensor.ts';
import { semaphoreKey } from '../order/check.ts';
import { type DynamicInstruction, fault, sequence } from '../walk/sequence.ts';
import { resolveWalk, WalkCache } from '../walk/walk.ts';
import { ArrayCells } from './arrays.ts';
import { type ExecContext, type Memories, readTensor } from './context.ts';
import { MEANING } from './meaning.ts';
import { ByteMemory, firstMisfit } from './memory.ts';
import { OperandStatistics } from './statistics.ts';

export interface ExecOptions {
  /** Memories of an earlier run on the same machine: what is resident stays. */
  readonly memories?: Memories;
  readonly statistics?: boolean;
}

export interface ExecResult {
  /** Codes or floats by output name, in the order of the logical shape. */
  readonly outputs: ReadonlyMap<string, Int32Array | Float32Array>;
  readonly memories: Memories;
  readonly statistics: OperandStatistics | undefined;
  /** Executed instructions, scalar ones included. */
  readonly instructions: number;
  /** Values that ldr loaded, per core in order: an explicit input of the timed run. */
  readonly loads: readonly (readonly number[])[];
}

export function createMemories(machine: Machine, dramBytes: number): Memories {
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

/** Runs a validated program. Inputs are codes by name; throws SimFault where the program does something illegal. */
export function execute(program: Program, machine: Machine, inputs: ReadonlyMap<string, ArrayLike<number>>, options: ExecOptions = {}): ExecResult {
  const memories = options.memories ?? createMemories(machine, program.dramBytes);
  for (const c of program.constants) memories.dram.load(c.address, c.bytes);
  loadInputs(program, memories, inputs);
  const statistics = options.statistics ? new OperandStatistics() : undefined;
  const runner = new Runner(program, machine, memories, statistics);
  const instructions = runner.run();
  return { outputs: readOutputs(program, memories), memories, statistics, instructions, loads: runner.loads };
}

class Runner {
  readonly loads: number[][];
  readonly #program: Program;
  readonly #machine: Machine;
  readonly #memories: Memories;
  readonly #statistics: OperandStatistics | undefined;
  readonly #walks: WalkCache;
  readonly #semaphores = new Map<string, number>();

  constructor(program: Program, machine: Machine, memories: Memories, statistics: OperandStatistics | undefined) {
    this.#program = program;
    this.#machine = machine;
    this.#memories = memories;
    this.#statistics = statistics;
    this.#walks = new WalkCache(program.tensors);
    this.loads = program.cores.map(() => []);
    for (const s of program.semaphores) this.#semaphores.set(semaphoreKey(s.core, s.index), s.initial);
  }

  run(): number {
    let executed = 0;
    const streams = this.#program.cores.map((_, core) =>
      sequence(this.#program, core, (instruction, registers) => {
        const value = readTensor(this.#context(core, { pc: 0, instruction, registers }), instruction.src)[0] ?? 0;
        this.loads[core]!.push(value);
        return value;
      }),
    );
    const pending = streams.map((s) => s.next());
    for (let moved = true; moved; ) {
      moved = false;
      for (let core = 0; core < streams.length; core++) {
        for (let next = pending[core]!; !next.done && this.#take(next.value, core); next = pending[core]!) {
          this.#step(next.value, core);
          pending[core] = streams[core]!.next();
          executed += 1;
          moved = true;
        }
      }
    }
    const stuck = pending.findIndex((p) => !p.done);
    if (stuck >= 0) {
      const { pc } = pending[stuck]!.value as DynamicInstruction;
      throw fault(this.#program, stuck, pc, 'waits for a semaphore that no earlier instruction signals', 'run the order check for the verdict', 'E-SIM-DEADLOCK');
    }
    return executed;
  }

  #take(d: DynamicInstruction, core: number): boolean {
    const { waits } = d.instruction;
    const need = (w: number) => waits.filter((x) => x === w).length;
    if (!waits.every((w) => (this.#semaphores.get(semaphoreKey(core, w)) ?? 0) >= need(w))) return false;
    for (const w of waits) this.#add(semaphoreKey(core, w), -1);
    return true;
  }

  #add(key: string, n: number): void {
    this.#semaphores.set(key, (this.#semaphores.get(key) ?? 0) + n);
  }

  #step(at: DynamicInstruction, core: number): void {
    const i = at.instruction;
    (MEANING[i.op] as (instruction: typeof i, cx: ExecContext) => void)(i, this.#context(core, at));
    for (const s of i.signals) this.#add(semaphoreKey(core, s.semaphore), 1);
    if ('signalRemote' in i && i.signalRemote > 0) this.#add(semaphoreKey(i.core - 1, i.signalRemote), 1);
  }

  #context(core: number, at: DynamicInstruction): ExecContext {
    return { program: this.#program, machine: this.#machine, memories: this.#memories, walks: this.#walks, core, at, statistics: this.#statistics };
  }
}

const NO_REGISTERS: readonly number[] = new Array<number>(32).fill(0);

function loadInputs(program: Program, memories: Memories, inputs: ReadonlyMap<string, ArrayLike<number>>): void {
  for (const io of program.io.filter((t) => t.direction === 'input')) {
    const given = inputs.get(io.name);
    const walk = resolveWalk(program.tensors[io.tensor]!, NO_REGISTERS);
    const code = 'E-RUN-INPUT';
    if (given === undefined) throw new InputError(`input ${io.name} was not given`, { code });
    if (given.length !== walk.offsets.length) {
      throw new InputError(`input ${io.name} has ${given.length} elements, expected ${walk.offsets.length} for [${io.shape.join(', ')}]`, { code });
    }
    const bad = firstMisfit(walk.descriptor, given);
    if (bad >= 0) {
      const { min, max } = codeRange(walk.descriptor.coding, walk.descriptor.widthBits);
      throw new InputError(`input ${io.name}[${bad}] = ${given[bad]} is outside its codes ${min} .. ${max}`, { code });
    }
    memories.dram.write(walk, given);
  }
}

function readOutputs(program: Program, memories: Memories): Map<string, Int32Array | Float32Array> {
  const outputs = new Map<string, Int32Array | Float32Array>();
  for (const io of program.io.filter((t) => t.direction === 'output')) {
    const d = program.tensors[io.tensor]!;
    const values = memories.dram.read(resolveWalk(d, NO_REGISTERS));
    outputs.set(io.name, d.coding === 'float' ? Float32Array.from(values) : Int32Array.from(values));
  }
  return outputs;
}
