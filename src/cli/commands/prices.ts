/** qnpu prices: every number that energy and area are made of, with its range, its basis and where it comes from. */
import process from 'node:process';
import type { CommandModule } from 'yargs';
import { didYouMean } from '../../../isa/base/suggest.ts';
import { machineHash } from '../../../isa/machine/parse.ts';
import { allPrices, explainPrice, type PriceList, priceList } from '../../../sim/energy/price-list.ts';
import { describeSource, SOURCES, type SourceKey } from '../../../sim/energy/sources.ts';
import { pricesText } from '../../report/prices.ts';
import { badOption, loadMachine, machineOption, setOption } from '../options.ts';

interface PricesArguments {
  what: string;
  machine: string;
  set: string[] | undefined;
  json: boolean;
}

export const pricesCommand: CommandModule<object, PricesArguments> = {
  command: 'prices [what]',
  describe: 'every price, its range and its source; those that rest on assumptions; or one price down to its parts',
  builder: (y) =>
    y
      .positional('what', { type: 'string', default: 'list', describe: 'list, assumed, or a price, e.g. mac.bit' })
      .option('machine', { ...machineOption, default: 'edge-dcim-28nm' })
      .option('set', setOption)
      .option('json', { type: 'boolean', default: false, describe: 'print one JSON document, nothing else' })
      .example('$0 prices assumed -m teach-8x8', 'what no source at hand states, and why it was taken')
      .example('$0 prices array.adderBit', 'one price, its parts and their sources in full')
      .example('$0 prices list --set technology.nodeNm=22', 'the same list at another node'),
  handler: ({ what, machine: name, set, json }) => {
    const machine = loadMachine(name, set ?? []);
    const list = priceList(machine);
    const names = namesOf(what, list);
    if (json)
      process.stdout.write(
        `${JSON.stringify({ ...document(list, names), machine: { name: machine.name, hash: machineHash(machine) } })}\n`,
      );
    else if (what === 'list' || what === 'assumed') process.stdout.write(pricesText(list, names, what === 'assumed'));
    else process.stdout.write(`${explainPrice(what, list)!.join('\n')}\n`);
  },
};

/** Which prices are asked for. Throws InputError for a name that the list does not have. */
function namesOf(what: string, list: PriceList): string[] {
  const all = allPrices(list);
  if (what === 'list') return all.map(([name]) => name);
  if (what === 'assumed') return all.filter(([, p]) => p.basis === 'assumed' && p.high > 0).map(([name]) => name);
  const names = all.map(([name]) => name);
  if (names.includes(what)) return [what];
  const near = didYouMean(what, names);
  throw badOption('E-PRICE-NAME', `there is no price '${what}'`, {
    expected: 'list, assumed, or a price that qnpu prices lists',
    hint: near === undefined ? 'qnpu prices' : `did you mean '${near}'?`,
  });
}

/** `prices/1`: values, ranges and reasons as they are, and the sources that they name. */
function document(list: PriceList, names: readonly string[]) {
  const prices = allPrices(list).filter(([name]) => names.includes(name));
  const keys = [...new Set(prices.flatMap(([, p]) => p.sources))].sort();
  return {
    schema: 'prices/1',
    name: list.name,
    hash: list.hash.slice(0, 16),
    activity: list.activity.origin,
    warnings: list.warnings,
    prices: prices.map(([name, p]) => ({ name, ...p })),
    sources: keys.map((key: SourceKey) => ({ key, ...SOURCES[key], citation: describeSource(key) })),
  };
}
