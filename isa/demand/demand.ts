/**
 * Demand: what one instruction asks of one machine, before anyone contends for anything. The compiler plans with it, the timing
 * simulator queues it. Transfers (DMA, weight writes) state bits and rows here; their time depends on the memories.
 */
import type { Instruction, PerMnemonic } from '../instructions/table.ts';
import { NO_TENSOR } from '../instructions/table.ts';
import type { Machine } from '../machine/schema.ts';
import type { Program } from '../program.ts';
import { elementCount, type TensorDescriptor } from '../tensor.ts';
import { laneDemand, type OperandBits } from './lanes.ts';
import { matmulDemand, type UnitDemand, weightWriteDemand } from './matrix.ts';
import { leadingInside, type RegisterValues, uniqueElements } from './reach.ts';
import type { StepHistogram } from './skipping.ts';

export interface DemandContext {
  readonly machine: Machine;
  readonly program: Program;
  /** Scalar registers at dispatch: they move origins, and so what is clipped. All zero when left out. */
  readonly registers?: RegisterValues;
  /** Counterfactual: the array boundary at infinite bandwidth and zero latency. */
  readonly freeArray?: boolean;
  /** Zero skipping: what was measured of the layer of the instruction; left out, nothing is skipped. */
  readonly skipping?: readonly StepHistogram[];
}

/** Bits an operand moves: distinct elements only, because lanes broadcast. */
function bitsOf(cx: DemandContext, tensor: number): { readonly bits: number; readonly t: TensorDescriptor } {
  const t = cx.program.tensors[tensor]!;
  return { bits: uniqueElements(t, cx.registers) * t.widthBits, t };
}

/** An operand that is named twice (a square) is read once. */
function operandBits(cx: DemandContext, reads: readonly number[], writes: readonly number[]): OperandBits {
  const sum = { spadRead: 0, spadWrite: 0, accRead: 0, accWrite: 0 };
  for (const r of new Set(reads)) {
    if (r === NO_TENSOR) continue;
    const { bits, t } = bitsOf(cx, r);
    if (t.space === 'acc') sum.accRead += bits;
    else sum.spadRead += bits;
  }
  for (const w of writes) {
    const { bits, t } = bitsOf(cx, w);
    if (t.space === 'acc') sum.accWrite += bits;
    else sum.spadWrite += bits;
  }
  return sum;
}

const NOTHING: UnitDemand = {
  busyCycles: 1,
  latencyCycles: 0,
  spadWords: 0,
  accWords: 0,
  actions: {},
  boundBy: 'dispatch',
};
const nothing = (): UnitDemand => NOTHING;

type Three = { readonly dst: number; readonly a: number; readonly b: number };

function lanes(
  cx: DemandContext,
  dst: number,
  reads: readonly number[],
  cyclesPerElement: number,
  extra: { elements?: number; macs?: boolean; depth?: number; writesAlsoRead?: boolean; ops?: number } = {},
): UnitDemand {
  const { vector } = cx.machine.core;
  const elements = extra.elements ?? elementCount(cx.program.tensors[dst]!);
  const float = [dst, ...reads].some((t) => cx.program.tensors[t]!.coding === 'float');
  const action = extra.macs ? 'vector.mac' : float ? 'vector.floatOp' : 'vector.intOp';
  return laneDemand(
    {
      elements,
      cyclesPerElement,
      lanes: extra.macs ? vector.windowMacLanes : vector.lanes,
      startupCycles: vector.startupCycles,
      reductionDepth: extra.depth ?? 0,
      actions: { [action]: elements * (extra.ops ?? 1) },
    },
    operandBits(cx, extra.writesAlsoRead ? [...reads, dst] : reads, [dst]),
    cx.machine,
  );
}

const simple = (i: Three, cx: DemandContext): UnitDemand => lanes(cx, i.dst, [i.a, i.b], 1);
const divide = (cx: DemandContext) => cx.machine.core.vector.divideCycles;
const log2 = (n: number) => Math.ceil(Math.log2(Math.max(1, n)));

function windowOf(t: TensorDescriptor, kdims: number): number {
  return t.dims.slice(t.dims.length - kdims).reduce((n, d) => n * d.count, 1);
}

const DEMAND: PerMnemonic<[DemandContext], UnitDemand> = {
  nop: nothing,
  halt: nothing,
  li: nothing,
  addi: nothing,
  add: nothing,
  cadd: nothing,
  loop: nothing,
  skip: nothing,
  sync: nothing,
  ldr: (i, cx) => ({
    ...NOTHING,
    busyCycles: 1 + cx.machine.core.scratchpad.latencyCycles,
    spadWords: 1,
    actions: { 'spad.readBit': cx.program.tensors[i.src]!.widthBits },
  }),
  copy: nothing,
  fill: nothing,
  gather: nothing,
  ww: (i, cx) => {
    const a = cx.program.arrays[i.tile]!;
    const w = weightWriteDemand(
      { k: a.kCount, n: a.nCount, weightBits: a.weightBits, gridK: a.gridK, gridN: a.gridN, replicas: a.replicas },
      cx.machine,
    );
    const bits = a.kCount * a.nCount * a.weightBits;
    const fromSpad = cx.program.tensors[i.src]!.space === 'spad';
    return {
      ...NOTHING,
      busyCycles: cx.freeArray === true ? 0 : w.cycles,
      boundBy: 'weight write',
      actions: { ...w.actions, ...(fromSpad ? { 'spad.readBit': bits } : {}) },
    };
  },
  mm: (i, cx) => {
    const a = cx.program.arrays[i.tile]!;
    const src = cx.program.tensors[i.src]!;
    const m = leadingInside(cx.program.tensors[i.dst]!, elementCount(src) / windowOf(src, i.kdims), cx.registers);
    const share = a.kCount / windowOf(src, i.kdims);
    return matmulDemand(
      {
        m,
        k: a.kCount,
        n: a.nCount,
        inputBits: src.widthBits,
        weightBits: a.weightBits,
        gridK: a.gridK,
        gridN: a.gridN,
        replicas: a.replicas,
        accumulate: i.accumulate,
        uniqueInputBits: Math.ceil(uniqueElements(src, cx.registers) * src.widthBits * share),
        // A 0 bit of a bipolar code is -1: there is nothing to skip.
        ...(cx.skipping === undefined || src.coding === 'bipolar' ? {} : { skipping: cx.skipping }),
      },
      cx.machine,
      cx.freeArray,
    );
  },
  rq: (i, cx) => {
    const { drain } = cx.machine.core;
    const elements = elementCount(cx.program.tensors[i.src]!);
    const record = i.params === NO_TENSOR ? 0 : elementCount(cx.program.tensors[i.params]!) / elements;
    return laneDemand(
      {
        elements,
        cyclesPerElement: 1,
        lanes: drain.lanes,
        startupCycles: drain.startupCycles,
        reductionDepth: 0,
        actions: {
          'drain.op': elements,
          ...(i.mode === 'threshold' ? { 'drain.compare': elements * (record - 1) } : {}),
          ...(i.mode === 'fixed-point' || i.mode === 'float32' ? { 'drain.multiply': elements } : {}),
        },
      },
      operandBits(cx, [i.src, i.params, i.add], [i.dst]),
      cx.machine,
    );
  },
  vadd: simple,
  vsub: simple,
  vmul: simple,
  vmax: simple,
  vmin: simple,
  vlut: simple,
  vdiv: (i, cx) => lanes(cx, i.dst, [i.a, i.b], divide(cx)),
  vsqrt: (i, cx) => lanes(cx, i.dst, [i.a], divide(cx)),
  vfun: (i, cx) => lanes(cx, i.dst, [i.a], divide(cx)),
  vcvt: (i, cx) => lanes(cx, i.dst, [i.a], 1),
  vaddq: (i, cx) => lanes(cx, i.dst, [i.a, i.b, i.params], 1, { ops: 4 }),
  vred: (i, cx) => {
    const a = cx.program.tensors[i.a]!;
    return lanes(cx, i.dst, [i.a], 1, { elements: elementCount(a), depth: log2(windowOf(a, i.kdims)) });
  },
  vdot: (i, cx) => {
    const a = cx.program.tensors[i.a]!;
    return lanes(cx, i.dst, [i.a, i.b], 1, {
      elements: elementCount(a),
      macs: true,
      depth: log2(windowOf(a, i.kdims)),
      writesAlsoRead: i.accumulate,
    });
  },
};

/** Demand of one instruction; registers change it only through what they clip. Needs descriptors that exist. */
export function demand(instruction: Instruction, cx: DemandContext): UnitDemand {
  return (DEMAND[instruction.op] as (i: Instruction, cx: DemandContext) => UnitDemand)(instruction, cx);
}
