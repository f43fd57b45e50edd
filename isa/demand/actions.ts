/**
 * Countable hardware events. Demand counts them, energy prices them: a new action fails to compile in every price list. Counts are integers;
 * "bit" actions count bits, so that a price is per bit whatever the port's width.
 */
export const ACTIONS = {
  'mac.bit': 'one-bit products in a digital CIM array: MACs x input bits x weight bits',
  'array.inputBit': 'input bits driven onto wordlines (rows x input-bit steps, per macro)',
  'array.adderBit': 'adder-tree leaf inputs: one-bit products that enter a tree (equals mac.bit on digital CIM)',
  'array.shiftAdd': 'shift-and-accumulate operations (outputs x input-bit steps, per weight column group)',
  'analog.cell': 'cell reads of an analog array: MACs x input passes x cells a weight',
  'analog.dac': 'DAC conversions: rows driven, per pass and macro column of the grid',
  'analog.adc': 'ADC conversions: cell columns read, per pass, row group and macro row of the grid',
  'array.macroAdd': 'additions of partial sums between macros',
  'array.macroCycle': 'cycles in which a macro computes, of every macro that takes part; the others are not clocked',
  'array.writeBit': 'cell bits written',
  'systolic.mac': 'multiply-accumulates of a systolic array: its registers and control, whatever the widths',
  'systolic.productBit': 'partial products in the multipliers of a systolic array: MACs x input bits x weight bits',
  'systolic.loadBit': 'weight bits loaded into a systolic array',
  'acc.readBit': 'accumulator bits read',
  'acc.writeBit': 'accumulator bits written',
  'spad.readBit': 'scratchpad bits read',
  'spad.writeBit': 'scratchpad bits written',
  'window.readBit': 'window-buffer bits read',
  'window.writeBit': 'window-buffer bits written',
  'buffer.readBit': 'global-buffer bits read',
  'buffer.writeBit': 'global-buffer bits written',
  'link.bit': 'bits over the interconnect, and over the port of instruction fetch beside it',
  'dram.activate': 'DRAM row activations (with their precharge)',
  'dram.readBit': 'DRAM bits read',
  'dram.writeBit': 'DRAM bits written',
  'dram.refresh': 'all-bank refreshes, per channel',
  'tier.readBit': 'bits read from the slower tier behind DRAM, in whole blocks',
  'tier.writeBit': 'bits written to the slower tier behind DRAM, in whole blocks',
  'vector.intOp': 'vector-lane integer operations',
  'vector.floatOp': 'vector-lane float32 operations',
  'vector.mac': 'window multiply-accumulates',
  'drain.op': 'elements through the drain (bias or residual add, clamp)',
  'drain.multiply': 'multiplications of the fixed-point and float32 requantizers',
  'drain.compare': 'threshold comparisons',
  'seq.instruction': 'instructions dispatched',
  'seq.fetchBit': 'instruction and descriptor bits fetched',
} as const;

export type ActionName = keyof typeof ACTIONS;
export type ActionCounts = Readonly<Record<ActionName, number>>;
export type SomeActions = Readonly<Partial<Record<ActionName, number>>>;

export const ACTION_NAMES = Object.keys(ACTIONS) as readonly ActionName[];

export function noActions(): Record<ActionName, number> {
  return Object.fromEntries(ACTION_NAMES.map((a) => [a, 0])) as Record<ActionName, number>;
}

export function addActions(into: Record<ActionName, number>, some: SomeActions): void {
  for (const [name, n] of Object.entries(some)) into[name as ActionName] += n;
}
