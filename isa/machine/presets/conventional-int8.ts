/**
 * The conventional NPU that the memory wall is measured against: INT8 weight-stationary systolic array, weights streamed
 * from the same DRAM, same clock, scratchpad and vector unit as edge-dcim-28nm; its buffer is larger because it gets the
 * array cells back as buffer. Hypothetical.
 */
import type { Machine } from '../schema.ts';
import { edgeDcim28nm } from './edge-dcim-28nm.ts';

export const conventionalInt8: Machine = {
  ...edgeDcim28nm,
  name: 'conventional-int8',
  summary: '64x64 INT8 weight-stationary systolic array, 256 KiB scratchpad, 1.25 MiB buffer, LPDDR4-3200 x32, 500 MHz',
  basis: { kind: 'hypothetical', reason: 'a conventional INT8 edge NPU with the on-chip bytes of edge-dcim-28nm' },
  core: {
    ...edgeDcim28nm.core,
    matrix: {
      kind: 'systolic', rows: 64, columns: 64, dataflow: 'weight-stationary', planes: 2, preload: 'overlapped', setupCycles: 4,
      writeBits: 512, feedBits: 512, weightBitsMin: 8, weightBitsMax: 8, inputBitsMin: 8, inputBitsMax: 8,
    },
  },
  // The CIM machine has 16 x 2 x 8 KiB of cells; two planes of 64 x 64 weights stay here.
  buffer: { ...edgeDcim28nm.buffer, sizeBytes: 1048576 + 2 * 16 * 8192 - 2 * 64 * 64 },
  capabilities: { ...edgeDcim28nm.capabilities, weightResidency: false },
};
