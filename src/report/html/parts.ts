/** Building blocks of the page: escaped text, bars, tables. Every text that comes from a model or a machine passes through escapeHtml. */

export function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

export interface Slice {
  readonly name: string;
  readonly amount: number;
}

const COLORS = 8;

/** Colour of the i-th slice; the last is the colour of what is summed up. */
export function color(i: number): string {
  return `var(--c${Math.min(i, COLORS - 1)})`;
}

/** Largest first; those that have no colour of their own are one slice. Zero slices are left out. */
export function largest(slices: readonly Slice[], rest: (n: number) => string): Slice[] {
  const sorted = slices.filter((s) => s.amount > 0).sort((a, b) => b.amount - a.amount || (a.name < b.name ? -1 : 1));
  if (sorted.length <= COLORS) return sorted;
  const others = sorted.slice(COLORS - 1);
  return [
    ...sorted.slice(0, COLORS - 1),
    { name: rest(others.length), amount: others.reduce((n, s) => n + s.amount, 0) },
  ];
}

/** One bar of slices that fill `share` of the width; a title tells each when the pointer rests on it. */
export function stacked(label: string, slices: readonly Slice[], format: (n: number) => string): string {
  const total = slices.reduce((n, s) => n + s.amount, 0);
  const part = (s: Slice, i: number) =>
    `<i style="width:${width(s.amount, total)};background:${color(i)}" title="${escapeHtml(`${s.name}: ${format(s.amount)}`)}"></i>`;
  return `<div class="bar" role="img" aria-label="${escapeHtml(label)}">${slices.map(part).join('')}</div>`;
}

/** A small bar in a table: slices as parts of `most`, each with the number of its colour. */
export function mini(
  slices: readonly (readonly [amount: number, colorIndex: number])[],
  most: number,
  track = false,
): string {
  const parts = slices
    .filter(([amount]) => amount > 0)
    .map(([amount, i]) => `<i style="width:${width(amount, most)};background:${color(i)}"></i>`);
  return `<div class="mini${track ? ' track' : ''}">${parts.join('')}</div>`;
}

function width(amount: number, total: number): string {
  return `${total > 0 ? Number(((100 * amount) / total).toFixed(3)) : 0}%`;
}

export function key(i: number): string {
  return `<i class="key" style="background:${color(i)}"></i>`;
}

export function legend(names: readonly string[]): string {
  return `<ul class="legend">${names.map((name, i) => `<li>${key(i)}${escapeHtml(name)}</li>`).join('')}</ul>`;
}

/** Cell classes: n = number, key = a name that stays whole, name = one that may be long, graph, what = left out on narrow pages. */
export interface Heading {
  readonly title: string;
  readonly kind?: 'n' | 'key' | 'name' | 'graph' | 'what';
}

export interface Row {
  /** Ready HTML, one for each heading; a group row has one cell. */
  readonly cells: readonly string[];
  readonly kind?: 'sum' | 'group';
}

export function table(headings: readonly Heading[], rows: readonly Row[]): string {
  const cls = (h: Heading | undefined) => (h?.kind === undefined ? '' : ` class="${h.kind}"`);
  const head = headings.map((h) => `<th${cls(h)}>${escapeHtml(h.title)}</th>`).join('');
  const body = rows.map(({ cells, kind }) =>
    kind === 'group'
      ? `<tr class="group"><td colspan="${headings.length}">${cells[0] ?? ''}</td></tr>`
      : `<tr${kind === undefined ? '' : ` class="${kind}"`}>${cells.map((c, i) => `<td${cls(headings[i])}>${c}</td>`).join('')}</tr>`,
  );
  return `<div class="wide"><table><thead><tr>${head}</tr></thead><tbody>${body.join('')}</tbody></table></div>`;
}
