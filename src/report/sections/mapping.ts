/** Every choice of the mapping with its estimate, and the ways that it was preferred to. */
import type { RunResult } from '../schema.ts';
import { grouped } from '../words.ts';
import { wrapText } from '../wrap.ts';

type Mapping = NonNullable<RunResult['mapping']>;
type Choice = Mapping['network'][number];

const CYCLES_COLUMNS = 10;

export function mappingSection({ network, layers }: Mapping): string[] {
  return [
    ...wrapText(
      "Estimates in core cycles, by which the compiler chooses: they rank the ways of one decision, and those of different decisions cover different things (in brackets). What a run takes is under 'Why'.",
      { first: '  ', rest: '  ' },
    ),
    ...(network.length === 0 ? [] : ['  network', ...choiceLines(network)]),
    ...layers.flatMap(({ layer, choices }) => [`  ${layer}`, ...choiceLines(choices)]),
  ];
}

/** Choices of one layer, for the report and for `qnpu explain`. */
export function choiceLines(choices: readonly Choice[]): string[] {
  return choices.flatMap((choice) => [
    ...wayLines(choice.decision, choice, `(${choice.of})`),
    ...choice.runnersUp.flatMap((way) => wayLines('', way, '')),
  ]);
}

/** `tile  192  rows 2, columns 8`; runners-up say `or` in place of a decision. */
function wayLines(
  decision: string,
  { option, cycles, note }: Omit<Choice, 'decision' | 'of' | 'runnersUp'>,
  of: string,
): string[] {
  const name = decision === '' ? '     or' : decision.padEnd(7);
  const number = (cycles === null ? '-' : grouped(cycles)).padStart(CYCLES_COLUMNS);
  const text = [note === '' ? option : `${option}: ${note}`, of].filter((part) => part !== '').join(' ');
  const first = `    ${name}${number}  `;
  return wrapText(text, { first, rest: ' '.repeat(first.length) });
}
