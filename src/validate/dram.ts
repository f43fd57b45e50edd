/**
 * DRAM channels against cycle-level simulators, pattern by pattern, and against closed forms of each preset's own timing table. Only the channel
 * model runs: no DMA, no interconnect.
 */
import { ddr4X64 } from '../../isa/machine/presets/dram/ddr4-3200.ts';
import { hbm2Channel } from '../../isa/machine/presets/dram/hbm2.ts';
import { DRAM_PRESETS } from '../../isa/machine/presets/dram/index.ts';
import { lpddr4X16, lpddr4X32 } from '../../isa/machine/presets/dram/lpddr4-3200.ts';
import { lpddr5X16 } from '../../isa/machine/presets/dram/lpddr5-6400.ts';
import type { Dram } from '../../isa/machine/schema.ts';
import { driveDram, patternAccesses } from './dram-patterns.ts';
import { DRAM_THROUGHPUT } from './references/dram-throughput.ts';
import { makeRow, type Row } from './row.ts';

/** Presets by the name of the reference's configuration, and a quarter of one bank's span in bytes, by which its spread streams are apart. */
const CONFIGURATIONS: Readonly<Record<string, { readonly dram: Dram; readonly quarterSpan: number }>> = {
  'lpddr4-A': { dram: lpddr4X16, quarterSpan: 4096 },
  'lpddr4-2ch256': { dram: lpddr4X32, quarterSpan: 8192 },
  'lpddr5-G': { dram: lpddr5X16, quarterSpan: 8192 },
  'ddr4-G': { dram: ddr4X64, quarterSpan: 32768 },
  'hbm2-G': { dram: hbm2Channel, quarterSpan: 8192 },
};
/** Past the start-up of every pattern. */
const BYTES = 1 << 20;
/** Unloaded latency of 64 B in ns in the same simulators: closed bank, row hit, row conflict right behind; and the distance that stays in a row. */
const LATENCIES = [
  ['LPDDR4-3200', lpddr4X16, 64, [50, 31.875, 66.875]],
  ['LPDDR5-6400', lpddr5X16, 256, [48.75, 30, 67.5]],
  ['DDR4-3200', ddr4X64, 256, [30, 16.25, 45.625]],
  ['HBM2', hbm2Channel, 256, [33, 17, 47]],
] as const;

export function dramRows(): Row[] {
  return [...throughputRows(), ...latencyRows(), ...closedForms()];
}

/** Same-bank interleaves and read/write mixes: the simulators differ by 20 % among themselves. */
function bandOf(pattern: string): number {
  return pattern.startsWith('rwmix') || pattern === 'interleave_aligned' ? 20 : 5;
}

function throughputRows(): Row[] {
  return DRAM_THROUGHPUT.trim()
    .split('\n')
    .map((line) => {
      const [config, pattern, params, accessBytes, inFlight, bytes, percent] = line.split(',') as [
        string,
        string,
        string,
        string,
        string,
        string,
        string,
      ];
      const { dram, quarterSpan } = CONFIGURATIONS[config]!;
      const accesses = patternAccesses(
        pattern,
        params,
        Number(accessBytes),
        Math.min(BYTES, Number(bytes)),
        quarterSpan,
      );
      const moved = accesses.reduce((n, a) => n + a.bytes, 0);
      const ps = driveDram(dram, accesses, Number(inFlight));
      return makeRow({
        group: 'dram',
        reference: config.startsWith('lpddr4') ? 'Ramulator 1' : 'Ramulator 2.1',
        quantity: `${dram.name} ${pattern} ${params}, ${accessBytes} B`,
        unit: '% of peak',
        published: Number(percent),
        ours: (100 * moved) / (ps * peakBytesPerPs(dram)),
        use: 'held-out',
        bandPercent: bandOf(pattern),
        read: 'the tool was run',
        note: NOTES[`${config} ${pattern} ${params}`] ?? '',
      });
    });
}

function peakBytesPerPs(dram: Dram): number {
  return (dram.channels * dram.burstBytes) / (dram.burstClocks * dram.clockPs);
}

/** Why rows miss. */
const TWO_COMMANDS =
  'LPDDR5 opens a row with two commands: where four banks of one group take turns a row costs about 5 clocks more, with one or two banks nothing; no timing of the reference gives it, so it is not modelled';
const SHARED_BUS =
  'pseudo channels that share a row-command bus drift apart and lose row hits; ours are charged for the bus but stay in step';
const NOTES: Readonly<Record<string, string>> = {
  'lpddr5-G stride64B 8192': TWO_COMMANDS,
  'lpddr5-G stride32B 4096': TWO_COMMANDS,
  'ddr4-G tile2d 64B@16384': 'one bank group meets the look-ahead depth: cycle-level simulators differ by 14 % here',
  'hbm2-G interleave_aligned 2x1024B': SHARED_BUS,
  'hbm2-G interleave_aligned 4x64B': SHARED_BUS,
  'hbm2-G rwmix_aligned 1R:1W@256B': SHARED_BUS,
  'hbm2-G rwmix_spread 1R:1W@256B': SHARED_BUS,
};

function latencyRows(): Row[] {
  return LATENCIES.flatMap(([name, dram, sameRow, published]) => {
    const read = (address: number) => ({ address, bytes: 64, write: false });
    const first = driveDram(dram, [read(0)], 0);
    // The driver sees data one clock later.
    const behind = (next: number) => driveDram(dram, [read(0), read(next)], 1) - first - dram.clockPs;
    const ours = [first, behind(sameRow), behind(dram.rowBytes * dram.banks * dram.channels)];
    return ['closed bank', 'row hit', 'row conflict'].map((what, i) =>
      makeRow({
        group: 'dram',
        reference: name.startsWith('LPDDR4') ? 'Ramulator 1' : 'Ramulator 2.1',
        quantity: `${name} latency of 64 B, ${what}`,
        unit: 'ns',
        published: published[i]!,
        ours: ours[i]! / 1000,
        use: 'held-out',
        bandPercent: 5,
        read: 'the tool was run',
      }),
    );
  });
}

/** From the timing table alone, by hand: peak bandwidth of a long stream less its refreshes, and one row a bank cycle. */
function closedForms(): Row[] {
  return Object.values(DRAM_PRESETS).flatMap((dram) => {
    const { name } = dram;
    const { timing: t } = dram;
    const common = {
      group: 'dram',
      reference: 'closed form',
      use: 'exact',
      read: 'the timing table of the preset',
    } as const;
    const bytes = 4 << 20;
    const stream = Array.from({ length: bytes / 64 }, (_, i) => ({ address: 64 * i, bytes: 64, write: false }));
    const share = bytes / (driveDram(dram, stream, 0) * peakBytesPerPs(dram));
    const restart = t.rpAll + t.rcd;
    const sameBank = Array.from({ length: 512 }, (_, i) => ({
      address: i * dram.rowBytes * dram.banks * dram.channels,
      bytes: dram.burstBytes,
      write: false,
    }));
    const rowCycle = driveDram(dram, sameBank, 0) / dram.clockPs / sameBank.length;
    return [
      makeRow({
        ...common,
        quantity: `${name} long read stream`,
        unit: '% of peak',
        published: 100 * (1 - (t.rfc + restart) / t.refi),
        ours: 100 * share,
        bandPercent: 1,
        note: '1 - (tRFC + tRPab + tRCD) / tREFI; within 1 % for the transfer that a refresh waits for',
      }),
      makeRow({
        ...common,
        quantity: `${name} rows of one bank`,
        unit: 'clocks a row',
        published: (t.ras + t.rp) / (1 - (t.rfc + t.rpAll) / t.refi),
        ours: rowCycle,
        bandPercent: 2,
        note: 'tRC = tRAS + tRP, less the time of refreshes',
      }),
    ];
  });
}
