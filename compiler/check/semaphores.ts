/**
 * Schedule checker: semaphores of a finished program, from the program alone. Each has one producer, one consumer and one mode, the
 * n-th wait has its signal earlier in program order, and at the end every count is what it was, so the program can run again.
 * Cores take turns where one waits for another. Whether the order is enough (races) is the simulator's independent check.
 */
import type { Instruction } from '../../isa/instructions/table.ts';
import { TABLE } from '../../isa/instructions/table.ts';
import type { Program, SemaphoreDeclaration, UnitRef } from '../../isa/program.ts';
import { LIMITS } from '../../isa/tensor.ts';

/** Findings in words; empty when the schedule is sound. Loops are run; programs that branch on data (`skip`, loops by register) are refused. */
export function checkSemaphores(program: Program): readonly string[] {
  const check = new SemaphoreCheck(program);
  const streams = program.cores.map(({ instructions }) => executed(instructions));
  const heads = streams.map((s) => s.next());
  for (let moved = true; moved; ) {
    moved = false;
    heads.forEach((_, core) => {
      for (let head = heads[core]; head?.done === false && check.ready(head.value, core); head = heads[core]) {
        check.step(head.value, core);
        heads[core] = streams[core]?.next() ?? { done: true, value: undefined };
        moved = true;
      }
    });
  }
  heads.forEach((head, core) => {
    if (!head.done) check.stuck(head.value, core);
  });
  return check.findings();
}

interface Semaphore {
  readonly declared: SemaphoreDeclaration;
  count: number;
  mode: string | null;
}

class SemaphoreCheck {
  readonly #findings: string[] = [];
  readonly #semaphores = new Map<string, Semaphore>();
  /** Instructions executed so far, by core. */
  readonly #steps: number[];

  constructor(program: Program) {
    this.#steps = program.cores.map(() => 0);
    for (const declared of program.semaphores)
      this.#semaphores.set(`${declared.core}:${declared.index}`, { declared, count: declared.initial, mode: null });
  }

  /** Whether every declared semaphore that it waits for has been signalled. */
  ready(i: Instruction, core: number): boolean {
    return i.waits.every((w) => {
      const s = this.#semaphores.get(`${core}:${w}`);
      return s === undefined || s.count >= i.waits.filter((x) => x === w).length;
    });
  }

  step(i: Instruction, core: number): void {
    if (i.waits.length > LIMITS.waits || i.signals.length > LIMITS.signals)
      this.#say(i, core, 'has too many waits or signals');
    const unit = unitOf(i, core);
    for (const w of i.waits) {
      const s = this.#semaphores.get(`${core}:${w}`);
      if (!sameUnit(s?.declared.consumer, unit)) this.#say(i, core, `waits on ${w}, which is not its unit's`);
      if (s !== undefined) s.count--;
    }
    for (const s of i.signals) this.#signal(i, core, core, s.semaphore, s.at);
    if ('signalRemote' in i && i.signalRemote > 0)
      for (const owner of receivers(i, core)) this.#signal(i, core, owner, i.signalRemote, 'done');
    this.#steps[core] = (this.#steps[core] ?? 0) + 1;
  }

  #signal(i: Instruction, core: number, owner: number, index: number, mode: string): void {
    const s = this.#semaphores.get(`${owner}:${index}`);
    if (!sameUnit(s?.declared.producer, unitOf(i, core)))
      this.#say(i, core, `signals ${index}, which is not its unit's`);
    if (s === undefined) return;
    if ((s.mode ?? mode) !== mode)
      this.#say(i, core, `signals semaphore ${index} at ${mode}: semaphore ${index} is signalled in two modes`);
    s.mode = mode;
    s.count++;
  }

  stuck(i: Instruction, core: number): void {
    this.#say(i, core, `waits on ${i.waits.join(', ')} before its signal in program order`);
  }

  #say(i: Instruction, core: number, what: string): void {
    const where = this.#steps.length > 1 ? `core ${core}, step` : 'step';
    this.#findings.push(`${where} ${this.#steps[core]}: ${i.op} ${what}`);
  }

  /** At most 20. */
  findings(): readonly string[] {
    for (const { declared, count } of this.#semaphores.values()) {
      if (count !== declared.initial)
        this.#findings.push(
          `semaphore ${declared.index} ends at ${count}, not at ${declared.initial}: the program cannot run again`,
        );
    }
    return this.#findings.slice(0, 20);
  }
}

/** Instructions in the order of dispatch, loops unrolled. */
function* executed(instructions: readonly Instruction[], from = 0, to = instructions.length): Generator<Instruction> {
  for (let pc = from; pc < to; pc++) {
    const i = instructions[pc];
    if (i === undefined || i.op === 'halt') return;
    if (i.op === 'skip' || (i.op === 'loop' && i.times !== 0)) throw new RangeError(`${i.op} at ${pc} depends on data`);
    yield i;
    if (i.op !== 'loop') continue;
    for (let n = 0; n < i.count; n++) yield* executed(instructions, pc + 1, pc + 1 + i.length);
    pc += i.length;
  }
}

function unitOf(i: Instruction, core: number): UnitRef {
  if (i.op === 'sync') return { core, kind: i.unit, channel: i.unit === 'dma' ? i.channel : 0 };
  const kind = TABLE[i.op].unit;
  return { core, kind, channel: kind === 'dma' && 'channel' in i ? i.channel : 0 };
}

function sameUnit(a: UnitRef | undefined, b: UnitRef): boolean {
  return a !== undefined && a.core === b.core && a.kind === b.kind && a.channel === b.channel;
}

/** Cores on which a DMA instruction signals, read from its fields. */
function receivers(i: { readonly core: number; readonly cores?: number }, core: number): number[] {
  const mask = i.cores ?? 0;
  if (mask === 0) return [i.core > 0 ? i.core - 1 : core];
  return Array.from({ length: 31 }, (_, c) => c).filter((c) => Math.floor(mask / 2 ** c) % 2 === 1);
}
