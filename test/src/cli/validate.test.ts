/** qnpu validate: groups by name, the document, and the exit code that scripts look at. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { escapeHtml } from '../../../src/report/html/parts.ts';
import { validationSchema } from '../../../src/validate/validate.ts';
import { qnpu, scratchFolder } from './rig.ts';

const folder = scratchFolder();

it('the laws hold: exit 0, a table, progress apart from it', async () => {
  const { code, out, err } = await qnpu('validate', 'laws');
  expect(code).toBe(0);
  expect(out).toMatch(/^qnpu \S+ validate: \d+ rows, 0 miss their band\n/);
  expect(err).toBe('validate: laws\n');
});

it('a row that misses its band: exit 4, and it is in the document', async () => {
  const { code, out } = await qnpu('validate', 'dram', '--json');
  const document = validationSchema.parse(JSON.parse(out));
  expect([code, document.ok]).toEqual([4, false]);
  expect(document.rows.filter((r) => !r.ok).length).toBeGreaterThan(0);
});

it('--html writes every row into one page that asks for nothing, with the reason of each miss', async () => {
  const path = join(folder, 'validate.html');
  const { code, out, err } = await qnpu('validate', 'macros', '--json', '--html', path);
  const { rows } = validationSchema.parse(JSON.parse(out));
  expect([code, err]).toEqual([4, `validate: macros\nwrote ${path}\n`]);
  const page = readFileSync(path, 'utf8');
  expect(page).toMatch(/^<!doctype html>[\s\S]*<\/html>\n$/);
  expect(page).not.toMatch(/<script|https?:|url\(|src=|undefined|NaN/);
  expect(page.match(/<circle/g)).toHaveLength(rows.length);
  const [all = ''] = page.match(/<details>[\s\S]*<\/details>/) ?? [];
  for (const r of rows)
    for (const text of [r.reference, r.quantity, r.read, r.note]) expect(all).toContain(escapeHtml(text));
  const misses = rows.filter((r) => !r.ok);
  expect(misses.length).toBeGreaterThan(0);
  for (const r of misses) {
    expect(r.note, r.quantity).not.toBe('');
    expect(page.replace(all, '')).toContain(escapeHtml(`${r.reference}: ${r.note}`));
  }
  const missing = await qnpu('validate', 'laws', '--html', join(folder, 'none', 'a.html'));
  expect(missing).toMatchObject({ code: 1, out: '' });
});

it('refuses a group that does not exist', async () => {
  const { code, err } = await qnpu('validate', 'drams');
  expect(code).toBe(2);
  expect(err).toContain('dram');
});
