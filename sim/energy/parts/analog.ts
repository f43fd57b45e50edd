/**
 * Analog CIM: cells that share charge or current on a bitline, DACs at the rows, ADCs at the columns, then digital shift-add. Cells are priced per
 * evaluation at measured or assumed activity, converters per conversion. Leaves out: digital correction of offset-coded operands beyond
 * the shift-add, references and calibration.
 */
import type { AnalogCim, Machine } from '../../../isa/machine/schema.ts';
import { type Activity, inputFactor, productFactor } from '../activity.ts';
import { sramPrices } from '../memories/sram.ts';
import { absent, type Price, product, sum, times } from '../price.ts';
import { adcArea, adcEnergy, analogCellArea, analogCellEnergy, dacEnergy } from '../technology/converters.ts';
import {
  arrayGates,
  gateArea,
  gateAreaAt,
  gateEnergy,
  gatesAt,
  lineEnergy,
  registerActivity,
} from '../technology/gates.ts';
import type { MatrixPart } from './matrix.ts';
import { arrayFootprint } from './part.ts';

export function analogPart(machine: Machine, matrix: AnalogCim, activity: Activity): MatrixPart {
  const corner = machine.technology;
  const macros = matrix.macros * machine.cores;
  const register = product(gateEnergy('flipFlop'), [registerActivity()], 'flip-flop');
  const width = matrix.adcBits + matrix.weightBitsMax + Math.min(8, matrix.inputBitsMax);
  const at = (price: Price, what: string) => gatesAt(product(price, [arrayGates()], `${what}, drawn`), corner, what);
  const none = absent('fJ', 'no such circuit in an analog array');
  const accBits = machine.core.accumulators.widthBits;
  const adder = sum([gateEnergy('fullAdder'), register], 'adder bit with register');
  const wordline = product(lineEnergy(matrix.columns, 'wordline'), [inputFactor(activity)], 'wordline toggles');
  const cells = sramPrices(
    {
      sizeBytes: (matrix.rows * matrix.columns * matrix.cellBits * matrix.planes) / 8,
      banks: 1,
      portBits: Math.min(256, matrix.columns),
    },
    corner,
    'array cells',
  );
  const compute = times(
    analogCellArea(matrix.cellBits * matrix.planes, corner),
    matrix.rows * matrix.columns,
    'compute cells',
  );
  const adcs = Math.ceil(matrix.columns / matrix.columnsPerAdc);
  const converters = times(adcArea(matrix.adcBits, corner), adcs * macros, `${adcs} ADCs a macro`);
  const adderBit = sum([gateArea('fullAdder'), gateArea('flipFlop')], 'adder bit');
  const digital = (bits: number, what: string) => gateAreaAt(times(adderBit, bits, what), corner, what);
  const nothing = { area: absent('um2', 'no adder tree'), leakage: absent('nW', 'no adder tree') };
  return {
    actions: {
      'mac.bit': none,
      'array.adderBit': none,
      'array.inputBit': none,
      'systolic.mac': none,
      'systolic.loadBit': none,
      'systolic.productBit': none,
      'analog.cell': product(analogCellEnergy(corner), [productFactor(activity)], 'cell evaluation'),
      'analog.dac': sum([dacEnergy(matrix.dacBits, corner), at(wordline, 'wordline')], 'row driven'),
      'analog.adc': adcEnergy(matrix.adcBits, corner),
      'array.shiftAdd': at(times(adder, width, `shift-add of ${width} bits`), 'shift-add of a code'),
      'array.macroAdd': at(times(adder, accBits, 'addition between macros'), 'addition between macros'),
      'array.writeBit': at(
        sum([lineEnergy(matrix.rows, 'bitline'), times(gateEnergy('inverter'), 2, 'cell')], 'cell write'),
        'cell bit written',
      ),
    },
    components: {
      arrays: {
        area: sum([times(compute, macros, 'macros'), converters], 'cells and ADCs'),
        leakage: times(cells.leakage, macros, 'macros'),
      },
      adderTrees: nothing,
      shiftAdd: arrayFootprint(digital(adcs * width, 'shift-add behind each ADC'), macros, corner, 'shift-add'),
      macroAdder: arrayFootprint(
        digital(adcs * accBits, 'adders between macros'),
        Math.max(0, macros - machine.cores),
        corner,
        'adders between macros',
      ),
    },
  };
}
