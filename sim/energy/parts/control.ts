/**
 * Sequencer, DMA and interconnect. Instruction and descriptor memories come from the SRAM tables; decode, DMA engines and crossbar are assumed gate counts with wide
 * ranges, since no source at hand states them. The interconnect is a wire of one chip side.
 */
import type { ActionName } from '../../../isa/demand/actions.ts';
import type { Machine } from '../../../isa/machine/schema.ts';
import type { Component } from '../actions.ts';
import { sramPrices } from '../memories/sram.ts';
import { assumed, type Price, product, sum, times } from '../price.ts';
import { gateArea, gateAreaAt, gateEnergy, gatesAt, registerActivity } from '../technology/gates.ts';
import { wireEnergy } from '../technology/static.ts';
import { type Footprint, logicFootprint } from './part.ts';

export type ControlAction = Extract<ActionName, `seq.${string}` | 'link.bit'>;
export type ControlComponent = Extract<Component, 'sequencer' | 'dma' | 'interconnect'>;

const INSTRUCTION_BITS = 128;
/** A descriptor entry as held on chip. */
const DESCRIPTOR_BYTES = 64;
const DESCRIPTORS_PER_INSTRUCTION = 3;

function memories(machine: Machine) {
  const { sequencer } = machine.core;
  return {
    code: sramPrices(
      { sizeBytes: sequencer.instructionBytes, banks: 1, portBits: sequencer.fetchBits },
      machine.technology,
      'instruction memory',
    ),
    descriptors: sramPrices(
      { sizeBytes: sequencer.descriptorEntries * DESCRIPTOR_BYTES, banks: 1, portBits: 256 },
      machine.technology,
      'descriptor memory',
    ),
  };
}

export function controlComponents(machine: Machine): Readonly<Record<ControlComponent, Footprint>> {
  const corner = machine.technology;
  const { code, descriptors } = memories(machine);
  const logic = (gates: number, count: number, why: string, name: string) =>
    logicFootprint(
      gateAreaAt(times(gateArea('inverter'), gates, 'gates'), corner, name),
      count,
      corner,
      `${name}: ${why}`,
    );
  const decode = logic(20_000, machine.cores, 'assumed 20,000 gates', 'sequencer logic');
  return {
    sequencer: {
      area: sum([...inCores(machine, [code.area, descriptors.area]), doubtful(decode.area)], 'sequencer'),
      leakage: sum([...inCores(machine, [code.leakage, descriptors.leakage]), decode.leakage], 'sequencer'),
    },
    dma: doubtfulFootprint(
      logic(15_000, machine.core.dma.channels * machine.cores, 'assumed 15,000 gates a channel', 'DMA'),
    ),
    interconnect: doubtfulFootprint(
      logic(
        8 * machine.interconnect.linkBits,
        machine.cores + 1,
        'assumed 8 gates per link bit and port',
        'interconnect',
      ),
    ),
  };
}

function inCores(machine: Machine, prices: readonly Price[]): Price[] {
  return prices.map((p) => times(p, machine.cores, 'cores'));
}

function doubtful(area: Price): Price {
  return product(
    area,
    [assumed(1, '1', 'gate count assumed: half to three times', [0.5, 3])],
    'with the doubt about its gates',
  );
}

function doubtfulFootprint(f: Footprint): Footprint {
  return { ...f, area: doubtful(f.area) };
}

/** `chipUm2`: area of the whole chip, whose side is the length of the interconnect. */
export function controlActions(machine: Machine, chipUm2: number): Readonly<Record<ControlAction, Price>> {
  const corner = machine.technology;
  const { code, descriptors } = memories(machine);
  const register = product(gateEnergy('flipFlop'), [registerActivity()], 'flip-flop');
  const pipeline = gatesAt(
    times(register, 3 * INSTRUCTION_BITS, 'fetch, decode and queue registers'),
    corner,
    'instruction registers',
  );
  const decode = assumed(1000, 'fJ', 'decode and dispatch logic, about 1,500 gates switching once', [300, 4000]);
  const bits = DESCRIPTORS_PER_INSTRUCTION * DESCRIPTOR_BYTES * 8;
  return {
    'seq.instruction': sum(
      [
        times(code.readBit, INSTRUCTION_BITS, 'instruction read'),
        times(descriptors.readBit, bits, 'descriptors read'),
        pipeline,
        decode,
      ],
      'instruction dispatched',
    ),
    'seq.fetchBit': code.writeBit,
    'link.bit': wireEnergy(Math.sqrt(chipUm2 / 1e6), corner, 'one side of the chip'),
  };
}
