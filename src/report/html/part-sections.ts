/** Sections of a network whose blocks repeat. */
import { formatBytes, formatEnergyFj } from '../../../isa/base/units.ts';
import type { RunResult } from '../schema.ts';
import { runsText, SECTIONS_NOTE } from '../sections/sections.ts';
import { grouped } from '../words.ts';
import { escapeHtml, mini, table } from './parts.ts';

const HEADINGS = [
  { title: 'section', kind: 'name' },
  { title: 'runs', kind: 'n' },
  { title: 'cycles', kind: 'n' },
  { title: '', kind: 'graph' },
  { title: 'energy', kind: 'n' },
  { title: 'DRAM', kind: 'n' },
] as const;

export function sectionsPart({ sections = [], cycles }: RunResult): string {
  if (sections.length === 0) return '';
  const rows = sections.map((s) => ({
    cells: [
      escapeHtml(s.name),
      runsText(s),
      grouped(s.cycles),
      mini([[s.cycles, 0]], cycles),
      formatEnergyFj(s.energyFj),
      formatBytes(s.dramBytes),
    ],
  }));
  return `<h2>Sections</h2>
<p class="soft">${escapeHtml(SECTIONS_NOTE)}</p>
${table(HEADINGS, rows)}`;
}
