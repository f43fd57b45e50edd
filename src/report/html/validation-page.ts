/** The validation table as a page: groups at a glance, every error as a dot beside its reference, what misses with its reason, all rows behind. */
import { type Group, percentText, type Row } from '../../validate/row.ts';
import type { GroupSummary, Validation } from '../../validate/validate.ts';
import { figure, heldOutLines, sameReason } from '../validation.ts';
import { errorPlot, plotLegend } from './error-plot.ts';
import { framed } from './frame.ts';
import { escapeHtml, type Heading, table } from './parts.ts';

const WORDS: Readonly<Record<Group, string>> = {
  exact: 'closed forms and cycle counts that must be equal',
  macros: 'published compute-in-memory macros: efficiency, density, cycle time',
  systems: 'published accelerators on their networks',
  dram: 'closed forms and cycle-level DRAM simulators',
  laws: 'what adds up in every run',
};

export function validationHtml(v: Validation): string {
  const missed = v.rows.filter((r) => !r.ok).length;
  const head = `<h1>How far to trust the numbers</h1>
<p class="soft">${escapeHtml(v.tool)} validate: ${v.rows.length} rows, ${missed} miss their band${v.ok ? '' : ' (exit 4)'}</p>
<p>Each row is a published figure beside ours. A row is <em>exact</em> (it must be equal), <em>fitted</em> (a constant was set with it), <em>held out</em> (nothing was)
or <em>listed</em> (shown and not judged, with the reason). A dot is its error, (ours - published) / published. What misses its band stays in the table, with its reason. Only held-out errors say what to
expect of a chip that is not here.</p>`;
  return framed('qnpu validate', [
    head,
    `<div class="cards">${v.groups.map(card).join('')}</div>`,
    plotLegend(),
    ...v.groups.map((g) => groupPart(g, v.rows)),
  ]);
}

function card(g: GroupSummary): string {
  const median =
    g.medianHeldOutPercent === null ? '' : `, held out: median error ${g.medianHeldOutPercent.toFixed(1)} %`;
  return `<div class="card"><b>${g.judged - g.missed} of ${g.judged}</b><span>${g.name}: rows within their band${median}</span></div>`;
}

function groupPart(g: GroupSummary, all: readonly Row[]): string {
  const rows = all.filter((r) => r.group === g.name);
  const missed = rows.filter((r) => !r.ok);
  const known = missed.length === 0 ? '' : `<p>Known misses, with their reason:</p>${missTable(missed)}`;
  const heldOut = heldOutLines(g);
  const medians = heldOut.length === 0 ? '' : `<p>Held out: ${heldOut.map(escapeHtml).join('; ')}.</p>`;
  return `<h2>${g.name}: ${WORDS[g.name]}</h2>
${medians}
${errorPlot(rows)}
${known}
<details><summary>all ${rows.length} rows, and how each figure was read</summary>${rowTable(rows, [REFERENCE, ...FIGURES, USE, ...SOURCES])}</details>`;
}

interface Column extends Heading {
  readonly text: (r: Row) => string;
}

const FIGURES: readonly Column[] = [
  { title: 'quantity', kind: 'name', text: (r) => r.quantity },
  { title: 'published', kind: 'n', text: (r) => figure(r.published) },
  { title: 'ours', kind: 'n', text: (r) => figure(r.ours) },
  { title: 'unit', text: (r) => r.unit },
  { title: 'error', kind: 'n', text: percentText },
  { title: 'band', kind: 'n', text: (r) => (r.bandPercent === null ? 'none' : `${r.bandPercent} %`) },
];
const REFERENCE: Column = { title: 'reference', text: (r) => r.reference };
const USE: Column = { title: 'use', text: (r) => r.use };
const SOURCES: readonly Column[] = [
  { title: 'how it was read', kind: 'name', text: (r) => r.read },
  { title: 'note', kind: 'name', text: (r) => r.note },
];

function rowTable(rows: readonly Row[], columns: readonly Column[]): string {
  return table(columns, rows.map(cellsBy(columns)));
}

/** Under each reason the rows that it is about. */
function missTable(missed: readonly Row[]): string {
  const rows = sameReason(missed).flatMap((same) => [
    { cells: [escapeHtml(`${same[0]!.reference}: ${same[0]!.note}`)], kind: 'group' as const },
    ...same.map(cellsBy(FIGURES)),
  ]);
  return table(FIGURES, rows);
}

function cellsBy(columns: readonly Column[]) {
  return (r: Row) => ({ cells: columns.map((c) => escapeHtml(c.text(r))) });
}
