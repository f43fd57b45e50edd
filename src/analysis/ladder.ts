/**
 * The memory-wall ladder: the network compiled and simulated again, one help at a time, on machines made equal where the comparison needs it: same DRAM,
 * clock, vector unit and drain; same on-chip bytes, array cells included (the reference gets them back as buffer); same peak MAC/s at the network's median widths.
 * Every rung is a run of its own, and its wall is another. Not on it: compression and sparsity, which this machine does not have yet; FP16.
 */

import type { Graph, IntegerType } from '../../compiler/graph/types.ts';
import { CapacityError } from '../../isa/base/errors.ts';
import { formatBytes } from '../../isa/base/units.ts';
import { matrixGeometry } from '../../isa/machine/geometry.ts';
import type { Machine, Systolic } from '../../isa/machine/schema.ts';
import type { LadderRung } from '../report/schema.ts';
import { compileModel, type Model } from '../run/prepare.ts';
import { type DesignPoint, type Statistics, simulatePoint } from '../run/simulate-model.ts';
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

/** `statistics`: what the operands were, so that rungs are priced as the headline is; layers keep their numbers on every rung. */
export function climb(model: Model, machine: Machine, statistics: Statistics = []): Ladder {
  const widths = medianWidths(model.graph);
  const designs = designsOf(unskipping(machine), widths);
  const notes: string[] = machine.capabilities.zeroSkipping
    ? ['no rung skips zeros: what can be skipped was measured for the mapping of this machine, not for theirs']
    : [];
  const wide = batchGraph(model.graph, BATCH);
  const rungs: LadderRung[] = [];
  const runs = [
    { model, batch: 1, state: 'steady' as const },
    { model, batch: 1, state: 'cold' as const },
    ...(wide === undefined ? [] : [{ model: { ...model, graph: wide }, batch: BATCH, state: 'steady' as const }]),
  ];
  if (wide === undefined)
    notes.push(`batch ${BATCH} is left out: the first axis of this network is not a batch throughout`);
  for (const run of runs) {
    let reference: DesignPoint | undefined;
    for (const design of designs) {
      try {
        const point = simulatePoint(compileModel(run.model, design.machine), design.machine, {
          state: run.state,
          statistics,
        });
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

function designsOf(machine: Machine, widths: Widths): Design[] {
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
function conventionalLike(machine: Machine, widths: Widths, bitsMin: number): Machine {
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

interface Widths {
  readonly input: number;
  readonly weight: number;
}

/** Median widths of the layers' operands, each layer counted once. */
function medianWidths(graph: Graph): Widths {
  const inputs: number[] = [];
  const weights: number[] = [];
  for (const node of graph.nodes) {
    if (node.op !== 'conv' && node.op !== 'matmul') continue;
    inputs.push((graph.values.get(node.inputs[0]!)!.element as IntegerType).bits);
    weights.push((graph.values.get(node.inputs[1]!)!.element as IntegerType).bits);
  }
  const median = (all: number[]) => all.sort((a, b) => a - b)[Math.floor((all.length - 1) / 2)] ?? 8;
  return { input: median(inputs), weight: median(weights) };
}

function rungOf(design: Design, point: DesignPoint, reference: DesignPoint, batch: number, widths: Widths): LadderRung {
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

function dramTraffic(point: DesignPoint): { read: number; write: number; weights: number } {
  const sum = { read: 0, write: 0, weights: 0 };
  for (const t of point.result.traffic) {
    if (t.boundary !== 'dram') continue;
    sum.read += t.readBytes;
    sum.write += t.writeBytes;
    if (t.role === 'weights') sum.weights += t.readBytes;
  }
  return sum;
}

function isoText(machine: Machine, reference: Machine, widths: Widths): Record<string, string> {
  const peak = (m: Machine) => Math.round(peakMacsPerCycle(m, widths.input, widths.weight)).toLocaleString('en-US');
  const r = reference.core.matrix;
  return {
    DRAM: machine.dram.name,
    clock: `${machine.clocks.coreMhz} MHz core, ${machine.clocks.bufferMhz} MHz buffer`,
    'on-chip bytes': `${formatBytes(onChipBytes(reference))} reference, ${formatBytes(onChipBytes(machine))} design, array cells included`,
    'peak MAC/cycle': `${peak(reference)} reference (${r.kind === 'systolic' ? `${r.rows}x${r.columns}` : ''}), ${peak(machine)} design, at the median widths W${widths.weight} A${widths.input}`,
  };
}
