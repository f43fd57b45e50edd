/** Cross-field checks of a machine: what each field's own limits cannot say. All findings at once, by path. */
import type { Diagnostic } from '../base/errors.ts';
import type { Dram, Machine } from './schema.ts';

type Finding = { readonly path: string; readonly message: string; readonly expected: string };

export function checkMachine(machine: Machine): Diagnostic[] {
  return [
    ...matrixFindings(machine),
    ...memoryFindings(machine),
    ...dramFindings(machine.dram),
    ...tierFindings(machine),
  ].map((f) => ({
    code: 'E-MACHINE-CROSS',
    where: f.path,
    message: f.message,
    expected: f.expected,
  }));
}

function matrixFindings({ core, capabilities }: Machine): Finding[] {
  const { matrix } = core;
  const out: Finding[] = [];
  if (matrix.kind !== 'systolic') {
    if (matrix.rows % matrix.rowsAtOnce !== 0) {
      out.push({
        path: 'core.matrix.rowsAtOnce',
        message: `${matrix.rowsAtOnce} rows at once do not divide ${matrix.rows} rows`,
        expected: 'a divisor of core.matrix.rows',
      });
    }
    const cells =
      matrix.kind === 'analog-cim' ? Math.ceil(matrix.weightBitsMax / matrix.cellBits) : matrix.weightBitsMax;
    if (cells > matrix.columns) {
      out.push({
        path: 'core.matrix.weightBitsMax',
        message: `a ${matrix.weightBitsMax}-bit weight takes ${cells} columns, the macro has ${matrix.columns}`,
        expected: 'at most core.matrix.columns',
      });
    }
  }
  if (matrix.kind === 'analog-cim') {
    const top = matrix.rowsAtOnce * (2 ** matrix.dacBits - 1) * (2 ** matrix.cellBits - 1);
    if (matrix.adcFullScale > top) {
      out.push({
        path: 'core.matrix.adcFullScale',
        message: `a full scale of ${matrix.adcFullScale} is more than the largest column sum, ${top}`,
        expected: 'at most rowsAtOnce x top DAC step x top cell level',
      });
    }
    if (matrix.dacBits > matrix.inputBitsMax) {
      out.push({
        path: 'core.matrix.dacBits',
        message: `a DAC of ${matrix.dacBits} bits exceeds the widest input, ${matrix.inputBitsMax}`,
        expected: 'at most core.matrix.inputBitsMax',
      });
    }
  }
  if (matrix.kind === 'digital-cim') {
    if (matrix.columns % matrix.columnMux !== 0) {
      out.push({
        path: 'core.matrix.columnMux',
        message: `a column mux of ${matrix.columnMux} does not divide ${matrix.columns} columns`,
        expected: 'a divisor of core.matrix.columns',
      });
    }
    if (matrix.inputBitsPerCycle > matrix.inputBitsMax) {
      out.push({
        path: 'core.matrix.inputBitsPerCycle',
        message: `${matrix.inputBitsPerCycle} input bits a cycle exceed the widest input, ${matrix.inputBitsMax}`,
        expected: 'at most core.matrix.inputBitsMax',
      });
    }
  }
  for (const what of ['weight', 'input'] as const) {
    const least = matrix[`${what}BitsMin`];
    const most = matrix[`${what}BitsMax`];
    if (least > most)
      out.push({
        path: `core.matrix.${what}BitsMin`,
        message: `the narrowest ${what} has ${least} bits, the widest ${most}`,
        expected: `at most core.matrix.${what}BitsMax`,
      });
  }
  if (capabilities.zeroSkipping && matrix.kind !== 'digital-cim') {
    out.push({
      path: 'capabilities.zeroSkipping',
      message: `zero skipping is switched on, but a ${matrix.kind} unit is not bit-serial and skips nothing`,
      expected: 'false, or a digital-cim matrix unit',
    });
  }
  if (capabilities.weightPlanes && matrix.planes === 1) {
    out.push({
      path: 'capabilities.weightPlanes',
      message: 'weight planes are switched on, but the matrix unit has one plane',
      expected: 'false, or core.matrix.planes = 2',
    });
  }
  return out;
}

function memoryFindings({ core, buffer }: Machine): Finding[] {
  const out: Finding[] = [];
  const words = (path: string, sizeBytes: number, banks: number, portBits: number) => {
    if (portBits % 8 !== 0)
      out.push({
        path: `${path}.portBits`,
        message: `a port of ${portBits} bits is not whole bytes`,
        expected: 'a multiple of 8',
      });
    else if (sizeBytes % (banks * (portBits / 8)) !== 0) {
      out.push({
        path: `${path}.sizeBytes`,
        message: `${sizeBytes} bytes are not whole words of ${portBits} bits in ${banks} banks`,
        expected: `a multiple of ${(banks * portBits) / 8}`,
      });
    }
  };
  words('core.scratchpad', core.scratchpad.sizeBytes, core.scratchpad.banks, core.scratchpad.portBits);
  words('core.accumulators', core.accumulators.sizeBytes, core.accumulators.banks, core.accumulators.portBits);
  words('buffer', buffer.sizeBytes, buffer.banks, buffer.portBits);
  return out;
}

function tierFindings({ tier, dram }: Machine): Finding[] {
  if (tier === undefined) return [];
  const whole = (path: string, value: number, of: number, what: string): Finding[] =>
    value % of === 0
      ? []
      : [{ path: `tier.${path}`, message: `${value} bytes are not whole ${what}`, expected: `a multiple of ${of}` }];
  return [
    ...whole('blockBytes', tier.blockBytes, dram.burstBytes, 'bursts of the DRAM'),
    ...whole('capacityBytes', tier.capacityBytes, tier.blockBytes, 'blocks'),
    ...whole('blockBytes', dram.capacityBytes, tier.blockBytes, 'blocks, in the DRAM in front of it'),
  ];
}

function dramFindings(dram: Dram): Finding[] {
  const bits = { column: 0, bank: 0, group: 0, channel: 0, row: 0 };
  for (const field of dram.mapping) {
    const [name, size] = field.split(':') as [keyof typeof bits, string];
    bits[name] += Number(size);
  }
  const out: Finding[] = [];
  const expect = (what: string, value: number, wanted: number, path: string) => {
    if (value !== wanted)
      out.push({
        path: `dram.${path}`,
        message: `the address mapping gives ${value} ${what}, the device has ${wanted}`,
        expected: 'dram.mapping bits that agree with the device',
      });
  };
  expect('channels', 2 ** bits.channel, dram.channels, 'channels');
  expect('bank groups', 2 ** bits.group, dram.bankGroups, 'bankGroups');
  expect('banks', 2 ** (bits.bank + bits.group), dram.banks, 'banks');
  expect('bytes a row', 2 ** bits.column * dram.burstBytes, dram.rowBytes, 'rowBytes');
  const capacity = 2 ** (bits.column + bits.bank + bits.group + bits.channel + bits.row) * dram.burstBytes;
  expect('bytes', capacity, dram.capacityBytes, 'capacityBytes');
  return out;
}
