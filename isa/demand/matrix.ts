/**
 * What a matrix multiply and a weight write cost, by kind of matrix unit: the closed forms of DESIGN section 5, without
 * contention. M vectors, K rows, N outputs, bi and bw bits. Digital CIM: S = ceil(bi/p) ceil(K'/rowsAtOnce) mux cycles per
 * vector for the K' rows of one macro, feed and accumulator port beside it, II the largest of them. Systolic: the fold
 * forms that SCALE-Sim reports (P = 2R + C + T - 2), cut where this machine overlaps: loading is the weight write, folds follow
 * each other without draining. Left out: PE utilization inside an edge fold, which costs a full one.
 */
import type { AnalogCim, DigitalCim, Machine, MatrixUnit, Systolic } from '../machine/schema.ts';
import type { SomeActions } from './actions.ts';
import { executed, fullSteps, measuredSteps, type StepHistogram, unskipped } from './skipping.ts';

/** Shape of one mm: the tile's grid and what enters it. */
export interface MatmulShape {
  /** Vectors that are computed; rows that are clipped as a whole are not among them. */
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
  /** Zero skipping: what was measured of this layer; left out, nothing is skipped. */
  readonly skipping?: readonly StepHistogram[];
}

export interface UnitDemand {
  /** The unit can take its next instruction after this many cycles. */
  readonly busyCycles: number;
  /** From then until the results can be seen (scratchpad read latency is added by the memory). */
  readonly latencyCycles: number;
  /** Words at the scratchpad and accumulator ports. */
  readonly spadWords: number;
  readonly accWords: number;
  readonly actions: SomeActions;
  /** What sets busyCycles. */
  readonly boundBy: string;
  /**
   * Cycles after its start from which an mm into the same accumulators may start, where that is earlier than done: partial
   * sums of a row must have left the pipeline before the row comes round again, + max(0, L - M * II) (DESIGN section 5); a
   * systolic array adds at its edge in order.
   */
  readonly reaccumulateCycles?: number;
}

/** `freePorts`: operands and results pass the array's border in no time (the counterfactual of the array boundary). */
export function matmulDemand(s: MatmulShape, machine: Machine, freePorts = false): UnitDemand {
  const { matrix } = machine.core;
  switch (matrix.kind) {
    case 'digital-cim':
      return digitalDemand(s, machine, matrix, freePorts);
    case 'analog-cim':
      return analogDemand(s, machine, matrix, freePorts);
    case 'systolic':
      return systolicDemand(s, machine, matrix, freePorts);
  }
}

/** Cycles between two vectors that the array itself sets, for a planner; ports may set more. */
export function vectorCycles(matrix: MatrixUnit, inputBits: number, rowsUsed: number, columnsUsed: number): number {
  switch (matrix.kind) {
    case 'digital-cim':
      return bitSerialSteps(matrix, inputBits, rowsUsed);
    case 'analog-cim': {
      const { front, back } = readOut(matrix, columnsUsed);
      return analogPasses(matrix, inputBits, rowsUsed) * Math.max(front, back);
    }
    case 'systolic':
      return 1;
  }
}

/** Cells of a macro (PEs of an array) that one evaluation can keep busy, at most: rows summed at once, cell columns, and bits of an input in a step. */
export interface BusyCells {
  readonly rows: number;
  readonly columns: number;
  readonly inputBits: number;
}

/**
 * Cells that tiles of `k` rows by `n` outputs a macro keep busy at the given widths: inputs are shared along a row and sums along a column, so what one tile leaves
 * free no other can use. Systolic arrays that keep outputs or inputs may fill theirs with vectors.
 */
export function busyCells(matrix: MatrixUnit, k: number, n: number, inputBits: number, weightBits: number): BusyCells {
  if (matrix.kind === 'systolic')
    return matrix.dataflow === 'weight-stationary'
      ? { rows: k, columns: n, inputBits }
      : { ...allCells(matrix), inputBits };
  const rows = evenPart(k, matrix.rowsAtOnce);
  if (matrix.kind === 'digital-cim')
    return { rows, columns: n * weightBits, inputBits: evenPart(inputBits, matrix.inputBitsPerCycle) };
  return { rows, columns: n * Math.ceil(weightBits / matrix.cellBits), inputBits };
}

/** `total` in as few equal parts of at most `size` as will do: the length of one, not rounded; 0 of nothing. */
export function evenPart(total: number, size: number): number {
  return total === 0 ? 0 : total / Math.ceil(total / size);
}

/** Every cell of a macro. */
export function allCells(matrix: MatrixUnit): BusyCells {
  const { rows, columns } = matrix;
  if (matrix.kind === 'systolic') return { rows, columns, inputBits: 0 };
  const inputBits = matrix.kind === 'digital-cim' ? matrix.inputBitsPerCycle : matrix.dacBits;
  return { rows: matrix.rowsAtOnce, columns, inputBits };
}

/** Cycles that the matrix unit of one core needs for counted work with all macros at it and that many cells of each: what no mapping can beat. */
export function arrayCycles(actions: SomeActions, matrix: MatrixUnit, busy: BusyCells = allCells(matrix)): number {
  switch (matrix.kind) {
    case 'digital-cim':
      return (
        ((actions['mac.bit'] ?? 0) * matrix.columnMux) / (matrix.macros * busy.rows * busy.columns * busy.inputBits)
      );
    case 'analog-cim': {
      const { front, back } = readOut(matrix, busy.columns);
      return ((actions['analog.cell'] ?? 0) * Math.max(front, back)) / (matrix.macros * busy.rows * busy.columns);
    }
    case 'systolic':
      return (actions['systolic.mac'] ?? 0) / (busy.rows * busy.columns);
  }
}

/** Multiply-accumulates per cycle of one core's matrix unit at full tiles of the given widths. */
export function peakMacs(matrix: MatrixUnit, inputBits: number, weightBits: number): number {
  switch (matrix.kind) {
    case 'digital-cim':
      return 1 / arrayCycles({ 'mac.bit': Math.max(inputBits, matrix.inputBitsPerCycle) * weightBits }, matrix);
    case 'analog-cim': {
      const cells = Math.ceil(inputBits / matrix.dacBits) * Math.ceil(weightBits / matrix.cellBits);
      return 1 / arrayCycles({ 'analog.cell': cells }, matrix);
    }
    case 'systolic':
      return matrix.rows * matrix.columns;
  }
}

/** Times that the array is evaluated for one vector: DAC slices of an input x row groups. */
export function analogPasses(matrix: AnalogCim, inputBits: number, rowsUsed: number): number {
  return Math.ceil(inputBits / matrix.dacBits) * Math.ceil(rowsUsed / matrix.rowsAtOnce);
}

/**
 * The two stages of one evaluation in cycles: front = input buffer + DAC + settling + hold; back = conversion + shift-add + output buffer of the first
 * column of an ADC, then one more per max(conversion, shift-add + output buffer), as pimsim-nn pipelines its read-out.
 */
export function readOut(matrix: AnalogCim, columnsUsed: number): { readonly front: number; readonly back: number } {
  const { inputBufferCycles, dacCycles, settleCycles, holdCycles, adcCycles } = matrix;
  const behind = matrix.shiftAddCycles + matrix.outputBufferCycles;
  const perAdc = Math.min(matrix.columnsPerAdc, columnsUsed);
  return {
    front: inputBufferCycles + dacCycles + settleCycles + holdCycles,
    back: adcCycles + behind + Math.max(0, perAdc - 1) * Math.max(adcCycles, behind),
  };
}

/** Cycles that one vector keeps the bit-serial array: input-bit steps x row groups x columns per tree. */
export function bitSerialSteps(matrix: DigitalCim, inputBits: number, rowsUsed: number): number {
  return fullSteps(matrix, inputBits, rowsUsed) * matrix.columnMux;
}

/**
 * With zero skipping the interval between vectors is a mean over what was measured, each group limited by feed and ports as any other; counts of steps
 * and products fall by the mean share of steps.
 */
function digitalDemand(s: MatmulShape, machine: Machine, matrix: DigitalCim, freePorts: boolean): UnitDemand {
  const vectors = Math.ceil(s.m / s.replicas);
  const rowsUsed = Math.ceil(s.k / s.gridK);
  const full = fullSteps(matrix, s.inputBits, rowsUsed);
  const taken =
    s.skipping === undefined || vectors === 0 ? unskipped(full) : measuredSteps(s.skipping, full, s.replicas);
  const ports = portDemand(s, machine, freePorts);
  const feed = freePorts ? 0 : groupFeed(s, matrix.feedBits);
  const paceOf = (steps: number) => interval(steps * matrix.columnMux, feed, ports.accWords, vectors, machine);
  const sum = (of: (steps: number) => number) => taken.counts.reduce((n, c) => n + of(c.steps) * c.count, 0);
  const pace = sum((steps) => paceOf(steps).cycles);
  const last = sum((steps) => Math.max(steps * matrix.columnMux, feed));
  const latencyCycles =
    matrix.pipelineCycles + adderLevels(s.gridK, matrix.macroAdder.fanIn) * matrix.macroAdder.latencyCycles;
  const busyCycles =
    matrix.planeSwapCycles + (vectors === 0 ? 0 : Math.ceil(((vectors - 1) * pace + last) / taken.total));
  const left = (count: number) => executed(count, taken, full);
  const products = left(s.m * s.k * s.n * s.inputBits * s.weightBits);
  return {
    busyCycles,
    latencyCycles,
    reaccumulateCycles: busyCycles + Math.max(0, latencyCycles - Math.floor((vectors * pace) / taken.total)),
    spadWords: ports.spadWords,
    accWords: ports.accWords,
    boundBy: paceOf(left(full)).by,
    actions: {
      'mac.bit': products,
      'array.adderBit': products,
      'array.inputBit': left(s.m * s.k * s.inputBits * s.gridN),
      'array.shiftAdd': left(s.m * s.n * s.gridK * s.weightBits * full),
      'array.macroAdd': s.m * s.n * (s.gridK - 1),
      'array.macroCycle': left(s.m * full * matrix.columnMux * s.gridK * s.gridN),
      ...ports.actions,
    },
  };
}

/**
 * front + back + (passes x M - 1) x max(front, back) (DESIGN section 5), told as the time until the next instruction may start and the rest. Every cell column
 * of the tile is converted in every pass; slices of a weight lie side by side, so they cost columns, not passes.
 */
function analogDemand(s: MatmulShape, machine: Machine, matrix: AnalogCim, freePorts: boolean): UnitDemand {
  const vectors = Math.ceil(s.m / s.replicas);
  const rowsUsed = Math.ceil(s.k / s.gridK);
  const cells = Math.ceil(s.weightBits / matrix.cellBits);
  const { front, back } = readOut(matrix, Math.ceil(s.n / s.gridN) * cells);
  const passes = analogPasses(matrix, s.inputBits, rowsUsed);
  const steps = passes * Math.max(front, back);
  const ports = portDemand(s, machine, freePorts);
  const feed = freePorts ? 0 : groupFeed(s, matrix.feedBits);
  const limit = interval(steps, feed, ports.accWords, vectors, machine);
  const latencyCycles =
    Math.min(front, back) + adderLevels(s.gridK, matrix.macroAdder.fanIn) * matrix.macroAdder.latencyCycles;
  const busyCycles =
    vectors === 0
      ? matrix.planeSwapCycles
      : matrix.planeSwapCycles + (vectors - 1) * limit.cycles + Math.max(steps, feed);
  const inputSteps = Math.ceil(s.inputBits / matrix.dacBits);
  const conversions = s.m * s.n * cells * s.gridK * passes;
  return {
    busyCycles,
    latencyCycles,
    reaccumulateCycles: busyCycles + Math.max(0, latencyCycles - vectors * limit.cycles),
    spadWords: ports.spadWords,
    accWords: ports.accWords,
    boundBy: limit.by,
    actions: {
      'analog.cell': s.m * s.k * s.n * cells * inputSteps,
      'analog.dac': s.m * s.k * inputSteps * s.gridN,
      'analog.adc': conversions,
      'array.shiftAdd': conversions,
      'array.macroAdd': s.m * s.n * (s.gridK - 1),
      'array.macroCycle': s.m * steps * s.gridK * s.gridN,
      ...ports.actions,
    },
  };
}

/**
 * T steps per fold: weights stationary T = M (the tile is one fold), outputs T = K and folds over M x N, inputs T = N and folds over K x M.
 * Folds of one mm follow each other; `exposed` empties the array between them, and input stationary loads R rows of inputs.
 */
function systolicDemand(s: MatmulShape, machine: Machine, matrix: Systolic, freePorts: boolean): UnitDemand {
  const { rows, columns, dataflow } = matrix;
  const ports = portDemand(s, machine, freePorts);
  const feed = freePorts ? 0 : Math.ceil((s.k * s.inputBits) / matrix.feedBits);
  const skew = rows + columns - 2;
  const latencyCycles = s.m === 0 ? 0 : skew;
  // Weight stationary takes a vector a cycle; the others take rows of vectors side by side, so only ports count by vector.
  const limit = interval(dataflow === 'weight-stationary' ? 1 : 0, feed, ports.accWords, s.m, machine);
  const folds = dataflow === 'output-stationary' ? fold(s.m, rows, s.n, columns) : fold(s.k, rows, s.m, columns);
  const steps = dataflow === 'output-stationary' ? s.k : s.n;
  const load = dataflow === 'input-stationary' ? rows : 0;
  const streamed =
    matrix.preload === 'exposed' ? folds * (load + steps + skew) - skew : load + folds * Math.max(steps, load);
  const perVector = s.m * limit.cycles;
  const stream = dataflow === 'weight-stationary' ? perVector : Math.max(streamed, perVector);
  const busyCycles = matrix.setupCycles + stream;
  return {
    busyCycles,
    latencyCycles,
    reaccumulateCycles: busyCycles,
    spadWords: ports.spadWords,
    accWords: ports.accWords,
    boundBy: limit.by,
    actions: {
      'systolic.mac': s.m * s.k * s.n,
      'systolic.productBit': s.m * s.k * s.n * s.inputBits * s.weightBits,
      ...ports.actions,
    },
  };
}

/** Cycles to feed one vector to each copy of the tile. */
function groupFeed(s: MatmulShape, feedBits: number): number {
  return Math.ceil((Math.min(s.replicas, s.m) * s.k * s.inputBits) / feedBits);
}

/**
 * Cycles between vectors and what sets them: the array itself, its feed, or the accumulator ports. The feed draws on as many scratchpad banks
 * at once as it is wide, so the scratchpad limits it only where units contend (sim/timing). Sums go to all accumulator banks side by side, so that a
 * row is read for adding while an earlier one is written.
 */
function interval(array: number, feed: number, accWords: number, vectors: number, machine: Machine) {
  const acc = vectors === 0 ? 0 : Math.ceil(accWords / vectors / machine.core.accumulators.banks);
  const cycles = Math.max(array, feed, acc);
  return { cycles, by: cycles === array ? 'array' : cycles === feed ? 'feed' : 'accumulator port' };
}

function fold(a: number, rows: number, b: number, columns: number): number {
  return Math.ceil(a / rows) * Math.ceil(b / columns);
}

interface Ports {
  readonly spadWords: number;
  readonly accWords: number;
  readonly actions: SomeActions;
}

/**
 * Words and bits at the scratchpad, window buffer and accumulator ports. Copies of a tile take neighbouring vectors in the same cycles, so their sums share words;
 * sums of different cycles do not.
 */
function portDemand(s: MatmulShape, machine: Machine, free: boolean): Ports {
  const { scratchpad, accumulators, windowBufferBytes } = machine.core;
  const inputBits = s.m * s.k * s.inputBits;
  const buffered = windowBufferBytes * 8 >= s.k * s.inputBits && s.uniqueInputBits < inputBits;
  const spadBits = buffered ? s.uniqueInputBits : inputBits;
  const accBits = s.m * s.n * accumulators.widthBits;
  const groups = Math.ceil(s.m / s.replicas);
  const wordsPerGroup = Math.ceil((Math.min(s.replicas, s.m) * s.n * accumulators.widthBits) / accumulators.portBits);
  return {
    spadWords: free ? 0 : Math.ceil(spadBits / scratchpad.portBits),
    accWords: free ? 0 : groups * wordsPerGroup * (s.accumulate ? 2 : 1),
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
  /** Copies of the tile; they change what is written, not how long it takes. 1 where left out. */
  readonly replicas?: number;
}

/**
 * Cycles and actions of writing one tile, without its source: rows of every macro, one after the other, for the core has one
 * write port; replicas are written at once, each into cells of its own. A systolic array takes one row of weights a cycle, or writeBits.
 */
export function weightWriteDemand(
  s: WeightWriteShape,
  machine: Machine,
): { readonly cycles: number; readonly actions: SomeActions } {
  const { matrix } = machine.core;
  const bits = s.k * s.n * s.weightBits;
  if (matrix.kind === 'systolic') {
    return { cycles: Math.max(s.k, Math.ceil(bits / matrix.writeBits)), actions: { 'systolic.loadBit': bits } };
  }
  const perRow = Math.ceil((Math.ceil(s.n / s.gridN) * s.weightBits) / matrix.writeBits) * matrix.writeRowCycles;
  return { cycles: s.k * s.gridN * perRow, actions: { 'array.writeBit': bits * (s.replicas ?? 1) } };
}
