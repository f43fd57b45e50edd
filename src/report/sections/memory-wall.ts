/** Traffic by boundary and kind, what a free boundary would save, and the ladder of helps when it was asked for. */
import { formatBytes, formatEnergyFj, formatTimePs } from '../../../isa/base/units.ts';
import type { LadderRung, RunResult } from '../schema.ts';
import { renderTable } from '../table.ts';

const BOUNDARY_NAMES = { dram: 'DRAM <-> chip', core: 'chip <-> core', array: 'core <-> arrays' } as const;

export function trafficSection(r: RunResult): string[] {
  const totals = new Map<
    string,
    { readonly boundary: keyof typeof BOUNDARY_NAMES; readonly kind: string; read: number; write: number }
  >();
  for (const t of r.traffic) {
    const key = `${t.boundary}/${t.kind}`;
    const sum = totals.get(key) ?? { boundary: t.boundary, kind: t.kind, read: 0, write: 0 };
    sum.read += t.readBytes;
    sum.write += t.writeBytes;
    totals.set(key, sum);
  }
  const rows = [...totals.values()].map((t) => [
    BOUNDARY_NAMES[t.boundary],
    t.kind,
    formatBytes(t.read),
    formatBytes(t.write),
  ]);
  const share = r.cycles > 0 ? ((100 * r.wall.dramCycles) / r.cycles).toFixed(1) : '0.0';
  return [
    ...renderTable(
      [
        { title: 'boundary', align: 'left' },
        { title: 'kind', align: 'left' },
        { title: 'read', align: 'right' },
        { title: 'written', align: 'right' },
      ],
      rows,
    ),
    `  DRAM wall: ${r.wall.dramCycles.toLocaleString('en-US')} cycles (${share} %) would be saved by a free DRAM; compulsory traffic is ${formatBytes(r.bounds.compulsoryBytes)}`,
  ];
}

export function ladderSection(ladder: readonly LadderRung[], iso: Readonly<Record<string, string>>): string[] {
  const first = ladder[0];
  if (first === undefined) return [];
  const rows = ladder.map((rung) => [
    rung.name,
    rung.state === 'cold' ? 'cold' : 'steady',
    String(rung.batch),
    formatTimePs(rung.latencyPs),
    formatEnergyFj(rung.energyFj),
    formatBytes(rung.dramReadBytes + rung.dramWriteBytes),
    signedBytes(rung.avoidedBytes),
    `${((100 * rung.wallCycles) / Math.max(1, rung.cycles)).toFixed(0)} %`,
    rung.boundCycles > 0
      ? (rung.cycles / rung.boundCycles).toFixed(2) + (rung.scheduleLimited ? ' schedule-limited' : '')
      : '',
  ]);
  return [
    ...renderTable(
      [
        { title: 'rung', align: 'left' },
        { title: 'state', align: 'left' },
        { title: 'batch', align: 'right' },
        { title: 'latency', align: 'right' },
        { title: 'energy', align: 'right' },
        { title: 'DRAM', align: 'right' },
        { title: 'avoided', align: 'right' },
        { title: 'wall', align: 'right' },
        { title: 'x bound', align: 'left' },
      ],
      rows,
    ),
    ...[...new Map(ladder.map((rung) => [rung.name, rung.adds]))].map(([name, adds]) => `  ${name}: ${adds}`),
    `  avoided = DRAM bytes of "${first.name}" minus DRAM bytes of the rung; wall = share of the cycles that a free DRAM would save`,
    ...Object.entries(iso).map(([name, value]) => `  iso ${name}: ${value}`),
  ];
}

function signedBytes(n: number): string {
  return n < 0 ? `-${formatBytes(-n)}` : formatBytes(n);
}
