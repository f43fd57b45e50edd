import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bar, renderTable } from '../../src/report/table.ts';
import { VERSION } from '../../src/version.ts';

describe('report parts', () => {
  it('aligns columns and trims the end', () => {
    expect(
      renderTable(
        [
          { title: 'a', align: 'left' },
          { title: 'n', align: 'right' },
        ],
        [
          ['xyz', '5'],
          ['y', '12'],
        ],
        '',
      ),
    ).toEqual(['a     n', '---  --', 'xyz   5', 'y    12']);
  });
  it('draws bars in eighths', () => {
    expect(bar(0.5, 4)).toBe('██');
    expect(bar(1 / 32, 4)).toBe('▏');
    expect(bar(2, 3)).toBe('███');
  });
  it('the version is that of the package', () => {
    const text = readFileSync(join(import.meta.dirname, '..', '..', 'package.json'), 'utf8');
    expect((JSON.parse(text) as { version: string }).version).toBe(VERSION);
  });
});
