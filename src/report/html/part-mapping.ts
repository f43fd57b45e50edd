/** Every choice of the mapping with its estimate, and the ways that it was preferred to, one group of rows a layer. */
import type { RunResult } from '../schema.ts';
import { grouped } from '../words.ts';
import { escapeHtml, type Row, table } from './parts.ts';

const HEADINGS = [
  { title: 'decision', kind: 'key' },
  { title: 'estimate', kind: 'n' },
  { title: 'way', kind: 'name' },
  { title: 'covers', kind: 'what' },
] as const;

export function mappingPart({ mapping }: RunResult): string {
  if (mapping === undefined) return '';
  const parts = [{ layer: 'network', choices: mapping.network }, ...mapping.layers];
  const rows = parts.flatMap(({ layer, choices }): Row[] => [
    { kind: 'group', cells: [escapeHtml(layer)] },
    ...choices.flatMap((choice) => [
      row(choice.decision, choice, choice.of),
      ...choice.runnersUp.map((way) => row('or', way, '')),
    ]),
  ]);
  return `<h2>Mapping</h2>
<p class="soft">Estimates in core cycles, by which the compiler chooses: they rank the ways of one decision; those of different decisions cover different things.</p>
${table(HEADINGS, rows)}`;
}

type Way = NonNullable<RunResult['mapping']>['network'][number]['runnersUp'][number];

function row(decision: string, { option, cycles, note }: Way, of: string): Row {
  const text = note === '' ? option : `${option}: ${note}`;
  return { cells: [decision, cycles === null ? '-' : grouped(cycles), escapeHtml(text), of].map(String) };
}
