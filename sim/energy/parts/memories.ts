/** Memories on the chip, each from the SRAM tables plus the wires from its banks to its port (half of its side, the mean way). */
import type { ActionName } from '../../../isa/demand/actions.ts';
import type { Machine } from '../../../isa/machine/schema.ts';
import type { Component } from '../actions.ts';
import { type SramPrices, type SramShape, sramPrices } from '../memories/sram.ts';
import { absent, type Price, sum } from '../price.ts';
import { wireEnergy } from '../technology/static.ts';
import { copies, type Footprint, type Part } from './part.ts';

export type MemoryAction = Extract<
  ActionName,
  `acc.${string}` | `spad.${string}` | `window.${string}` | `buffer.${string}`
>;
export type MemoryComponent = Extract<Component, 'accumulators' | 'scratchpad' | 'windowBuffer' | 'buffer'>;

export function memoriesPart(machine: Machine): Part<MemoryAction, MemoryComponent> {
  const { core } = machine;
  const window: SramShape = { sizeBytes: core.windowBufferBytes, banks: 1, portBits: core.matrix.feedBits };
  const acc = wired(machine, core.accumulators, 'accumulators');
  const spad = wired(machine, core.scratchpad, 'scratchpad');
  const win =
    core.windowBufferBytes === 0
      ? noMemory('no window buffer in this machine')
      : wired(machine, window, 'window buffer');
  const buffer = wired(machine, machine.buffer, 'global buffer');
  return {
    actions: {
      'acc.readBit': acc.readBit,
      'acc.writeBit': acc.writeBit,
      'spad.readBit': spad.readBit,
      'spad.writeBit': spad.writeBit,
      'window.readBit': win.readBit,
      'window.writeBit': win.writeBit,
      'buffer.readBit': buffer.readBit,
      'buffer.writeBit': buffer.writeBit,
    },
    components: {
      accumulators: inEachCore(machine, acc),
      scratchpad: inEachCore(machine, spad),
      windowBuffer: inEachCore(machine, win),
      buffer: { area: buffer.area, leakage: buffer.leakage },
    },
  };
}

function wired(machine: Machine, shape: SramShape, name: string): SramPrices {
  const sram = sramPrices(shape, machine.technology, name);
  if (shape.banks === 1) return sram;
  const halfSideMm = Math.sqrt(sram.area.value / 1e6) / 2;
  const wire = wireEnergy(halfSideMm, machine.technology, `banks of the ${name} to its port`);
  const add = (p: Price, kind: string) => sum([p, wire], `${kind} per bit of ${name}, at its port`);
  return { ...sram, readBit: add(sram.readBit, 'read'), writeBit: add(sram.writeBit, 'write') };
}

function noMemory(why: string): SramPrices {
  return {
    readBit: absent('fJ', why),
    writeBit: absent('fJ', why),
    leakage: absent('nW', why),
    area: absent('um2', why),
  };
}

function inEachCore(machine: Machine, { area, leakage }: Footprint): Footprint {
  return copies({ area, leakage }, machine.cores, `${machine.cores} cores`);
}
