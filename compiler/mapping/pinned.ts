/** What is pinned of one plan, by kernel, buffer and constant, and how a pin is refused: which decision of which layer, why, and what would be possible. */
import { type CapacityDetails, CapacityError, type Diagnostic, InputError } from '../../isa/base/errors.ts';
import type { Space } from '../../isa/tensor.ts';
import type { ConstantTensor } from '../lower/constants.ts';
import type { ArraysDecision, Home, NetworkDecisions } from './decisions.ts';

/** Pins of one kernel; what is left out is free. */
export interface KernelPins {
  readonly layer: string;
  /** Dim that is cut over cores, null for none. */
  readonly split?: number | null;
  /** By dim, undefined where it is free. */
  readonly sizes?: readonly (number | undefined)[];
  readonly order?: readonly number[];
  /** Elements of the summed axis in a slice, null for all at once. */
  readonly summed?: number | null;
  /** Whether it runs side by side with the layer in front. */
  readonly beside?: boolean;
  readonly arrays?: ArraysDecision;
  readonly weights?: 'buffer' | 'dram';
}

export interface Pins {
  readonly network: NetworkDecisions;
  readonly kernels: readonly (KernelPins | undefined)[];
  /** By buffer, with the layer that said so. */
  readonly spaces: ReadonlyMap<number, { readonly space: Space; readonly layer: string }>;
  readonly constants: ReadonlyMap<ConstantTensor, 'scratchpad' | 'dram'>;
}

/** A space as a mapping calls it. */
export function homeOf(space: Space): Home {
  return space === 'spad' ? 'scratchpad' : space === 'dram' ? 'dram' : 'buffer';
}

/** An impossible pin: which decision of which layer, why not, and what would be possible. */
export function pinError(where: string, message: string, possible: string): InputError {
  return pinErrors([{ code: 'E-MAPPING-PIN', where, message, expected: possible }]);
}

export function pinErrors(diagnostics: readonly Diagnostic[]): InputError {
  const count = diagnostics.length === 1 ? 'a decision' : `${diagnostics.length} decisions`;
  return new InputError(`${count} of the mapping cannot be met`, { code: 'E-MAPPING-PIN', diagnostics });
}

/** A pin that this machine has no room for. */
export function pinCapacity(where: string, message: string, details: Omit<CapacityDetails, 'code'>): CapacityError {
  return new CapacityError(`${where}: ${message}`, { code: 'E-MAPPING-CAPACITY', ...details });
}
