/** The price list as text: a table of every number, then why it was assumed where that is asked for, then the sources in full. */
import type { Price } from '../../sim/energy/price.ts';
import { allPrices, type PriceList } from '../../sim/energy/price-list.ts';
import { describeSource } from '../../sim/energy/sources.ts';
import { renderTable } from './table.ts';
import { wrapText } from './wrap.ts';

/** `reasons`: under the table, the assumptions that each price rests on. */
export function pricesText(list: PriceList, names: readonly string[], reasons: boolean): string {
  const shown = allPrices(list).filter(([name]) => names.includes(name));
  const keys = [...new Set(shown.flatMap(([, p]) => p.sources))].sort();
  const lines = [
    `${list.name}, switching: ${list.activity.origin}; low and high take all parts at that end at once`,
    ...list.warnings.map((w) => `warning: ${w}`),
    '',
    ...renderTable(
      [
        { title: 'price', align: 'left' },
        { title: 'value', align: 'right' },
        { title: 'low', align: 'right' },
        { title: 'high', align: 'right' },
        { title: 'unit', align: 'left' },
        { title: 'basis', align: 'left' },
        { title: 'sources', align: 'left' },
      ],
      shown.map(([name, p]) => row(name, p, keys)),
    ),
    ...(reasons ? ['', 'Assumed, and why', ...assumptions(shown)] : []),
    '',
    'Sources',
    ...keys.flatMap((key, i) =>
      wrapText(describeSource(key), { first: `  [${i + 1}] `.padEnd(7), rest: ' '.repeat(7) }),
    ),
  ];
  return `${lines.join('\n')}\n`;
}

function row(name: string, p: Price, keys: readonly string[]): string[] {
  const numbers = p.sources.map((s) => keys.indexOf(s) + 1);
  const short = (n: number) => (n >= 10_000 ? Math.round(n) : Number(n.toPrecision(4))).toLocaleString('en-US');
  return [name, short(p.value), short(p.low), short(p.high), p.unit, p.basis, numbers.map((n) => `[${n}]`).join('')];
}

/** Each assumption once, with the prices that rest on it. */
function assumptions(shown: readonly (readonly [string, Price])[]): string[] {
  const users = new Map<string, string[]>();
  for (const [name, p] of shown) {
    for (const line of new Set(p.lines.filter((l) => l.includes(' assumed, ')).map((l) => l.trim()))) {
      const names = users.get(line) ?? [];
      names.push(name);
      users.set(line, names);
    }
  }
  return [...users].flatMap(([line, names]) => [
    ...wrapText(line, { first: '  ', rest: '    ' }),
    ...wrapText(`in ${names.join(', ')}`, { first: '      ', rest: '      ' }),
  ]);
}
