/** How a float network was quantized here, and the noise that this made, layer by layer. */
import type { RunResult } from '../schema.ts';
import { type Column, renderTable } from '../table.ts';
import { counted } from '../words.ts';
import { shorten, wrapText } from '../wrap.ts';

type Quantization = NonNullable<RunResult['quantization']>;

/** Layers in the table; of more, those with the most noise. */
const SHOWN = 12;
const NAME_COLUMNS = 24;

const COLUMNS: readonly Column[] = [
  { title: 'layer', align: 'left' },
  { title: 'op', align: 'left' },
  { title: 'widths', align: 'left' },
  { title: 'weights', align: 'right' },
  { title: 'result', align: 'right' },
  { title: 'range', align: 'right' },
  { title: 'clipped', align: 'right' },
];

export function quantizationSection(q: Quantization): string[] {
  const noisiest = [...q.layers].sort((a, b) => loudness(a.sqnrDb) - loudness(b.sqnrDb)).slice(0, SHOWN);
  const shown = q.layers.filter((l) => noisiest.includes(l));
  const rest = q.layers.length - shown.length;
  const rows = shown.map((l) => [
    shorten(l.name, NAME_COLUMNS),
    l.op,
    `w${l.weightBits}a${l.activationBits}`,
    decibels(l.weightSqnrDb),
    decibels(l.sqnrDb),
    `${number(l.low)} .. ${number(l.high)}`,
    `${number(100 * l.clipped)} %`,
  ]);
  const biases = q.biasCorrection ? 'biases corrected' : 'biases as they are';
  return [
    ...wrapText(`${q.widths}, ranges by ${q.method} of ${counted(q.samples, 'input')}, ${biases}`, {
      first: '  ',
      rest: '  ',
    }),
    ...renderTable(COLUMNS, rows),
    ...(rest > 0 ? [`  and ${counted(rest, 'layer')} with less noise (--json has all)`] : []),
    ...q.outputs.map((o) => `  output ${shorten(o.name, NAME_COLUMNS)}: ${decibels(o.sqnrDb)}`),
    ...wrapText(
      `Signal to quantization noise: of the weights alone, and of the result against the float network with the noise of all layers before it, on ${counted(q.measuredSamples, 'input')}.`,
      { first: '  ', rest: '  ' },
    ),
  ];
}

function loudness(db: number | null): number {
  return db ?? Number.POSITIVE_INFINITY;
}

export function decibels(db: number | null): string {
  return db === null ? 'exact' : `${db.toFixed(1)} dB`;
}

function number(x: number): string {
  return String(Number(x.toPrecision(3)));
}
