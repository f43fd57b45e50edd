/**
 * Roughly when each draft of a program starts: units of a layer side by side, layers one after the other, weights in place. Enough to
 * send transfers at the right moment; leaves out waits inside a layer, overlap of layers, ports and start-up.
 */
import { vectorCycles } from '../../isa/demand/matrix.ts';
import { TABLE } from '../../isa/instructions/table.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import { elementCount } from '../../isa/tensor.ts';
import type { Draft } from './draft.ts';
import { accessOf, coreOf } from './draft.ts';

/** Core cycles at which each draft starts, never falling; one entry more for the end. */
export function paceOf(drafts: readonly Draft[], machine: Machine): Float64Array {
  const starts = new Float64Array(drafts.length + 1);
  const busy = new Map<string, number>();
  let layer = -1;
  let began = 0;
  let now = 0;
  drafts.forEach((draft, i) => {
    if (draft.layer !== layer && draft.op !== 'ww') {
      layer = draft.layer;
      began = now;
      busy.clear();
    }
    starts[i] = now;
    const unit = `${coreOf(draft)} ${TABLE[draft.op].unit}`;
    const sum = (busy.get(unit) ?? 0) + cyclesOf(draft, machine);
    busy.set(unit, sum);
    now = Math.max(now, began + sum);
  });
  starts[drafts.length] = now;
  return starts;
}

function cyclesOf(draft: Draft, machine: Machine): number {
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
