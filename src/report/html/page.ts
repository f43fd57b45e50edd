/** The report of a run as one self-contained page: pictures first, tables behind them. */
import type { RunResult } from '../schema.ts';
import { framed } from './frame.ts';
import { answersPart, identityPart, stampsPart, warningsPart } from './part-answers.ts';
import { layersPart, tryPart } from './part-layers.ts';
import { mappingPart } from './part-mapping.ts';
import { quantizationPart } from './part-quantization.ts';
import { sectionsPart } from './part-sections.ts';
import { ladderPart, trafficPart } from './part-wall.ts';
import { energyPart, timePart, unitsPart } from './part-why.ts';

export function renderHtml(r: RunResult): string {
  const title = `${r.model.name} on ${r.machine.name}`;
  const parts = [
    identityPart(r),
    warningsPart(r),
    answersPart(r),
    timePart(r),
    energyPart(r),
    trafficPart(r),
    ladderPart(r),
    sectionsPart(r),
    quantizationPart(r),
    mappingPart(r),
    layersPart(r),
    unitsPart(r),
    tryPart(r),
    stampsPart(r),
  ];
  return framed(title, parts);
}
