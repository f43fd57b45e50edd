/**
 * The compiler's entry: graph and machine in, program and report out. Each stage is a function to a different type: selected
 * kernels, storage, memory plan, mappings, steps, drafts with weights in place, ordered instructions, program.
 */
import { CapacityError, InternalError } from '../isa/base/errors.ts';
import { tierStart } from '../isa/machine/geometry.ts';
import type { Machine } from '../isa/machine/schema.ts';
import type { Program } from '../isa/program.ts';
import { type BandCycles, bandCycles, chooseBands, payingBands, plannedAs } from './bands/choose.ts';
import { type Bands, cutBands } from './bands/cut.ts';
import { mergeBands } from './bands/layers.ts';
import { decisionOfBands, resolveBands } from './bands/pins.ts';
import { checkProvenance } from './check/provenance.ts';
import { checkSemaphores } from './check/semaphores.ts';
import type { Graph } from './graph/types.ts';
import { requireVerified } from './graph/verify.ts';
import { ConstantPool, type FarConstants } from './lower/constants.ts';
import { channelsOf } from './lower/core-driver.ts';
import type { Draft, NamedTensor } from './lower/draft.ts';
import { drive } from './lower/driver.ts';
import type { Interval } from './lower/footprint.ts';
import { fuse } from './lower/fuse.ts';
import { interleave, keyOf } from './lower/interleave.ts';
import { JoinPins } from './lower/join-pins.ts';
import type { Kernel } from './lower/kernel.ts';
import { SharedParts } from './lower/kernels/context.ts';
import type { MatmulMapping } from './lower/kernels/matmul.ts';
import { at } from './lower/layout.ts';
import { legalize } from './lower/legalize.ts';
import { codeBytesOf, link, nearBytesOf } from './lower/link.ts';
import { order } from './lower/order.ts';
import type { GroupOf, StageOf } from './lower/pace.ts';
import { legalizeProducts } from './lower/products.ts';
import { requireSteps } from './lower/program-size.ts';
import { roll } from './lower/roll.ts';
import type { Selected } from './lower/select.ts';
import { select } from './lower/select.ts';
import { requireStaged, type StagingRoom, type StagingWishes, stageWeights, type Tenant } from './lower/staging.ts';
import { plainLoops, walk } from './lower/walk.ts';
import type { WeightPlan } from './lower/weights.ts';
import { placeWeights } from './lower/weights.ts';
import { widenGraph } from './lower/widen.ts';
import type { MemoryPlan } from './mapping/addresses.ts';
import { attempt, planMemory } from './mapping/addresses.ts';
import { planBeside } from './mapping/beside-room.ts';
import { type CoreChoice, type CoreSharing, chooseCores, type StagesWanted } from './mapping/cores.ts';
import type { Decisions } from './mapping/decisions.ts';
import { chooseMappings } from './mapping/network.ts';
import { type Pins, pinError } from './mapping/pinned.ts';
import { resolvePins } from './mapping/pins.ts';
import type { CompileReport, Explain } from './mapping/report.ts';
import { buildReport } from './mapping/report.ts';
import { shareStorage } from './mapping/shares.ts';
import type { Stages } from './mapping/stages.ts';
import type { Storage } from './mapping/storage.ts';
import { inputKey, outputKey, planStorage } from './mapping/storage.ts';
import { TilePool } from './mapping/tile-cache.ts';
import { planWork } from './mapping/work.ts';

export interface CompileOptions {
  /** Weights that fit stay in the arrays and parameters in the scratchpad ('auto'), or every inference loads them again ('off'). */
  readonly residency?: 'auto' | 'off';
  /** Cores that may be used; all of the machine's when left out. */
  readonly cores?: number;
  /** How kernels are cut over cores; the cheapest by estimate when left out. */
  readonly sharing?: CoreSharing;
  /** Decisions that are made already: what is named holds, the rest is chosen. What cannot be met is an InputError or a CapacityError. */
  readonly pins?: Decisions | undefined;
  /** Report every decision, or also what each was chosen from. */
  readonly explain?: Explain | undefined;
  /**
   * For a stream of inferences: stages that layers may be pipelined over, each on cores of its own and on another inference. 'auto' takes the number of the
   * shortest estimated interval between results, or none; a number forces a pipeline of up to so many. Left out, every run is one inference.
   * Not with pins, which say nothing of stages.
   */
  readonly stages?: StagesWanted;
  /** Run the verifier on the graph, and the allocation and schedule checkers on the result; a finding is an InternalError. Slow for large networks. */
  readonly check?: boolean;
}

export interface Compiled {
  /** One inference from cold memories: loads every weight and parameter. */
  readonly program: Program;
  /** One inference on memories as a run of `program` (or of this one) leaves them; null when nothing stays in place. */
  readonly steadyProgram: Program | null;
  /**
   * A run of `steadyProgram` takes in one inference and gives the outputs of the one that was taken in so many runs before; those of the first, from
   * `program`, until then. 0 unless layers are pipelined over cores.
   */
  readonly delayRuns: number;
  readonly report: CompileReport;
}

/**
 * Compiles a graph in which the wanted passes have run. Throws UnsupportedError (all nodes at once) or CapacityError.
 * The same inputs give the same program.
 */
export function compile(source: Graph, machine: Machine, options: CompileOptions = {}): Compiled {
  const { capacityBytes } = machine.dram;
  const first = compileInto(source, machine, options, capacityBytes);
  const codeBytes = Math.max(...programsOf(first).map(codeBytesOf));
  // How long code is shows only when it is there: with a tier that takes the overflow, constants make room for it.
  const crowded = machine.tier?.holds === 'overflow' && nearBytes(first) > capacityBytes;
  const compiled = crowded ? compileInto(source, machine, options, capacityBytes - codeBytes) : first;
  requireMemory(compiled, machine, source.name);
  return compiled;
}

/** @param nearEnd DRAM address that constants may reach where a slower tier takes the others */
function compileInto(source: Graph, machine: Machine, options: CompileOptions, nearEnd: number): Compiled {
  const network = legalize(legalizeProducts(widenGraph(source, machine.core.matrix.inputBitsMin), machine));
  if (options.check === true) {
    requireVerified(source, 'who called the compiler');
    requireVerified(network, 'legalization');
  }
  const residency = options.residency !== 'off' && machine.capabilities.weightResidency;
  const { graph, storage, memory, beside, cores, shares, pins, copies, whole, ...groups } = planBanded(
    network,
    machine,
    residency,
    options,
  );
  // Known long before constants and code: a network of huge values is refused in seconds.
  const activations = `the inputs, outputs and values between layers of ${source.name} alone`;
  requireRoom(activations, 'DRAM', memory.activationsEnd, machine.dram.capacityBytes, machine);
  const { stages } = cores;
  const choices = chooseMappings(shares.kernels, memory.homes.plans, machine, pins, stages?.of);
  const constants = new ConstantPool(memory.activationsEnd, machine.dram.burstBytes, farConstants(machine, nearEnd));
  const mappings = choices.map((c): MatmulMapping | null => c?.mapping ?? null);
  const work = planWork(
    storage,
    cores.splits,
    (buffer) => at(memory.buffers, buffer).space,
    (k) => at(memory.homes.plans, k) !== null,
  );
  const { steps, residentLoads, layers } = drive({ storage, memory, mappings, machine, constants }, work);
  requireSteps(steps, layers, machine);
  const written = placeWeights(steps, residentLoads, machine, pins?.network.weights);
  const groupOf = besideGroups(memory, storage, layers);
  const room = stagingRoom(machine, storage, memory, layers, stages !== null);
  const wishes = stagingWishes(pins, storage, layers);
  const round = stages === null ? null : roundOf(stages, storage, memory, layers, machine);
  const base = round === null ? written : { ...written, steady: round.of(written.steady ?? written.drafts) };
  const weights =
    base.resident || room === null
      ? inPlace(base)
      : staged(base, room, machine, residency, wishes, round?.stageOf, groupOf);
  if (pins !== undefined) requireStaged(weights, room, wishes, machine);
  const io = networkTensors(graph, storage, memory);
  const readOnlyDram = [
    { start: 0, end: memory.inputsEnd },
    { start: memory.activationsEnd, end: constants.end },
    ...(constants.farEnd === 0 ? [] : [{ start: tierStart(machine), end: constants.farEnd }]),
  ];
  const merged = mergeBands(layers, graph, whole);
  const finish = (drafts: readonly Draft[]): Program => {
    const { cores, semaphores } = order(drafts, { machine, readOnlyDram });
    return link({
      name: graph.name,
      cores: cores.map(roll),
      semaphores,
      layers: merged.symbols,
      layerOf: (layer) => merged.of[layer] ?? layer,
      constants: constants.segments(),
      io,
      dataEnd: constants.end,
      farEnd: constants.farEnd,
    });
  };
  const program = finish(weights.drafts);
  const keeps = stages !== null || options.residency !== 'off';
  const steadyProgram = keeps && weights.steady !== null ? finish(weights.steady) : null;
  // The checkers hold for what fits; what does not is refused behind this.
  if (options.check === true && nearBytes({ program, steadyProgram }) <= machine.dram.capacityBytes)
    runCheckers(weights, [program, ...(steadyProgram === null ? [] : [steadyProgram])], readOnlyDram, machine);
  const report = buildReport({
    storage: shares,
    memory,
    choices,
    beside,
    cores,
    full: storage,
    copies,
    bands: groups.bands,
    bandCycles: groups.bandCycles,
    layers,
    merged,
    weights: { ...weights, resident: weights.resident && residency, room: room !== null },
    machine,
    program,
    pins,
    explain: options.explain,
  });
  return { program, steadyProgram, delayRuns: (stages?.count ?? 1) - 1, report };
}

/** How often groups that do not pay are left out and the others planned again. */
const BAND_ROUNDS = 3;

/** The plan of the network as it is, or with some of its layers in bands: as pinned, or where that is expected to be faster. */
function planBanded(graph: Graph, machine: Machine, residency: boolean, options: CompileOptions) {
  const shared = new SharedParts();
  const pool = new TilePool(machine);
  const whole = select(graph, machine, shared);
  const planOf = (groups: readonly Bands[]) => {
    const bands = groups.map((g) => decisionOfBands(graph, g));
    const known = { bands, bandCycles: null as BandCycles | null, whole };
    if (bands.length === 0) return { graph, ...known, ...planFused(graph, whole, pool, residency, options) };
    const own = cutBands(graph, groups);
    if (options.check === true) requireVerified(own, 'cutting into bands');
    const selected = select(own, machine, shared);
    return { graph: own, ...known, ...planFused(own, selected, pool, residency, options) };
  };
  const { pins } = options;
  const named = pins?.layers !== undefined && pins.layers.length > 0;
  if (pins?.bands !== undefined || named) return planOf(resolveBands(pins?.bands ?? [], graph));
  const apart = planOf([]);
  if (apart.cores.stages !== null || apart.cores.cores > 1) return apart;
  const planned = ({ storage, memory }: typeof apart) => plannedAs(storage, memory.homes, machine);
  const plain = planned(apart);
  let groups = chooseBands(graph, plain, machine);
  for (let round = 0; round < BAND_ROUNDS && groups.length > 0; round++) {
    const banded = attempt(() => planOf(groups));
    if (banded instanceof CapacityError) return apart;
    const cut = planned(banded);
    const paying = payingBands(groups, plain, cut);
    if (paying.length === groups.length) return { ...banded, bandCycles: bandCycles(plain, cut) };
    groups = paying;
  }
  return apart;
}

/**
 * Storage and memory with kernels joined where that is allowed; one by one where a joined kernel finds no room; and with rearranged
 * values copied where a kernel cannot be cut because of how its operands lie.
 */
function planFused(
  graph: Graph,
  selected: readonly Selected[],
  pool: TilePool,
  residency: boolean,
  options: CompileOptions,
) {
  const { machine } = pool;
  const decided = options.pins;
  if (decided !== undefined && options.stages !== undefined)
    throw pinError('the mapping', 'its decisions are those of one inference at a time', 'a mapping, or stages');
  const joins = decided === undefined ? undefined : new JoinPins(decided.layers ?? []);
  const plan = (others: boolean, copies: boolean) => {
    const kernels = others || joins !== undefined ? fuse(graph, selected, machine, joins, others) : selected;
    const storage = planStorage(graph, kernels, copies);
    const pins = decided === undefined ? undefined : resolvePins(decided, storage, machine);
    const most = Math.min(machine.cores, options.cores ?? machine.cores);
    const onCores = (wanted: StagesWanted | null) => {
      const cores = chooseCores(storage, machine, most, options.sharing ?? 'auto', wanted, pins);
      const shares = shareStorage(storage, cores.splits);
      const apart = planMemory(shares, machine, { residency, pins, stages: cores.stages, pool });
      const { memory, ways: beside } = planBeside(shares, machine, apart, pins, againstBeside(machine, cores));
      return { storage, cores, shares, pins, copies, memory, beside };
    };
    if (options.stages === undefined) return onCores(null);
    // Values that cross a border take room for the whole of two stages: without it, one inference at a time.
    const pipelined = attempt(() => onCores(options.stages ?? null));
    return pipelined instanceof CapacityError ? onCores(null) : pipelined;
  };
  const { copies } = decided?.network ?? {};
  const ways = [
    ...(copies === true ? [] : [() => plan(false, false)]),
    ...(copies === false ? [] : [() => plan(false, true)]),
  ];
  if (machine.capabilities.fusion) ways.unshift(() => plan(true, copies ?? false));
  let last: CapacityError | null = null;
  for (const way of ways) {
    try {
      return way();
    } catch (error) {
      if (!(error instanceof CapacityError)) throw error;
      last = error;
    }
  }
  throw last ?? new InternalError('no way to plan');
}

/** Why layers cannot run side by side, '' where they can. */
function againstBeside({ capabilities, name }: Machine, { cores, stages }: CoreChoice): string {
  if (stages !== null || cores > 1) return 'several cores take turns layer by layer';
  return capabilities.doubleBuffering ? '' : `${name} overlaps nothing (capabilities.doubleBuffering)`;
}

/**
 * The global buffer for weights beside the activations; null where a DMA channel for weights is missing.
 * @param atOnce all layers run side by side
 */
function stagingRoom(
  machine: Machine,
  storage: Storage,
  memory: MemoryPlan,
  layers: readonly Kernel[],
  atOnce: boolean,
): StagingRoom | null {
  const { weights: channel } = channelsOf(machine);
  if (channel === null || !machine.capabilities.doubleBuffering) return null;
  const order = layers.map((kernel) => storage.kernels.indexOf(kernel));
  const tenants = memory.buffers.flatMap(({ space, base }, id): Tenant[] => {
    if (space !== 'buffer') return [];
    const { first, last } = atOnce ? { first: 0, last: Infinity } : at(memory.homes.lives, id);
    const during = order.flatMap((k, layer) => (first <= k && k <= last ? [layer] : []));
    const end = base + at(storage.buffers, id).sizeBytes;
    return [{ start: base, end, firstLayer: during[0] ?? 0, lastLayer: during.at(-1) ?? order.length - 1 }];
  });
  return { sizeBytes: machine.buffer.sizeBytes, tenants, channel };
}

/** Weights with the way that they take through the global buffer. */
interface StagedPlan extends WeightPlan {
  /** Whether all of them stay there. */
  readonly kept: boolean;
  /** Layers of which some pass through it. */
  readonly staged: ReadonlySet<number>;
}

function inPlace(plan: WeightPlan): StagedPlan {
  return { ...plan, kept: false, staged: new Set() };
}

/** Layers that run side by side, by the first of them. */
function besideGroups({ homes }: MemoryPlan, storage: Storage, layers: readonly Kernel[]): GroupOf {
  let first = 0;
  const firsts = layers.map((kernel, layer) => {
    if (homes.beside[storage.kernels.indexOf(kernel)] !== true) first = layer;
    return first;
  });
  return (layer) => firsts[layer] ?? layer;
}

/** What a mapping says of the ways of weights, by layers of the program. */
function stagingWishes(pins: Pins | undefined, storage: Storage, layers: readonly Kernel[]): StagingWishes {
  const named = (home: 'buffer' | 'dram') =>
    new Map(
      layers.flatMap((kernel, layer): [number, string][] => {
        const own = pins?.kernels[storage.kernels.indexOf(kernel)];
        return own?.weights === home ? [[layer, own.layer]] : [];
      }),
    );
  return { stay: pins?.network.weights, staged: named('buffer'), direct: named('dram') };
}

/** Drafts of a run in which every stage works on its own inference. */
function roundOf(
  { of }: Stages,
  storage: Storage,
  { homes, buffers }: MemoryPlan,
  layers: readonly Kernel[],
  machine: Machine,
): { readonly of: (drafts: readonly Draft[]) => readonly Draft[]; readonly stageOf: StageOf } {
  const byLayer = layers.map((kernel) => at(of, storage.kernels.indexOf(kernel)));
  const stageOf: StageOf = (layer) => byLayer[layer] ?? 0;
  const borders = storage.buffers.flatMap(({ id, name }) => {
    const { first, last } = at(homes.lives, id);
    return first >= 0 && of[first] !== of[last] ? [keyOf({ name, space: at(buffers, id).space })] : [];
  });
  return { of: (drafts) => interleave(drafts, machine, stageOf, new Set(borders)), stageOf };
}

function staged(
  plan: WeightPlan,
  room: StagingRoom,
  machine: Machine,
  residency: boolean,
  { stay, direct }: StagingWishes,
  stageOf: StageOf | undefined,
  groupOf: GroupOf,
): StagedPlan {
  const mayKeep = residency && stay !== 'nowhere' && direct.size === 0;
  const { drafts, kept, layers } = stageWeights(plan.drafts, room, machine, mayKeep, direct, undefined, groupOf);
  if (kept.size === 0) {
    const steady =
      plan.steady === null ? null : stageWeights(plan.steady, room, machine, false, direct, stageOf, groupOf);
    const all = new Set([...layers, ...(steady?.layers ?? [])]);
    return { ...plan, drafts, steady: steady?.drafts ?? null, kept: false, staged: all };
  }
  const again = new Set(plan.steady ?? plan.drafts);
  const once = new Set<Draft>([...kept, ...plan.drafts.filter((d) => !again.has(d))]);
  return { ...plan, drafts, steady: drafts.filter((d) => !once.has(d)), kept: true, staged: layers };
}

function farConstants(machine: Machine, nearEnd: number): FarConstants | undefined {
  const { tier } = machine;
  if (tier === undefined) return undefined;
  return { start: tierStart(machine), holds: tier.holds, nearEnd };
}

type Programs = Pick<Compiled, 'program' | 'steadyProgram'>;

function programsOf({ program, steadyProgram }: Programs): Program[] {
  return steadyProgram === null ? [program] : [program, steadyProgram];
}

function nearBytes(programs: Programs): number {
  return Math.max(...programsOf(programs).map(nearBytesOf));
}

function requireMemory(compiled: Compiled, machine: Machine, network: string): void {
  const { dram, tier } = machine;
  const data = `the data of ${network}`;
  requireRoom(data, 'DRAM', nearBytes(compiled), dram.capacityBytes, machine);
  if (tier === undefined) return;
  const far = Math.max(...programsOf(compiled).map((p) => p.dramBytes)) - dram.capacityBytes;
  requireRoom(data, 'slower tier', far, tier.capacityBytes, machine);
}

function requireRoom(
  what: string,
  memory: 'DRAM' | 'slower tier',
  needed: number,
  available: number,
  { name }: Machine,
): void {
  if (needed <= available) return;
  const knob = memory === 'DRAM' ? 'dram.capacityBytes' : 'tier.capacityBytes';
  const message = `${what} do not fit into the ${memory} of ${name}`;
  throw new CapacityError(message, { code: 'E-CAPACITY-DRAM', needed, available, unit: 'bytes', knob });
}

/** The steady program is checked behind the first one, and behind itself: it lives on what they leave. */
function runCheckers(
  { drafts, steady }: WeightPlan,
  programs: readonly Program[],
  loaded: readonly Interval[],
  machine: Machine,
): void {
  const { scratchpad, accumulators } = machine.core;
  const sizes = { spad: scratchpad.sizeBytes, acc: accumulators.sizeBytes, buffer: machine.buffer.sizeBytes };
  const runs = [...drafts, ...(steady ?? drafts), ...(steady ?? [])];
  const findings = [...checkProvenance(runs, { loaded, sizes }), ...programs.flatMap(checkSemaphores)];
  if (findings.length > 0) throw new InternalError(`the compiler made a wrong program: ${findings.join('; ')}`);
}

/** Network inputs and outputs as the host sees them: logical order over their DRAM layout. */
function networkTensors(graph: Graph, storage: Storage, memory: MemoryPlan) {
  const tensorOf = (key: string, name: string): NamedTensor => {
    const stored = storage.values.get(key);
    if (stored === undefined) throw new InternalError(`${key} has no storage`);
    const { space, base } = at(memory.buffers, stored.buffer);
    const view = { name, space, base, format: stored.format, role: 'activations', layout: stored.layout } as const;
    return walk(view, [
      plainLoops(
        stored.layout,
        stored.layout.dims.map((_, d) => d),
      ),
    ]);
  };
  const shapeOf = (name: string): readonly number[] => graph.values.get(name)?.shape ?? [];
  return [
    ...graph.inputs.map((name) => ({
      name,
      direction: 'input' as const,
      tensor: tensorOf(inputKey(name), name),
      shape: shapeOf(name),
    })),
    ...[...new Set(graph.outputs)].map((name) => ({
      name,
      direction: 'output' as const,
      tensor: tensorOf(outputKey(name), name),
      shape: shapeOf(name),
    })),
  ];
}
