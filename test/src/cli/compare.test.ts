/** qnpu compare and explain, as a shell sees them. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { comparisonSchema } from '../../../src/analysis/compare.ts';
import { explainable } from '../../../src/report/explanation.ts';
import { type RunResult, runSchema } from '../../../src/report/schema.ts';
import { expectRefusal, qnpu, scratchFolder } from './rig.ts';

const folder = scratchFolder();
const model = fileURLToPath(new URL('../../../examples/digits/models/digits-w2a4.qonnx.onnx', import.meta.url));
const [a, b, bad] = ['a.json', 'b.json', 'bad.json'].map((name) => join(folder, name)) as [string, string, string];
let result: RunResult;

beforeAll(async () => {
  for (const [path, set] of [
    [a, 'core.matrix.macros=16'],
    [b, 'core.matrix.macros=8'],
  ] as const)
    writeFileSync(path, (await qnpu('run', model, '--json', '--set', set)).out);
  result = runSchema.parse(JSON.parse((await qnpu('run', model, '--json')).out));
  writeFileSync(bad, '{"schema": "run/1"}');
});

describe('compare', () => {
  it('prints what differs, by cause, and the document with --json', async () => {
    const { code, out } = await qnpu('compare', a, b);
    expect(code).toBe(0);
    for (const text of ['What differs', 'core.matrix.macros=8', 'Why: time by cause', 'Why: energy by action'])
      expect(out).toContain(text);
    expect(out.split('\n').every((line) => line.length <= 110 && line === line.trimEnd())).toBe(true);
    const json = JSON.parse((await qnpu('compare', a, b, '--json')).out) as unknown;
    expect(comparisonSchema.parse(json).metrics.map((m) => m.name)).toContain('latency');
  });
  it('--fail-if: exit 4 where it holds, 0 where not', async () => {
    expect((await qnpu('compare', a, b, '--fail-if', 'latency<-50%')).code).toBe(0);
    const failed = await qnpu('compare', a, b, '--fail-if', 'area<-1%');
    expect(failed.code).toBe(4);
    expect(failed.err).toMatch(/^failed: area<-1%: it is -\d/);
  });
  it('refuses what is no result or no condition', async () => {
    expectRefusal(await qnpu('compare', a, model), 'not JSON');
    expectRefusal(await qnpu('compare', a, bad), 'not the result of a run', 'model: ');
    expectRefusal(await qnpu('compare', a, b, '--fail-if', 'speed>2%'), 'not a condition', 'latency');
  });
});

describe('explain', () => {
  it('has words for every metric, cause, action and layer of a result', async () => {
    for (const what of explainable(result)) {
      const { code, out } = await qnpu('explain', a, what);
      expect(code, what).toBe(0);
      expect(out.split('\n').length, what).toBeGreaterThan(2);
      expect(out, what).not.toMatch(/undefined|NaN|\[object/);
    }
  });
  it('an action is count x price', async () => {
    const [name, action] = Object.entries(result.energyFj.byAction).find(([, x]) => x.count > 1000)!;
    const { out } = await qnpu('explain', a, name);
    expect(out).toContain(action.count.toString().replace(/\B(?=(\d{3})+$)/g, ','));
    expect(out).toContain(action.basis);
  });
  it('suggests a near name', async () => {
    expectRefusal(await qnpu('explain', a, 'matrx'), "did you mean 'matrix'?");
  });
});
