/**
 * The matrix unit: digital CIM from gate counts and line charges, systolic from synthesized multiply-accumulate elements. As many columns of a digital array as the
 * narrowest weight has bits share a tree over products of one input bit; wider weights join trees by an adder; each widest weight has a shifting
 * accumulator. Registers are paid where they are clocked, so macros that rest cost nothing but leakage. Leaves out bit masks, built-in test and the wiring between macros.
 */
import type { ActionName } from '../../../isa/demand/actions.ts';
import type { DigitalCim, Machine, Systolic } from '../../../isa/machine/schema.ts';
import type { Component } from '../actions.ts';
import { type Activity, inputFactor, productFactor, treeFactor } from '../activity.ts';
import { sramPrices } from '../memories/sram.ts';
import { absent, type Price, product, sum, times } from '../price.ts';
import {
  adderTreeArea,
  adderTreeEnergy,
  arrayGates,
  gateArea,
  gateAreaAt,
  gateEnergy,
  gatesAt,
  lineEnergy,
  multiplierEnergy,
  registerActivity,
} from '../technology/gates.ts';
import { ceilLog2 } from '../technology/interpolate.ts';
import { macArea, macRegisterEnergy, productBitEnergy } from '../technology/operations.ts';
import { analogPart } from './analog.ts';
import { arrayFootprint, type Footprint, logicFootprint, type Part } from './part.ts';

export type MatrixAction = Extract<
  ActionName,
  'mac.bit' | `analog.${string}` | `systolic.${string}` | Exclude<ActionName & `array.${string}`, 'array.macroCycle'>
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

/** What stands behind the trees, all per cell column that they serve. */
interface ColumnShare {
  /** Bits of adders that join trees to weights, and trees of input bits side by side; none where every weight has a tree of its own and bits come one by one. */
  readonly join: number;
  /** Bits of the accumulator that shifts over input bits, one for each widest weight. */
  readonly accumulator: number;
  /** Registers: the sum of a tree, and the accumulator. */
  readonly registers: number;
}

function columnShare(matrix: DigitalCim): ColumnShare {
  const { weightBitsMin, weightBitsMax, inputBitsMax, inputBitsPerCycle, rowsAtOnce } = matrix;
  const treeSum = ceilLog2(rowsAtOnce) + weightBitsMin;
  const parallel = ((inputBitsPerCycle - 1) * (treeSum + 1)) / weightBitsMin;
  const accumulator = (ceilLog2(rowsAtOnce) + 1 + weightBitsMax + Math.min(8, inputBitsMax)) / weightBitsMax;
  const join = parallel + (weightBitsMax > weightBitsMin ? (treeSum + 1) / weightBitsMin : 0);
  return { join, accumulator, registers: treeSum / weightBitsMin + accumulator };
}

function digitalPart(machine: Machine, matrix: DigitalCim, activity: Activity): MatrixPart {
  const corner = machine.technology;
  const accBits = machine.core.accumulators.widthBits;
  const gates = (price: Price, what: string, factors: readonly Price[] = []) =>
    gatesAt(product(price, [arrayGates(), ...factors], `${what}, drawn and switching`), corner, what);
  const register = product(gateEnergy('flipFlop'), [registerActivity()], 'flip-flop');
  const wordline = product(lineEnergy(matrix.columns, 'wordline'), [inputFactor(activity)], 'wordline toggles');
  const inputBit = sum([wordline, register], 'input driver');
  return {
    actions: {
      'mac.bit': gates(multiplierEnergy(), 'one-bit product', [productFactor(activity)]),
      'array.inputBit': gates(inputBit, 'input bit onto a wordline'),
      'array.adderBit': gates(adderTreeEnergy(matrix.rowsAtOnce, matrix.weightBitsMin), 'tree leaf', [
        treeFactor(activity),
      ]),
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
      'systolic.productBit': absent('fJ', 'no systolic array in this machine'),
    },
    components: digitalComponents(machine, matrix),
  };
}

/** Per column and input step: the join adder, and this column's share of an accumulator of the widest weight. */
function shiftAddEnergy(matrix: DigitalCim, register: Price): Price {
  const { join, accumulator, registers } = columnShare(matrix);
  return sum(
    [
      times(gateEnergy('fullAdder'), join, 'adder that joins trees to weights'),
      times(gateEnergy('fullAdder'), accumulator, 'share of an accumulating adder'),
      times(register, registers, 'tree and accumulator registers'),
    ],
    'shift-add',
  );
}

function digitalComponents(machine: Machine, matrix: DigitalCim): Readonly<Record<MatrixComponent, Footprint>> {
  const corner = machine.technology;
  const share = columnShare(matrix);
  const summed = matrix.columns / matrix.columnMux;
  const macros = matrix.macros * machine.cores;
  const gates = (price: Price, what: string) => gateAreaAt(price, corner, what);
  const cellBytes = (matrix.rows * matrix.columns * matrix.planes) / 8;
  const cells = sramPrices(
    { sizeBytes: cellBytes, banks: 1, portBits: Math.min(256, matrix.columns) },
    corner,
    'array cells',
  );
  const multipliers = gates(
    times(
      gateArea('inverter'),
      matrix.rowsAtOnce * summed * matrix.inputBitsPerCycle,
      'one-bit multipliers, one NOR2 at each leaf of a tree',
    ),
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
  const trees = (summed * matrix.inputBitsPerCycle) / matrix.weightBitsMin;
  const tree = adderTreeArea(matrix.rowsAtOnce, matrix.weightBitsMin);
  const allTrees = gates(times(tree, trees, `${trees} trees`), 'adder trees');
  const join = sum(
    [
      times(gateArea('fullAdder'), share.join + share.accumulator, 'adders'),
      times(gateArea('flipFlop'), share.registers, 'registers'),
    ],
    'shift-add of one column',
  );
  const joined = gates(times(join, summed, `${summed} columns`), 'shift-add');
  const adder = sum([gateArea('fullAdder'), gateArea('flipFlop')], 'adder bit');
  const outputs = (summed / matrix.weightBitsMin) * machine.core.accumulators.widthBits;
  return {
    arrays: {
      area: sum([times(cells.area, macros, 'macros'), logic.area], 'cells, multipliers, drivers'),
      leakage: sum([times(cells.leakage, macros, 'macros'), logic.leakage], 'cells, multipliers, drivers'),
    },
    adderTrees: arrayFootprint(allTrees, macros, corner, 'adder trees'),
    shiftAdd: arrayFootprint(joined, macros, corner, 'shift-add'),
    macroAdder: arrayFootprint(
      gates(times(adder, outputs, 'adders between macros'), 'adders between macros'),
      Math.max(0, macros - machine.cores),
      corner,
      'adders between macros',
    ),
  };
}

/** Elements of the widest operands, whose multipliers switch with the bits in use; a weight bit shifts through half of the rows on its way in. */
function systolicPart(machine: Machine, matrix: Systolic): MatrixPart {
  const corner = machine.technology;
  const { weightBitsMax, inputBitsMax } = matrix;
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
  const element = sum([macArea(Math.sqrt(weightBitsMax * inputBitsMax), corner), shadow], 'processing element');
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
      'systolic.mac': macRegisterEnergy(weightBitsMax, inputBitsMax, corner),
      'systolic.productBit': productBitEnergy(corner),
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
