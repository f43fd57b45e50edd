import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { supportedOps } from '../../../../compiler/frontend/onnx/index.ts';

it('compiler/README.md lists the supported ops', () => {
  const readme = readFileSync(join(import.meta.dirname, '../../../../compiler/README.md'), 'utf8');
  const listed = /<!-- ops: .*-->\n([\s\S]*?)\n<!-- end of ops -->/.exec(readme)?.[1];
  expect(listed).toBe(
    supportedOps()
      .map(({ domain, ops }) => `- \`${domain}\`: ${ops.join(', ')}`)
      .join('\n'),
  );
});
