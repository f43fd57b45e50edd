/** A published CIM macro as data: a matrix unit, a technology, and its figures at every operating point that is known. Nothing here is computed. */
import type { AnalogCim, DigitalCim } from '../../../isa/machine/schema.ts';
import type { Rates } from '../../../sim/energy/activity.ts';
import type { MacroSource } from './macro-sources.ts';

/** Key in sim/energy/macros/split.json, which says whether the chip is fitted or held out. */
export interface PublishedMacro {
  readonly key: string;
  readonly name: string;
  readonly nodeNm: number;
  readonly matrix: MacroShape;
  readonly points: readonly MacroPoint[];
}

export type DigitalShape = Pick<
  DigitalCim,
  'kind' | 'rows' | 'columns' | 'rowsAtOnce' | 'weightBitsMin' | 'weightBitsMax' | 'inputBitsMax'
> &
  Partial<Pick<DigitalCim, 'macros' | 'inputBitsPerCycle' | 'columnMux'>>;
export type AnalogShape = Pick<
  AnalogCim,
  'kind' | 'rows' | 'columns' | 'cellBits' | 'dacBits' | 'adcBits' | 'weightBitsMax' | 'inputBitsMax'
>;
export type MacroShape = DigitalShape | AnalogShape;

export interface MacroPoint {
  readonly supplyV: number;
  /** Widths of the published figures. */
  readonly inputBits: number;
  readonly weightBits: number;
  /** One step of the array: input bits per cycle, or one conversion. An input of the model, derived from the published throughput. */
  readonly cycleNs: number;
  readonly source: MacroSource;
  readonly read: string;
  readonly topsPerWatt?: number;
  readonly topsPerMm2?: number;
  /** Another supply at which the cycle is published: this point's cycle is then predicted from that one. */
  readonly cycleFrom?: { readonly supplyV: number; readonly ns: number };
  /** What the operands of this figure switch; 50 % x 50 % where left out. */
  readonly activity?: Rates;
  /** Widths that the machine runs, where its circuit codes operands otherwise (Booth digits are taken as input bits). */
  readonly runs?: { readonly inputBits: number; readonly weightBits: number };
  /** Rows that are described by macros of their own, adding up from one to the next. */
  readonly matrix?: Partial<DigitalShape>;
  readonly gridK?: number;
  /** Distinguishes points of one supply and width. */
  readonly label?: string;
  /** Whether the point is shown without being judged, and why; else how to read the error. */
  readonly listed?: string;
  readonly note?: string;
}
