/** Fields that are named as acting on a cause exist in machines of that kind. */
import { describe, expect, it } from 'vitest';
import { edgeDcim28nm } from '../../../isa/machine/presets/edge-dcim-28nm.ts';
import { jia65nm } from '../../../isa/machine/presets/jia-65nm.ts';
import { tpuV1 } from '../../../isa/machine/presets/tpu-v1.ts';
import { CAUSES } from '../../../sim/result.ts';
import { fieldsActingOn } from '../../../src/run/what-if.ts';

const KINDS = [edgeDcim28nm, jia65nm, tpuV1] as const;

describe('fields that act on a cause', () => {
  it.each(KINDS)('exist in $name', (machine) => {
    const fields = CAUSES.flatMap((cause) => fieldsActingOn(cause, machine.core.matrix.kind));
    expect(fields.length).toBeGreaterThan(15);
    for (const path of new Set(fields)) {
      const value = path.split('.').reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], machine);
      expect(value, path).toBeTypeOf('number');
    }
  });
});
