/** Where time and energy went, as one bar with a table each; what every unit did in every cycle. */
import { formatEnergyFj } from '../../../isa/base/units.ts';
import type { RunResult } from '../schema.ts';
import { causeMeaning, counted, energyMeaning, energyParts, grouped, percent } from '../words.ts';
import { escapeHtml, key, largest, legend, mini, type Slice, stacked, table } from './parts.ts';

export function timePart(r: RunResult): string {
  const slices = Object.entries(r.causes).map(([name, amount]) => ({ name, amount }));
  return `<h2>Where the time went</h2>
<p class="soft">Cycles of the critical path by cause: they add up to the latency.</p>
${breakdown('Critical path by cause', slices, { format: grouped, meaning: causeMeaning, unit: 'cycles' })}`;
}

export function energyPart(r: RunResult): string {
  const slices = energyParts(r).map(([name, amount]) => ({ name, amount }));
  const { cited, fitted, assumed } = r.energyFj.shares;
  const share = (part: number) => `${Math.round(100 * part)} %`;
  return `<h2>Where the energy went</h2>
<p class="soft">Counted actions times their prices: ${share(cited)} of it at cited prices, ${share(fitted)} fitted, ${share(assumed)} assumed.</p>
${breakdown('Energy by action', slices, { format: formatEnergyFj, meaning: energyMeaning, unit: 'per inference' })}`;
}

interface Telling {
  readonly format: (n: number) => string;
  readonly meaning: (name: string) => string;
  readonly unit: string;
}

function breakdown(label: string, slices: readonly Slice[], { format, meaning, unit }: Telling): string {
  const shown = largest(slices, (n) => counted(n, 'other'));
  const total = shown.reduce((n, s) => n + s.amount, 0);
  const rows = shown.map((s, i) => ({
    cells: [
      `${key(i)}${escapeHtml(s.name)}`,
      format(s.amount),
      percent(s.amount, total),
      `<span class="soft">${escapeHtml(meaning(s.name))}</span>`,
    ],
  }));
  const headings = [
    { title: '', kind: 'key' },
    { title: unit, kind: 'n' },
    { title: 'share', kind: 'n' },
    { title: 'what it is', kind: 'what' },
  ] as const;
  return `${stacked(label, shown, format)}
${table(headings, [...rows, { kind: 'sum', cells: ['total', format(total), percent(total, total), ''] }])}`;
}

/** One bar a unit: busy, stalled, idle. */
export function unitsPart(r: RunResult): string {
  const rows = Object.entries(r.units).map(([name, u]) => {
    const stalls = Object.entries(u.stalls).sort((a, b) => b[1] - a[1]);
    const stalled = stalls.reduce((n, [, cycles]) => n + cycles, 0);
    const told = stalls.slice(0, 3).map(([cause, cycles]) => `${cause} ${grouped(cycles)}`);
    return {
      cells: [
        escapeHtml(name),
        mini(
          [
            [u.busy, 0],
            [stalled, 1],
          ],
          u.total,
          true,
        ),
        grouped(u.busy),
        grouped(stalled),
        grouped(u.idle),
        `<span class="soft">${escapeHtml(told.join(', '))}</span>`,
      ],
    };
  });
  return `<h2>What every unit did</h2>
<p class="soft">Each cycle of each unit is busy, stalled or idle; the three add up to ${counted(r.cycles, 'cycle')}.</p>
${legend(['busy', 'stalled'])}
${table(
  [
    { title: 'unit', kind: 'key' },
    { title: '', kind: 'graph' },
    { title: 'busy', kind: 'n' },
    { title: 'stalled', kind: 'n' },
    { title: 'idle', kind: 'n' },
    { title: 'stalled by', kind: 'what' },
  ],
  rows,
)}`;
}
