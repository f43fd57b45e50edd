/** Units of all cores as numbers: core by core the write, matrix, drain and vector unit, then the DMA channels. */
import { InternalError } from '../../isa/base/errors.ts';
import { TABLE, type UnitKind } from '../../isa/instructions/table.ts';
import type { UnitRef } from '../../isa/program.ts';
import type { Draft } from './draft.ts';
import { channelOf, coreOf } from './draft.ts';

type WorkUnit = Exclude<UnitKind, 'seq'>;
/** DMA channel of constants. */
const CONSTANTS = 2;
const FIXED: readonly WorkUnit[] = ['write', 'matrix', 'drain', 'vector'];

export class Units {
  readonly count: number;
  readonly cores: number;
  /** Channel by which a core tells others what units without remote signals have done: that of constants, which carries least and waits for nobody. */
  readonly relayChannel: number;
  readonly #perCore: number;

  constructor(cores: number, channels: number) {
    this.cores = cores;
    this.#perCore = FIXED.length + channels;
    this.count = cores * this.#perCore;
    this.relayChannel = Math.min(CONSTANTS, channels - 1);
  }

  numberOf(draft: Draft): number {
    const kind = TABLE[draft.op].unit;
    const own = kind === 'dma' ? FIXED.length + channelOf(draft) : FIXED.indexOf(kind as WorkUnit);
    if (own < 0 || own >= this.#perCore) throw new InternalError(`no unit for ${draft.op} (DMA channel?)`);
    return coreOf(draft) * this.#perCore + own;
  }

  coreOf(unit: number): number {
    return Math.floor(unit / this.#perCore);
  }

  isDma(unit: number): boolean {
    return unit % this.#perCore >= FIXED.length;
  }

  unitOf(unit: number): UnitRef & { readonly kind: WorkUnit } {
    const own = unit % this.#perCore;
    const core = this.coreOf(unit);
    const kind = FIXED[own];
    return kind === undefined ? { core, kind: 'dma', channel: own - FIXED.length } : { core, kind, channel: 0 };
  }
}
