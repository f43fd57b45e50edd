/** Fields that are named as acting on a cause exist in machines of that kind. */
import { describe, expect, it } from 'vitest';
import { PRESETS } from '../../../isa/machine/presets/index.ts';
import { CAUSES } from '../../../sim/result.ts';
import { fieldsActingOn } from '../../../src/run/what-if.ts';

const KINDS = ['edge-dcim-28nm', 'jia-65nm', 'tpu-v1'] as const;

describe('fields that act on a cause', () => {
  it.each(KINDS)('exist in %s', (name) => {
    const machine = PRESETS[name];
    const fields = CAUSES.flatMap((cause) => fieldsActingOn(cause, machine.core.matrix.kind));
    expect(fields.length).toBeGreaterThan(15);
    for (const path of new Set(fields)) {
      const value = path.split('.').reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], machine);
      expect(value, path).toBeTypeOf('number');
    }
  });
});
