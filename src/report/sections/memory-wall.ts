/** Traffic by boundary and kind, what a free boundary would save, and the ladder of helps when it was asked for. */
import { formatBytes, formatEnergyFj, formatTimePs } from '../../../isa/base/units.ts';
import type { LadderRung, RunResult } from '../schema.ts';
import { type Column, renderTable } from '../table.ts';
import { counted, percent } from '../words.ts';
import { wrapText } from '../wrap.ts';

export const BOUNDARIES = [
  ['tier', 'tier <-> chip'],
  ['dram', 'DRAM <-> chip'],
  ['core', 'chip <-> core'],
  ['array', 'core <-> arrays'],
] as const;

interface Bytes {
  read: number;
  write: number;
}

/** Bytes by kind at one boundary, largest first. */
export function trafficByKind(r: RunResult, boundary: string): [kind: string, bytes: Bytes][] {
  const kinds = new Map<string, Bytes>();
  for (const t of r.traffic) {
    if (t.boundary !== boundary) continue;
    const sum = kinds.get(t.kind) ?? { read: 0, write: 0 };
    sum.read += t.readBytes;
    sum.write += t.writeBytes;
    kinds.set(t.kind, sum);
  }
  const size = ({ read, write }: Bytes) => read + write;
  return [...kinds].sort(([a, x], [b, y]) => size(y) - size(x) || (a < b ? -1 : 1));
}

/** Whether the slower tier moves more than DRAM. */
export function farther(r: RunResult): boolean {
  const bytes = (boundary: string) =>
    trafficByKind(r, boundary).reduce((n, [, { read, write }]) => n + read + write, 0);
  return bytes('tier') > bytes('dram');
}

/** What a free DRAM frees: the tier behind it too. */
export function outsideName(r: RunResult): string {
  return r.traffic.some((t) => t.boundary === 'tier') ? 'DRAM and tier' : 'DRAM';
}

export function trafficSection(r: RunResult): string[] {
  const rows = BOUNDARIES.flatMap(([boundary, name]) =>
    trafficByKind(r, boundary).map(([kind, { read, write }], i) => [
      i === 0 ? name : '',
      kind,
      read > 0 ? formatBytes(read) : '',
      write > 0 ? formatBytes(write) : '',
    ]),
  );
  const dram = trafficByKind(r, 'dram').reduce((n, [, { read, write }]) => n + read + write, 0);
  const saved = (cycles: number) => `${counted(cycles, 'cycle')} (${percent(cycles, r.cycles)})`;
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
    ...note(
      `DRAM wall: the same program with a free ${outsideName(r)} would save ${saved(r.wall.dramCycles)}, with free transport between chip and core ${saved(r.wall.coreCycles)}. DRAM traffic ${formatBytes(dram)}, of which ${formatBytes(r.bounds.compulsoryBytes)} must move at least once.`,
    ),
  ];
}

const RUNG_COLUMNS: readonly Column[] = [
  { title: 'rung', align: 'left' },
  { title: 'latency', align: 'right' },
  { title: 'energy', align: 'right' },
  { title: 'DRAM', align: 'right' },
  { title: 'avoided', align: 'right' },
  { title: 'wall', align: 'right' },
  { title: 'x bound', align: 'left' },
];

export function ladderSection(ladder: readonly LadderRung[], iso: Readonly<Record<string, string>>): string[] {
  const [first] = ladder;
  if (first === undefined) return ['  no rung could be run'];
  const groups = new Map<string, LadderRung[]>();
  for (const rung of ladder) {
    const key = `${rung.state === 'cold' ? 'cold start' : 'steady state'}, batch ${rung.batch}`;
    groups.set(key, [...(groups.get(key) ?? []), rung]);
  }
  const rows = [...groups].flatMap(([key, rungs]) => [[`${key}:`], ...rungs.map(rungRow)]);
  return [
    ...renderTable(RUNG_COLUMNS, rows),
    ...[...new Map(ladder.map((rung) => [rung.name, rung.adds]))].flatMap(([name, adds]) => note(`${name}: ${adds}`)),
    ...note(
      `avoided: DRAM bytes of '${first.name}' less those of the rung. wall: share of the cycles that a free DRAM would save. * more than 1.25 times its own bound: latency and schedule limit it, not peak rates.`,
    ),
    ...note(
      `made equal: ${Object.entries(iso)
        .map(([name, value]) => `${name} ${value}`)
        .join('; ')}`,
    ),
  ];
}

function rungRow(rung: LadderRung): string[] {
  return [
    `  ${rung.name}`,
    formatTimePs(rung.latencyPs),
    formatEnergyFj(rung.energyFj),
    formatBytes(rung.dramReadBytes + rung.dramWriteBytes),
    `${rung.avoidedBytes < 0 ? '-' : ''}${formatBytes(Math.abs(rung.avoidedBytes))}`,
    percent(rung.wallCycles, rung.cycles),
    rung.boundCycles > 0 ? `${(rung.cycles / rung.boundCycles).toFixed(2)}${rung.scheduleLimited ? ' *' : ''}` : '',
  ];
}

function note(text: string): string[] {
  return wrapText(text, { first: '  ', rest: '    ' });
}
