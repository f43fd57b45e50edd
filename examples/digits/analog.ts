/**
 * Accuracy, cycles and energy of the W2A4 network on the analog arrays of jia-65nm, against ADC bits, rows that are driven at once, and what deviates.
 * Full scale of the ADC is the largest sum of the rows that are driven, so nothing clips but where a row of the table says so. Accuracy is of the first
 * images of the test set; operands are counted, for the energy, in the first 8 of them.
 */
import { applyOverrides } from '../../isa/machine/overrides.ts';
import { jia65nm } from '../../isa/machine/presets/jia-65nm.ts';
import { buildAnalog } from '../../sim/exec/analog.ts';
import { countCorrect } from '../../src/run/classes.ts';
import { compileModel, type Model } from '../../src/run/model.ts';
import { repriced, simulatePoint } from '../../src/run/simulate-model.ts';
import { runValues } from '../../src/run/values.ts';

export interface AnalogPoint {
  /** Rows that are driven at once, and bits of the ADC. */
  readonly rows: number;
  readonly bits: number;
  /** Full scale where it is less than the rows. */
  readonly fullScale?: number;
  /** Fields of core.matrix.nonIdealities; none deviates when left out. */
  readonly deviations?: Readonly<Record<string, number>>;
  /** Of the arrays as built; left out for arrays as designed. */
  readonly seed?: number;
}

export interface AnalogResult extends AnalogPoint {
  readonly right: number;
  /** [images, 10]. */
  readonly logits: readonly number[];
  readonly images: number;
  /** Steady state, one image. */
  readonly cycles: number;
  readonly energyFj: number;
  /** The arrays with their converters alone. */
  readonly arraysFj: number;
}

/** Images that the table of the README is made from, the first of the test set. */
export const ANALOG_IMAGES = 100;

const SEEDS = [1, 2, 3];
/** Rows and bits; the last three have full scales that clip. */
const DESIGNS: readonly AnalogPoint[] = [
  ...[8, 10, 12].map((bits) => ({ rows: 2304, bits })),
  ...[7, 8, 9].map((bits) => ({ rows: 256, bits })),
  ...[4, 5, 6, 7].map((bits) => ({ rows: 64, bits })),
  ...[3, 4, 5].map((bits) => ({ rows: 16, bits })),
  ...[256, 128, 64].map((fullScale) => ({ rows: 2304, bits: 8, fullScale })),
];
const NOISE: readonly Readonly<Record<string, number>>[] = [
  ...[0.1, 0.2, 0.4].map((cellSigma) => ({ cellSigma })),
  ...[0.001, 0.01, 0.03].map((share) => ({ stuckAtZero: share, stuckAtTop: share })),
  ...[0.25, 0.5, 1].map((readNoiseSteps) => ({ readNoiseSteps })),
  ...[0.25, 0.5, 1].map((adcOffsetSteps) => ({ adcOffsetSteps })),
];

/** Everything in the table: designs, then deviations at 64 rows and 7 bits, which resolve every sum. */
export const ANALOG_POINTS: readonly AnalogPoint[] = [
  ...DESIGNS,
  ...NOISE.flatMap((deviations) => SEEDS.map((seed) => ({ rows: 64, bits: 7, deviations, seed }))),
];

export function overridesOf({ rows, bits, fullScale, deviations }: AnalogPoint): string[] {
  return [
    `core.matrix.rowsAtOnce=${rows}`,
    `core.matrix.adcFullScale=${fullScale ?? rows}`,
    `core.matrix.adcBits=${bits}`,
    ...Object.entries(deviations ?? {}).map(([field, value]) => `core.matrix.nonIdealities.${field}=${value}`),
  ];
}

/** Cycles, energy and values are of the same compiled program. */
export function runAnalog(
  model: Model,
  point: AnalogPoint,
  images: readonly Float32Array[],
  labels: Uint8Array,
): AnalogResult {
  const machine = applyOverrides(jia65nm, overridesOf(point));
  const compiled = compileModel(model, machine);
  const analog = buildAnalog(machine, point.seed === undefined ? 'exact' : 'noisy', point.seed ?? 0);
  const run = runValues(
    compiled,
    machine,
    images.map((data) => new Map([['image', data]])),
    analog,
  );
  const logits = run.outputs.get('logits')!;
  const { result, energy } = repriced(simulatePoint(compiled, machine), run.statistics);
  return {
    ...point,
    right: countCorrect(logits, labels.slice(0, images.length)),
    logits: [...logits],
    images: images.length,
    cycles: result.cycles,
    energyFj: energy.totalFj,
    arraysFj: energy.byScope.arrays,
  };
}

/** The results as the README shows them; seeds share a row, with the energy of the first. */
export function analogTable(results: readonly AnalogResult[]): string {
  const groups = new Map<string, AnalogResult[]>();
  for (const r of results) {
    const key = overridesOf(r).join();
    groups.set(key, [...(groups.get(key) ?? []), r]);
  }
  const rows = [...groups.values()].map((group) => {
    const r = group[0]!;
    const right = group.map((g) => ((100 * g.right) / g.images).toFixed(0)).join(', ');
    const arrays = (r.arraysFj / 1e9).toFixed(2);
    const energy = (r.energyFj / 1e9).toFixed(1);
    return `| ${r.rows} | ${r.bits} | ${deviationText(r)} | ${right} | ${r.cycles.toLocaleString('en')} | ${arrays} | ${energy} |`;
  });
  const head =
    '| rows | ADC bits | deviates | right, % | cycles | arrays, uJ | all, uJ |\n|---|---|---|---|---|---|---|';
  return [head, ...rows].join('\n');
}

function deviationText({ fullScale, deviations }: AnalogPoint): string {
  if (fullScale !== undefined) return `clips at ${fullScale}`;
  const texts = Object.entries(deviations ?? {}).map(([field, value]) => `${field} ${value}`);
  return texts.join(', ');
}
