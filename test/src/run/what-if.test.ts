/** Measured advice: every number is that of a run which can be repeated, and the list is the same each time. */
import { expect, it } from 'vitest';
import { applyOverrides } from '../../../isa/machine/overrides.ts';
import { simulate } from '../../../sim/timing/simulate.ts';
import { compileModel } from '../../../src/run/model.ts';
import { prepareModel } from '../../../src/run/prepare.ts';
import { simulatePoint } from '../../../src/run/simulate-model.ts';
import { whatIfs } from '../../../src/run/what-if.ts';
import { bytesOf, digitsModel } from '../../harness/models.ts';
import { MAIN_PRESETS } from '../../harness/presets.ts';

const model = prepareModel(bytesOf(digitsModel('w2a4.qonnx')), 'digits');
/** Fields with which the compiler plans. */
const COMPILED = /^core\.matrix\.(macros|rows)=|^core\.scratchpad\.sizeBytes=/;

it.each(Object.keys(MAIN_PRESETS))('each change is a run, on %s', (name) => {
  const machine = MAIN_PRESETS[name]!;
  const point = simulatePoint(compileModel(model, machine), machine);
  const tried = whatIfs(model, point);
  expect(tried.length).toBeGreaterThan(0);
  expect(tried.length).toBeLessThanOrEqual(8);
  expect(whatIfs(model, point)).toEqual(tried);
  expect(tried.map((w) => w.cycles)).toEqual(tried.map((w) => w.cycles).sort((a, b) => a - b));
  for (const { set, cycles } of tried) {
    const rows = set.find((s) => s.startsWith('core.matrix.rows=') && machine.core.matrix.kind !== 'systolic');
    const changed = applyOverrides(machine, [
      ...set,
      ...(rows === undefined ? [] : [rows.replace('rows=', 'rowsAtOnce=')]),
    ]);
    const compiled = COMPILED.test(set[0]!) ? compileModel(model, changed) : point.compiled;
    expect(simulate(compiled.steadyProgram ?? compiled.program, changed, { warmCode: true }).cycles).toBe(cycles);
  }
});

it('a cold point is tried cold', () => {
  const machine = MAIN_PRESETS['edge-dcim-28nm']!;
  const point = simulatePoint(compileModel(model, machine), machine, { state: 'cold' });
  const [best] = whatIfs(model, point);
  expect(simulate(point.compiled.program, applyOverrides(machine, best!.set)).cycles).toBe(best!.cycles);
});
