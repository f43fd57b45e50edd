/** `--stream`: the interval between results with what one inference takes beside it, the same values, and a word where it changes nothing. */
import { describe, expect, it } from 'vitest';
import { compile } from '../../../compiler/compile.ts';
import { createRandom } from '../../../isa/base/random.ts';
import { edgeDcim28nm } from '../../../isa/machine/presets/edge-dcim-28nm.ts';
import { compareRuns } from '../../../src/analysis/compare.ts';
import { explain } from '../../../src/report/explanation.ts';
import type { RunResult } from '../../../src/report/schema.ts';
import { randomInputs } from '../../../src/run/random-inputs.ts';
import { runValues } from '../../../src/run/values.ts';
import { convolutions } from '../../harness/convolutions.ts';
import { digitsModel } from '../../harness/models.ts';
import { violations } from './json-schema.ts';
import { expectRefusal, qnpu } from './rig.ts';

const model = digitsModel('w2a4.qonnx');
const onCores = (cores: number) => ['run', model, '--set', `cores=${cores}`];

async function run(...args: readonly string[]): Promise<RunResult> {
  const { code, out, err } = await qnpu(...args, '--json');
  expect(code, err).toBe(0);
  const document = JSON.parse(out) as RunResult;
  expect(violations(JSON.parse((await qnpu('schema', 'run')).out) as Record<string, unknown>, document)).toEqual([]);
  return document;
}

describe('--stream', () => {
  it('reports the interval, what an inference takes, and the stage of each layer', async () => {
    const one = await run(...onCores(2));
    const stream = await run(...onCores(2), '--stream');
    expect(one.pipeline).toBeUndefined();
    expect(stream.pipeline).toEqual({ stages: 2, latencyPs: 2 * stream.latencyPs });
    expect(stream.cycles).toBeLessThan(one.cycles);
    expect(stream.layers.map((l) => /stage (\d) of 2/.exec(l.mapping)?.[1])).toContain('2');
    const { out } = await qnpu(...onCores(2), '--stream');
    expect(out.replace(/\s+/g, ' ')).toMatch(
      / interval [^;]* steady state of a stream; one inference takes \S+ us through 2 stages; /,
    );
  });

  it('says so where nothing is pipelined', async () => {
    const { warnings, pipeline } = await run('run', model, '--stream');
    expect(pipeline).toBeUndefined();
    expect(warnings).toContain('--stream changes nothing: edge-dcim-28nm has one core');
  });

  it('is refused beside what is of one inference at a time', async () => {
    const usage = await qnpu(...onCores(2), '--stream', '--cold');
    expect(usage.code).toBe(2);
    expect(usage.err).toMatch(/--stream goes with neither --cold nor a mapping/);
    expectRefusal(await qnpu('run', 'zoo:gpt2-decode-w8a8', '--stream'), /--stream needs one graph/);
  });

  it('is told from one inference at a time where results are compared and explained, and beside a ladder', async () => {
    const one = await run(...onCores(2));
    const stream = await run(...onCores(2), '--stream', '--ladder');
    const differs = compareRuns(one, stream).differs.find((d) => d.what === 'stream');
    expect(differs?.before).toBe('one inference at a time');
    expect(differs?.after).toMatch(/^2 stages, latency is the interval between results; one inference takes \S+ us$/);
    expect(compareRuns(stream, stream).differs).toEqual([]);
    const said = /interval between results of a stream; one inference takes/;
    expect(explain(stream, 'latency', () => []).join(' ')).toMatch(said);
    expect(explain(one, 'latency', () => []).join(' ')).not.toMatch(said);
    expect(stream.warnings.join()).toMatch(/ladder: its rungs take one inference at a time/);
  });

  it('gives the values of every sample, however late', () => {
    const machine = { ...edgeDcim28nm, cores: 3 };
    const graph = convolutions(4, 4);
    const random = createRandom(3);
    const samples = [0, 1, 2, 3].map(() => randomInputs(graph, random));
    const pipelined = compile(graph, machine, { stages: 3 });
    expect(pipelined.delayRuns).toBe(2);
    const late = runValues(pipelined, machine, samples);
    expect(late.outputs).toEqual(runValues(compile(graph, machine), machine, samples).outputs);
    expect(late.statistics.length).toBe(samples.length);
  });
});
