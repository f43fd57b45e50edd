/** The layers as CSV (RFC 4180), one row a layer, units in the column names. */
import type { RunResult } from './schema.ts';

const COLUMNS = [
  'name',
  'op',
  'm',
  'k',
  'n',
  'macs',
  'cycles',
  'bound',
  'boundCycles',
  'energyFj',
  'dramBytes',
  'utilization',
  'mapping',
  'macsDone',
] as const;

export function renderCsv(r: RunResult): string {
  const rows = r.layers.map((l) => COLUMNS.map((c) => quote(String(l[c]))).join(','));
  return `${[COLUMNS.join(','), ...rows].join('\r\n')}\r\n`;
}

function quote(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
