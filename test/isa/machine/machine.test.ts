import { describe, expect, it } from 'vitest';
import { InputError } from '../../../isa/base/errors.ts';
import { checkMachine } from '../../../isa/machine/check.ts';
import { parseMachine } from '../../../isa/machine/load.ts';
import { applyOverrides } from '../../../isa/machine/overrides.ts';
import { machineHash, toMachine } from '../../../isa/machine/parse.ts';
import { DRAM_PRESETS } from '../../../isa/machine/presets/dram/index.ts';
import { PRESETS } from '../../../isa/machine/presets/index.ts';

const teach = PRESETS['teach-8x8']!;

function findings(run: () => unknown) {
  try {
    run();
  } catch (error) {
    if (error instanceof InputError) return error.diagnostics;
    throw error;
  }
  return expect.fail('expected an InputError');
}

describe('presets', () => {
  it.each(Object.keys(PRESETS))('%s passes the schema and the cross-field checks', (name) => {
    expect(toMachine(structuredClone(PRESETS[name]), name)).toEqual(PRESETS[name]);
    expect(checkMachine(PRESETS[name]!)).toEqual([]);
  });
  it('the conventional machine has the on-chip bytes of the CIM machine, cells included', () => {
    const cim = PRESETS['edge-dcim-28nm']!;
    const plain = PRESETS['conventional-int8']!;
    const m = cim.core.matrix;
    const p = plain.core.matrix;
    const cimCells = m.kind === 'digital-cim' ? (m.macros * m.rows * m.columns * m.planes) / 8 : NaN;
    const plainCells = p.kind === 'systolic' ? p.rows * p.columns * p.planes : NaN;
    expect(cim.buffer.sizeBytes + cimCells - (plain.buffer.sizeBytes + plainCells)).toBe(0);
  });
});

describe('DRAM by name', () => {
  it.each(Object.entries(DRAM_PRESETS))('%s in a file and in --set', (name, dram) => {
    const file = { fileName: 'm.yaml', format: 'yaml' } as const;
    // A map merges with the preset's own, a name replaces it.
    expect(parseMachine(`extends: teach-8x8\nname: mine\ndram: ${name}\n`, file).dram).toEqual(dram);
    expect(applyOverrides(teach, [`dram=${name}`]).dram).toEqual(dram);
    expect(applyOverrides(teach, [`dram=${name}`, 'dram.readQueue=1']).dram.readQueue).toBe(1);
  });
  it('an unknown name is told with the known ones', () => {
    const [found] = findings(() => applyOverrides(teach, ['dram=lpddr5-6400']));
    expect(found).toMatchObject({ where: 'dram', message: '"lpddr5-6400" is not allowed' });
    expect(found!.expected).toContain('hbm2-x128');
  });
});

describe('overrides', () => {
  it('changes one field and the hash', () => {
    const wide = applyOverrides(teach, ['core.matrix.rows=16', 'core.matrix.rowsAtOnce=16']);
    expect(wide.core.matrix.rows).toBe(16);
    expect(machineHash(wide)).not.toBe(machineHash(teach));
    expect(machineHash(structuredClone(teach))).toBe(machineHash(teach));
  });
  it('reports every bad override at once, with the right name', () => {
    const all = findings(() =>
      applyOverrides(teach, ['core.matrix.rowz=16', 'corr.vector=1', 'core.vector=3', 'nonsense']),
    );
    expect(all).toHaveLength(4);
    expect(all[0]).toMatchObject({ where: 'core.matrix.rowz', hint: "did you mean 'rows'?" });
    expect(all[1]!.message).toBe("there is no field 'corr'");
    expect(all[2]!.expected).toContain('core.vector.lanes');
  });
  it('refuses a value of the wrong type or range', () => {
    expect(findings(() => applyOverrides(teach, ['core.matrix.rows=many']))[0]).toMatchObject({
      where: 'core.matrix.rows',
    });
    expect(findings(() => applyOverrides(teach, ['core.matrix.rows=0']))[0]).toMatchObject({
      where: 'core.matrix.rows',
    });
  });
  it('checks fields against one another', () => {
    expect(findings(() => applyOverrides(teach, ['core.matrix.rows=12']))[0]).toMatchObject({
      where: 'core.matrix.rowsAtOnce',
    });
    expect(findings(() => applyOverrides(teach, ['dram.banks=4']))[0]!.where).toBe('dram.banks');
  });
});

describe('files', () => {
  it('extends a preset', () => {
    const m = parseMachine('extends: teach-8x8\nname: mine\ncore:\n  vector:\n    lanes: 8\n', {
      fileName: 'm.yaml',
      format: 'yaml',
    });
    expect(m.name).toBe('mine');
    expect(m.core.vector).toEqual({ ...teach.core.vector, lanes: 8 });
  });
  it('gives line and column of a bad field and of an unknown one', () => {
    const all = findings(() =>
      parseMachine('extends: teach-8x8\ncore:\n  vector:\n    lanez: 8\n    startupCycles: -1\n', {
        fileName: 'm.yaml',
        format: 'yaml',
      }),
    );
    expect(all.map((d) => [d.where, d.line])).toEqual(
      expect.arrayContaining([
        ['core.vector.lanez', 4],
        ['core.vector.startupCycles', 5],
      ]),
    );
    expect(all.find((d) => d.where === 'core.vector.lanez')!.hint).toBe("did you mean 'lanes'?");
  });
  it('says what is missing when nothing is extended', () => {
    const all = findings(() => parseMachine('{"name": "x"}', { fileName: 'm.json', format: 'json' }));
    expect(all.map((d) => d.where)).toContain('core');
  });
  it('reports broken syntax with its place', () => {
    expect(
      findings(() => parseMachine('core: [1,\nname: x', { fileName: 'm.yaml', format: 'yaml' }))[0]!.line,
    ).toBeGreaterThan(0);
  });
});
