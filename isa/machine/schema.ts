/**
 * The machine: one readonly object that describes a whole chip, checked strictly. Units are in the field names. There
 * are no defaults: a preset states everything, so that a reader never has to know what was assumed.
 * Cross-field checks are in check.ts; what a field costs in cycles is in isa/demand.
 */
import { z } from 'zod';

const count = (max = 2 ** 31 - 1) => z.int().min(1).max(max);
const natural = (max = 2 ** 31 - 1) => z.int().min(0).max(max);
const megahertz = z.number().positive().max(10_000);

export const basisSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('modelled-after'), source: z.string().min(1) }),
  z.strictObject({ kind: z.literal('hypothetical'), reason: z.string().min(1) }),
]);

const digitalCim = z.strictObject({
  kind: z.literal('digital-cim'),
  macros: count(4096),
  /** Cell rows and cell columns of one macro; a cell holds one bit. */
  rows: count(65536),
  columns: count(65536),
  /** Rows that one adder tree sums at once; a divisor of rows. */
  rowsAtOnce: count(65536),
  inputBitsPerCycle: count(16),
  /** Cell columns that share one adder tree. */
  columnMux: count(64),
  /** Adder tree and shift-add latency L. */
  pipelineCycles: natural(1024),
  macroAdder: z.strictObject({ fanIn: count(4096), latencyCycles: natural(1024) }),
  /** 2 = one plane can be written while the other computes. */
  planes: z.union([z.literal(1), z.literal(2)]),
  planeSwapCycles: natural(1024),
  /** Bits written at once into one macro row, and cycles for one such write. */
  writeBits: count(65536),
  writeRowCycles: count(1024),
  /** A write and a multiply on the same macros: side by side; the write goes first and lengthens the multiply; or whoever came first keeps the other out. */
  writeInterference: z.enum(['none', 'steals', 'blocks']),
  /** Activation bits that the input network delivers per cycle to one replica. */
  feedBits: count(1 << 20),
  /** Narrowest and widest operands; narrower ones are stored and computed at the narrowest. */
  weightBitsMin: count(8),
  weightBitsMax: count(8),
  inputBitsMin: count(8),
  inputBitsMax: count(16),
});

/** Deviations of a built analog array from its design, drawn from a seed; all zero = the design. They change values, never cycles. */
const nonIdealities = z.strictObject({
  /** Standard deviation of a cell's level, relative to the level. Fixed per cell. */
  cellSigma: z.number().min(0).max(1),
  /** Share of cells that are stuck at level 0, and at the top level. */
  stuckAtZero: z.number().min(0).max(1),
  stuckAtTop: z.number().min(0).max(1),
  /** Standard deviation of one conversion, in steps of the ADC; drawn anew for each. */
  readNoiseSteps: z.number().min(0).max(1e6),
  /** Standard deviation of an ADC's offset, in its steps. Fixed per ADC. */
  adcOffsetSteps: z.number().min(0).max(1e6),
});

const analogCim = z.strictObject({
  kind: z.literal('analog-cim'),
  macros: count(4096),
  /** Cell rows and cell columns of one macro. */
  rows: count(65536),
  columns: count(65536),
  /** Bits that one cell holds; a weight takes ceil(bits / cellBits) neighbouring columns. */
  cellBits: count(8),
  /** Rows that are driven at once; a divisor of rows. */
  rowsAtOnce: count(65536),
  /** Input bits that a DAC drives in one pass. */
  dacBits: count(8),
  /** The front of the read-out pipeline: input buffer, DAC, array settling, sample and hold. */
  inputBufferCycles: natural(65536),
  dacCycles: natural(65536),
  settleCycles: natural(65536),
  holdCycles: natural(65536),
  /** The back: one conversion, shift-add of a code, output buffer; neighbouring columns share an ADC. */
  adcCycles: count(65536),
  shiftAddCycles: natural(65536),
  outputBufferCycles: natural(65536),
  columnsPerAdc: count(65536),
  adcBits: count(24),
  /** Column sum that the top code stands for, in products of one DAC step and one cell level; larger sums clip. */
  adcFullScale: count(),
  nonIdealities,
  macroAdder: z.strictObject({ fanIn: count(4096), latencyCycles: natural(1024) }),
  planes: z.union([z.literal(1), z.literal(2)]),
  planeSwapCycles: natural(1024),
  writeBits: count(65536),
  writeRowCycles: count(65536),
  writeInterference: z.enum(['none', 'steals', 'blocks']),
  feedBits: count(1 << 20),
  weightBitsMin: count(8),
  weightBitsMax: count(8),
  inputBitsMin: count(8),
  inputBitsMax: count(16),
});

const systolic = z.strictObject({
  kind: z.literal('systolic'),
  rows: count(4096),
  columns: count(4096),
  dataflow: z.enum(['weight-stationary', 'output-stationary', 'input-stationary']),
  /** 2 = shadow weight registers: the next tile is loaded while this one computes. */
  planes: z.union([z.literal(1), z.literal(2)]),
  preload: z.enum(['overlapped', 'exposed']),
  /** Fixed cost of starting one operation. */
  setupCycles: natural(65536),
  /** Weight bits loaded per cycle into the array's edge. */
  writeBits: count(1 << 20),
  feedBits: count(1 << 20),
  /** Narrowest and widest operands; narrower ones are stored and computed at the narrowest. */
  weightBitsMin: count(8),
  weightBitsMax: count(16),
  inputBitsMin: count(8),
  inputBitsMax: count(16),
});

/** Everything asks the kind, never the name of a chip. */
export const matrixSchema = z.discriminatedUnion('kind', [digitalCim, analogCim, systolic]);

export const coreSchema = z.strictObject({
  sequencer: z.strictObject({
    dispatchCycles: count(1024),
    queueDepth: count(1024),
    instructionBytes: count(),
    descriptorEntries: count(65535),
    /**
     * Width of the port over which code and descriptors come from DRAM, one word a buffer clock behind the latency of the interconnect. Fetch has
     * it to itself and shares only DRAM with data, as NPUs keep an instruction port apart from their data ports.
     */
    fetchBits: count(65536),
  }),
  matrix: matrixSchema,
  vector: z.strictObject({
    lanes: count(65536),
    startupCycles: natural(1024),
    /** Multiply-accumulates per cycle of VDOT. */
    windowMacLanes: count(65536),
    /** Cycles per element and lane of division and square root. */
    divideCycles: count(1024),
  }),
  drain: z.strictObject({ lanes: count(65536), startupCycles: natural(1024) }),
  /** Requantizers that the drain has. */
  requantizers: z.array(z.enum(['threshold', 'fixed-point', 'float32'])).min(1),
  scratchpad: z.strictObject({
    sizeBytes: count(),
    banks: count(4096),
    portBits: count(65536),
    latencyCycles: natural(1024),
  }),
  /** One port a bank; the matrix unit has a path to every bank, so it adds to one row while it writes another. */
  accumulators: z.strictObject({
    sizeBytes: count(),
    widthBits: z.union([z.literal(24), z.literal(32), z.literal(48)]),
    banks: count(4096),
    portBits: count(65536),
  }),
  /** Window buffer in front of the matrix unit: overlapping windows are read from the scratchpad once; 0 = none. */
  windowBufferBytes: natural(),
  dma: z.strictObject({ channels: count(16), outstanding: count(4096), setupCycles: natural(65536) }),
});

export const dramSchema = z.strictObject({
  name: z.string().min(1),
  /** Key of the energy entry in the price list. */
  technology: z.string().min(1),
  channels: count(256),
  /** Data bits of one channel. */
  channelBits: count(4096),
  capacityBytes: z.number().int().positive(),
  /** Clock of the command timings, in picoseconds. */
  clockPs: count(),
  burstBytes: count(4096),
  /** Data-bus clocks of one burst. */
  burstClocks: count(1024),
  banks: count(1024),
  bankGroups: count(64),
  rowBytes: count(),
  /** Address bits above the burst offset, low to high, e.g. ['column:6', 'bank:3', 'row:15'] (also channel, group). */
  mapping: z.array(z.string().regex(/^(column|bank|group|channel|row):[0-9]+$/)).min(1),
  readQueue: count(4096),
  writeQueue: count(4096),
  controllerPs: natural(),
  timing: z.strictObject({
    readLatency: count(),
    writeLatency: count(),
    rcd: count(),
    rp: count(),
    rpAll: count(),
    ras: count(),
    ccdShort: count(),
    ccdLong: count(),
    rrdShort: count(),
    rrdLong: count(),
    faw: count(),
    writeRecovery: count(),
    readToPrecharge: count(),
    writeToReadShort: count(),
    writeToReadLong: count(),
    readToWrite: count(),
    /** Clocks of the row-command bus that a precharge with its activation takes; 0 = the bus never limits. */
    rowCommand: natural(1024),
    rfc: count(),
    refi: count(),
  }),
});

export const tierSchema = z.strictObject({
  name: z.string().min(1),
  /** Key of the energy entry in the price list. */
  technology: z.string().min(1),
  capacityBytes: z.number().int().positive(),
  /** Of the link, both directions together. */
  megabytesPerSecond: z.number().positive().max(1e6),
  /** From a request to its first byte; requests overlap. */
  latencyPs: natural(),
  /** One request moves a block; what touches a part of it moves all of it. */
  blockBytes: count(1 << 20),
  /** Constants that live there: those for which DRAM has no room, or all weights. */
  holds: z.enum(['overflow', 'weights']),
});

export const machineSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9.-]*$/),
  summary: z.string().min(1),
  basis: basisSchema,
  technology: z.strictObject({ nodeNm: z.number().positive().max(250), supplyV: z.number().positive().max(5) }),
  clocks: z.strictObject({ coreMhz: megahertz, bufferMhz: megahertz }),
  cores: count(31),
  core: coreSchema,
  interconnect: z.strictObject({
    linkBits: count(65536),
    latencyCycles: natural(65536),
    /** Whether one transfer may reach several cores (`cores` of copy and gather, isa/README.md). Of one core it changes nothing. */
    multicast: z.boolean(),
  }),
  buffer: z.strictObject({
    sizeBytes: count(),
    banks: count(4096),
    portBits: count(65536),
    latencyCycles: natural(1024),
  }),
  dram: dramSchema,
  /** Slower memory behind DRAM, a host's over a link or flash. In the DRAM space its bytes follow those of DRAM. Left out: there is none. */
  tier: tierSchema.optional(),
  /** What-if switches: each turns one help off without touching the rest. */
  capabilities: z.strictObject({
    weightPlanes: z.boolean(),
    doubleBuffering: z.boolean(),
    /** Bit-serial arrays skip steps whose input bits are all zero; time then needs measured operands (isa/demand/skipping.ts). */
    zeroSkipping: z.boolean(),
    compressedWeights: z.boolean(),
    fusion: z.boolean(),
    /** Weights may stay in the arrays from one inference to the next. */
    weightResidency: z.boolean(),
  }),
});

export type Machine = z.infer<typeof machineSchema>;
export type MatrixUnit = Machine['core']['matrix'];
export type DigitalCim = Extract<MatrixUnit, { kind: 'digital-cim' }>;
export type AnalogCim = Extract<MatrixUnit, { kind: 'analog-cim' }>;
export type Systolic = Extract<MatrixUnit, { kind: 'systolic' }>;
export type Dram = Machine['dram'];
export type Tier = NonNullable<Machine['tier']>;
