/** What `qnpu sim` prints: the answer, every instruction's times, the timeline, why it took that long, what moved, the values. 100 columns. */
import { formatTimePs } from '../../../isa/base/units.ts';
import type { Machine } from '../../../isa/machine/schema.ts';
import { type SimResult, type TimelineEntry, WORK } from '../../../sim/result.ts';
import { CAUSE_MEANING } from '../../../sim/timing/causes.ts';
import { type Column, renderTable } from '../table.ts';
import { shorten, wrapText } from '../wrap.ts';
import { chartLines } from './chart.ts';
import type { Listing } from './listing.ts';

export interface SimulationText {
  readonly machine: Machine;
  readonly listing: Listing;
  readonly result: SimResult;
  /** Code was in the instruction memory already. */
  readonly warm: boolean;
  /** Outputs by name, when they are to be printed. */
  readonly outputs: ReadonlyMap<string, ArrayLike<number>> | undefined;
}

/** Instructions and path intervals that are shown. */
const ROWS = 40;
const CODE_COLUMNS = 39;

const left = (title: string): Column => ({ title, align: 'left' });
const right = (title: string): Column => ({ title, align: 'right' });

export function simulationLines(s: SimulationText): string[] {
  const period = Math.round(1e6 / s.machine.clocks.coreMhz);
  const cycle = (ps: number) => (ps / period).toFixed(ps % period === 0 ? 0 : 1);
  return [
    ...headLines(s),
    '',
    ...instructionLines(s, cycle),
    '',
    ...chartLines(s.result, s.listing, period, ROWS),
    '',
    ...pathLines(s, cycle),
    '',
    ...causeLines(s.result),
    '',
    ...unitLines(s.result),
    '',
    ...trafficLines(s.result),
    ...(s.outputs === undefined ? [] : ['', ...valueLines(s, s.outputs)]),
  ];
}

function headLines({ machine, listing, result, warm }: SimulationText): string[] {
  const { program } = listing;
  const code = warm ? 'code already in the instruction memory' : 'code fetched from DRAM';
  return [
    `${program.name} on ${machine.name}: ${result.cycles.toLocaleString('en-US')} cycles, ${formatTimePs(result.latencyPs)} at ${machine.clocks.coreMhz} MHz`,
    `${result.instructions.toLocaleString('en-US')} instructions, ${code}; no race, no deadlock`,
  ];
}

function instructionLines({ listing, result }: SimulationText, cycle: (ps: number) => string): string[] {
  const shown = result.timeline.slice(0, ROWS);
  const rest = result.timeline.length - shown.length;
  return [
    ...renderTable(
      [
        right('line'),
        left('instruction'),
        left('unit'),
        right('dispatch'),
        right('start'),
        right('done'),
        left('after'),
      ],
      shown.map((t) => [
        String(listing.lineOf(t.core, t.pc) || t.pc),
        shorten(listing.code(t.core, t.pc), CODE_COLUMNS),
        listing.unit(t.core, t.pc),
        cycle(t.dispatchPs),
        cycle(t.startPs),
        cycle(t.donePs),
        waitText(t, result, listing),
      ]),
    ),
    ...(rest > 0 ? [`  ... and ${rest.toLocaleString('en-US')} more (all of them with --json or --trace)`] : []),
  ];
}

/** What held an instruction last before it started, and whose line let it go. */
function waitText(t: TimelineEntry, r: SimResult, listing: Listing): string {
  if (t.waitedFor === 'dispatch') return t.dispatchedFor;
  const on = r.timeline[t.waitedOn];
  return on === undefined ? t.waitedFor : `${t.waitedFor}, ${listing.place(on.core, on.pc)}`;
}

function pathLines({ listing, result }: SimulationText, cycle: (ps: number) => string): string[] {
  const { criticalPath } = result;
  const shown = criticalPath.slice(-ROWS);
  const skipped = criticalPath.length - shown.length;
  return [
    `why ${result.cycles.toLocaleString('en-US')} cycles: the critical path, each step waiting for the one before`,
    ...(skipped > 0 ? [`  ... ${skipped.toLocaleString('en-US')} steps before these`] : []),
    ...renderTable(
      [right('from'), right('to'), right('cycles'), left('cause'), right('line'), left('instruction')],
      shown.map((p) => [
        cycle(p.startPs),
        cycle(p.endPs),
        cycle(p.endPs - p.startPs),
        p.cause,
        String(listing.lineOf(p.core, p.pc) || p.pc),
        shorten(listing.code(p.core, p.pc), CODE_COLUMNS),
      ]),
    ),
  ];
}

function causeLines(r: SimResult): string[] {
  const rows = Object.entries(r.causes).sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  return [
    'cycles of that path by cause, in whole clocks',
    ...renderTable(
      [left('cause'), right('cycles'), left('what it is')],
      [
        ...rows.map(([cause, n]) => [
          cause,
          n.toLocaleString('en-US'),
          CAUSE_MEANING[cause as keyof typeof CAUSE_MEANING],
        ]),
        ['total', r.cycles.toLocaleString('en-US'), ''],
      ],
    ),
  ];
}

function unitLines(r: SimResult): string[] {
  const several = r.units.some((u) => u.core > 0);
  return [
    'cycles of every unit',
    ...renderTable(
      [left('unit'), right('busy'), right('stalled'), right('idle'), left('stalled for')],
      r.units.map((u) => {
        const stalls = Object.entries(u.stallCycles).sort((a, b) => b[1] - a[1]);
        return [
          `${u.kind}${u.kind === 'dma' ? u.channel : ''}${several ? `@core${u.core}` : ''}`,
          u.busyCycles.toLocaleString('en-US'),
          stalls.reduce((n, [, c]) => n + c, 0).toLocaleString('en-US'),
          u.idleCycles.toLocaleString('en-US'),
          shorten(stalls.map(([cause, n]) => `${cause} ${n}`).join(', '), 60),
        ];
      }),
    ),
    ...wrapText(`busy with ${[...WORK].join(', ')}`, { first: '  ', rest: '  ' }),
  ];
}

function trafficLines(r: SimResult): string[] {
  const sums = new Map<string, [number, number]>();
  for (const t of r.traffic) {
    const key = `${t.boundary} ${t.role}`;
    const [read, written] = sums.get(key) ?? [0, 0];
    sums.set(key, [read + t.readBytes, written + t.writeBytes]);
  }
  return [
    'bytes over each boundary, towards the arrays and back',
    ...renderTable(
      [left('boundary'), left('what'), right('in'), right('out')],
      [...sums].map(([key, [read, written]]) => [...key.split(' '), String(read), String(written)]),
    ),
  ];
}

/** Outputs of two and more dims row by row. */
function valueLines({ listing }: SimulationText, outputs: ReadonlyMap<string, ArrayLike<number>>): string[] {
  const lines = ['values'];
  for (const [name, values] of outputs) {
    const shape = listing.program.io.find((t) => t.name === name && t.direction === 'output')?.shape ?? [];
    const columns = shape.length > 1 ? Math.min(16, shape[shape.length - 1]!) : 16;
    const text = Array.from(values).map(String);
    const width = Math.max(...text.map((t) => t.length));
    const head = `  ${name}[${shape.join(', ')}] = `;
    for (let i = 0; i < Math.min(text.length, ROWS * columns); i += columns) {
      const row = text.slice(i, i + columns).map((t) => t.padStart(width));
      lines.push((i === 0 ? head : ' '.repeat(head.length)) + row.join(' '));
    }
    if (text.length > ROWS * columns) lines.push(`${' '.repeat(head.length)}... (all of them with --json)`);
  }
  return lines;
}
