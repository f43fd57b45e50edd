import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { supportedOperators } from '../../../../compiler/frontend/tflite/index.ts';

it('compiler/README.md lists the operators of TensorFlow Lite', () => {
  const readme = readFileSync(join(import.meta.dirname, '../../../../compiler/README.md'), 'utf8');
  const listed = /<!-- tflite operators: .*-->\n([\s\S]*?)\n<!-- end of tflite operators -->/.exec(readme)?.[1];
  expect(listed).toBe(supportedOperators().join(', '));
});
