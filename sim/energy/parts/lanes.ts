/**
 * Vector unit and drain: arithmetic from the operation tables plus the operand registers of a lane (three words of 32 bits). A float lane does any of
 * add, multiply and the special functions at one price between an add and a multiply.
 */
import type { ActionName } from '../../../isa/demand/actions.ts';
import type { Machine } from '../../../isa/machine/schema.ts';
import type { Component } from '../actions.ts';
import { type Price, product, sum, times } from '../price.ts';
import { gateArea, gateAreaAt, gateEnergy, gatesAt, registerActivity } from '../technology/gates.ts';
import {
  compareEnergy,
  floatEnergy,
  macArea,
  macEnergy,
  operationArea,
  operationEnergy,
} from '../technology/operations.ts';
import type { Corner } from '../technology/scaling.ts';
import { logicFootprint, type Part } from './part.ts';

const LANE_REGISTER_BITS = 3 * 32;

export type LaneAction = Extract<ActionName, `vector.${string}` | `drain.${string}`>;
export type LaneComponent = Extract<Component, 'vector' | 'drain'>;

export function lanesPart(machine: Machine): Part<LaneAction, LaneComponent> {
  const corner = machine.technology;
  const registers = laneRegisters(corner);
  const lane = (price: Price, what: string) => sum([price, registers], what);
  return {
    actions: {
      'vector.intOp': lane(operationEnergy('int32 add', corner), 'integer lane operation'),
      'vector.floatOp': lane(floatEnergy(corner), 'float lane operation'),
      'vector.mac': macEnergy(8, corner),
      'drain.op': lane(operationEnergy('int32 add', corner), 'element through the drain'),
      'drain.multiply': operationEnergy('int32 mul', corner),
      'drain.compare': compareEnergy(corner),
    },
    components: { vector: vectorFootprint(machine), drain: drainFootprint(machine) },
  };
}

function laneRegisters(corner: Corner): Price {
  const bits = times(
    product(gateEnergy('flipFlop'), [registerActivity()], 'flip-flop'),
    LANE_REGISTER_BITS,
    'operand and result registers',
  );
  return gatesAt(bits, corner, 'lane registers');
}

function registerArea(corner: Corner): Price {
  return gateAreaAt(
    times(gateArea('flipFlop'), LANE_REGISTER_BITS, 'operand and result registers'),
    corner,
    'lane registers',
  );
}

function vectorFootprint(machine: Machine) {
  const corner = machine.technology;
  const { lanes, windowMacLanes } = machine.core.vector;
  const lane = sum(
    [
      operationArea('int32 mul', corner),
      operationArea('int32 add', corner),
      operationArea('fp32 mul', corner),
      operationArea('fp32 add', corner),
      registerArea(corner),
    ],
    'vector lane',
  );
  const all = sum(
    [times(lane, lanes, 'lanes'), times(macArea(8, corner), windowMacLanes, 'window multiply-accumulate lanes')],
    'vector unit',
  );
  return logicFootprint(all, machine.cores, corner, 'vector unit');
}

/** A lane has a multiplier when one of its requantizers multiplies. */
function drainFootprint(machine: Machine) {
  const corner = machine.technology;
  const { requantizers, drain } = machine.core;
  const float = requantizers.includes('float32') ? [operationArea('fp32 mul', corner)] : [];
  const fixed = requantizers.includes('fixed-point') ? [operationArea('int32 mul', corner)] : [];
  const lane = sum(
    [
      operationArea('int32 add', corner),
      times(operationArea('int32 add', corner), 2, 'clamp and compare'),
      registerArea(corner),
      ...float,
      ...fixed,
    ],
    'drain lane',
  );
  return logicFootprint(times(lane, drain.lanes, 'lanes'), machine.cores, corner, 'drain');
}
