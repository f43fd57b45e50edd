/**
 * Roughly when each draft of a program starts: units of a layer side by side, layers one after the other but for groups that are not, weights in place. Enough to
 * send transfers at the right moment; leaves out waits inside a layer, overlap of layers, ports and start-up.
 */
import { vectorCycles } from '../../isa/demand/matrix.ts';
import { TABLE } from '../../isa/instructions/table.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import { elementCount } from '../../isa/tensor.ts';
import type { Draft } from './draft.ts';
import { accessOf, coreOf } from './draft.ts';

/** Which stage of a pipeline an instruction belongs to, by its layer; stages run side by side. */
export type StageOf = (layer: number) => number;
/** A number that layers which run side by side have in common. */
export type GroupOf = (layer: number) => number;

/** Core cycles at which each draft starts, never falling; one entry more for the end. */
export function paceOf(
  drafts: readonly Draft[],
  machine: Machine,
  stageOf: StageOf = () => 0,
  groupOf: GroupOf = (layer) => layer,
): Float64Array {
  const starts = new Float64Array(drafts.length + 1);
  const stages = new Map<number, StagePace>();
  let latest = 0;
  let end = 0;
  drafts.forEach((draft, i) => {
    const stage = stageOf(draft.layer);
    const pace = stages.get(stage) ?? new StagePace();
    stages.set(stage, pace);
    latest = Math.max(latest, pace.start(draft, groupOf(draft.layer)));
    starts[i] = latest;
    end = Math.max(end, pace.add(draft, machine));
  });
  starts[drafts.length] = end;
  return starts;
}

/** One group of layers after the other, its units side by side. */
class StagePace {
  readonly #busy = new Map<string, number>();
  #group = -1;
  #began = 0;
  #now = 0;

  start(draft: Draft, group: number): number {
    if (group !== this.#group && draft.op !== 'ww') {
      this.#group = group;
      this.#began = this.#now;
      this.#busy.clear();
    }
    return this.#now;
  }

  add(draft: Draft, machine: Machine): number {
    const unit = `${coreOf(draft)} ${TABLE[draft.op].unit}`;
    const sum = (this.#busy.get(unit) ?? 0) + cyclesOf(draft, machine);
    this.#busy.set(unit, sum);
    this.#now = Math.max(this.#now, this.#began + sum);
    return this.#now;
  }
}

export function cyclesOf(draft: Draft, machine: Machine): number {
  const { vector, drain, matrix } = machine.core;
  if (draft.op === 'mm') {
    const { kCount, gridK, nCount, replicas } = draft.tile;
    const vectors = elementCount(draft.dst) / nCount / replicas;
    return vectors * vectorCycles(matrix, draft.src.widthBits, Math.ceil(kCount / gridK), Math.min(nCount, 64));
  }
  if (draft.op === 'rq') return elementCount(draft.src) / drain.lanes + drain.startupCycles;
  const { reads, writes } = accessOf(draft);
  const elements = Math.max(0, ...[...reads, ...writes].map(elementCount));
  if (draft.op === 'vdot') return elements / vector.windowMacLanes + vector.startupCycles;
  const moved = Math.max(0, ...[...reads, ...writes].map((t) => elementCount(t) * t.widthBits));
  if (draft.op === 'ww' || 'channel' in draft) return moved / machine.interconnect.linkBits;
  return elements / vector.lanes + vector.startupCycles;
}
