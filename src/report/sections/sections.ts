/** Sections of a network whose blocks repeat: how often each runs, and what all of its runs take. */
import { formatBytes, formatEnergyFj } from '../../../isa/base/units.ts';
import type { RunResult } from '../schema.ts';
import { type Column, renderTable } from '../table.ts';
import { grouped } from '../words.ts';
import { wrapText } from '../wrap.ts';

type Section = NonNullable<RunResult['sections']>[number];

const COLUMNS: readonly Column[] = [
  { title: 'section', align: 'left' },
  { title: 'runs', align: 'right' },
  { title: 'cycles', align: 'right' },
  { title: 'energy', align: 'right' },
  { title: 'DRAM', align: 'right' },
];

/** What was assumed, in words. */
export const SECTIONS_NOTE =
  'Each section was compiled and run once and counted as often as it runs: blocks of a decoder with weights of their own, steps of a recurrence with the same. Sections follow one another without overlap and hand over through DRAM; code, parameters and weights are loaded for every run but the further steps of a recurrence.';

export function sectionsSection(sections: readonly Section[]): string[] {
  const rows = sections.map((s) => [
    s.name,
    runsText(s),
    grouped(s.cycles),
    formatEnergyFj(s.energyFj),
    formatBytes(s.dramBytes),
  ]);
  return [...renderTable(COLUMNS, rows), ...wrapText(SECTIONS_NOTE, { first: '  ', rest: '  ' })];
}

/** `12`, or `9 x 30` for steps. */
export function runsText({ repeat, steps }: Section): string {
  return steps === 1 ? `${repeat}` : `${repeat} x ${steps}`;
}
