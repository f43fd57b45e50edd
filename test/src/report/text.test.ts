/** The text report as a reader sees it: fits the page, columns add up, plurals, order of sections, long names, no colour codes in a file. */
import { describe, expect, it } from 'vitest';
import { PRESETS } from '../../../isa/machine/presets/index.ts';
import { renderHtml } from '../../../src/report/html/page.ts';
import type { RunResult } from '../../../src/report/schema.ts';
import { renderText } from '../../../src/report/text.ts';
import { compileModel } from '../../../src/run/model.ts';
import { prepareModel } from '../../../src/run/prepare.ts';
import { buildResult } from '../../../src/run/result.ts';
import { simulatePoint } from '../../../src/run/simulate-model.ts';
import { whatIfs } from '../../../src/run/what-if.ts';
import { bytesOf, digitsModel } from '../../harness/models.ts';

const model = prepareModel(bytesOf(digitsModel('w2a4.qonnx')), 'digits-w2a4');
const resultOn = (name: string): RunResult => {
  const machine = PRESETS[name]!;
  const point = simulatePoint(compileModel(model, machine), machine);
  return buildResult(model, point, { seed: 1, overrides: [], warnings: ['a warning'], whatIfs: whatIfs(model, point) });
};
const results = new Map(Object.keys(PRESETS).map((name) => [name, resultOn(name)]));
const textOf = (r: RunResult) => renderText(r, { color: false });

/** Lines of one section, its heading left out. */
function section(text: string, heading: string): string[] {
  const lines = text.split('\n');
  const start = lines.indexOf(heading);
  expect(start).toBeGreaterThanOrEqual(0);
  return lines.slice(start + 1, lines.indexOf('', start));
}

/** The whole number in a column of a table, for the rows from `from` on. */
function column(lines: readonly string[], title: string): { name: string; value: number }[] {
  const end = lines[0]!.indexOf(title) + title.length;
  return lines.slice(2).flatMap((line) => {
    const number = /([\d,]+)$/.exec(line.slice(0, end))?.[1];
    return number === undefined || line.startsWith('   ')
      ? []
      : [{ name: line.trim().split('  ')[0]!, value: Number(number.replaceAll(',', '')) }];
  });
}

describe.each(Object.keys(PRESETS))('on %s', (name) => {
  const r = results.get(name)!;
  const text = textOf(r);

  it('fits a page and has no trailing blanks, colours or holes', () => {
    for (const line of text.split('\n')) {
      expect(line.length).toBeLessThanOrEqual(120);
      expect(line).toBe(line.trimEnd());
    }
    expect(text).not.toMatch(/undefined|NaN|\[object/);
    expect(text).not.toContain('\u001b');
  });
  it('has its sections in order, warnings first', () => {
    const order = [
      'warning: a warning',
      'Answers',
      'Why: where the time went',
      'Why: where the energy went',
      'Memory wall',
      'Layers',
      'What to try',
    ];
    const lines = text.split('\n');
    expect(lines[0]).toBe(order[0]);
    expect(order.map((o) => lines.indexOf(o))).toEqual(order.map((o) => lines.indexOf(o)).sort((a, b) => a - b));
    expect(order.every((o) => lines.includes(o))).toBe(true);
  });
  it.each(['Why: where the time went', 'Layers'])('the cycles of %s add up', (heading) => {
    const rows = column(section(text, heading), 'cycles');
    const total = rows.at(-1)!;
    expect(total).toEqual({ name: 'total', value: r.cycles });
    expect(rows.slice(0, -1).reduce((n, row) => n + row.value, 0)).toBe(r.cycles);
  });
  it('says singular and plural', () => {
    expect(text).not.toMatch(/\b1 (others|cycles|samples|findings)\b/);
  });
  it('the page has no scripts and asks for nothing', () => {
    const html = renderHtml(r);
    expect(html).not.toMatch(/<script|https?:|src=|@import|url\(/);
    expect(html).toContain("default-src 'none'");
  });
});

it('a long layer name is shortened in the middle, a hostile one is text', () => {
  const r = results.get('edge-dcim-28nm')!;
  const name = `/backbone/stage1/block2/<script>alert("x")</script>/${'conv/'.repeat(20)}Conv`;
  const renamed = { ...r, layers: r.layers.map((l, i) => (i === 2 ? { ...l, name } : l)) };
  expect(textOf(renamed)).toMatch(/\/backbone\/.*\.\..*\/Conv/);
  for (const line of textOf(renamed).split('\n')) expect(line.length).toBeLessThanOrEqual(120);
  expect(renderHtml({ ...renamed, model: { ...r.model, name } })).not.toContain('<script');
});

it('advises what was measured, and not what was tried in vain', () => {
  const r = results.get('edge-dcim-28nm')!;
  const half = Math.floor(r.cycles / 2);
  const tried = [
    { set: ['core.dma.outstanding=32'], cycles: half, energyFj: r.energyFj.total, areaUm2: r.areaUm2 },
    { set: ['core.vector.lanes=128'], cycles: r.cycles, energyFj: r.energyFj.total, areaUm2: r.areaUm2 },
  ];
  const lines = section(textOf({ ...r, whatIfs: tried, causes: { vector: r.cycles } }), 'What to try').join('\n');
  expect(lines).toMatch(/--set core\.dma\.outstanding=32: latency -50\.\d %, energy 0\.0 %, area 0\.0 %/);
  expect(lines).toContain('tried, without 1 % of effect: core.vector.lanes=128');
  expect(lines).toContain('100.0 % of the critical path is vector work');
  expect(lines).not.toContain('more core.vector.lanes');
  const calm = { ...r, whatIfs: [], causes: {}, wall: { dramCycles: 0, coreCycles: 0 } };
  expect(section(textOf(calm), 'What to try')).toEqual([
    '  nothing stands out: no cause takes more than 5 % of the critical path',
  ]);
});
