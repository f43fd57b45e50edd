/** The memory wall: bytes at each boundary by kind, and the ladder of helps as bars of time and DRAM bytes. */
import { formatBytes, formatEnergyFj, formatTimePs } from '../../../isa/base/units.ts';
import type { LadderRung, RunResult } from '../schema.ts';
import { BOUNDARIES, outsideName, trafficByKind } from '../sections/memory-wall.ts';
import { counted, percent } from '../words.ts';
import { escapeHtml, key, legend, mini, type Row, table } from './parts.ts';

export function trafficPart(r: RunResult): string {
  const kinds = [...new Set(BOUNDARIES.flatMap(([b]) => trafficByKind(r, b).map(([kind]) => kind)))];
  const totals = BOUNDARIES.map(([b]) => trafficByKind(r, b).reduce((n, [, { read, write }]) => n + read + write, 0));
  const most = Math.max(1, ...totals);
  const rows = BOUNDARIES.flatMap(([boundary, name], i): Row[] => {
    const all = trafficByKind(r, boundary);
    const slices = all.map(([kind, { read, write }]) => [read + write, kinds.indexOf(kind)] as const);
    return [
      { cells: [escapeHtml(name), mini(slices, most), '', '', formatBytes(totals[i] ?? 0)] },
      ...all.map(([kind, { read, write }]) => ({
        cells: [
          `${key(kinds.indexOf(kind))}<span class="soft">${escapeHtml(kind)}</span>`,
          '',
          formatBytes(read),
          formatBytes(write),
          '',
        ],
      })),
    ];
  });
  const saved = (cycles: number) => `${counted(cycles, 'cycle')} (${percent(cycles, r.cycles)})`;
  return `<h2>Memory wall</h2>
<p class="soft">The same program with a free ${outsideName(r)} would save ${saved(r.wall.dramCycles)}; with free transport between chip and core ${saved(r.wall.coreCycles)}. At least ${formatBytes(r.bounds.compulsoryBytes)} must cross the DRAM boundary.</p>
${table(
  [
    { title: 'boundary', kind: 'key' },
    { title: '', kind: 'graph' },
    { title: 'read', kind: 'n' },
    { title: 'written', kind: 'n' },
    { title: 'together', kind: 'n' },
  ],
  rows,
)}`;
}

export function ladderPart(r: RunResult): string {
  const { ladder } = r;
  if (ladder === undefined || ladder.length === 0) return '';
  const groups = new Map<string, LadderRung[]>();
  for (const rung of ladder) {
    const title = `${rung.state === 'cold' ? 'cold start' : 'steady state'}, batch ${rung.batch}`;
    groups.set(title, [...(groups.get(title) ?? []), rung]);
  }
  const rows = [...groups].flatMap(([title, rungs]): Row[] => [
    { kind: 'group', cells: [escapeHtml(title)] },
    ...rungRows(rungs),
  ]);
  const [first] = ladder;
  const adds = [...new Map(ladder.map((rung) => [rung.name, rung.adds]))];
  return `<h2>Memory-wall ladder</h2>
<p class="soft">Every rung is a run of its own on an equal machine; avoided bytes are against '${escapeHtml(first?.name ?? '')}'.</p>
${legend(['work and on-chip time', 'what a free DRAM would save', 'DRAM bytes'])}
${table(
  [
    { title: 'rung', kind: 'key' },
    { title: 'latency', kind: 'n' },
    { title: '', kind: 'graph' },
    { title: 'DRAM', kind: 'n' },
    { title: '', kind: 'graph' },
    { title: 'avoided', kind: 'n' },
    { title: 'energy', kind: 'n' },
  ],
  rows,
)}
<details><summary>what the rungs are, and what was made equal</summary><ul>
${adds.map(([name, text]) => `<li><b>${escapeHtml(name)}</b>: ${escapeHtml(text)}</li>`).join('\n')}
${Object.entries(r.iso ?? {})
  .map(([name, value]) => `<li>equal ${escapeHtml(name)}: ${escapeHtml(value)}</li>`)
  .join('\n')}
</ul></details>`;
}

function rungRows(rungs: readonly LadderRung[]): Row[] {
  const bytes = (x: LadderRung) => x.dramReadBytes + x.dramWriteBytes;
  const slowest = Math.max(1, ...rungs.map((x) => x.cycles));
  const most = Math.max(1, ...rungs.map(bytes));
  return rungs.map((x) => ({
    cells: [
      escapeHtml(x.name),
      formatTimePs(x.latencyPs),
      mini(
        [
          [x.cycles - x.wallCycles, 0],
          [x.wallCycles, 1],
        ],
        slowest,
      ),
      formatBytes(bytes(x)),
      mini([[bytes(x), 2]], most),
      `${x.avoidedBytes < 0 ? '-' : ''}${formatBytes(Math.abs(x.avoidedBytes))}`,
      formatEnergyFj(x.energyFj),
    ],
  }));
}
