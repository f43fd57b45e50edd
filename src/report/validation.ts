/** The validation table as text: a summary by group, then the rows that miss their band, fitted and held-out rows, and the worst of the rest. */
import { errorOf, percentText, type Row } from '../validate/row.ts';
import type { GroupSummary, Validation } from '../validate/validate.ts';
import { renderTable } from './table.ts';

const left = (title: string) => ({ title, align: 'left' as const });
const right = (title: string) => ({ title, align: 'right' as const });
/** Rows of a group that are shown when not all are. */
const SHOWN = 3;

export function validationText({ groups, rows, ok, tool }: Validation, all: boolean): string {
  const summary = renderTable(
    [left('group'), right('rows'), right('judged'), right('missed'), right('median held out'), left('largest error')],
    groups.map((g) => [
      g.name,
      String(g.rows),
      String(g.judged),
      String(g.missed),
      g.medianHeldOutPercent === null ? '' : `${g.medianHeldOutPercent.toFixed(1)} %`,
      g.worst,
    ]),
  );
  const heldOut = groups.flatMap((g) => heldOutLines(g).map((line) => `  ${g.name}, held out, ${line}`));
  const shown = groups.flatMap(({ name }) =>
    pick(
      rows.filter((r) => r.group === name),
      all,
    ),
  );
  const table = renderTable(
    [
      left('reference'),
      left('quantity'),
      right('published'),
      right('ours'),
      left('unit'),
      right('error'),
      left('use'),
      left(''),
    ],
    shown.map((r) => [
      r.reference,
      r.quantity,
      figure(r.published),
      figure(r.ours),
      r.unit,
      percentText(r),
      r.use,
      verdict(r),
    ]),
  );
  const notes = reasons(shown.filter((r) => r.note !== '' && (!r.ok || r.use === 'listed')));
  return [
    `${tool} validate: ${rows.length} rows, ${rows.filter((r) => !r.ok).length} miss their band${ok ? '' : ' (exit 4)'}`,
    '',
    ...summary,
    ...(heldOut.length === 0 ? [] : ['', ...heldOut]),
    '',
    ...table,
    ...(all ? [] : ['', `the ${SHOWN} largest errors of each group and all that miss; every row with --all or --json`]),
    ...(notes.length === 0 ? [] : ['', 'why', ...notes]),
  ].join('\n');
}

/** Held-out medians of a group by unit, where it has more than one: of all rows, and of the medians of its references. */
export function heldOutLines({ heldOut }: GroupSummary): string[] {
  if (heldOut.length < 2) return [];
  return heldOut.map(({ unit, rows, medianPercent, references, medianOfReferencesPercent }) => {
    if (rows === 1) return `${unit}: ${medianPercent.toFixed(0)} % in one row`;
    const over = `${medianOfReferencesPercent.toFixed(0)} % over the medians of ${references} reference${references === 1 ? '' : 's'}`;
    return `${unit}: median error ${medianPercent.toFixed(0)} % over ${rows} rows, ${over}`;
  });
}

function pick(rows: readonly Row[], all: boolean): readonly Row[] {
  if (all) return rows;
  const worst = [...rows].sort((a, b) => errorOf(b) - errorOf(a)).slice(0, SHOWN);
  return rows.filter((r) => !r.ok || worst.includes(r) || r.use === 'fitted' || r.use === 'listed');
}

/** Each reason once, with whose rows it is about. */
function reasons(rows: readonly Row[]): string[] {
  return sameReason(rows).map((same) => {
    const [first] = same as [Row];
    const which = same.length === 1 ? first.quantity : `${same.length} rows`;
    return `  ${first.reference}, ${which}: ${first.note}`;
  });
}

/** Rows of one reference with one note together, in the order of their first. */
export function sameReason(rows: readonly Row[]): Row[][] {
  const about = new Map<string, Row[]>();
  for (const r of rows) {
    const key = `${r.reference}: ${r.note}`;
    about.set(key, [...(about.get(key) ?? []), r]);
  }
  return [...about.values()];
}

function verdict(r: Row): string {
  if (r.use === 'listed') return 'not judged';
  return r.ok ? '' : `misses ${r.bandPercent} %`;
}

/** A figure as both views print it. */
export function figure(n: number): string {
  if (Number.isInteger(n)) return n.toLocaleString('en-US');
  return Math.abs(n) >= 100 ? n.toFixed(1) : n.toPrecision(4);
}
