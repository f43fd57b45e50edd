/** qnpu validate: groups by name, the document, and the exit code that scripts look at. */
import { expect, it } from 'vitest';
import { validationSchema } from '../../../src/validate/validate.ts';
import { qnpu } from './rig.ts';

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

it('refuses a group that does not exist', async () => {
  const { code, err } = await qnpu('validate', 'drams');
  expect(code).toBe(2);
  expect(err).toContain('dram');
});
