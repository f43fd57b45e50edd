/**
 * The matrix unit: digital CIM from gate counts and line charges, systolic from synthesized multiply-accumulate elements. Each column of a digital array has a tree over
 * one-bit products (weights of any width), then an adder that joins columns to weights and a shifting accumulator per widest weight. Registers are paid
 * where they are clocked, so macros that rest cost nothing but leakage. Leaves out bit masks, built-in test and the wiring between macros.
 */
import type { ActionName } from '../../../isa/demand/actions.ts';
import type { DigitalCim, Machine, Systolic } from '../../../isa/machine/schema.ts';
import type { Component } from '../actions.ts';
import { type Activity, inputFactor, productFactor } from '../activity.ts';
import { sramPrices } from '../memories/sram.ts';
import { absent, type Price, product, sum, times } from '../price.ts';
import {
  adderTreeArea,
  adderTreeEnergy,
  gateArea,
  gateAreaAt,
  gateEnergy,
  gatesAt,
  lineEnergy,
  multiplierEnergy,
  registerActivity,
} from '../technology/gates.ts';
import { ceilLog2 } from '../technology/interpolate.ts';
import { macArea, macEnergy } from '../technology/operations.ts';
import { analogPart } from './analog.ts';
import { arrayFootprint, type Footprint, logicFootprint, type Part } from './part.ts';

export type MatrixAction = Extract<
  ActionName,
  'mac.bit' | `array.${string}` | `analog.${string}` | `systolic.${string}`
>;
export type MatrixComponent = Extract<Component, 'arrays' | 'adderTrees' | 'shiftAdd' | 'macroAdder'>;
export type MatrixPart = Part<MatrixAction, MatrixComponent>;

export function matrixPart(machine: Machine, activity: Activity): MatrixPart {
  const { matrix } = machine.core;
  switch (matrix.kind) {
    case 'digital-cim':
      return digitalPart(machine, matrix, activity);
    case 'analog-cim':
      return analogPart(machine, matrix, activity);
    case 'systolic':
      return systolicPart(machine, matrix);
  }
}

/** Bits of a sum of one column, and of the accumulator that shifts over input bits and joins columns to a weight. */
function widths(matrix: DigitalCim): { readonly columnSum: number; readonly accumulator: number } {
  const columnSum = ceilLog2(matrix.rowsAtOnce) + 1;
  return { columnSum, accumulator: columnSum + matrix.weightBitsMax + Math.min(8, matrix.inputBitsMax) };
}

function digitalPart(machine: Machine, matrix: DigitalCim, activity: Activity): MatrixPart {
  const corner = machine.technology;
  const accBits = machine.core.accumulators.widthBits;
  const gates = (price: Price, what: string, factors: readonly Price[] = []) =>
    gatesAt(factors.length === 0 ? price : product(price, factors, `${what}, switching`), corner, what);
  const register = product(gateEnergy('flipFlop'), [registerActivity()], 'flip-flop');
  const wordline = product(lineEnergy(matrix.columns, 'wordline'), [inputFactor(activity)], 'wordline toggles');
  const inputBit = sum([wordline, register], 'input driver');
  return {
    actions: {
      'mac.bit': gates(multiplierEnergy(), 'one-bit product', [productFactor(activity)]),
      'array.inputBit': gates(inputBit, 'input bit onto a wordline'),
      'array.adderBit': gates(adderTreeEnergy(matrix.rowsAtOnce, 1), 'tree leaf', [productFactor(activity)]),
      'array.shiftAdd': gates(shiftAddEnergy(matrix, register), 'column sum joined and accumulated'),
      'array.macroAdd': gates(
        sum(
          [times(gateEnergy('fullAdder'), accBits, 'adder'), times(register, accBits, 'register')],
          'addition between macros',
        ),
        'addition between macros',
      ),
      'array.writeBit': gates(
        sum([lineEnergy(matrix.rows, 'bitline'), times(gateEnergy('inverter'), 2, 'cell')], 'cell write'),
        'cell bit written',
      ),
      'analog.cell': absent('fJ', 'no analog array in this machine'),
      'analog.dac': absent('fJ', 'no analog array in this machine'),
      'analog.adc': absent('fJ', 'no analog array in this machine'),
      'systolic.mac': absent('fJ', 'no systolic array in this machine'),
      'systolic.loadBit': absent('fJ', 'no systolic array in this machine'),
    },
    components: digitalComponents(machine, matrix),
  };
}

/** Per column and input step: the join adder, and this column's share of an accumulator of the widest weight. */
function shiftAddEnergy(matrix: DigitalCim, register: Price): Price {
  const { columnSum, accumulator } = widths(matrix);
  const share = accumulator / matrix.weightBitsMax;
  return sum(
    [
      times(gateEnergy('fullAdder'), columnSum + 1, `join adder of ${columnSum + 1} bits`),
      times(gateEnergy('fullAdder'), share, `share of an accumulating adder of ${accumulator} bits`),
      times(register, columnSum + share, 'column and accumulator registers'),
    ],
    'shift-add',
  );
}

function digitalComponents(machine: Machine, matrix: DigitalCim): Readonly<Record<MatrixComponent, Footprint>> {
  const corner = machine.technology;
  const { columnSum, accumulator } = widths(matrix);
  const trees = matrix.columns / matrix.columnMux;
  const macros = matrix.macros * machine.cores;
  const gates = (price: Price, what: string) => gateAreaAt(price, corner, what);
  const cellBytes = (matrix.rows * matrix.columns * matrix.planes) / 8;
  const cells = sramPrices(
    { sizeBytes: cellBytes, banks: 1, portBits: Math.min(256, matrix.columns) },
    corner,
    'array cells',
  );
  const multipliers = gates(
    times(gateArea('inverter'), matrix.rows * trees, 'one-bit multipliers, one NOR2 each'),
    'multipliers',
  );
  const drivers = gates(
    times(gateArea('flipFlop'), matrix.rows * matrix.inputBitsPerCycle, 'input registers'),
    'input registers',
  );
  const logic = arrayFootprint(
    sum([multipliers, drivers], 'multipliers and input registers'),
    macros,
    corner,
    'multipliers and drivers',
  );
  const tree = gates(times(adderTreeArea(matrix.rowsAtOnce, 1), trees, `${trees} trees`), 'adder trees');
  const join = sum(
    [
      times(gateArea('fullAdder'), columnSum + 1 + accumulator / matrix.weightBitsMax, 'adders'),
      times(gateArea('flipFlop'), columnSum + accumulator / matrix.weightBitsMax, 'registers'),
    ],
    'shift-add of one column',
  );
  const joined = gates(times(join, trees, `${trees} columns`), 'shift-add');
  const adder = sum([gateArea('fullAdder'), gateArea('flipFlop')], 'adder bit');
  const outputs = (matrix.columns / matrix.columnMux) * machine.core.accumulators.widthBits;
  return {
    arrays: {
      area: sum([times(cells.area, macros, 'macros'), logic.area], 'cells, multipliers, drivers'),
      leakage: sum([times(cells.leakage, macros, 'macros'), logic.leakage], 'cells, multipliers, drivers'),
    },
    adderTrees: arrayFootprint(tree, macros, corner, 'adder trees'),
    shiftAdd: arrayFootprint(joined, macros, corner, 'shift-add'),
    macroAdder: arrayFootprint(
      gates(times(adder, outputs, 'adders between macros'), 'adders between macros'),
      Math.max(0, macros - machine.cores),
      corner,
      'adders between macros',
    ),
  };
}

/** Elements of the widest operands; a weight bit shifts through half of the rows on its way in. */
function systolicPart(machine: Machine, matrix: Systolic): MatrixPart {
  const corner = machine.technology;
  const bits = Math.max(matrix.weightBitsMax, matrix.inputBitsMax);
  const none = absent('fJ', 'no CIM array in this machine');
  const nothing = {
    area: absent('um2', 'no CIM array in this machine'),
    leakage: absent('nW', 'no CIM array in this machine'),
  };
  const register = product(gateEnergy('flipFlop'), [registerActivity()], 'flip-flop');
  const path = times(register, matrix.rows / 2, 'half of the rows on its way');
  const shadow = gateAreaAt(
    times(gateArea('flipFlop'), (matrix.planes - 1) * matrix.weightBitsMax, 'shadow weight register'),
    corner,
    'shadow weight register',
  );
  const element = sum([macArea(bits, corner), shadow], 'processing element');
  return {
    actions: {
      'mac.bit': none,
      'array.inputBit': none,
      'array.adderBit': none,
      'array.shiftAdd': none,
      'array.macroAdd': none,
      'array.writeBit': none,
      'analog.cell': none,
      'analog.dac': none,
      'analog.adc': none,
      'systolic.mac': macEnergy(bits, corner),
      'systolic.loadBit': gatesAt(path, corner, 'weight bit shifted in'),
    },
    components: {
      arrays: logicFootprint(element, matrix.rows * matrix.columns * machine.cores, corner, 'processing elements'),
      adderTrees: nothing,
      shiftAdd: nothing,
      macroAdder: nothing,
    },
  };
}
