/** The reference folder beside the repository; tests that need it skip with a reason where it is absent. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Path of a reference file or model, or undefined. */
export function sharedFile(...parts: readonly string[]): string | undefined {
  const path = join(import.meta.dirname, '..', '..', '..', 'shared', ...parts);
  return existsSync(path) ? path : undefined;
}
