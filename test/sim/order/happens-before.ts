/**
 * Races by brute force: every executed instruction is four events (dispatch, start, release, done), the rules of isa/README.md are edges, and two
 * conflicting accesses race unless a path leads from the end of the one to the start of the other. Slow, and shares no code with sim/order.
 */
import type { Program } from '../../../isa/program.ts';
import { type Executed, signalsOf } from './shuffled-machine.ts';

const EVENTS = 4;
const [DISPATCH, START, RELEASE, DONE] = [0, 1, 2, 3];

/** Two executed instructions in conflict that nothing orders. */
export interface RacingPair {
  readonly earlier: Executed;
  readonly later: Executed;
  readonly places: readonly number[];
}

/** `trace` is an execution in program order, so every edge points forward in it. */
export function racingPairs(program: Program, trace: readonly Executed[]): RacingPair[] {
  const before = reachability(program, trace);
  const comes = (x: number, event: number, y: number) =>
    (before[EVENTS * y + START]! >> BigInt(EVENTS * x + event)) & 1n;
  const out: RacingPair[] = [];
  trace.forEach((later, y) => {
    for (let x = 0; x < y; x++) {
      const earlier = trace[x]!;
      if (earlier.unit === later.unit) continue;
      const [a, b] = [earlier.effect, later.effect];
      const afterWrite = [...a.writes.keys()].filter((p) => b.writes.has(p) || b.reads.has(p));
      const afterRead = [...a.reads].filter((p) => b.writes.has(p));
      const places = [...(comes(x, DONE!, y) ? [] : afterWrite), ...(comes(x, RELEASE!, y) ? [] : afterRead)];
      if (places.length > 0) out.push({ earlier, later, places });
    }
  });
  return out;
}

/** For each event the set of events that come before it, itself included, as bits. */
function reachability(program: Program, trace: readonly Executed[]): bigint[] {
  const before: bigint[] = [];
  const lastOfUnit = new Map<string, number>();
  const lastOfCore = new Map<number, number>();
  const tokens = new Map<string, (bigint | undefined)[]>(
    program.semaphores.map((s) => [`${s.core}.${s.index}`, new Array<undefined>(s.initial).fill(undefined)]),
  );
  trace.forEach(({ instruction: i, core, unit }, n) => {
    const earlier = lastOfUnit.get(unit);
    const event = (kind: number, ...from: (bigint | undefined)[]) => {
      const own = 1n << BigInt(EVENTS * n + kind);
      const inUnit = earlier === undefined || kind === DISPATCH ? 0n : before[EVENTS * earlier + kind]!;
      before[EVENTS * n + kind] = from.reduce<bigint>((set, f) => set | (f ?? 0n), own | inUnit);
    };
    const dispatched = lastOfCore.get(core);
    const scalar = dispatched !== undefined && trace[dispatched]!.unit.endsWith('seq');
    event(DISPATCH!, dispatched === undefined ? 0n : before[EVENTS * dispatched + (scalar ? DONE! : DISPATCH!)]);
    event(START!, before[EVENTS * n + DISPATCH!], ...i.waits.map((w) => tokens.get(`${core}.${w}`)!.shift()));
    event(RELEASE!, before[EVENTS * n + START!]);
    event(DONE!, before[EVENTS * n + RELEASE!]);
    for (const { key, at } of signalsOf(i, core))
      tokens.get(key)!.push(before[EVENTS * n + (at === 'release' ? RELEASE! : DONE!)]);
    lastOfUnit.set(unit, n);
    lastOfCore.set(core, n);
  });
  return before;
}
