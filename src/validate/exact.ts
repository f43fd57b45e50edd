/**
 * Figures that must be met to the cycle: systolic folds against SCALE-Sim, Bit Fusion's bandwidth-bound layers and its compute, the TPU's roofline. Ours are put
 * together from what isa/demand says of single instructions and what src/analysis says of a machine; no formula is written here for a row alone, but
 * for how the reference strings folds together.
 */
import { matmulDemand, peakMacs, weightWriteDemand } from '../../isa/demand/matrix.ts';
import { conventionalInt8 } from '../../isa/machine/presets/conventional-int8.ts';
import type { DigitalCim, Machine, Systolic } from '../../isa/machine/schema.ts';
import { SCALE_SIM } from './references/scale-sim.ts';
import { makeRow, type Row } from './row.ts';

const DATAFLOWS = { ws: 'weight-stationary', os: 'output-stationary', is: 'input-stationary' } as const;
type Dataflow = keyof typeof DATAFLOWS;

export function exactRows(): Row[] {
  return [...systolicRows(), ...bitFusionRows(), ...tpuRows()];
}

function systolicRows(): Row[] {
  return SCALE_SIM.trim()
    .split('\n')
    .map((line) => {
      const [rows, columns, dataflow, layer, m, n, k, cycles] = line.split(',');
      const size = { m: Number(m), n: Number(n), k: Number(k) };
      return makeRow({
        group: 'exact',
        reference: 'SCALE-Sim v3',
        quantity: `${layer} ${m}x${k}x${n} on ${rows}x${columns} ${DATAFLOWS[dataflow as Dataflow]}`,
        unit: 'cycles',
        published: Number(cycles),
        ours: serialFolds(size, Number(rows), Number(columns), dataflow as Dataflow),
        use: 'exact',
        read: 'the tool was run',
      });
    });
}

interface Gemm {
  readonly m: number;
  readonly k: number;
  readonly n: number;
}

/** A whole product, fold after fold, each loaded, streamed and emptied before the next; edge folds cost full ones; counted from 0 as the reference does. */
function serialFolds({ m, k, n }: Gemm, rows: number, columns: number, dataflow: Dataflow): number {
  const machine = systolicMachine(rows, columns, dataflow);
  const folds = (a: number, b: number) => Math.ceil(a / rows) * Math.ceil(b / columns);
  const one = (shape: Gemm) => {
    const d = matmulDemand(fullShape(shape), machine, true);
    return d.busyCycles + d.latencyCycles;
  };
  switch (dataflow) {
    case 'ws': {
      const tile = { k: rows, n: columns, weightBits: 8, gridK: 1, gridN: 1, replicas: 1 };
      return folds(k, n) * (weightWriteDemand(tile, machine).cycles + one({ m, k: rows, n: columns })) - 1;
    }
    case 'os':
      return folds(m, n) * one({ m: rows, k, n: columns }) - 1;
    case 'is':
      return folds(k, m) * one({ m: columns, k: rows, n }) - 1;
  }
}

function fullShape(shape: Gemm) {
  const bits = { inputBits: 8, weightBits: 8, uniqueInputBits: 8 * shape.m * shape.k };
  return { ...shape, ...bits, gridK: 1, gridN: 1, replicas: 1, accumulate: false };
}

/** An array without set-up or limits at its ports, nothing overlapped. */
function systolicMachine(rows: number, columns: number, dataflow: Dataflow): Machine {
  const matrix: Systolic = {
    kind: 'systolic',
    rows,
    columns,
    dataflow: DATAFLOWS[dataflow],
    planes: 1,
    preload: 'exposed',
    setupCycles: 0,
    writeBits: columns * 8,
    feedBits: rows * 8,
    weightBitsMin: 8,
    weightBitsMax: 8,
    inputBitsMin: 8,
    inputBitsMax: 8,
  };
  return { ...conventionalInt8, core: { ...conventionalInt8.core, matrix } };
}

/** Layers of Bit Fusion whose DRAM traffic takes longer than their products: whole cycles of reads, then of writes, and one to end in. */
function bitFusionRows(): Row[] {
  const bitsPerCycle = 192;
  const read = 'results and configuration files of its public simulator';
  const traffic = [
    ['RNN, DRAM bound', 71_565_312, 4_194_304, 394_583],
    ['LSTM, DRAM bound', 62_836_736, 1_900_544, 337_175],
  ] as const;
  const cycles = (bits: number) => Math.ceil(bits / bitsPerCycle);
  const bound = traffic.map(([quantity, reads, writes, published]) =>
    makeRow({
      group: 'exact',
      reference: 'Bit Fusion simulator',
      quantity,
      unit: 'cycles',
      published,
      ours: cycles(reads) + cycles(writes) + 1,
      use: 'exact',
      read,
      note: `${reads} bits read and ${writes} written at ${bitsPerCycle} bits a cycle`,
    }),
  );
  // 16 x 32 fusion units of 16 two-bit multipliers: 64 one-bit products each and cycle.
  const array = bitFusionArray();
  const macs = 4096 * 4096 * 16;
  const compute = makeRow({
    group: 'exact',
    reference: 'Bit Fusion simulator',
    quantity: 'RNN, products of 4 x 4 bits',
    unit: 'cycles',
    published: 131_072,
    ours: macs / peakMacs(array, 4, 4),
    use: 'exact',
    read,
    note: 'total less memory wait; 4096 x 4096 weights, batch 16',
  });
  return [...bound, compute];
}

/** The fusion units as an array of one-bit products: rows x columns x input bits a cycle = 512 units x 64. */
function bitFusionArray(): DigitalCim {
  return {
    kind: 'digital-cim',
    macros: 1,
    rows: 16 * 8,
    columns: 32 * 4,
    rowsAtOnce: 16 * 8,
    inputBitsPerCycle: 2,
    columnMux: 1,
    pipelineCycles: 0,
    macroAdder: { fanIn: 1, latencyCycles: 0 },
    planes: 1,
    planeSwapCycles: 0,
    writeBits: 128,
    writeRowCycles: 1,
    writeInterference: 'none',
    feedBits: 256,
    weightBitsMin: 2,
    weightBitsMax: 8,
    inputBitsMin: 2,
    inputBitsMax: 8,
  };
}

/** TPUv1 (Jouppi et al., ISCA 2017): 256 x 256 at 700 MHz, 34 GB/s of weights. The paper rounds. */
function tpuRows(): Row[] {
  const machine = systolicMachine(256, 256, 'ws');
  const macsPerSecond = peakMacs(machine.core.matrix, 8, 8) * 700e6;
  const common = { group: 'exact', reference: 'TPUv1', use: 'exact', read: 'Tables 1 and 2 of the paper' } as const;
  return [
    makeRow({
      ...common,
      quantity: 'peak',
      unit: 'TOPS',
      published: 92,
      ours: (2 * macsPerSecond) / 1e12,
      bandPercent: 0.5,
      note: 'the paper rounds to 92',
    }),
    makeRow({
      ...common,
      quantity: 'ridge of the roofline',
      unit: 'MAC/weight byte',
      published: 1350,
      ours: macsPerSecond / 34e9,
      bandPercent: 0.1,
      note: 'the paper rounds to 1350',
    }),
  ];
}
