/** The report as a person reads it: warnings, identity, answers, why, memory wall, layers, what to try. Sections are pure; this file is their order. */
import pc from 'picocolors';
import type { RunResult } from './schema.ts';
import { adviceSection } from './sections/advice.ts';
import { answersSection, identitySection } from './sections/answers.ts';
import { layersSection } from './sections/layers.ts';
import { mappingSection } from './sections/mapping.ts';
import { ladderSection, trafficSection } from './sections/memory-wall.ts';
import { quantizationSection } from './sections/quantization.ts';
import { sectionsSection } from './sections/sections.ts';
import { actionsSection, causesSection } from './sections/why.ts';
import { wrapText } from './wrap.ts';

export interface TextOptions {
  readonly color: boolean;
}

export function renderText(r: RunResult, options: TextOptions): string {
  const paint = pc.createColors(options.color);
  const heading = (title: string) => ['', paint.bold(title)];
  const lines = [
    ...r.warnings.flatMap((w) => wrapText(`warning: ${w}`, { rest: '  ' }).map((l) => paint.yellow(l))),
    ...identitySection(r),
    ...heading('Answers'),
    ...answersSection(r),
    ...heading('Why: where the time went'),
    ...causesSection(r),
    ...heading('Why: where the energy went'),
    ...actionsSection(r),
    ...heading('Memory wall'),
    ...trafficSection(r),
    ...(r.ladder === undefined
      ? []
      : [...heading('Memory-wall ladder: every rung is a run'), ...ladderSection(r.ladder, r.iso ?? {})]),
    ...(r.sections === undefined ? [] : [...heading('Sections'), ...sectionsSection(r.sections)]),
    ...(r.quantization === undefined
      ? []
      : [...heading('Quantization: noise of each layer'), ...quantizationSection(r.quantization)]),
    ...heading('Layers'),
    ...layersSection(r),
    ...(r.mapping === undefined
      ? []
      : [...heading('Mapping: what was chosen, and from what'), ...mappingSection(r.mapping)]),
    ...heading('What to try'),
    ...adviceSection(r),
    '',
    ...wrapText(
      `qnpu ${r.tool}, ISA ${r.isa}, model ${r.model.hash}, machine ${r.machine.hash}, prices ${r.prices.hash}, seed ${r.seed}`,
    ).map((l) => paint.dim(l)),
  ];
  return `${lines.join('\n')}\n`;
}
