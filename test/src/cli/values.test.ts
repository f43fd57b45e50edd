/** `--values`: exact by default, noisy when asked, the same again from the same seed, refused or remarked where it means nothing. */
import { describe, expect, it } from 'vitest';
import type { RunResult } from '../../../src/report/schema.ts';
import { digitsModel } from '../../harness/models.ts';
import { expectRefusal, qnpu } from './rig.ts';

const model = digitsModel('w2a4.qonnx');
/** Groups of 16 rows that 5-bit ADCs resolve: nothing is lost by design. */
const resolved = ['core.matrix.rowsAtOnce=16', 'core.matrix.adcFullScale=16', 'core.matrix.adcBits=5'];
const noise = ['core.matrix.nonIdealities.cellSigma=0.3', 'core.matrix.nonIdealities.readNoiseSteps=1'];

async function run(...args: readonly string[]): Promise<RunResult> {
  const { code, out, err } = await qnpu('run', model, '--json', ...args);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return JSON.parse(out) as RunResult;
}

const jia = (overrides: readonly string[], ...args: readonly string[]) =>
  run('-m', 'jia-65nm', ...overrides.flatMap((o) => ['--set', o]), ...args);

describe('on analog arrays', () => {
  it('whose ADCs resolve every sum, exact values are those of a digital machine', async () => {
    const digital = await run('--values');
    const analog = await jia(resolved, '--values');
    expect(digital.values).toMatchObject({ mode: 'exact', exact: true, arrays: 'digital arrays are exact' });
    expect(analog.values).toMatchObject({
      mode: 'exact',
      exact: true,
      arrays: '5-bit ADCs resolve every sum; nothing random',
    });
    expect(analog.values!.outputs).toEqual(digital.values!.outputs);
  });

  it('ADC steps are the machine, so they are in exact values too, and said', async () => {
    const coarse = await jia([], '--values', 'exact', '--seed', '3');
    expect(coarse.values).toMatchObject({
      mode: 'exact',
      exact: false,
      arrays: '8-bit ADCs quantize, and clip at 2304; nothing random',
    });
    const noisy = await jia([], '--values=noisy', '--seed', '3');
    expect(noisy.values!.outputs).toEqual(coarse.values!.outputs);
    expect(noisy.warnings.join()).toContain('all non-idealities of jia-65nm are zero');
  });

  it('random deviations come from the seed, and only with noisy', async () => {
    const overrides = [...resolved, ...noise];
    const exact = await jia(overrides, '--values', '--seed', '5');
    const first = await jia(overrides, '--values', 'noisy', '--seed', '5');
    const again = await jia(overrides, '--values', 'noisy', '--seed', '5');
    expect(exact.values!.exact).toBe(true);
    expect(exact.warnings.join()).toContain('--values noisy applies');
    expect(first.values).toMatchObject({
      mode: 'noisy',
      exact: false,
      arrays: '5-bit ADCs resolve every sum; cells vary by 30 %, read noise of 1 ADC steps, drawn from seed 5',
    });
    expect(again).toEqual(first);
    expect(first.values!.outputs).not.toEqual(exact.values!.outputs);
    const time = ({ cycles, causes, units, traffic }: RunResult) => ({ cycles, causes, units, traffic });
    expect(time(first)).toEqual(time(exact));
  });
});

describe('where it means nothing', () => {
  it('noisy on a digital machine is refused, with what to do', async () => {
    expectRefusal(
      await qnpu('run', model, '--values', 'noisy'),
      'edge-dcim-28nm are digital (digital-cim)',
      '--values exact',
      'core.matrix.nonIdealities.cellSigma',
    );
    expectRefusal(await qnpu('run', model, '-m', 'tpu-v1', '--values=noisy'), 'digital (systolic)');
  });
  it('an unknown mode is a usage error, and a file behind --values stays a file', async () => {
    const { code, err } = await qnpu('run', model, '--values=loud');
    expect(code).toBe(2);
    expect(err).toContain('"exact", "noisy"');
    const { code: fine, out } = await qnpu('run', '--values', model);
    expect(fine).toBe(0);
    expect(out).toContain('bit-exactly by the simulated program');
  });
});
