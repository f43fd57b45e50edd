/**
 * `run/1`: the versioned document that `qnpu run --json` prints and `qnpu schema run` publishes. Integers unless a field
 * says otherwise; energies in femtojoules, times in picoseconds, areas in square micrometres, sizes in bytes.
 * Laws (tested): the causes add up to `cycles`; every unit's busy + stalls + idle = its total; traffic rows add up to the
 * bytes that the executed instructions moved; energy = counts x prices.
 */
import { z } from 'zod';

const natural = z.number().int().min(0);
const text = z.string();

const actionSchema = z.strictObject({
  count: natural,
  /** Price of one action in fJ (a real number). */
  priceFj: z.number().min(0),
  energyFj: natural,
  lowFj: natural,
  highFj: natural,
  basis: z.enum(['cited', 'fitted', 'assumed']),
  source: text,
});

const unitSchema = z.strictObject({
  busy: natural,
  stalls: z.record(text, natural),
  idle: natural,
  total: natural,
});

const trafficSchema = z.strictObject({
  /** `tier`: the slower memory behind DRAM, which the chip reaches past it. */
  boundary: z.enum(['tier', 'dram', 'core', 'array']),
  kind: text,
  layer: text,
  readBytes: natural,
  writeBytes: natural,
});

export const layerSchema = z.strictObject({
  name: text,
  op: text,
  m: natural,
  k: natural,
  n: natural,
  macs: natural,
  /** MACs that are done: more than `macs` where rows between bands or tiles of layers that stay on the core are computed by both. */
  macsDone: natural,
  /** Cycles of the critical path that belong to this layer; the layers and `outside` add up to `cycles`. */
  cycles: natural,
  /** Which resource gives boundCycles. */
  bound: text,
  /** The least that the layer's whole work, or its DRAM bytes, take; `cycles` are less where other layers hide some of it. */
  boundCycles: natural,
  energyFj: natural,
  dramBytes: natural,
  /** MACs / (cycles x peak MACs per cycle at this layer's widths), 0 .. 1. */
  utilization: z.number().min(0).max(1),
  /** The mapper's choice in words. */
  mapping: text,
});

/** Decibels; null where there is no noise. */
const decibels = z.number().nullable();

const quantizationSchema = z.strictObject({
  /** As in w4a8: bits of weights, and of the activations that a layer reads. */
  widths: text,
  method: z.enum(['min-max', 'percentile', 'entropy']),
  /** Inputs that ranges come from, and the first of them, on which noise was measured. */
  samples: natural,
  measuredSamples: natural,
  biasCorrection: z.boolean(),
  /** What was assumed for want of data. */
  assumed: z.array(text),
  layers: z.array(
    z.strictObject({
      name: text,
      op: text,
      weightBits: natural,
      activationBits: natural,
      /** Signal to quantization noise of the weights alone. */
      weightSqnrDb: decibels,
      /** Of the layer's result against the float network's, with the noise of all layers before it. */
      sqnrDb: decibels,
      /** Range of the result's codes, and the share of its values outside of it. */
      low: z.number(),
      high: z.number(),
      clipped: z.number().min(0).max(1),
    }),
  ),
  outputs: z.array(z.strictObject({ name: text, sqnrDb: decibels })),
});

const waySchema = z.strictObject({
  option: text,
  /** Estimate in core cycles; null where it cannot be. */
  cycles: natural.nullable(),
  /** What is against it where cycles are not, or that a mapping file pins it. */
  note: text,
});

const choiceSchema = waySchema.extend({
  decision: text,
  /** What the estimate covers. */
  of: text,
  runnersUp: z.array(waySchema),
});

const rungSchema = z.strictObject({
  name: text,
  /** What this rung adds to the one before. */
  adds: text,
  machine: text,
  cycles: natural,
  latencyPs: natural,
  energyFj: natural,
  dramReadBytes: natural,
  dramWriteBytes: natural,
  weightDramBytes: natural,
  /** cycles of this run minus cycles of the same program with DRAM at infinite bandwidth and zero latency. */
  wallCycles: natural,
  boundCycles: natural,
  /** True when cycles > 1.25 x boundCycles: the mapping, not the machine, limits this rung. */
  scheduleLimited: z.boolean(),
  /** DRAM bytes of the reference minus those of this rung (may be negative). */
  avoidedBytes: z.number().int(),
  onChipBytes: natural,
  peakMacsPerCycle: z.number().min(0),
  state: z.enum(['steady', 'cold']),
  batch: natural,
});

export const runSchema = z.strictObject({
  schema: z.literal('run/1'),
  tool: text,
  isa: text,
  seed: natural,
  model: z.strictObject({
    name: text,
    hash: text,
    macs: natural,
    params: natural,
    weightBytes: natural,
    inputs: z.array(z.strictObject({ name: text, shape: z.array(natural), type: text })),
    outputs: z.array(z.strictObject({ name: text, shape: z.array(natural), type: text })),
  }),
  machine: z.strictObject({
    name: text,
    hash: text,
    summary: text,
    basis: text,
    /** Kind of the matrix unit: digital-cim, analog-cim or systolic. */
    matrix: text,
    overrides: z.array(text),
  }),
  /** `activity`: how often array gates were taken to switch, and whether that was measured or assumed. */
  prices: z.strictObject({ name: text, hash: text, activity: text }),
  state: z.enum(['steady', 'cold']),
  warnings: z.array(text),
  cycles: natural,
  latencyPs: natural,
  /** Same network from a cold start: everything that stays resident is loaded first. */
  coldCycles: natural,
  coldLatencyPs: natural,
  /** Of a stream over several cores: `cycles` and `latencyPs` above lie between two results, an inference takes `latencyPs` here, one interval a stage. */
  pipeline: z.strictObject({ stages: natural, latencyPs: natural }).optional(),
  energyFj: z.strictObject({
    total: natural,
    low: natural,
    high: natural,
    /** The sum of the rows `leakage.*`. */
    leakage: natural,
    /** Actions, `clock.*` (count: busy cycles), `dram.background` and `leakage.*` (count: picoseconds): all of the total. */
    byAction: z.record(text, actionSchema),
    byScope: z.strictObject({ arrays: natural, chip: natural, chipAndDram: natural }),
    shares: z.strictObject({ cited: z.number(), fitted: z.number(), assumed: z.number() }),
  }),
  areaUm2: natural,
  area: z.strictObject({ lowUm2: natural, highUm2: natural, byComponent: z.record(text, natural) }),
  /** 2 x MACs / energy, by scope. */
  topsPerWatt: z.strictObject({ arrays: z.number(), chip: z.number(), chipAndDram: z.number() }),
  causes: z.record(text, natural),
  units: z.record(text, unitSchema),
  traffic: z.array(trafficSchema),
  layers: z.array(layerSchema),
  /**
   * Where a network runs section by section: each with all of its runs, `repeat` with weights of their own times `steps` with the same ones. Cycles and DRAM bytes add
   * up to the totals. Layers are then named `section/layer`; their counts are those of all runs, m, k and n those of one.
   */
  sections: z
    .array(
      z.strictObject({
        name: text,
        repeat: natural,
        steps: natural,
        cycles: natural,
        /** Of its layers. */
        energyFj: natural,
        dramBytes: natural,
      }),
    )
    .optional(),
  bounds: z.strictObject({
    computeCycles: natural,
    dramCycles: natural,
    linkCycles: natural,
    compulsoryBytes: natural,
    /** Of the slower tier behind DRAM; 0 where there is none. */
    tierCycles: natural,
    tierCompulsoryBytes: natural,
    boundCycles: natural,
    binding: text,
  }),
  /** Counterfactual runs of the same program: cycles saved if that boundary were free. */
  wall: z.strictObject({ dramCycles: natural, coreCycles: natural }),
  /** Runs on machines with one thing changed: what each change would do to this point. */
  whatIfs: z.array(z.strictObject({ set: z.array(text), cycles: natural, energyFj: natural, areaUm2: natural })),
  values: z
    .strictObject({
      /** `exact`: arrays as designed; `noisy`: with the random deviations that the machine states. */
      mode: z.enum(['exact', 'noisy']),
      /** Whether every product is exact, so that values are those of the network's integers, bit for bit. */
      exact: z.boolean(),
      /** What deviates in the arrays, in words. */
      arrays: text,
      /** sha256 of each output's bytes. */
      outputs: z.record(text, text),
      inputSource: text,
      samples: natural,
      accuracy: z.strictObject({ correct: natural, total: natural, labels: text }).optional(),
    })
    .optional(),
  /** How a float model was quantized before it was compiled (--quantize). */
  quantization: quantizationSchema.optional(),
  /** Decisions of the mapping, each with its estimate and what it was preferred to (--explain). */
  mapping: z
    .strictObject({
      network: z.array(choiceSchema),
      layers: z.array(z.strictObject({ layer: text, choices: z.array(choiceSchema) })),
    })
    .optional(),
  ladder: z.array(rungSchema).optional(),
  iso: z.record(text, text).optional(),
});

export type RunResult = z.infer<typeof runSchema>;
export type LadderRung = z.infer<typeof rungSchema>;
