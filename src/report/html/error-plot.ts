/** Errors of validation rows as dots, a line for each reference; beyond 100 % they sit at the edge. The band is in the tables. */
import { percentText, type Row } from '../../validate/row.ts';
import { color, escapeHtml } from './parts.ts';

const LINE = 20;
const LEFT = 250;
const WIDTH = 900;
const EDGE = 100;

/** What a dot is: colour by verdict, hollow where a constant was set with it. */
const KINDS = [
  { name: 'within its band', color: color(2) },
  { name: 'misses its band', color: color(6) },
  { name: 'listed, not judged', color: color(7) },
] as const;

export function plotLegend(): string {
  const keys = KINDS.map((k) => `<li><i class="key" style="background:${k.color}"></i>${k.name}</li>`);
  return `<ul class="legend">${keys.join('')}<li><i class="key" style="border:2px solid ${KINDS[0].color}"></i>hollow: fitted</li></ul>`;
}

export function errorPlot(rows: readonly Row[]): string {
  const references = [...new Set(rows.map((r) => r.reference))];
  const height = LINE * (references.length + 1);
  const grid = [-EDGE, -EDGE / 2, 0, EDGE / 2, EDGE].map(
    (e) =>
      `<line x1="${x(e)}" x2="${x(e)}" y1="0" y2="${height - LINE}" style="stroke:var(--${e === 0 ? 'soft' : 'line'})"/>` +
      `<text x="${x(e)}" y="${height - 5}" text-anchor="middle" class="axis">${e > 0 ? '+' : ''}${e} %</text>`,
  );
  const lines = references.map((reference, i) => {
    const y = LINE * i + LINE / 2;
    const dots = rows.filter((r) => r.reference === reference).map((r) => dot(r, y));
    return `<text x="0" y="${y + 4}">${escapeHtml(reference)}</text>${dots.join('')}`;
  });
  return `<div class="wide"><svg class="plot" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="errors by reference">${grid.join('')}${lines.join('')}</svg></div>`;
}

function x(error: number): number {
  const half = (WIDTH - LEFT) / 2 - 30;
  return Number((LEFT + 30 + half * (1 + error / EDGE)).toFixed(1));
}

function dot(r: Row, y: number): string {
  const at = Math.max(-EDGE, Math.min(EDGE, r.errorPercent ?? EDGE));
  const kind = KINDS[r.use === 'listed' ? 2 : r.ok ? 0 : 1];
  const fill = r.use === 'fitted' ? `fill:var(--paper);stroke:${kind.color};stroke-width:2` : `fill:${kind.color}`;
  return `<circle cx="${x(at)}" cy="${y}" r="4" style="${fill};opacity:.75"><title>${escapeHtml(`${r.quantity}: ${percentText(r)}`)}</title></circle>`;
}
