/**
 * The run with data and without time: program order, one instruction after the other, cores taking turns where one waits for another.
 * What it answers: the values, operand statistics and recorded loads. When is sim/timing's question; ordering is sim/order's.
 */
import { leavesCore, remoteSignals } from '../../isa/instructions/destinations.ts';
import { tierStart } from '../../isa/machine/geometry.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import type { Program } from '../../isa/program.ts';
import { checkOrder, type OrderFinding, semaphoreKey } from '../order/check.ts';
import { formatFinding } from '../order/format.ts';
import type { TrafficRow } from '../result.ts';
import { type DynamicInstruction, fault, type LoadScalar, sequence } from '../walk/sequence.ts';
import { WalkCache } from '../walk/walk.ts';
import type { AnalogArrays } from './analog.ts';
import type { ExecContext, Memories } from './context.ts';
import { DotKernel } from './dot.ts';
import { createMemories, loadConstants, loadInputs, type OutputCodes, readOutputs } from './host.ts';
import { carryOut, loadScalar } from './meaning.ts';
import { MovedBytes } from './moved.ts';
import { OperandStatistics } from './statistics.ts';

export { createMemories, type OutputCodes } from './host.ts';

export interface ExecOptions {
  /** Memories of an earlier run on the same machine: what is resident stays. */
  readonly memories?: Memories;
  /** Collect operand statistics of matrix multiplies. */
  readonly statistics?: boolean;
  /** Check the ordering rules of isa/README.md; values are computed either way. */
  readonly checkOrder?: boolean;
  /** Count moved bytes from the accessed addresses (slow; for holding the ledger against). */
  readonly countBytes?: boolean;
  /** false: multiply with plain loops; the values are the same. */
  readonly simd?: boolean;
  /** Multiply as these analog arrays do, with their deviations; left out, values are exact. */
  readonly analog?: AnalogArrays;
  /** Instructions that a core may execute before it is taken for one that never ends. */
  readonly instructionLimit?: number;
  /** Sees every executed instruction before it is carried out. */
  readonly trace?: (core: number, at: DynamicInstruction) => void;
}

export interface ExecResult {
  /** Codes or floats by output name, in the order of the logical shape. */
  readonly outputs: ReadonlyMap<string, OutputCodes>;
  readonly memories: Memories;
  readonly statistics: OperandStatistics | undefined;
  /** Executed instructions, scalar ones included. */
  readonly instructions: number;
  /** Values that ldr loaded, per core in order: an explicit input of the timed run. */
  readonly loads: readonly (readonly number[])[];
  /** Findings of the order check; undefined when it was not asked for. */
  readonly findings: readonly OrderFinding[] | undefined;
  /** Bytes moved, by boundary, role and layer; undefined when they were not counted. */
  readonly moved: readonly TrafficRow[] | undefined;
}

/**
 * Runs a program. Inputs are codes (floats for float tensors) by name. Throws SimFault where the program does something illegal, E-SIM-DEADLOCK where
 * a wait has no earlier signal, and InputError for inputs that do not fit.
 */
export function execute(
  program: Program,
  machine: Machine,
  inputs: ReadonlyMap<string, ArrayLike<number>>,
  options: ExecOptions = {},
): ExecResult {
  const memories = options.memories ?? createMemories(machine, program.dramBytes);
  loadConstants(program, memories);
  loadInputs(program, memories, inputs);
  const runner = new Runner(program, machine, memories, options);
  const instructions = runner.run();
  return {
    outputs: readOutputs(program, memories),
    memories,
    statistics: runner.statistics,
    instructions,
    loads: runner.loads,
    findings: options.checkOrder ? checkOrder(program, machine, runner.loads) : undefined,
    moved: runner.moved?.rows(),
  };
}

class Runner {
  readonly loads: number[][];
  readonly statistics: OperandStatistics | undefined;
  readonly moved: MovedBytes | undefined;
  readonly #program: Program;
  readonly #machine: Machine;
  readonly #memories: Memories;
  readonly #walks: WalkCache;
  readonly #kernel: DotKernel;
  readonly #limit: number | undefined;
  readonly #trace: ExecOptions['trace'];
  readonly #analog: AnalogArrays | undefined;
  readonly #semaphores = new Map<string, number>();

  constructor(program: Program, machine: Machine, memories: Memories, options: ExecOptions) {
    this.#program = program;
    this.#machine = machine;
    this.#memories = memories;
    this.#walks = new WalkCache(program.tensors);
    this.#kernel = new DotKernel(options.simd ?? true);
    this.#limit = options.instructionLimit;
    this.#trace = options.trace;
    this.#analog = options.analog;
    this.statistics = options.statistics ? new OperandStatistics() : undefined;
    this.moved = options.countBytes ? new MovedBytes(tierStart(machine)) : undefined;
    this.loads = program.cores.map(() => []);
    for (const s of program.semaphores) this.#semaphores.set(semaphoreKey(s.core, s.index), s.initial);
  }

  /** Number of executed instructions. */
  run(): number {
    let executed = 0;
    const streams = this.#program.cores.map((_, core) =>
      sequence(this.#program, core, this.#loader(core), this.#limit),
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
    pending.forEach((p, core) => {
      if (!p.done) this.#stuck(core, p.value.pc);
    });
    return executed;
  }

  /** Reads what ldr asks for and records it. */
  #loader(core: number): LoadScalar {
    return (instruction, registers, pc) => {
      const at = { pc, instruction, registers };
      const value = loadScalar(instruction, { ...this.#context(core, at), moved: undefined });
      this.loads[core]!.push(value);
      return value;
    };
  }

  #stuck(core: number, pc: number): never {
    const finding = checkOrder(this.#program, this.#machine, this.loads).find(
      (f) => f.kind !== 'race' && f.kind !== 'semaphore',
    );
    const what =
      finding === undefined
        ? 'waits for a semaphore that no earlier instruction signals'
        : formatFinding(finding, this.#program);
    throw fault(
      this.#program,
      core,
      pc,
      what,
      'signal before the wait in program order, or give the semaphore an initial count',
      'E-SIM-DEADLOCK',
    );
  }

  #take(d: DynamicInstruction, core: number): boolean {
    const { waits } = d.instruction;
    if (waits.length === 0) return true;
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
    this.#trace?.(core, at);
    const cx = this.#context(core, at);
    carryOut(i, cx);
    this.moved?.finish(this.#program.symbols.layerOf[core]?.[at.pc] ?? -1, leavesCore(i, core));
    for (const s of i.signals) this.#add(semaphoreKey(core, s.semaphore), 1);
    for (const s of remoteSignals(i, core)) this.#add(semaphoreKey(s.core, s.semaphore), 1);
  }

  #context(core: number, at: DynamicInstruction): ExecContext {
    return {
      program: this.#program,
      machine: this.#machine,
      memories: this.#memories,
      walks: this.#walks,
      core,
      at,
      kernel: this.#kernel,
      statistics: this.statistics,
      moved: this.moved,
      analog: this.#analog,
    };
  }
}
