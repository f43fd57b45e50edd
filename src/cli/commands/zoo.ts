/** qnpu zoo list, qnpu zoo show <network>: the workload zoo, its exact totals and where they come from. Weights are not made. */
import process from 'node:process';
import type { Argv, CommandModule } from 'yargs';
import { type Column, renderTable } from '../../report/table.ts';
import { ZOO } from '../../workloads/networks/index.ts';
import { parseRecipe } from '../../workloads/recipe.ts';
import { type SectionSummary, summarize, summarizeSections, type ZooSummary } from '../../workloads/summary.ts';
import { parseZooName } from '../../workloads/zoo.ts';

const json = { type: 'boolean', default: false, describe: 'print JSON' } as const;
const left = (title: string): Column => ({ title, align: 'left' });
const right = (title: string): Column => ({ title, align: 'right' });

const listCommand: CommandModule<object, { recipe: string; json: boolean }> = {
  command: 'list',
  describe: 'every network with its MACs, parameters and weight bytes',
  builder: (y: Argv) =>
    y
      .option('recipe', { type: 'string', default: 'w8a8', describe: 'widths for the weight bytes, such as w4a4' })
      .option('json', json),
  handler: ({ recipe, json: asJson }) => {
    const widths = parseRecipe(recipe);
    const all = ZOO.map((entry) => summarize(entry, widths));
    if (asJson) process.stdout.write(`${JSON.stringify(all, null, 2)}\n`);
    else process.stdout.write(renderList(all, recipe));
  },
};

const showCommand: CommandModule<object, { name: string; json: boolean }> = {
  command: 'show <name>',
  describe: 'one network layer by layer: resnet18, or resnet18-w4a4 for its widths',
  builder: (y: Argv) =>
    y
      .positional('name', { type: 'string', demandOption: true, describe: 'network, with or without widths' })
      .option('json', json),
  handler: ({ name, json: asJson }) => {
    const { entry, recipe = parseRecipe('w8a8') } = parseZooName(name);
    const network = entry.describe();
    const summary = summarize(entry, recipe, network);
    const sections = summarizeSections(network, recipe);
    if (asJson) process.stdout.write(`${JSON.stringify({ ...summary, sections }, null, 2)}\n`);
    else process.stdout.write(renderNetwork(summary, sections));
  },
};

export const zooCommand: CommandModule = {
  command: 'zoo',
  describe: 'networks that come with qnpu, at any widths: run zoo:resnet18-w4a4',
  builder: (y) => y.command(listCommand).command(showCommand).demandCommand(1, 'name a command: list or show'),
  handler: () => undefined,
};

function renderList(all: readonly ZooSummary[], recipe: string): string {
  const columns = [left('network'), right('MACs'), right('parameters'), right(`weight bytes ${recipe}`), left('graph')];
  const rows = all.map((n) => [
    n.name,
    grouped(n.macs),
    grouped(n.params),
    grouped(n.weightBytes),
    n.graph ? 'yes' : 'totals only',
    n.source,
  ]);
  const lines = renderTable([...columns, left('source')], rows);
  return `${[...lines, '', '  qnpu zoo show <network>: layers, published figures, what is missing', ''].join('\n')}`;
}

function renderNetwork(n: ZooSummary, sections: readonly SectionSummary[]): string {
  const facts = [
    ['MACs', grouped(n.macs)],
    ['parameters', grouped(n.params)],
    ['weight bytes', `${grouped(n.weightBytes)} at ${n.recipe}`],
    ...(n.batch === 1 ? [] : [['images at once', `${n.batch}; layers below are of one`]]),
    ['source', n.source],
    ['published', n.published],
    ['graph', n.graph ? `yes: zoo:${n.name}-${n.recipe}` : 'no: totals only'],
    ...n.missing.map((m) => ['', m]),
  ];
  const head = facts.map(([key = '', value = '']) => `  ${key.padEnd(15)}${value}`);
  return `${[`${n.name} (${n.kind})`, ...head, ...sections.flatMap(renderSection), ''].join('\n')}`;
}

function renderSection(s: SectionSummary): string[] {
  const columns = [left('layer'), left('kind'), left('result'), right('MACs'), right('parameters'), left('bits')];
  const rows = s.layers.map((l) => [
    l.name,
    l.kind,
    l.shape.join('x'),
    grouped(l.macs),
    grouped(l.params),
    l.weightBits === 0 ? `a${l.activationBits}` : `w${l.weightBits}a${l.activationBits}`,
  ]);
  const steps = s.steps === 1 ? '' : `, ${s.steps} steps${s.repeat === 1 ? '' : ' each'}`;
  const title = `${s.name}${s.repeat === 1 ? '' : `, ${s.repeat} times`}${steps}`;
  return ['', title, ...renderTable(columns, rows)];
}

/** Digits in threes. */
function grouped(n: number): string {
  return String(n).replace(/\B(?=(\d{3})+$)/g, ',');
}
