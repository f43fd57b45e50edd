/** Checks of a sound program against one machine: cores, channels, memories, arrays, widths and requantizers that it asks for exist. */
import { matrixGeometry } from '../../machine/geometry.ts';
import type { Machine } from '../../machine/schema.ts';
import type { Program } from '../../program.ts';
import type { ArrayDescriptor, Space } from '../../tensor.ts';
import { destinationCores, isMulticast } from '../destinations.ts';
import { executingUnit } from '../fields.ts';
import { isMoved, walkBytes } from '../footprint.ts';
import type { Instruction } from '../table.ts';
import { type ProgramFinding, type Report, reportAt } from './finding.ts';

const CODE = 'E-PROGRAM-MACHINE';

export function checkOnMachine(program: Program, machine: Machine): ProgramFinding[] {
  const found: ProgramFinding[] = [];
  const whole = reportAt(found, CODE, { kind: 'program' });
  if (program.cores.length > machine.cores)
    whole(
      `the program has ${program.cores.length} cores, ${machine.name} has ${machine.cores}`,
      undefined,
      '--set cores=...',
    );
  const outside = machine.dram.capacityBytes + (machine.tier?.capacityBytes ?? 0);
  if (program.dramBytes > outside)
    whole(
      `the program needs ${program.dramBytes} bytes of DRAM, ${machine.name} has ${outside}`,
      undefined,
      '--set dram.capacityBytes=...',
    );
  checkSpaces(program, machine, found);
  program.arrays.forEach((a, index) => {
    checkArray(a, machine, reportAt(found, CODE, { kind: 'array', index }));
  });
  program.cores.forEach(({ instructions }, core) => {
    instructions.forEach((instruction, index) => {
      checkInstruction(instruction, program, machine, reportAt(found, CODE, { kind: 'instruction', core, index }));
    });
  });
  return found;
}

const KNOBS: Readonly<Record<Space, string>> = {
  dram: 'dram.capacityBytes',
  buffer: 'buffer.sizeBytes',
  spad: 'core.scratchpad.sizeBytes',
  acc: 'core.accumulators.sizeBytes',
};

function sizeOf(space: Space, program: Program, { core, buffer }: Machine): number {
  switch (space) {
    case 'dram':
      return program.dramBytes;
    case 'buffer':
      return buffer.sizeBytes;
    case 'spad':
      return core.scratchpad.sizeBytes;
    case 'acc':
      return core.accumulators.sizeBytes;
  }
}

function checkSpaces(program: Program, machine: Machine, found: ProgramFinding[]): void {
  const stored = machine.core.accumulators.widthBits === 48 ? 48 : 32;
  program.tensors.forEach((t, index) => {
    const report = reportAt(found, CODE, { kind: 'tensor', index });
    if (t.space === 'acc' && t.widthBits !== stored)
      report(
        `it has ${t.widthBits}-bit elements, accumulators of ${machine.name} are stored in ${stored} bits`,
        `width ${stored}`,
      );
    const box = isMoved(t) ? undefined : walkBytes(t);
    const size = sizeOf(t.space, program, machine);
    if (box !== undefined && (box.start < 0 || box.end > size)) {
      report(
        `it reaches ${t.space} bytes ${box.start} .. ${box.end - 1}, ${machine.name} has ${size}`,
        `0 .. ${size - 1}`,
        `a smaller tensor, or --set ${KNOBS[t.space]}=...`,
      );
    }
  });
}

function checkArray(a: ArrayDescriptor, machine: Machine, report: Report): void {
  const { matrix } = machine.core;
  const g = matrixGeometry(matrix);
  const most = (what: string, needed: number, available: number, knob: string) => {
    if (needed > available)
      report(
        `it needs ${needed} ${what}, ${machine.name} has ${available}`,
        `at most ${available}`,
        `a smaller tile, or --set core.matrix.${knob}=...`,
      );
  };
  if (a.weightBits > matrix.weightBitsMax)
    report(
      `weights have ${a.weightBits} bits, ${machine.name} holds at most ${matrix.weightBitsMax}`,
      `1 .. ${matrix.weightBitsMax}`,
    );
  most('macros', a.firstMacro + a.replicas * a.gridK * a.gridN, g.macros, 'macros');
  most('cell rows in a macro', a.rowStart + Math.ceil(a.kCount / a.gridK), g.rows, 'rows');
  most(
    'cell columns in a macro',
    a.columnStart + Math.ceil(a.nCount / a.gridN) * g.columnsPerWeight(a.weightBits),
    g.columns,
    'columns',
  );
  most('planes', a.plane + 1, g.planes, 'planes');
}

function checkInstruction(i: Instruction, program: Program, machine: Machine, report: Report): void {
  const { dma, matrix, requantizers } = machine.core;
  const unit = executingUnit(i);
  if (unit.kind === 'dma' && unit.channel >= dma.channels)
    report(
      `it uses DMA channel ${unit.channel}, ${machine.name} has ${dma.channels}`,
      `0 .. ${dma.channels - 1}`,
      '--set core.dma.channels=...',
    );
  if (i.op === 'mm') {
    const { widthBits } = program.tensors[i.src]!;
    if (widthBits > matrix.inputBitsMax)
      report(
        `activations have ${widthBits} bits, the matrix unit of ${machine.name} takes at most ${matrix.inputBitsMax}`,
        `1 .. ${matrix.inputBitsMax}`,
      );
  }
  if (i.op === 'rq' && i.mode !== 'saturate' && i.mode !== 'bias' && !requantizers.includes(i.mode))
    report(
      `${machine.name} has no ${i.mode} requantizer`,
      `one of ${requantizers.join(', ')}`,
      'add it to core.requantizers',
    );
  if (!('core' in i)) return;
  for (const c of destinationCores(i, 0))
    if (c >= machine.cores) report(`it writes to core ${c}, ${machine.name} has ${machine.cores}`);
  if (isMulticast(i) && !machine.interconnect.multicast)
    report(
      `it writes to several cores at once, which the interconnect of ${machine.name} cannot do`,
      'a transfer for each core',
      '--set interconnect.multicast=true',
    );
}
