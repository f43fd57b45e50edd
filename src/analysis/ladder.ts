/**
 * The memory-wall ladder: the network compiled and simulated again, one help at a time, on machines made equal where the comparison needs it: same DRAM,
 * clock, vector unit and drain; same on-chip bytes, array cells included (the reference gets them back as buffer); same peak MAC/s at the network's median widths.
 * Every rung is a run of its own, and its wall is another. Not on it: compression and sparsity, which this machine does not have yet; FP16.
 */

import { CapacityError } from '../../isa/base/errors.ts';
import { formatBytes } from '../../isa/base/units.ts';
import { matrixGeometry } from '../../isa/machine/geometry.ts';
import type { Machine, Systolic } from '../../isa/machine/schema.ts';
import type { LadderRung } from '../report/schema.ts';
import { compileModel, type Model, type SectionedModel } from '../run/model.ts';
import type { ReportedPoint } from '../run/reported.ts';
import { type OperandWidths, operandWidths, runSections } from '../run/sections.ts';
import { type Statistics, simulatePoint } from '../run/simulate-model.ts';
import { batchGraph } from './batch.ts';
import { peakMacsPerCycle } from './bounds.ts';

export interface Ladder {
  readonly rungs: readonly LadderRung[];
  /** What was made equal, for print. */
  readonly iso: Readonly<Record<string, string>>;
  readonly notes: readonly string[];
}

/** A rung over this multiple of its own bound is limited by its schedule, not by its machine. */
const SCHEDULE_LIMIT = 1.25;
const BATCH = 8;

interface Design {
  readonly name: string;
  readonly adds: string;
  readonly machine: Machine;
}

/** What a rung shows of a run. */
type RungPoint = Pick<ReportedPoint, 'result' | 'bounds' | 'energy' | 'freeDramCycles' | 'state'>;

/** What is run on every design. */
interface Climb {
  readonly batch: number;
  readonly run: (machine: Machine) => RungPoint;
}

/** Rungs are mapped by the compiler: decisions that are made for one machine say nothing of others. `statistics`: what the operands were, so that rungs are priced as the headline is; layers keep their numbers on every rung. */
export function climb({ pins, stream: _, ...model }: Model, machine: Machine, statistics: Statistics = []): Ladder {
  const noted = pins === undefined ? [] : ['every rung is mapped by the compiler, not by the mapping file'];
  const pointOf = (m: Model, state: 'steady' | 'cold') => (design: Machine) =>
    simulatePoint(compileModel(m, design), design, { state, statistics });
  const wide = batchGraph(model.graph, BATCH);
  const ladder = climbAll(machine, medianWidths(operandWidths(model.graph)), [
    { batch: 1, run: pointOf(model, 'steady') },
    { batch: 1, run: pointOf(model, 'cold') },
    ...(wide === undefined ? [] : [{ batch: BATCH, run: pointOf({ ...model, graph: wide }, 'steady') }]),
  ]);
  return { ...ladder, notes: [...noted, ...ladder.notes] };
}

/** The same for a network of sections, which has no steady state of its own; a batch only where all sections take one. */
export function climbSections(network: SectionedModel, machine: Machine): Ladder {
  const widths: OperandWidths[] = [];
  let batched = true;
  for (const section of network.sections) {
    const { graph } = section.open();
    widths.push(...operandWidths(graph));
    batched &&= batchGraph(graph, BATCH) !== undefined;
  }
  const wide = (model: Model): Model => ({ ...model, graph: batchGraph(model.graph, BATCH) ?? model.graph });
  return climbAll(machine, medianWidths(widths), [
    { batch: 1, run: (design) => runSections(network, design, 'steady').point },
    ...(batched
      ? [{ batch: BATCH, run: (design: Machine) => runSections(network, design, 'steady', wide).point }]
      : []),
  ]);
}

function climbAll(machine: Machine, widths: OperandWidths, runs: readonly Climb[]): Ladder {
  const designs = designsOf(unskipping(machine), widths);
  const notes: string[] = machine.capabilities.zeroSkipping
    ? ['no rung skips zeros: what can be skipped was measured for the mapping of this machine, not for theirs']
    : [];
  const rungs: LadderRung[] = [];
  if (!runs.some((r) => r.batch > 1))
    notes.push(`batch ${BATCH} is left out: the first axis of this network is not a batch throughout`);
  for (const run of runs) {
    let reference: RungPoint | undefined;
    for (const design of designs) {
      try {
        const point = run.run(design.machine);
        reference ??= point;
        rungs.push(rungOf(design, point, reference, run.batch, widths));
      } catch (error) {
        if (!(error instanceof CapacityError)) throw error;
        notes.push(`${design.name}, batch ${run.batch}: left out, it does not fit (${error.message})`);
      }
    }
  }
  return { rungs, iso: isoText(machine, designs[0]!.machine, widths), notes };
}

function unskipping(machine: Machine): Machine {
  return { ...machine, capabilities: { ...machine.capabilities, zeroSkipping: false } };
}

function designsOf(machine: Machine, widths: OperandWidths): Design[] {
  const conventional = conventionalLike(machine, widths, 8);
  const narrow = conventionalLike(machine, widths, 1);
  const capabilities = { ...machine.capabilities };
  const designs: Design[] = [
    {
      name: 'INT8 reference',
      adds: 'conventional systolic NPU: the network in bytes, weights streamed, fusion and double buffering on',
      machine: conventional,
    },
    {
      name: 'own bits',
      adds: "the same NPU with the network's own widths in memory and on the wires",
      machine: narrow,
    },
  ];
  if (machine.core.matrix.kind === 'systolic') return designs;
  designs.push({
    name: 'in memory',
    adds: 'multiplies in the memory arrays of this machine; weights are written again for every inference',
    machine: { ...machine, capabilities: { ...capabilities, weightResidency: false } },
  });
  if (capabilities.weightResidency)
    designs.push({
      name: 'resident',
      adds: 'weights that fit stay in the arrays from one inference to the next',
      machine,
    });
  return designs;
}

/** The reference: one systolic array of the same peak, cells given back as buffer (less the array's own weight registers). */
function conventionalLike(machine: Machine, widths: OperandWidths, bitsMin: number): Machine {
  const peak = peakMacsPerCycle(machine, widths.input, widths.weight) / machine.cores;
  const side = Math.max(1, Math.round(Math.sqrt(peak)));
  const own = machine.core.matrix;
  const matrix: Systolic = {
    kind: 'systolic',
    rows: side,
    columns: side,
    dataflow: 'weight-stationary',
    planes: 2,
    preload: 'overlapped',
    setupCycles: own.kind === 'systolic' ? own.setupCycles : 4,
    writeBits: side * 8,
    feedBits: side * 8,
    weightBitsMin: bitsMin,
    weightBitsMax: 8,
    inputBitsMin: bitsMin,
    inputBitsMax: Math.max(8, own.inputBitsMax),
  };
  const freed = cellBytes(machine) - side * side * matrix.planes;
  const word = (machine.buffer.banks * machine.buffer.portBits) / 8;
  const sizeBytes = Math.max(word, machine.buffer.sizeBytes + Math.floor(freed / word) * word);
  return {
    ...machine,
    name: bitsMin === 8 ? 'reference-int8' : 'reference-own-bits',
    core: { ...machine.core, matrix },
    buffer: { ...machine.buffer, sizeBytes },
    capabilities: { ...machine.capabilities, weightPlanes: true, weightResidency: false },
  };
}

function cellBytes(machine: Machine): number {
  const g = matrixGeometry(machine.core.matrix);
  const { matrix } = machine.core;
  const cellBits = matrix.kind === 'systolic' ? 8 : matrix.kind === 'analog-cim' ? matrix.cellBits : 1;
  return (machine.cores * g.planes * g.macros * g.rows * g.columns * cellBits) / 8;
}

function onChipBytes(machine: Machine): number {
  return (
    machine.buffer.sizeBytes +
    machine.cores * (machine.core.scratchpad.sizeBytes + machine.core.accumulators.sizeBytes) +
    cellBytes(machine)
  );
}

/** Median widths of the layers' operands, each layer counted once. */
function medianWidths(layers: readonly OperandWidths[]): OperandWidths {
  const median = (all: number[]) => all.sort((a, b) => a - b)[Math.floor((all.length - 1) / 2)] ?? 8;
  return { input: median(layers.map((l) => l.input)), weight: median(layers.map((l) => l.weight)) };
}

function rungOf(
  design: Design,
  point: RungPoint,
  reference: RungPoint,
  batch: number,
  widths: OperandWidths,
): LadderRung {
  const { result, bounds } = point;
  const dram = dramTraffic(point);
  const before = dramTraffic(reference);
  return {
    name: design.name,
    adds: design.adds,
    machine: design.machine.name,
    cycles: result.cycles,
    latencyPs: result.latencyPs,
    energyFj: point.energy.totalFj,
    dramReadBytes: dram.read,
    dramWriteBytes: dram.write,
    weightDramBytes: dram.weights,
    wallCycles: Math.max(0, result.cycles - point.freeDramCycles),
    boundCycles: bounds.boundCycles,
    scheduleLimited: result.cycles > SCHEDULE_LIMIT * bounds.boundCycles,
    avoidedBytes: before.read + before.write - dram.read - dram.write,
    onChipBytes: onChipBytes(design.machine),
    peakMacsPerCycle: peakMacsPerCycle(design.machine, widths.input, widths.weight),
    state: point.state,
    batch,
  };
}

function dramTraffic(point: RungPoint): { read: number; write: number; weights: number } {
  const sum = { read: 0, write: 0, weights: 0 };
  for (const t of point.result.traffic) {
    if (t.boundary !== 'dram') continue;
    sum.read += t.readBytes;
    sum.write += t.writeBytes;
    if (t.role === 'weights') sum.weights += t.readBytes;
  }
  return sum;
}

function isoText(machine: Machine, reference: Machine, widths: OperandWidths): Record<string, string> {
  const peak = (m: Machine) => Math.round(peakMacsPerCycle(m, widths.input, widths.weight)).toLocaleString('en-US');
  const r = reference.core.matrix;
  return {
    DRAM: machine.dram.name,
    clock: `${machine.clocks.coreMhz} MHz core, ${machine.clocks.bufferMhz} MHz buffer`,
    'on-chip bytes': `${formatBytes(onChipBytes(reference))} reference, ${formatBytes(onChipBytes(machine))} design, array cells included`,
    'peak MAC/cycle': `${peak(reference)} reference (${r.kind === 'systolic' ? `${r.rows}x${r.columns}` : ''}), ${peak(machine)} design, at the median widths W${widths.weight} A${widths.input}`,
  };
}
