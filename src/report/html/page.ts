/** The report as one self-contained page: pictures first, tables behind them. No scripts, no requests; opens from a file, prints, and follows light or dark. */
import type { RunResult } from '../schema.ts';
import { answersPart, identityPart, stampsPart, warningsPart } from './part-answers.ts';
import { layersPart, tryPart } from './part-layers.ts';
import { ladderPart, trafficPart } from './part-wall.ts';
import { energyPart, timePart, unitsPart } from './part-why.ts';
import { escapeHtml } from './parts.ts';
import { STYLE } from './style.ts';

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
    layersPart(r),
    unitsPart(r),
    tryPart(r),
    stampsPart(r),
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
${parts.filter((p) => p !== '').join('\n')}
</main>
</body>
</html>
`;
}
