/** The report as one self-contained page: pictures first, then the same sections as the text. No scripts, no requests. */
import { formatBytes, formatEnergyFj, formatTimePs } from '../../isa/base/units.ts';
import type { RunResult } from './schema.ts';
import { renderText } from './text.ts';

const BAR_WIDTH = 520;
const COLORS = ['#2f6f9f', '#c2703d', '#5b8c5a', '#8f5b9e', '#b8a12f', '#5aa3a3', '#a34b4b', '#777777'];

export function renderHtml(r: RunResult): string {
  const energy = Object.entries(r.energyFj.byAction).map(([name, a]) => [name, a.energyFj] as const);
  const pictures = [
    stacked(
      'Where the time went (cycles of the critical path)',
      Object.entries(r.causes),
      (n) => `${n.toLocaleString('en-US')} cycles`,
    ),
    stacked('Where the energy went', [...energy, ['leakage', r.energyFj.leakage]], formatEnergyFj),
    stacked('DRAM traffic by kind', kinds(r), formatBytes),
    ...(r.ladder === undefined ? [] : [ladder(r.ladder)]),
  ];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escapeHtml(r.model.name)} on ${escapeHtml(r.machine.name)}</title>
<style>
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222;background:#fff}
h1{font-size:1.4rem;margin:0}h2{font-size:1rem;margin:1.6rem 0 .4rem}p.sub{color:#555;margin:.2rem 0 1rem}
.answers{display:flex;flex-wrap:wrap;gap:.6rem}.answers div{border:1px solid #ddd;border-radius:6px;padding:.5rem .9rem;min-width:9rem}
.answers b{display:block;font-size:1.25rem}.answers span{color:#555;font-size:.85rem}
ul.legend{list-style:none;padding:0;margin:.3rem 0;display:flex;flex-wrap:wrap;gap:.2rem 1rem;font-size:.85rem}
ul.legend i{display:inline-block;width:.8em;height:.8em;margin-right:.35em;border-radius:2px}
pre{background:#f6f6f4;padding:1rem;overflow-x:auto;font-size:12px;line-height:1.4;border-radius:6px}
svg{max-width:100%;height:auto}
</style></head><body>
<h1>${escapeHtml(r.model.name)} on ${escapeHtml(r.machine.name)}</h1>
<p class="sub">${escapeHtml(r.machine.summary)}</p>
<div class="answers">${answers(r)}</div>
${pictures.join('\n')}
<h2>The whole report</h2>
<pre>${escapeHtml(renderText(r, { color: false }))}</pre>
</body></html>
`;
}

function answers(r: RunResult): string {
  const box = (value: string, label: string) =>
    `<div><b>${escapeHtml(value)}</b><span>${escapeHtml(label)}</span></div>`;
  const e = r.energyFj;
  return [
    box(formatTimePs(r.latencyPs), `latency, ${r.cycles.toLocaleString('en-US')} cycles`),
    box(formatEnergyFj(e.total), `energy [${formatEnergyFj(e.low)} .. ${formatEnergyFj(e.high)}]`),
    box(`${r.topsPerWatt.chipAndDram.toFixed(2)} TOPS/W`, 'chip and DRAM'),
    box(`${((100 * r.wall.dramCycles) / Math.max(1, r.cycles)).toFixed(0)} %`, 'of the time is the DRAM wall'),
    ...(r.values?.accuracy === undefined
      ? []
      : [
          box(
            `${((100 * r.values.accuracy.correct) / r.values.accuracy.total).toFixed(1)} %`,
            `accuracy on ${r.values.accuracy.total} samples`,
          ),
        ]),
  ].join('');
}

function kinds(r: RunResult): [string, number][] {
  const sums = new Map<string, number>();
  for (const t of r.traffic)
    if (t.boundary === 'dram') sums.set(t.kind, (sums.get(t.kind) ?? 0) + t.readBytes + t.writeBytes);
  return [...sums];
}

/** One bar, parts by size; the smallest are joined. */
function stacked(
  title: string,
  entries: readonly (readonly [string, number])[],
  format: (n: number) => string,
): string {
  const total = entries.reduce((n, [, v]) => n + v, 0);
  if (total === 0) return '';
  const sorted = [...entries].filter(([, v]) => v > 0).sort((a, b) => b[1] - a[1]);
  const parts = sorted.slice(0, COLORS.length - 1);
  const rest = sorted.slice(parts.length).reduce((n, [, v]) => n + v, 0);
  if (rest > 0) parts.push(['others', rest]);
  let x = 0;
  const rects = parts.map(([name, v], i) => {
    const width = (BAR_WIDTH * v) / total;
    const rect = `<rect x="${x.toFixed(2)}" y="0" width="${width.toFixed(2)}" height="26" fill="${COLORS[i]}"><title>${escapeHtml(name)}: ${format(v)}</title></rect>`;
    x += width;
    return rect;
  });
  const legend = parts.map(
    ([name, v], i) =>
      `<li><i style="background:${COLORS[i]}"></i>${escapeHtml(name)} ${format(v)} (${((100 * v) / total).toFixed(1)} %)</li>`,
  );
  return `<h2>${escapeHtml(title)}</h2><svg width="${BAR_WIDTH}" height="26" viewBox="0 0 ${BAR_WIDTH} 26" role="img" aria-label="${escapeHtml(title)}">${rects.join('')}</svg><ul class="legend">${legend.join('')}</ul>`;
}

function ladder(rungs: NonNullable<RunResult['ladder']>): string {
  const shown = rungs.filter((r) => r.batch === 1 && r.state === 'steady');
  const most = Math.max(1, ...shown.map((r) => r.cycles));
  const rows = shown.map((r, i) => {
    const y = i * 34;
    const width = (BAR_WIDTH * r.cycles) / most;
    const wall = (BAR_WIDTH * r.wallCycles) / most;
    return `<text x="0" y="${y + 11}" font-size="12">${escapeHtml(r.name)}: ${formatTimePs(r.latencyPs)}, DRAM ${formatBytes(r.dramReadBytes + r.dramWriteBytes)}</text><rect x="0" y="${y + 15}" width="${(width - wall).toFixed(1)}" height="12" fill="${COLORS[0]}"/><rect x="${(width - wall).toFixed(1)}" y="${y + 15}" width="${wall.toFixed(1)}" height="12" fill="${COLORS[1]}"/>`;
  });
  const height = shown.length * 34;
  return `<h2>Memory-wall ladder (batch 1, steady state; orange: what a free DRAM would save)</h2><svg width="${BAR_WIDTH}" height="${height}" viewBox="0 0 ${BAR_WIDTH} ${height}" role="img" aria-label="Memory-wall ladder">${rows.join('')}</svg>`;
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
