/**
 * What the timed run knows of an instruction before it executes: its unit, layer, operands, and its demand where no register changes it.
 * One entry per static instruction, so that a loop pays for none of it again.
 */
import { type DemandContext, demand } from '../../isa/demand/demand.ts';
import type { UnitDemand } from '../../isa/demand/matrix.ts';
import type { StepHistogram } from '../../isa/demand/skipping.ts';
import type { Instruction } from '../../isa/instructions/table.ts';
import { type Touches, touchesOf } from '../walk/accesses.ts';
import { type UnitName, unitNumber, unitOf } from '../walk/units.ts';
import type { Walk, WalkCache } from '../walk/walk.ts';

/** Measured steps by layer, -1 for none. */
export type ZeroSteps = ReadonlyMap<number, readonly StepHistogram[]>;

export class CodeEntry {
  /** Number over all cores. */
  readonly index: number;
  readonly pc: number;
  readonly instruction: Instruction;
  readonly unit: UnitName;
  readonly unitNumber: number;
  readonly layer: number;
  readonly touches: Touches;
  /** An operand is read from the scratchpad, whose latency then comes on top. */
  readonly readsScratchpad: boolean;
  /** No register moves an operand: walks and demand are the same every time. */
  readonly fixed: boolean;
  /** Macros of the tile, [first, end); empty where there is none. */
  readonly macros: readonly [number, number];
  /** How often it was executed. */
  executed = 0;
  readonly #context: DemandContext;
  /** Registers that move an origin. */
  readonly #origins: readonly number[];
  readonly #demands = new Map<string, UnitDemand>();
  #demand: UnitDemand | undefined;
  #walks: readonly Walk[] | undefined;

  constructor(context: DemandContext, index: number, core: number, pc: number, zeroSteps?: ZeroSteps) {
    const { program } = context;
    this.index = index;
    this.pc = pc;
    this.instruction = program.cores[core]!.instructions[pc]!;
    this.unit = unitOf(this.instruction, core);
    this.unitNumber = unitNumber(this.unit);
    this.layer = program.symbols.layerOf[core]?.[pc] ?? -1;
    this.touches = touchesOf(this.instruction);
    const tensors = this.touches.operands.flatMap((o) => program.tensors[o.tensor] ?? []);
    this.#origins = [...new Set(tensors.flatMap((t) => t.originRegisters.map((r) => r.register)))].filter((r) => r > 0);
    this.fixed = this.#origins.length === 0 && tensors.every((t) => t.baseRegister === 0);
    this.readsScratchpad = this.touches.operands.some((o) => o.read && program.tensors[o.tensor]?.space === 'spad');
    this.macros = macrosOf(context, this.touches);
    this.#context = zeroSteps === undefined ? context : { ...context, skipping: zeroSteps.get(this.layer) ?? [] };
  }

  /** Registers only move origins, and so what is clipped. */
  demandAt(registers: readonly number[]): UnitDemand {
    if (this.#origins.length === 0) {
      this.#demand ??= demand(this.instruction, this.#context);
      return this.#demand;
    }
    const key = this.#origins.map((r) => registers[r]).join();
    let found = this.#demands.get(key);
    if (found === undefined) {
      found = demand(this.instruction, { ...this.#context, registers });
      this.#demands.set(key, found);
    }
    return found;
  }

  /** Walks of the operands, in the order of `touches.operands`. */
  walksAt(walks: WalkCache, registers: readonly number[]): readonly Walk[] {
    if (!this.fixed) return this.touches.operands.map((o) => walks.get(o.tensor, registers));
    this.#walks ??= this.touches.operands.map((o) => walks.get(o.tensor, registers));
    return this.#walks;
  }
}

function macrosOf({ program }: DemandContext, touches: Touches): readonly [number, number] {
  const d = touches.tile === undefined ? undefined : program.arrays[touches.tile.array];
  return d === undefined ? [0, 0] : [d.firstMacro, d.firstMacro + d.gridK * d.gridN * d.replicas];
}
