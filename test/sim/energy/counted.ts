/**
 * Actions of a program counted a second way: every instruction that the untimed run executes, element by element from the address formula of isa/tensor.ts, sharing
 * nothing with sim/walk, sim/timing or isa/demand. Slow; it exists to be compared with the counts of the timed run.
 */
import { type ActionName, noActions } from '../../../isa/demand/actions.ts';
import { type Instruction, NO_TENSOR } from '../../../isa/instructions/table.ts';
import type { Machine } from '../../../isa/machine/schema.ts';
import type { Program } from '../../../isa/program.ts';
import type { TensorDescriptor } from '../../../isa/tensor.ts';

/** One element that an instruction names: where it is, or null outside its axes. */
type Element = number | null;

/** Bit addresses of a walk in index order; worked out once for the registers that move it. */
class Walks {
  readonly #known = new Map<TensorDescriptor, Map<string, Element[]>>();

  of(d: TensorDescriptor, registers: readonly number[]): Element[] {
    const moved = [d.baseRegister, ...d.originRegisters.map((o) => o.register)].map((r) => registers[r] ?? 0).join();
    const own = this.#known.get(d) ?? new Map<string, Element[]>();
    this.#known.set(d, own);
    const found = own.get(moved) ?? walk(d, registers);
    own.set(moved, found);
    return found;
  }
}

function walk(d: TensorDescriptor, registers: readonly number[]): Element[] {
  const origins = d.axes.map((axis, a) =>
    d.originRegisters.filter((o) => o.axis === a).reduce((n, o) => n + (registers[o.register] ?? 0), axis.origin),
  );
  const base = 8 * (d.base + (d.baseRegister === 0 ? 0 : (registers[d.baseRegister] ?? 0)));
  const out: Element[] = [];
  const count = d.dims.reduce((n, x) => n * x.count, 1);
  for (let i = 0; i < count; i++) {
    const at = [...origins];
    let rest = i;
    for (const dim of [...d.dims].reverse()) {
      at[dim.axis]! += (rest % dim.count) * dim.step;
      rest = Math.floor(rest / dim.count);
    }
    if (at.some((c, a) => c < 0 || c >= d.axes[a]!.extent)) {
      out.push(null);
      continue;
    }
    const position = at.map((c, a) => (d.axes[a]!.modulo > 0 ? c % d.axes[a]!.modulo : c));
    out.push(base + d.widthBits * position.reduce((n, p, a) => n + p * d.axes[a]!.stride, 0));
  }
  return out;
}

const inside = (all: readonly Element[]) => all.filter((e) => e !== null);
const distinct = (all: readonly Element[]) => new Set(inside(all)).size;

/** Distinct groups of `bytes` bytes under the elements. */
function blocks(all: readonly Element[], widthBits: number, bytes: number): number {
  const found = new Set<number>();
  for (const e of inside(all)) {
    const last = Math.floor((e + widthBits - 1) / 8 / bytes);
    for (let b = Math.floor(e / 8 / bytes); b <= last; b++) found.add(b);
  }
  return found.size;
}

export class Counter {
  readonly actions: Record<ActionName, number> = noActions();
  readonly #program: Program;
  readonly #machine: Machine;
  readonly #walks = new Walks();

  constructor(program: Program, machine: Machine) {
    this.#program = program;
    this.#machine = machine;
  }

  /** Counts one executed instruction. */
  count(i: Instruction, registers: readonly number[]): void {
    this.actions['seq.instruction'] += 1;
    const elements = (tensor: number) => this.#walks.of(this.#tensor(tensor), registers);
    switch (i.op) {
      case 'ldr':
        return this.#add('spad.readBit', this.#tensor(i.src).widthBits);
      case 'copy':
        if (i.accumulate) throw new Error('accumulating copies are not counted here');
        return this.#transfer(i.src, i.dst, registers);
      case 'fill':
        return this.#transfer(NO_TENSOR, i.dst, registers);
      case 'gather':
        throw new Error('gather is not counted here');
      case 'ww': {
        const a = this.#program.arrays[i.tile]!;
        const bits = inside(elements(i.src)).length * a.weightBits;
        const systolic = this.#machine.core.matrix.kind === 'systolic';
        this.#add(systolic ? 'systolic.loadBit' : 'array.writeBit', bits * (systolic ? 1 : a.replicas));
        if (this.#tensor(i.src).space === 'spad') return this.#add('spad.readBit', bits);
        return this.#transfer(i.src, NO_TENSOR, registers);
      }
      case 'mm':
        return this.#matmul(i, registers);
      case 'rq': {
        const all = elements(i.src).length;
        this.#add('drain.op', all);
        if (i.mode === 'threshold') this.#add('drain.compare', elements(i.params).length - all);
        if (i.mode === 'fixed-point' || i.mode === 'float32') this.#add('drain.multiply', all);
        return this.#operands([i.src, i.params, i.add], i.dst, registers);
      }
      default:
        if (i.op.startsWith('v')) this.#vector(i as Extract<Instruction, { dst: number; a: number }>, registers);
    }
  }

  #vector(i: Extract<Instruction, { dst: number; a: number }>, registers: readonly number[]): void {
    const operands = [i.a, ...('b' in i ? [i.b] : []), ...('params' in i ? [i.params] : [])];
    const accumulates = i.op === 'vdot' && i.accumulate;
    const float = [i.dst, ...operands].some((t) => this.#tensor(t).coding === 'float');
    const name = i.op === 'vdot' ? 'vector.mac' : float ? 'vector.floatOp' : 'vector.intOp';
    const over = i.op === 'vdot' || i.op === 'vred' ? i.a : i.dst;
    this.#add(name, this.#walks.of(this.#tensor(over), registers).length * (i.op === 'vaddq' ? 4 : 1));
    this.#operands(accumulates ? [...operands, i.dst] : operands, i.dst, registers);
  }

  #matmul(i: Extract<Instruction, { op: 'mm' }>, registers: readonly number[]): void {
    const { matrix, windowBufferBytes, accumulators } = this.#machine.core;
    const a = this.#program.arrays[i.tile]!;
    const src = this.#tensor(i.src);
    const all = this.#walks.of(src, registers);
    const window = src.dims.slice(src.dims.length - i.kdims).reduce((n, d) => n * d.count, 1);
    const results = this.#walks.of(this.#tensor(i.dst), registers);
    let [vectors, fed] = [0, 0];
    for (let m = 0; m < all.length / window; m++) {
      if (results.slice(m * a.nCount, (m + 1) * a.nCount).every((e) => e === null)) continue;
      vectors += 1;
      for (let k = a.kStart; k < a.kStart + a.kCount; k++) fed += 1;
    }
    const macs = fed * a.nCount;
    const bits = src.widthBits * a.weightBits;
    if (matrix.kind === 'systolic') {
      this.#add('systolic.mac', macs);
      this.#add('systolic.productBit', macs * bits);
    } else if (matrix.kind === 'digital-cim') {
      this.#add('mac.bit', macs * bits);
      this.#add('array.adderBit', macs * bits);
      this.#add('array.inputBit', fed * src.widthBits * a.gridN);
      const steps = Math.ceil(src.widthBits / matrix.inputBitsPerCycle);
      const groups = Math.ceil(Math.ceil(a.kCount / a.gridK) / matrix.rowsAtOnce);
      this.#add('array.shiftAdd', vectors * a.nCount * a.gridK * a.weightBits * steps * groups);
      this.#add('array.macroCycle', vectors * a.gridK * a.gridN * steps * groups * matrix.columnMux);
      this.#add('array.macroAdd', vectors * a.nCount * (a.gridK - 1));
    } else throw new Error('analog arrays are not counted here');
    const input = fed * src.widthBits;
    const once = Math.ceil((distinct(all) * src.widthBits * a.kCount) / window);
    const buffered = windowBufferBytes * 8 >= a.kCount * src.widthBits && once < input;
    this.#add('spad.readBit', buffered ? once : input);
    if (buffered) {
      this.#add('window.writeBit', once);
      this.#add('window.readBit', input);
    }
    const sums = vectors * a.nCount * accumulators.widthBits;
    this.#add('acc.writeBit', sums);
    if (i.accumulate) this.#add('acc.readBit', sums);
  }

  /** Operands at the ports of the core: an element that several lanes take, or that is both operands, is read once. */
  #operands(reads: readonly number[], dst: number, registers: readonly number[]): void {
    const book = (t: number, kind: 'read' | 'write') => {
      const d = this.#tensor(t);
      this.#add(
        `${d.space === 'acc' ? 'acc' : 'spad'}.${kind}Bit`,
        distinct(this.#walks.of(d, registers)) * d.widthBits,
      );
    };
    for (const r of new Set(reads)) if (r !== NO_TENSOR) book(r, 'read');
    book(dst, 'write');
  }

  /** Whole bytes move, whole bursts where DRAM is an end; the link is crossed between core and chip. */
  #transfer(src: number, dst: number, registers: readonly number[]): void {
    let outside = 0;
    let core = dst === NO_TENSOR;
    const end = (tensor: number, kind: 'read' | 'write') => {
      if (tensor === NO_TENSOR) return;
      const d = this.#tensor(tensor);
      const all = this.#walks.of(d, registers);
      const bits = 8 * blocks(all, d.widthBits, 1);
      const burst = this.#machine.dram.burstBytes;
      this.#add(`${d.space}.${kind}Bit`, d.space === 'dram' ? 8 * burst * blocks(all, d.widthBits, burst) : bits);
      if (d.space === 'spad' || d.space === 'acc') core = true;
      else outside = Math.max(outside, bits);
    };
    end(src, 'read');
    end(dst, 'write');
    if (core) this.#add('link.bit', outside);
  }

  #tensor(n: number): TensorDescriptor {
    return this.#program.tensors[n]!;
  }

  #add(name: ActionName, n: number): void {
    this.actions[name] += n;
  }
}
