/** qnpu explain: from one number of a result to what it is made of. */
import process from 'node:process';
import type { CommandModule } from 'yargs';
import { didYouMean } from '../../../isa/base/suggest.ts';
import { explain, explainable } from '../../report/explanation.ts';
import { fieldsActingOn } from '../../run/what-if.ts';
import { badOption } from '../options.ts';
import { readRun } from '../read-run.ts';

export const explainCommand: CommandModule<object, { result: string; what: string }> = {
  command: 'explain <result> <what>',
  describe: 'what one number of a result is made of: a metric, a cause, an action or a layer',
  builder: (y) =>
    y
      .positional('result', { type: 'string', demandOption: true, describe: 'run.json' })
      .positional('what', {
        type: 'string',
        demandOption: true,
        describe: 'latency, energy, area, dram, a cause, an action or a layer of the report',
      })
      .example('$0 run net.onnx --json > a.json', '')
      .example('$0 explain a.json matrix', 'cycles of a cause, and the fields that act on it')
      .example('$0 explain a.json dram.readBit', 'count, price, basis and source'),
  handler: ({ result, what }) => {
    const run = readRun(result);
    const names = explainable(run);
    if (!names.includes(what)) {
      const near = didYouMean(what, names);
      throw badOption('E-EXPLAIN', `there is no '${what}' in ${result}`, {
        expected: `one of ${names.join(', ')}`,
        ...(near === undefined ? {} : { hint: `did you mean '${near}'?` }),
      });
    }
    process.stdout.write(`${explain(run, what, (cause) => fieldsActingOn(cause, run.machine.matrix)).join('\n')}\n`);
  },
};
