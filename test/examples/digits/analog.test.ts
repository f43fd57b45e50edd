/** The table of analog arrays in the README: rows made again, deviations of zero, and what a seed repeats. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  ANALOG_IMAGES,
  ANALOG_POINTS,
  type AnalogPoint,
  analogTable,
  overridesOf,
  runAnalog,
} from '../../../examples/digits/analog.ts';
import { prepareModel } from '../../../src/run/prepare.ts';
import { bytesOf, digitsModel } from '../../harness/models.ts';
import { committedTest } from './files.ts';
import { simulate } from './runs.ts';

const bytes = bytesOf(digitsModel('w2a4.qonnx'));
const model = prepareModel(bytes, 'digits');
const { images, labels } = committedTest();
const readme = readFileSync(join(import.meta.dirname, '../../../examples/digits/README.md'), 'utf8');
const table = readme.split('\n').filter((line) => /^\| \d+ \| \d+ \| [^|]*\| [\d, ]+ \|/.test(line));

/** Of the first images; energy rests on the first 8 of them anyway. */
const run = (point: AnalogPoint, count: number) => runAnalog(model, point, images.slice(0, count), labels);
const NOTHING = { cellSigma: 0, stuckAtZero: 0, stuckAtTop: 0, readNoiseSteps: 0, adcOffsetSteps: 0 };

/** Cells of the one row of the README for a point. */
function stated(point: AnalogPoint): { right: string[]; rest: string[] } {
  const rows = table.filter((line) => {
    const printed = analogTable([{ ...point, right: 0, images: 1, cycles: 0, energyFj: 0, arraysFj: 0, logits: [] }]);
    return line.split('|').slice(1, 4).join() === printed.split('\n')[2]!.split('|').slice(1, 4).join();
  });
  expect(rows).toHaveLength(1);
  const cells = rows[0]!.split('|').map((cell) => cell.trim());
  return { right: cells[4]!.split(', '), rest: cells.slice(5, -1) };
}

describe('the table of the README', () => {
  it('has every point that the command runs', () => {
    expect(table).toHaveLength(new Set(ANALOG_POINTS.map((p) => overridesOf(p).join())).size);
  });

  it.each<AnalogPoint>([
    { rows: 64, bits: 5 },
    { rows: 2304, bits: 8, fullScale: 128 },
  ])('is what the command prints: %o', (point) => {
    expect(table).toContain(analogTable([run(point, ANALOG_IMAGES)]).split('\n')[2]);
  });

  it('has the accuracy of a seed, and its cycles and energy', () => {
    const point = { rows: 64, bits: 7, deviations: { stuckAtZero: 0.01, stuckAtTop: 0.01 }, seed: 1 };
    const printed = analogTable([run(point, ANALOG_IMAGES)])
      .split('\n')[2]!
      .split('|');
    const { right, rest } = stated(point);
    expect(printed.slice(4, -1).map((cell) => cell.trim())).toEqual([right[0], ...rest]);
  });

  const some: readonly AnalogPoint[] = [
    { rows: 2304, bits: 12 },
    { rows: 256, bits: 7 },
    { rows: 64, bits: 4 },
    { rows: 16, bits: 3 },
  ];
  it.each(some)('has cycles and energy of %o', (point) => {
    const printed = analogTable([run(point, 8)])
      .split('\n')[2]!
      .split('|');
    expect(printed.slice(5, -1).map((cell) => cell.trim())).toEqual(stated(point).rest);
  });
});

describe('arrays without deviations', () => {
  it('compute as digital ones where the ADC resolves every sum, bit for bit', () => {
    const few = images.slice(0, 10);
    for (const point of [
      { rows: 64, bits: 7 },
      { rows: 2304, bits: 12 },
    ])
      expect(run(point, 10).logits).toEqual([...simulate(bytes, few)]);
  });

  it('compute the same as built and as designed, whatever the seed', () => {
    const designed = run({ rows: 64, bits: 5 }, 10);
    for (const seed of [1, 2]) {
      const built = run({ rows: 64, bits: 5, deviations: NOTHING, seed }, 10);
      expect(built).toEqual({ ...designed, deviations: NOTHING, seed });
    }
  });
});

describe('arrays with deviations', () => {
  it('give the same from the same seed, another from another', () => {
    const noisy = (seed: number) => run({ rows: 64, bits: 7, deviations: { readNoiseSteps: 0.5 }, seed }, 5).logits;
    expect(noisy(1)).toEqual(noisy(1));
    expect(noisy(1)).not.toEqual(noisy(2));
  });
});
