/**
 * Actions of a run, by layer: compute instructions count what demand says, transfers what their walks touch, DRAM what its
 * channels did. Layers add up to the total, except refreshes, which belong to none.
 */
import { type ActionName, addActions, noActions } from '../../isa/demand/actions.ts';
import type { UnitDemand } from '../../isa/demand/matrix.ts';
import { destinationCores, leavesCore } from '../../isa/instructions/destinations.ts';
import { tierStart } from '../../isa/machine/geometry.ts';
import { intervalBytes, type Walk, type WalkCache } from '../walk/walk.ts';
import type { CodeEntry } from './code.ts';
import { burstsOf, splitAt } from './dram/mapping.ts';
import type { FetchUnit } from './fetch.ts';
import type { Ledger } from './ledger.ts';
import { gatheredIntervals } from './pieces.ts';
import type { System } from './system.ts';

type Counts = Record<ActionName, number>;

export class Account {
  readonly layers = new Map<number, Counts>();
  readonly #system: System;
  readonly #walks: WalkCache;
  readonly #ledger: Ledger;

  constructor(system: System, walks: WalkCache, ledger: Ledger) {
    this.#system = system;
    this.#walks = walks;
    this.#ledger = ledger;
  }

  /** Books `times` executions that are alike. */
  book(entry: CodeEntry, demand: UnitDemand, registers: readonly number[], times: number): void {
    const own = this.#of(entry.layer);
    own['seq.instruction'] += times;
    for (const [name, n] of Object.entries(demand.actions)) own[name as ActionName] += n * times;
    if (entry.touches.operands.length === 0) return;
    const walks = entry.walksAt(this.#walks, registers);
    const { kind } = entry.unit;
    if (kind === 'dma' || kind === 'write') this.#transfer(own, entry, walks, times);
    this.#ledger.book(entry, walks, times);
  }

  /** Adds what the fetch units and DRAM channels did, and gives the total. */
  finish(fetches: readonly FetchUnit[]): Counts {
    for (const f of fetches) {
      for (const [layer, bytes] of f.bytesByLayer) {
        const own = this.#of(layer);
        own['seq.fetchBit'] += bytes * 8;
        own['dram.readBit'] += bytes * 8;
        own['link.bit'] += bytes * 8;
        this.#ledger.add('dram', 'instructions', layer, bytes, false);
        this.#ledger.add('core', 'instructions', layer, bytes, false);
      }
    }
    for (const c of this.#system.channels) {
      for (const [layer, n] of c.activationsByLayer) this.#of(layer)['dram.activate'] += n;
    }
    const total = noActions();
    for (const own of this.layers.values()) addActions(total, own);
    total['dram.refresh'] = this.#system.channels.reduce((n, c) => n + c.counts.refreshes, 0);
    return total;
  }

  #of(layer: number): Counts {
    let own = this.layers.get(layer);
    if (own === undefined) {
      own = noActions();
      this.layers.set(layer, own);
    }
    return own;
  }

  #transfer(own: Counts, entry: CodeEntry, walks: readonly Walk[], times: number): void {
    const { dram, tier } = this.#system.machine;
    const { touches, unit, instruction } = entry;
    const outside = { bits: 0, written: false };
    let inside = touches.tile !== undefined;
    const remote = leavesCore(instruction, unit.core);
    const receivers = destinationCores(instruction, unit.core).length;
    touches.operands.forEach((o, at) => {
      const walk = walks[at]!;
      const { space } = walk.descriptor;
      const rows = o.only === 'table' ? (walks[0]!.descriptor.dims[0]?.count ?? 1) : 0;
      const bytes = rows > 0 && instruction.op === 'gather' ? gatheredIntervals(walk, rows) : walk.intervals;
      const bits = intervalBytes(bytes) * 8;
      const memories = o.write ? receivers : 1;
      for (const kind of ['read', 'write'] as const) {
        if (!o[kind]) continue;
        if (space === 'dram') {
          const { near, far } = splitAt(bytes, tierStart(this.#system.machine));
          own[`dram.${kind}Bit`] += wholeBits(near, dram.burstBytes) * times;
          if (tier !== undefined) own[`tier.${kind}Bit`] += wholeBits(far, tier.blockBytes) * times;
        } else if (space === 'buffer') own[`buffer.${kind}Bit`] += bits * times;
        else if (space === 'acc') own[`acc.${kind}Bit`] += bits * times * memories;
        // The scratchpad side of a weight write is in its demand.
        else if (unit.kind === 'dma') own[`spad.${kind}Bit`] += bits * times * memories;
      }
      if (space === 'dram' || space === 'buffer') outside.bits = Math.max(outside.bits, bits);
      else inside = true;
      // A remote write passes the link, also where it comes from a scratchpad; on its way to several cores only once.
      if (remote && o.write) outside.bits = Math.max(outside.bits, bits);
    });
    if (inside) own['link.bit'] += outside.bits * times;
  }
}

/** Bits of the whole bursts, or blocks, that runs of bytes touch. */
function wholeBits(runs: Float64Array, blockBytes: number): number {
  return burstsOf(runs, blockBytes) * blockBytes * 8;
}
