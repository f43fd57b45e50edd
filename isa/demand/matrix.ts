/**
 * What a matrix multiply and a weight write cost, by kind of matrix unit. Closed forms of DESIGN section 5; M vectors, K rows, N outputs, bi and bw bits.
 * Digital CIM: S = ceil(bi/p) ceil(K'/rowsAtOnce) mux per vector, feed and accumulator ports beside it, II the largest; K' rows of
 * one macro. Systolic, weight stationary: one vector a cycle after a skew of R + C - 2 (the fold form P = 2R + C + T - 2 of SCALE-Sim
 * counts R cycles of preload, which are the weight write here).
 */
import type { DigitalCim, Machine, Systolic } from '../machine/schema.ts';
import type { SomeActions } from './actions.ts';

/** Shape of one mm: the tile's grid and what enters it. */
export interface MatmulShape {
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly inputBits: number;
  readonly weightBits: number;
  readonly gridK: number;
  readonly gridN: number;
  readonly replicas: number;
  readonly accumulate: boolean;
  /** Bits of distinct source elements; with a window buffer overlapping windows are read once. */
  readonly uniqueInputBits: number;
}

export interface UnitDemand {
  /** The unit can take its next instruction after this many cycles. */
  readonly busyCycles: number;
  /** From then until the results can be seen. */
  readonly latencyCycles: number;
  /** Words at the scratchpad and accumulator ports; a requester moves one word a cycle at each. */
  readonly spadWords: number;
  readonly accWords: number;
  readonly actions: SomeActions;
  /** What sets busyCycles. */
  readonly boundBy: string;
  /**
   * Cycles after its start from which an mm into the same accumulators may start, where that is earlier than done: partial sums of a row must have
   * left the pipeline before the row comes round again, + max(0, L - M * II) (DESIGN section 5); a systolic array adds at its edge in order.
   */
  readonly reaccumulateCycles?: number;
}

export function matmulDemand(s: MatmulShape, machine: Machine): UnitDemand {
  const { matrix } = machine.core;
  return matrix.kind === 'digital-cim' ? digitalDemand(s, machine, matrix) : systolicDemand(s, machine, matrix);
}

/** Cycles that one vector keeps the bit-serial array: input-bit steps x row groups x columns per tree. */
export function bitSerialSteps(matrix: DigitalCim, inputBits: number, rowsUsed: number): number {
  return Math.ceil(inputBits / matrix.inputBitsPerCycle) * Math.ceil(rowsUsed / matrix.rowsAtOnce) * matrix.columnMux;
}

function digitalDemand(s: MatmulShape, machine: Machine, matrix: DigitalCim): UnitDemand {
  const vectors = Math.ceil(s.m / s.replicas);
  const rowsUsed = Math.ceil(s.k / s.gridK);
  const steps = bitSerialSteps(matrix, s.inputBits, rowsUsed);
  const feed = Math.ceil((s.k * s.inputBits) / matrix.feedBits);
  const ports = portDemand(s, machine);
  const perVector = Math.max(steps, feed, Math.ceil(ports.accWords / vectors), Math.ceil(ports.spadWords / vectors));
  const latency = matrix.pipelineCycles + adderLevels(s.gridK, matrix.macroAdder.fanIn) * matrix.macroAdder.latencyCycles;
  const macs = s.m * s.k * s.n;
  const boundBy = perVector === steps ? 'array' : perVector === feed ? 'feed' : ports.accWords >= ports.spadWords ? 'accumulator port' : 'scratchpad port';
  const busyCycles = matrix.planeSwapCycles + (vectors - 1) * perVector + Math.max(steps, feed);
  return {
    busyCycles,
    latencyCycles: latency,
    reaccumulateCycles: busyCycles + Math.max(0, latency - vectors * perVector),
    spadWords: ports.spadWords,
    accWords: ports.accWords,
    boundBy,
    actions: {
      'mac.bit': macs * s.inputBits * s.weightBits,
      'array.adderBit': macs * s.inputBits * s.weightBits,
      'array.inputBit': s.m * s.k * s.inputBits * s.gridN,
      'array.shiftAdd': s.m * s.n * s.gridK * s.weightBits * Math.ceil(s.inputBits / matrix.inputBitsPerCycle),
      'array.macroAdd': s.m * s.n * (s.gridK - 1),
      ...ports.actions,
    },
  };
}

function systolicDemand(s: MatmulShape, machine: Machine, matrix: Systolic): UnitDemand {
  const ports = portDemand(s, machine);
  const feed = Math.ceil((s.k * s.inputBits) / matrix.feedBits);
  const perVector = Math.max(1, feed, Math.ceil(ports.accWords / s.m), Math.ceil(ports.spadWords / s.m));
  const boundBy = perVector === 1 ? 'array' : perVector === feed ? 'feed' : ports.accWords >= ports.spadWords ? 'accumulator port' : 'scratchpad port';
  const busyCycles = matrix.setupCycles + s.m * perVector;
  return {
    busyCycles,
    latencyCycles: matrix.rows + matrix.columns - 2,
    reaccumulateCycles: busyCycles,
    spadWords: ports.spadWords,
    accWords: ports.accWords,
    boundBy,
    actions: { 'systolic.mac': s.m * s.k * s.n, ...ports.actions },
  };
}

/** Words and bits at the scratchpad, window buffer and accumulator ports. */
function portDemand(s: MatmulShape, machine: Machine): { spadWords: number; accWords: number; actions: SomeActions } {
  const { scratchpad, accumulators, windowBufferBytes } = machine.core;
  const inputBits = s.m * s.k * s.inputBits;
  const buffered = windowBufferBytes * 8 >= s.k * s.inputBits && s.uniqueInputBits < inputBits;
  const spadBits = buffered ? s.uniqueInputBits : inputBits;
  const accBits = s.m * s.n * accumulators.widthBits;
  return {
    spadWords: Math.ceil(spadBits / scratchpad.portBits),
    accWords: Math.ceil(accBits / accumulators.portBits) * (s.accumulate ? 2 : 1),
    actions: {
      'spad.readBit': spadBits,
      ...(buffered ? { 'window.writeBit': spadBits, 'window.readBit': inputBits } : {}),
      'acc.writeBit': accBits,
      ...(s.accumulate ? { 'acc.readBit': accBits } : {}),
    },
  };
}

/** Levels of an adder tree over `inputs` partial sums with the given fan-in. */
function adderLevels(inputs: number, fanIn: number): number {
  let levels = 0;
  for (let left = inputs; left > 1 && fanIn > 1; left = Math.ceil(left / fanIn)) levels += 1;
  return levels;
}

export interface WeightWriteShape {
  readonly k: number;
  readonly n: number;
  readonly weightBits: number;
  readonly gridK: number;
  readonly gridN: number;
}

/** Cycles and actions of writing one tile, without its source: rows of every macro, one after the other; replicas are written at once. */
export function weightWriteDemand(s: WeightWriteShape, machine: Machine): { readonly cycles: number; readonly actions: SomeActions } {
  const { matrix } = machine.core;
  const bits = s.k * s.n * s.weightBits;
  if (matrix.kind === 'systolic') {
    return { cycles: Math.max(s.k, Math.ceil(bits / matrix.writeBits)), actions: { 'systolic.loadBit': bits } };
  }
  const perRow = Math.ceil((Math.ceil(s.n / s.gridN) * s.weightBits) / matrix.writeBits) * matrix.writeRowCycles;
  return { cycles: s.k * s.gridN * perRow, actions: { 'array.writeBit': bits } };
}

/**
 * Compute cycles of a whole GEMM on an R x C systolic array as SCALE-Sim v3 reports them: folds x P - 1, P = 2R + C + T - 2 for weight and
 * input stationary, R + C + T - 2 for output stationary; an edge fold costs a full one.
 */
export function systolicGemmCycles(m: number, n: number, k: number, rows: number, columns: number, dataflow: 'ws' | 'os' | 'is'): number {
  const [sr, sc, t] = dataflow === 'ws' ? [k, n, m] : dataflow === 'os' ? [m, n, k] : [k, m, n];
  const folds = Math.ceil(sr / rows) * Math.ceil(sc / columns);
  const perFold = (dataflow === 'os' ? 1 : 2) * rows + columns + t - 2;
  return folds * perFold - 1;
}
