/** How a float network was quantized, and the noise of each layer. */
import type { RunResult } from '../schema.ts';
import { decibels } from '../sections/quantization.ts';
import { counted, significant } from '../words.ts';
import { escapeHtml, table } from './parts.ts';

const HEADINGS = [
  { title: 'layer', kind: 'name' },
  { title: 'op', kind: 'what' },
  { title: 'widths' },
  { title: 'weights', kind: 'n' },
  { title: 'result', kind: 'n' },
  { title: 'range', kind: 'n' },
] as const;

export function quantizationPart({ quantization: q }: RunResult): string {
  if (q === undefined) return '';
  const rows = q.layers.map((l) => ({
    cells: [
      escapeHtml(l.name),
      escapeHtml(l.op),
      `w${l.weightBits}a${l.activationBits}`,
      decibels(l.weightSqnrDb),
      decibels(l.sqnrDb),
      `${significant(Number(l.low.toPrecision(3)))} .. ${significant(Number(l.high.toPrecision(3)))}`,
    ],
  }));
  return `<h2>Quantization</h2>
<p class="soft">${q.widths}, ranges by ${q.method} of ${counted(q.samples, 'input')}. Signal to quantization noise of the weights alone, and of the result against
the float network, on ${counted(q.measuredSamples, 'input')}.</p>
${table(HEADINGS, rows)}`;
}
