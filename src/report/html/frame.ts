/** What every page is: one self-contained file. No scripts, no requests; opens from a disk, prints, and follows light or dark. */
import { escapeHtml } from './parts.ts';
import { STYLE } from './style.ts';

/** Ready HTML parts under each other; empty ones are left out. */
export function framed(title: string, parts: readonly string[]): string {
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
