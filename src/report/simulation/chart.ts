/** The timeline as characters: one row an executed instruction, one column a whole number of cycles. */
import type { SimResult } from '../../../sim/result.ts';
import type { Listing } from './listing.ts';

const COLUMNS = 80;
const STEPS = [1, 2, 5];

/** `.` waits in the queue, `█` holds its unit, `░` its results are on their way. */
export function chartLines(r: SimResult, listing: Listing, periodPs: number, rows: number): string[] {
  const perColumn = cyclesPerColumn(r.cycles);
  const at = (ps: number) => Math.floor(ps / periodPs / perColumn);
  const until = (ps: number) => Math.ceil(ps / periodPs / perColumn);
  const columns = until(r.latencyPs);
  const label = (line: string, unit: string) => `  ${line.padStart(4)}  ${unit.padEnd(8)}`;
  const shown = r.timeline.slice(0, rows);
  return [
    `timeline, one column = ${perColumn} cycle${perColumn > 1 ? 's' : ''}   . waits in the queue   █ holds its unit   ░ results on their way`,
    `${label('line', 'unit')}${ruler(columns, perColumn)}`.trimEnd(),
    ...shown.map((t) => {
      const [dispatch, start, free, done] = [at(t.dispatchPs), at(t.startPs), until(t.freePs), until(t.donePs)];
      const bar = ' '.repeat(dispatch) + '.'.repeat(start - dispatch) + '█'.repeat(Math.max(1, free - start));
      const line = String(listing.lineOf(t.core, t.pc) || t.pc);
      return label(line, listing.unit(t.core, t.pc)) + bar + '░'.repeat(Math.max(0, done - Math.max(free, start + 1)));
    }),
  ];
}

/** 1, 2, 5, 10, 20 ... such that the whole run fits. */
function cyclesPerColumn(cycles: number): number {
  for (let scale = 1; ; scale *= 10) {
    for (const step of STEPS) if (cycles <= scale * step * COLUMNS) return scale * step;
  }
}

/** The cycle above every tenth column. */
function ruler(columns: number, perColumn: number): string {
  let text = '';
  for (let c = 0; c <= columns; c += 10) text = text.padEnd(c) + String(c * perColumn);
  return text;
}
