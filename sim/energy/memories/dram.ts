/**
 * DRAM energies by technology: activation with its precharge, column access with its share of the interface rail, all-bank refresh, background. Figures hold for one
 * channel of the named width and row. Leaves out termination, board, and the controller and PHY on the chip's side (no source at hand): so a lower bound.
 */
import { InputError } from '../../../isa/base/errors.ts';
import { didYouMean } from '../../../isa/base/suggest.ts';
import type { Dram } from '../../../isa/machine/schema.ts';
import { assumed, cited, type Price, product, type Range } from '../price.ts';
import type { SourceKey } from '../sources.ts';

export interface DramPrices {
  readonly activate: Price;
  readonly readBit: Price;
  readonly writeBit: Price;
  readonly refresh: Price;
  /** nW of all channels. */
  readonly background: Price;
}

interface DramEntry {
  readonly source: SourceKey;
  /** Channel that activate, refresh and background hold for. */
  readonly channelBits: number;
  readonly rowBytes: number;
  readonly activatePj: number;
  readonly readPjPerBit: readonly [value: number, low: number, high: number];
  readonly writePjPerBit: readonly [value: number, low: number, high: number];
  readonly refreshNj: number;
  /** Precharged standby, with power-down and active standby as ends. */
  readonly backgroundMw: readonly [value: number, low: number, high: number];
  /** Why it is more doubtful than its source says. */
  readonly doubt?: { readonly why: string; readonly range: Range };
}

const ENTRIES: Readonly<Record<string, DramEntry>> = {
  lpddr4: {
    source: 'lpddr4-currents',
    channelBits: 16,
    rowBytes: 2048,
    activatePj: 1204.7,
    // Core plus VDDQ; low end the core alone, high end +20 % (another vendor's currents).
    readPjPerBit: [8.47, 5.26, 10.2],
    writePjPerBit: [5.04, 3.87, 6.1],
    refreshNj: 22.4,
    backgroundMw: [33.3, 5.46, 37.05],
  },
  lpddr4x: {
    source: 'lpddr4-currents',
    channelBits: 16,
    rowBytes: 2048,
    activatePj: 1204.7,
    // VDDQ share scaled by (0.6 / 1.1)^2.
    readPjPerBit: [6.22, 5.26, 8.47],
    writePjPerBit: [4.22, 3.87, 5.04],
    refreshNj: 22.4,
    backgroundMw: [33.3, 5.46, 37.05],
    doubt: { why: 'LPDDR4X taken as LPDDR4 with the VDDQ terms scaled to 0.6 V; no currents found', range: [0.8, 1.3] },
  },
  lpddr5: {
    source: 'lpddr5-scaled',
    channelBits: 16,
    rowBytes: 2048,
    activatePj: 1204.7,
    readPjPerBit: [5.92, 4, 6.22],
    writePjPerBit: [4.11, 3, 4.22],
    refreshNj: 22.4,
    backgroundMw: [33.3, 5.46, 37.05],
    doubt: {
      why: 'LPDDR5 core taken as that of LPDDR4; a newer process and its lower core supply say less',
      range: [0.6, 1.2],
    },
  },
  ddr3: {
    source: 'ddr3-flat',
    channelBits: 64,
    rowBytes: 8192,
    activatePj: 4234,
    readPjPerBit: [70, 20, 70],
    writePjPerBit: [70, 20, 70],
    refreshNj: 8 * 83.8,
    backgroundMw: [8 * 44.4, 8 * 30, 8 * 62.4],
    doubt: {
      why: 'DDR3: one flat figure per bit that holds activation and input-output; activation, refresh and background taken as those of DDR4',
      range: [0.5, 1.3],
    },
  },
  ddr4: {
    source: 'ddr4-currents',
    channelBits: 64,
    rowBytes: 8192,
    activatePj: 4234,
    readPjPerBit: [5.48, 4.4, 12],
    writePjPerBit: [4.63, 3.7, 12],
    refreshNj: 8 * 83.8,
    backgroundMw: [8 * 44.4, 8 * 30, 8 * 62.4],
  },
  hbm2: {
    source: 'hbm2-energy',
    channelBits: 128,
    rowBytes: 1024,
    activatePj: 828,
    readPjPerBit: [3.9, 1.57, 6.25],
    writePjPerBit: [3.9, 2.09, 6.25],
    refreshNj: 60.8,
    backgroundMw: [66, 20, 66],
    doubt: { why: 'HBM2: placeholder currents for all but the literature figure per bit', range: [0.6, 1.5] },
  },
};

export const DRAM_TECHNOLOGIES: readonly string[] = Object.keys(ENTRIES);

/** Prices of a machine's DRAM; background is of all channels. Throws InputError for a technology that has no entry. */
export function dramPrices(dram: Dram): DramPrices {
  const e = entry(dram);
  const doubt = e.doubt === undefined ? [] : [assumed(1, '1', e.doubt.why, e.doubt.range)];
  const priced = (value: number, unit: 'fJ' | 'nW', what: string, range: Range, factors: readonly Price[] = []) =>
    product(cited(value, unit, e.source, what, range), [...factors, ...doubt], `${dram.name} ${what}`);
  const around = (x: number): Range => [0.8 * x, 1.2 * x];
  const row = dram.rowBytes / e.rowBytes;
  const width = dram.channelBits / e.channelBits;
  const size = (f: number, what: string) =>
    f === 1 ? [] : [assumed(f, '1', `in proportion to ${what}`, [Math.min(1, f), Math.max(1, f)])];
  const [bg, bgLow, bgHigh] = e.backgroundMw;
  const channels = 1e6 * dram.channels;
  return {
    activate: priced(
      1000 * e.activatePj,
      'fJ',
      'activation and precharge of a row',
      around(1000 * e.activatePj),
      size(row, 'the row size'),
    ),
    readBit: perBit(e.readPjPerBit, 'read', priced),
    writeBit: perBit(e.writePjPerBit, 'write', priced),
    refresh: priced(
      1e6 * e.refreshNj,
      'fJ',
      'all-bank refresh',
      around(1e6 * e.refreshNj),
      size(width, 'the channel width'),
    ),
    background: priced(
      bg * channels,
      'nW',
      `background of ${dram.channels} channels: precharged standby, from power-down to active`,
      [bgLow * channels, bgHigh * channels],
      size(width, 'the channel width'),
    ),
  };
}

function perBit(
  [value, low, high]: DramEntry['readPjPerBit'],
  kind: string,
  priced: (value: number, unit: 'fJ', what: string, range: Range) => Price,
): Price {
  return priced(1000 * value, 'fJ', `${kind} per bit`, [1000 * low, 1000 * high]);
}

function entry(dram: Dram): DramEntry {
  const found = Object.hasOwn(ENTRIES, dram.technology) ? ENTRIES[dram.technology] : undefined;
  if (found !== undefined) return found;
  const near = didYouMean(dram.technology, DRAM_TECHNOLOGIES);
  throw new InputError(`no energy entry for DRAM technology "${dram.technology}"`, {
    code: 'E-PRICE-DRAM',
    diagnostics: [
      {
        code: 'E-PRICE-DRAM',
        message: `dram.technology is "${dram.technology}"`,
        where: 'dram.technology',
        expected: DRAM_TECHNOLOGIES.join(', '),
        hint: near === undefined ? 'name one of these' : `did you mean "${near}"?`,
      },
    ],
  });
}
