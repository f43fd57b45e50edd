/** One executed instruction on its way through the machine: its times, why it started when it did, and what its time went into. */
import type { UnitDemand } from '../../isa/demand/matrix.ts';
import type { DynamicInstruction } from '../walk/sequence.ts';
import type { UnitName } from '../walk/units.ts';
import type { Cause } from '../result.ts';

/** A point of another record that this one had to wait for. */
export interface Dependence {
  readonly cause: Cause;
  /** undefined: the start of time. */
  readonly on: InstructionRecord | undefined;
  readonly at: number;
}

export interface Piece {
  readonly cause: Cause;
  readonly end: number;
}

export class InstructionRecord {
  readonly age: number;
  readonly unit: UnitName;
  readonly unitNumber: number;
  readonly at: DynamicInstruction;
  readonly layer: number;
  readonly demand: UnitDemand;
  dispatchPs = -1;
  startPs = -1;
  releasePs = -1;
  freePs = -1;
  donePs = -1;
  dispatched: Dependence = { cause: 'dispatch', on: undefined, at: 0 };
  started: Dependence = { cause: 'dispatch', on: undefined, at: 0 };
  /** Contiguous pieces from start to done. */
  readonly pieces: Piece[] = [];

  constructor(age: number, unit: UnitName, unitNumber: number, at: DynamicInstruction, layer: number, demand: UnitDemand) {
    this.age = age;
    this.unit = unit;
    this.unitNumber = unitNumber;
    this.at = at;
    this.layer = layer;
    this.demand = demand;
  }

  /** Extends the pieces to `end` with one cause; an earlier end is ignored. */
  spend(cause: Cause, end: number): void {
    const last = this.pieces[this.pieces.length - 1];
    if (end <= (last?.end ?? this.startPs)) return;
    if (last !== undefined && last.cause === cause) this.pieces[this.pieces.length - 1] = { cause, end };
    else this.pieces.push({ cause, end });
  }

  /** How far the pieces reach. */
  get spentTo(): number {
    return this.pieces[this.pieces.length - 1]?.end ?? this.startPs;
  }
}
