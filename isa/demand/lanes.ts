/**
 * What vector and drain instructions cost: startup + max(lane time, words read, words written) + reduction depth (DESIGN section 5).
 * A requester reads one scratchpad word and writes one a cycle; operands that broadcast are read once per word.
 */
import type { Machine } from '../machine/schema.ts';
import type { SomeActions } from './actions.ts';
import type { UnitDemand } from './matrix.ts';

/** Bits that an operand moves at its memory's port, by space. */
export interface OperandBits {
  readonly spadRead: number;
  readonly spadWrite: number;
  readonly accRead: number;
  readonly accWrite: number;
}

export interface LaneWork {
  /** Elements that pass the lanes. */
  readonly elements: number;
  /** Lane operations per element, e.g. 1 for an add; cycles per element and lane. */
  readonly cyclesPerElement: number;
  readonly lanes: number;
  readonly startupCycles: number;
  readonly reductionDepth: number;
  readonly actions: SomeActions;
}

export function laneDemand(work: LaneWork, bits: OperandBits, machine: Machine): UnitDemand {
  const { scratchpad, accumulators } = machine.core;
  const laneCycles = Math.ceil(work.elements / work.lanes) * work.cyclesPerElement;
  const reads = Math.ceil(bits.spadRead / scratchpad.portBits);
  const writes = Math.ceil(bits.spadWrite / scratchpad.portBits);
  const accWords = Math.ceil(bits.accRead / accumulators.portBits) + Math.ceil(bits.accWrite / accumulators.portBits);
  const body = Math.max(laneCycles, reads, writes, accWords);
  return {
    busyCycles: work.startupCycles + body,
    latencyCycles: work.reductionDepth,
    spadWords: reads + writes,
    accWords,
    boundBy: body === laneCycles ? 'lanes' : body === accWords ? 'accumulator port' : 'scratchpad port',
    actions: {
      ...work.actions,
      'spad.readBit': bits.spadRead,
      'spad.writeBit': bits.spadWrite,
      'acc.readBit': bits.accRead,
      'acc.writeBit': bits.accWrite,
    },
  };
}
