/** Units as small numbers, per program: which unit executes an instruction, and its name for people. */
import { executingUnit } from '../../isa/instructions/fields.ts';
import { type Instruction, UNIT_KINDS, type UnitKind } from '../../isa/instructions/table.ts';

const CHANNELS = 16;
const PER_CORE = UNIT_KINDS.length - 1 + CHANNELS;

export interface UnitName {
  readonly core: number;
  readonly kind: UnitKind;
  readonly channel: number;
}

/** Dense unit number: cores, then kinds, DMA channels last. */
export function unitNumber(u: UnitName): number {
  const order = UNIT_KINDS.filter((k) => k !== 'dma').indexOf(u.kind as Exclude<UnitKind, 'dma'>);
  return u.core * PER_CORE + (u.kind === 'dma' ? UNIT_KINDS.length - 1 + u.channel : order);
}

export function unitCount(cores: number): number {
  return cores * PER_CORE;
}

/** Unit that executes an instruction on a core. */
export function unitOf(i: Instruction, core: number): UnitName {
  return { core, ...executingUnit(i) };
}

export function unitText(u: UnitName, cores = 1): string {
  return `${u.kind}${u.kind === 'dma' ? u.channel : ''}${cores > 1 ? `@core${u.core}` : ''}`;
}
