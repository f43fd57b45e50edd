/**
 * What each countable action is to the price list: the part of the chip that spends it and the scope it belongs to. The names themselves are
 * the contract's (isa/demand/actions.ts); a mapped type makes a new action fail to compile here and in every price list.
 */
import type { ActionName } from '../../isa/demand/actions.ts';

export type { ActionCounts, ActionName } from '../../isa/demand/actions.ts';

/** Parts of the chip that area and leakage are told by. */
export const COMPONENTS = [
  'arrays',
  'adderTrees',
  'shiftAdd',
  'macroAdder',
  'accumulators',
  'scratchpad',
  'windowBuffer',
  'buffer',
  'vector',
  'drain',
  'sequencer',
  'dma',
  'interconnect',
] as const;
export type Component = (typeof COMPONENTS)[number];

/** What an efficiency figure includes: the matrix unit alone, the chip, or the chip and its DRAM (with the tier behind it). Each scope contains those before it. */
export const SCOPES = ['arrays', 'chip', 'chipAndDram'] as const;
export type Scope = (typeof SCOPES)[number];

/** The smallest scope that contains an action. */
export const ACTION_SCOPE: Readonly<Record<ActionName, Scope>> = {
  'mac.bit': 'arrays',
  'array.inputBit': 'arrays',
  'array.adderBit': 'arrays',
  'array.shiftAdd': 'arrays',
  'analog.cell': 'arrays',
  'analog.dac': 'arrays',
  'analog.adc': 'arrays',
  'array.macroAdd': 'arrays',
  'array.macroCycle': 'arrays',
  'array.writeBit': 'arrays',
  'systolic.mac': 'arrays',
  'systolic.productBit': 'arrays',
  'systolic.loadBit': 'arrays',
  'acc.readBit': 'chip',
  'acc.writeBit': 'chip',
  'spad.readBit': 'chip',
  'spad.writeBit': 'chip',
  'window.readBit': 'chip',
  'window.writeBit': 'chip',
  'buffer.readBit': 'chip',
  'buffer.writeBit': 'chip',
  'link.bit': 'chip',
  'dram.activate': 'chipAndDram',
  'dram.readBit': 'chipAndDram',
  'dram.writeBit': 'chipAndDram',
  'dram.refresh': 'chipAndDram',
  'tier.readBit': 'chipAndDram',
  'tier.writeBit': 'chipAndDram',
  'vector.intOp': 'chip',
  'vector.floatOp': 'chip',
  'vector.mac': 'chip',
  'drain.op': 'chip',
  'drain.multiply': 'chip',
  'drain.compare': 'chip',
  'seq.instruction': 'chip',
  'seq.fetchBit': 'chip',
};

/** The smallest scope that contains a part of the chip. */
export const COMPONENT_SCOPE: Readonly<Record<Component, Scope>> = {
  arrays: 'arrays',
  adderTrees: 'arrays',
  shiftAdd: 'arrays',
  macroAdder: 'arrays',
  accumulators: 'chip',
  scratchpad: 'chip',
  windowBuffer: 'chip',
  buffer: 'chip',
  vector: 'chip',
  drain: 'chip',
  sequencer: 'chip',
  dma: 'chip',
  interconnect: 'chip',
};
