/**
 * What to try, measured: the same point on a machine with one field changed, for the fields that act on the largest causes of its critical path. Fields of
 * time only run the same program; fields that the compiler sees have the network compiled again, where that is quick. How much is tried is bounded
 * by counts (events, instructions), never by the clock, so the same point always gives the same list.
 */
import { CapacityError, InputError, UnsupportedError } from '../../isa/base/errors.ts';
import { applyOverrides } from '../../isa/machine/overrides.ts';
import type { Machine, MatrixUnit } from '../../isa/machine/schema.ts';
import type { Program } from '../../isa/program.ts';
import { area } from '../../sim/energy/area.ts';
import { energy } from '../../sim/energy/energy.ts';
import { priceList } from '../../sim/energy/price-list.ts';
import type { Cause } from '../../sim/result.ts';
import { simulate } from '../../sim/timing/simulate.ts';
import { compileModel, type Model } from './model.ts';
import type { DesignPoint } from './simulate-model.ts';

export interface WhatIf {
  /** As --set takes them. */
  readonly set: readonly string[];
  readonly cycles: number;
  readonly energyFj: number;
  readonly areaUm2: number;
}

interface Knob {
  /** Doubled, or halved where `halve` says so; the first gives its name to the change. */
  readonly fields: readonly string[];
  readonly causes: readonly Cause[];
  readonly halve?: boolean;
  /** The compiler plans with it. */
  readonly compiled?: boolean;
  /** Matrix units that have the fields; all when left out. */
  readonly kinds?: readonly MatrixUnit['kind'][];
}

const WAITING: readonly Cause[] = ['dram-transfer', 'dram-latency', 'outstanding', 'dram-activate', 'dma-setup'];
const TRANSPORT: readonly Cause[] = ['transfer', 'interconnect', 'bank', 'buffer-port'];
const KNOBS: readonly Knob[] = [
  { fields: ['core.dma.outstanding'], causes: WAITING },
  { fields: ['core.dma.setupCycles'], causes: ['dma-setup'], halve: true },
  { fields: ['core.scratchpad.portBits'], causes: [...TRANSPORT, 'vector'] },
  { fields: ['interconnect.linkBits'], causes: TRANSPORT },
  { fields: ['buffer.portBits'], causes: TRANSPORT },
  { fields: ['core.vector.windowMacLanes'], causes: ['vector'] },
  { fields: ['core.vector.lanes'], causes: ['vector'] },
  { fields: ['core.drain.lanes'], causes: ['drain', 'accumulator-port'] },
  {
    fields: ['core.accumulators.portBits'],
    causes: ['drain', 'accumulator-port', 'matrix'],
  },
  { fields: ['core.matrix.inputBitsPerCycle'], causes: ['matrix'], kinds: ['digital-cim'] },
  { fields: ['core.matrix.settleCycles'], causes: ['matrix'], halve: true, kinds: ['analog-cim'] },
  { fields: ['core.matrix.adcCycles'], causes: ['matrix'], halve: true, kinds: ['analog-cim'] },
  { fields: ['core.matrix.columnsPerAdc'], causes: ['matrix'], halve: true, kinds: ['analog-cim'] },
  { fields: ['core.matrix.setupCycles'], causes: ['matrix'], halve: true, kinds: ['systolic'] },
  { fields: ['core.matrix.writeBits'], causes: ['weight-write', 'array'] },
  { fields: ['core.sequencer.instructionBytes'], causes: ['fetch', ...WAITING] },
  { fields: ['core.sequencer.queueDepth'], causes: ['queue', 'semaphore', 'operand'] },
  {
    fields: ['core.matrix.macros'],
    causes: ['matrix', 'weight-write', 'array', ...WAITING],
    compiled: true,
    kinds: ['digital-cim', 'analog-cim'],
  },
  {
    fields: ['core.matrix.rows', 'core.matrix.columns'],
    causes: ['matrix', 'matrix-pipeline', 'weight-write'],
    compiled: true,
  },
  { fields: ['core.scratchpad.sizeBytes'], causes: [...TRANSPORT, ...WAITING], compiled: true },
];

/** Causes below this share of the cycles are not worth a run. */
const LEAST_SHARE = 0.05;
const MOST_RUNS = 8;
const MOST_EVENTS = 300_000;
/** Executed instructions up to which compiling again takes a tenth of a second or so. */
const MOST_COMPILED = 500;

/** Fields of a machine with this kind of matrix unit that act on a cause of the critical path. */
export function fieldsActingOn(cause: string, kind: string): string[] {
  const has = (k: Knob) => k.kinds === undefined || k.kinds.some((of) => of === kind);
  return KNOBS.filter((k) => has(k) && k.causes.some((c) => c === cause)).flatMap((k) => k.fields);
}

/** Results of the changes that were tried, fewest cycles first. */
export function whatIfs(model: Model, point: DesignPoint): WhatIf[] {
  const share = (k: Knob) =>
    k.causes.reduce((n, c) => n + (point.result.causes[c] ?? 0), 0) / Math.max(1, point.result.cycles);
  const affordable = Math.min(MOST_RUNS, Math.floor(MOST_EVENTS / Math.max(1, point.result.events)));
  return KNOBS.filter(
    (k) => share(k) > LEAST_SHARE && (k.compiled !== true || point.result.instructions <= MOST_COMPILED),
  )
    .map((knob) => ({ knob, weight: share(knob), set: changesOf(knob, point.machine) }))
    .filter(({ set }) => set.length > 0)
    .sort((a, b) => b.weight - a.weight)
    .slice(0, affordable)
    .flatMap(({ knob, set }) => attempt(model, point, knob, set) ?? [])
    .sort((a, b) => a.cycles - b.cycles);
}

/** Overrides that change the fields of a knob; none when this machine lacks one of them. */
function changesOf(knob: Knob, machine: Machine): string[] {
  const values = knob.fields.map((path) => fieldOf(machine, path));
  if (values.some((v) => typeof v !== 'number' || v < 1)) return [];
  const changed = (v: number) => (knob.halve === true ? Math.floor(v / 2) : 2 * v);
  return knob.fields.map((path, i) => `${path}=${changed(values[i] as number)}`);
}

function fieldOf(machine: Machine, path: string): unknown {
  return path.split('.').reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], machine);
}

function attempt(model: Model, point: DesignPoint, knob: Knob, set: readonly string[]): WhatIf | undefined {
  try {
    const machine = applyOverrides(point.machine, withDivisors(point.machine, set));
    const result = simulate(knob.compiled === true ? recompiled(model, machine, point) : point.program, machine, {
      warmCode: point.state === 'steady',
      ...(point.zeroSteps === undefined ? {} : { zeroSteps: point.zeroSteps }),
    });
    const prices = priceList(machine, { activity: point.prices.activity });
    return { set, cycles: result.cycles, energyFj: energy(result, prices).totalFj, areaUm2: area(prices).totalUm2 };
  } catch (error) {
    // A machine that may not be, or that cannot run it, is no advice.
    if (error instanceof InputError || error instanceof CapacityError || error instanceof UnsupportedError)
      return undefined;
    throw error;
  }
}

/** All rows are summed at once where they were before. */
function withDivisors({ core: { matrix } }: Machine, set: readonly string[]): string[] {
  const rows = set.find((s) => s.startsWith('core.matrix.rows='));
  const together = matrix.kind !== 'systolic' && matrix.rowsAtOnce === matrix.rows;
  return rows === undefined || !together ? [...set] : [...set, rows.replace('.rows=', '.rowsAtOnce=')];
}

function recompiled(model: Model, machine: Machine, point: DesignPoint): Program {
  const { program, steadyProgram } = compileModel(model, machine);
  return point.state === 'steady' ? (steadyProgram ?? program) : program;
}
