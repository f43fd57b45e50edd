/** What the compiler decided, layer by layer, for the report: sizes, mapping with its reason, homes, memory in use. */

import type { Machine } from '../../isa/machine/schema.ts';
import type { Program } from '../../isa/program.ts';
import type { Space } from '../../isa/tensor.ts';
import type { BandCycles } from '../bands/choose.ts';
import type { MergedLayers } from '../bands/layers.ts';
import type { Kernel } from '../lower/kernel.ts';
import { at } from '../lower/layout.ts';
import type { WeightPlan } from '../lower/weights.ts';
import type { MemoryPlan } from './addresses.ts';
import { choicesOf, type MappingChoices } from './alternatives.ts';
import type { Beside } from './beside.ts';
import type { CoreChoice } from './cores.ts';
import type { BandsDecision, Decisions } from './decisions.ts';
import { macsDone } from './macs-done.ts';
import type { MappingChoice } from './matmul.ts';
import type { Pins } from './pinned.ts';
import { residentLimitBytes, stagedConstants } from './resident.ts';
import type { Storage } from './storage.ts';
import { decisionsOf } from './take-decisions.ts';

/** What is reported of a mapping beside the usual: its decisions, or also what else there was. */
export type Explain = 'decisions' | 'choices';

export interface LayerReport {
  readonly name: string;
  readonly op: string;
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly macs: number;
  /** Those that are done: more than `macs` where rows between bands or tiles are computed by both. */
  readonly macsDone: number;
  /** Output tile, of the first band where it is made in bands, and how many there are. */
  readonly tile: readonly number[];
  readonly tiles: number;
  readonly mapping: MappingChoice | null;
  /** How it is cut over the cores, and why; empty on a machine or a choice of one core. */
  readonly sharing: string;
}

export interface TensorHome {
  readonly name: string;
  readonly sizeBytes: number;
  readonly space: Space;
  readonly address: number;
}

export interface CompileReport {
  readonly layers: readonly LayerReport[];
  readonly tensors: readonly TensorHome[];
  readonly memory: {
    readonly spadPeakBytes: number;
    readonly bufferPeakBytes: number;
    readonly activationBytesDram: number;
    readonly constantBytes: number;
  };
  readonly weights: { readonly tiles: number; readonly writes: number; readonly resident: boolean };
  /** Requantizer records, tables and constant operands; what is resident is not loaded again by `steadyProgram`. */
  readonly parameters: {
    readonly tensors: number;
    readonly residentTensors: number;
    /** In the scratchpad; `limitBytes` is the share that resident ones may take. */
    readonly sizeBytes: number;
    readonly residentBytes: number;
    readonly limitBytes: number;
  };
  readonly instructions: number;
  /** Everything that was decided, as it can be pinned (CompileOptions.pins); null where nobody asked (CompileOptions.explain), and of pipelines. */
  readonly decisions: Decisions | null;
  /** Each with its estimate and what else there was; null where nobody asked. */
  readonly choices: MappingChoices | null;
}

export interface ReportInput {
  readonly storage: Storage;
  readonly memory: MemoryPlan;
  readonly choices: readonly (MappingChoice | null)[];
  /** By kernel, with the one in front. */
  readonly beside: readonly (Beside | null)[];
  readonly cores: CoreChoice;
  /** As `storage`, with kernels as they are before they are cut over cores. */
  readonly full: Storage;
  /** Whether rearranged values were copied. */
  readonly copies: boolean;
  readonly bands: readonly BandsDecision[];
  /** What was expected of them; null where there are none, or they are pinned. */
  readonly bandCycles: BandCycles | null;
  /** Kernels that run, in order, and the layers that they are in the report. */
  readonly layers: readonly Kernel[];
  readonly merged: MergedLayers;
  readonly weights: WeightPlan & {
    readonly kept: boolean;
    readonly room: boolean;
    readonly staged: ReadonlySet<number>;
  };
  readonly machine: Machine;
  readonly program: Program;
  readonly pins: Pins | undefined;
  readonly explain: Explain | undefined;
}

export function buildReport(input: ReportInput): CompileReport {
  const { storage, memory, choices, cores, weights, machine, program } = input;
  const running = storage.kernels.flatMap((_, k) => (at(memory.homes.plans, k) === null ? [] : [k]));
  const layers = input.merged.symbols.map((symbol, l): LayerReport => {
    const own = running.filter((_, i) => input.merged.of[i] === l);
    const k = at(own, 0);
    const plans = own.flatMap((n) => memory.homes.plans[n] ?? []);
    const done = own.map((n, i) => macsDone(at(input.full.kernels, n), at(cores.splits, n), at(plans, i)));
    return {
      ...symbol,
      macsDone: done.reduce((a, b) => a + b, 0),
      tile: at(plans, 0).sizes,
      tiles: plans.reduce((n, plan) => n + plan.tiles, 0),
      mapping: at(choices, k),
      sharing: at(cores.reasons, k),
    };
  });
  const tensors = storage.buffers
    .filter((b) => at(memory.homes.lives, b.id).first >= 0)
    .map(
      (b): TensorHome => ({
        name: b.name,
        sizeBytes: b.sizeBytes,
        space: at(memory.buffers, b.id).space,
        address: at(memory.buffers, b.id).base,
      }),
    );
  return {
    layers,
    tensors,
    memory: {
      spadPeakBytes: memory.spadPeakBytes,
      bufferPeakBytes: memory.bufferPeakBytes,
      activationBytesDram: memory.activationsEnd,
      constantBytes: program.constants.reduce((n, c) => n + c.bytes.length, 0),
    },
    weights: { tiles: weights.tiles, writes: weights.writes, resident: weights.resident },
    parameters: parameterReport(storage, memory, machine),
    instructions: program.cores.reduce((n, c) => n + c.instructions.length, 0),
    decisions: input.explain === undefined || cores.stages !== null ? null : decisionsOf(input),
    choices: input.explain === 'choices' ? choicesOf(input) : null,
  };
}

function parameterReport(storage: Storage, memory: MemoryPlan, machine: Machine): CompileReport['parameters'] {
  const staged = [...stagedConstants(storage, machine)];
  const resident = staged.filter(([constant]) => memory.constants.has(constant));
  const bytes = (list: typeof staged): number => list.reduce((sum, [, size]) => sum + size, 0);
  return {
    tensors: staged.length,
    residentTensors: resident.length,
    sizeBytes: bytes(staged),
    residentBytes: bytes(resident),
    limitBytes: residentLimitBytes(machine),
  };
}
