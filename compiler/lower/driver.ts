/**
 * Runs the memory plan on every core: kernel after kernel, core after core. Every core's own steps are core-driver.ts's.
 * The order emitted here is correct one instruction at a time; order.ts makes it overlap.
 */
import { UnsupportedError } from '../../isa/base/errors.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import type { Work } from '../mapping/work.ts';
import { inTurns } from './beside.ts';
import type { DriverInput } from './core-driver.ts';
import { CoreDriver } from './core-driver.ts';
import type { Step, WeightTile } from './draft.ts';
import type { Kernel } from './kernel.ts';
import type { WeightTable } from './kernels/matmul-spec.ts';
import { at } from './layout.ts';
import { joinCopies, sideBySide } from './multicast.ts';

export interface DriverOutput {
  readonly steps: readonly Step[];
  /** Steps that bring resident constants into the scratchpad: not needed where they are from the run before. */
  readonly residentLoads: ReadonlySet<Step>;
  /** Kernels that emitted something, in order: the report's layers. */
  readonly layers: readonly Kernel[];
}

/** Steps of one program. Every one is kept, ordered and simulated: beyond this the host runs out of memory before the answer. */
const MAX_STEPS = 1_000_000;

/** @param work by kernel, what each core does of it */
export function drive(input: DriverInput, work: readonly (readonly Work[])[]): DriverOutput {
  const { storage, memory, machine } = input;
  const running = storage.kernels.flatMap((kernel, k) => (memory.homes.plans[k] === null ? [] : [{ kernel, k }]));
  const layers = running.map(({ kernel }) => kernel);
  const steps: Step[] = [];
  const push = (step: Step): void => {
    if (steps.push(step) > MAX_STEPS) throw tooLong(layers[step.layer], machine);
  };
  const shared = {
    ...input,
    push,
    tiles: new Map<WeightTable, Map<string, WeightTile>>(),
    residentLoads: new Set<Step>(),
  };
  const drivers = new Map<number, CoreDriver>();
  const on = (core: number): CoreDriver => {
    const driver = drivers.get(core) ?? new CoreDriver(core, shared);
    drivers.set(core, driver);
    return driver;
  };
  const prologue = (layer: number): void => {
    const next = running[layer];
    if (next === undefined) return;
    for (const { core, box } of at(work, next.k)) on(core).prologue(next.k, box, layer);
  };
  const { beside } = memory.homes;
  let groupStart = 0;
  running.forEach(({ k }, layer) => {
    const next = running[layer + 1];
    const early = next !== undefined && memory.kernels[next.k]?.prologueAt === k;
    if (layer === 0) prologue(0);
    if (beside[k] !== true) groupStart = steps.length;
    if (early) prologue(layer + 1);
    const works = at(work, k);
    const together = works.length > 1 && machine.interconnect.multicast;
    const parts = works.map((own, i): readonly (readonly Step[])[] => {
      if (works.length > 1) stagger(input, k, i / works.length);
      const turns = on(own.core).body(k, own, layer, works.length > 1 ? k : -1);
      if (together) return [...turns];
      for (const steps of turns) steps.forEach(push);
      return [];
    });
    sideBySide(parts).forEach(push);
    if (!early) prologue(layer + 1);
    if (beside[k] === true && (next === undefined || beside[next.k] !== true))
      steps.push(...inTurns(steps.splice(groupStart), machine));
  });
  if (!machine.interconnect.multicast || drivers.size < 2)
    return { steps, residentLoads: shared.residentLoads, layers };
  return { ...joinCopies(steps, shared.residentLoads), layers };
}

/**
 * Cores stream their weights of one kernel side by side: from the same bank on, each would close the row that another one is reading. So they start a
 * share of all banks apart.
 */
function stagger({ storage, machine, constants }: DriverInput, k: number, part: number): void {
  if (at(storage.kernels, k).kind !== 'matmul') return;
  const { channels, banks, rowBytes } = machine.dram;
  const allBanks = channels * banks * rowBytes;
  constants.skipTo(allBanks * part, allBanks);
}

function tooLong(kernel: Kernel | undefined, machine: Machine): UnsupportedError {
  const { m = 0, k = 0, n = 0, name = '' } = kernel?.layer ?? {};
  const message = `the program for ${machine.name} would have more than ${MAX_STEPS} instructions`;
  const where = `layer '${name}'${m > 0 ? `, ${m}x${k}x${n}` : ''}`;
  const hint = 'a larger machine (core.matrix, core.scratchpad.sizeBytes), or a smaller input (--dims)';
  return new UnsupportedError(message, {
    diagnostics: [{ code: 'E-COMPILE-SIZE', message, where, expected: 'tiles that are large enough to be few', hint }],
  });
}
