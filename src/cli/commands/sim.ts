/** qnpu sim <program>: runs hand-written assembly or a program file; order verdict first, then cycles and their causes, then values. */
import process from 'node:process';
import type { CommandModule } from 'yargs';
import { InputError } from '../../../isa/base/errors.ts';
import { createRandom, type Random } from '../../../isa/base/random.ts';
import { readProgram } from '../../../isa/container.ts';
import { assemble } from '../../../isa/instructions/assembly/assemble.ts';
import { requireValid } from '../../../isa/instructions/validate/program.ts';
import { machineHash } from '../../../isa/machine/parse.ts';
import type { Machine } from '../../../isa/machine/schema.ts';
import type { Program } from '../../../isa/program.ts';
import { codeRange, elementCount } from '../../../isa/tensor.ts';
import { buildAnalog, type ValuesMode } from '../../../sim/exec/analog.ts';
import { type ExecResult, execute } from '../../../sim/exec/execute.ts';
import { checkOrder, type OrderFinding } from '../../../sim/order/check.ts';
import type { SimResult } from '../../../sim/result.ts';
import { simulate } from '../../../sim/timing/simulate.ts';
import { readInput, writeOutput } from '../../io/files.ts';
import { Listing } from '../../report/simulation/listing.ts';
import { simulationLines } from '../../report/simulation/text.ts';
import { verdictLines } from '../../report/simulation/verdict.ts';
import { renderTrace } from '../../report/trace.ts';
import { arrayMode } from '../../run/values.ts';
import { loadMachine, machineOption, setOption } from '../options.ts';
import { valuesOption } from '../values-option.ts';

interface SimArguments {
  program: string;
  machine: string | undefined;
  set: string[] | undefined;
  values: ValuesMode | undefined;
  warm: boolean;
  seed: number;
  json: boolean;
  trace: string | undefined;
}

/** Exit code of a program that races or deadlocks. */
const FAULT_EXIT = 3;

export const simCommand: CommandModule<object, SimArguments> = {
  command: 'sim <program>',
  describe: 'simulate hand-written assembly (.qasm) or a program file (.qnpu)',
  builder: (y) =>
    y
      .positional('program', { type: 'string', demandOption: true, describe: 'assembly or program file' })
      .option('machine', machineOption)
      .option('set', setOption)
      .option('values', { ...valuesOption, describe: `print the outputs: ${valuesOption.describe}` })
      .option('warm', {
        type: 'boolean',
        default: false,
        describe: 'code and descriptors are in the instruction memory already, as in every run but the first',
      })
      .option('seed', {
        type: 'number',
        default: 1,
        describe: 'seed of inputs that the program does not define, and of what --values noisy draws',
      })
      .option('json', { type: 'boolean', default: false, describe: 'print one JSON document' })
      .option('trace', { type: 'string', describe: 'write the timeline as a Chrome trace' }),
  handler: (a) => {
    const { program, machine, source } = load(a);
    const listing = new Listing(program, source);
    requireValid(program, machine);
    // Only where a program loads registers from memory does its order depend on a run.
    const inputs = seededInputs(program, createRandom(a.seed));
    const mode = a.values ?? 'exact';
    arrayMode(machine, mode, a.seed);
    const computed = () => {
      const analog = buildAnalog(machine, mode, a.seed);
      return execute(program, machine, inputs, analog === undefined ? {} : { analog });
    };
    const first = hasLoads(program) ? computed() : undefined;
    const findings = checkOrder(program, machine, first?.loads);
    if (findings.length > 0) return refuse(findings, listing, a.json);
    const run = first ?? computed();
    const result = simulate(program, machine, { loads: run.loads, warmCode: a.warm });
    if (a.trace !== undefined) writeOutput(a.trace, renderTrace(result, program));
    const outputs = a.values !== undefined ? run.outputs : undefined;
    const lines = a.json
      ? [JSON.stringify(document(program, machine, result, outputs))]
      : simulationLines({ machine, listing, result, warm: a.warm, outputs });
    process.stdout.write(`${lines.join('\n')}\n`);
  },
};

interface Loaded {
  readonly program: Program;
  readonly machine: Machine;
  /** The assembly, where there is one. */
  readonly source: string | undefined;
}

function load(a: SimArguments): Loaded {
  const bytes = readInput(a.program, 'program');
  if (bytes[0] === 0x51 && bytes[1] === 0x4e && bytes[2] === 0x50 && bytes[3] === 0x55) {
    if (a.machine === undefined)
      throw new InputError(`${a.program} does not name a machine`, {
        code: 'E-SIM-MACHINE',
        diagnostics: [
          {
            code: 'E-SIM-MACHINE',
            message: 'a program file does not say which machine it is for',
            hint: 'give one with -m teach-8x8',
          },
        ],
      });
    return { program: readProgram(bytes), machine: loadMachine(a.machine, a.set ?? []), source: undefined };
  }
  const source = new TextDecoder().decode(bytes);
  const { program, machine } = assemble(source, { fileName: a.program });
  const name = a.machine ?? machine?.preset;
  if (name === undefined)
    throw new InputError(`${a.program} does not name a machine`, {
      code: 'E-SIM-MACHINE',
      diagnostics: [
        {
          code: 'E-SIM-MACHINE',
          message: 'no .machine line and no -m',
          hint: 'add .machine teach-8x8, or give -m teach-8x8',
        },
      ],
    });
  const own = a.machine === undefined || a.machine === machine?.preset ? Object.entries(machine?.overrides ?? {}) : [];
  const overrides = own.map(([field, value]) => `${field}=${value}`);
  return { program, machine: loadMachine(name, [...overrides, ...(a.set ?? [])]), source };
}

function hasLoads(program: Program): boolean {
  return program.cores.some((c) => c.instructions.some((i) => i.op === 'ldr'));
}

function refuse(findings: readonly OrderFinding[], listing: Listing, json: boolean): void {
  process.exitCode = FAULT_EXIT;
  if (json) process.stdout.write(`${JSON.stringify({ schema: 'sim/1', findings })}\n`);
  else process.stderr.write(`${findings.map((f) => verdictLines(f, listing).join('\n')).join('\n\n')}\n`);
}

/** Codes over the whole range of each input that no constant of the program covers. */
function seededInputs(program: Program, random: Random): Map<string, ArrayLike<number>> {
  return new Map(
    program.io
      .filter((t) => t.direction === 'input')
      .map((t) => {
        const d = program.tensors[t.tensor]!;
        const one = () => {
          if (d.coding === 'float') return random.int(0, 255) / 256;
          if (d.coding === 'bipolar') return 2 * random.int(0, 1) - 1;
          const { min, max } = codeRange(d.coding, d.widthBits);
          return random.int(min, max);
        };
        return [t.name, Float64Array.from({ length: elementCount(d) }, one)];
      }),
  );
}

function document(
  program: Program,
  machine: Machine,
  r: SimResult,
  outputs: ExecResult['outputs'] | undefined,
): object {
  return {
    schema: 'sim/1',
    program: program.name,
    machine: { name: machine.name, hash: machineHash(machine) },
    findings: [],
    cycles: r.cycles,
    latencyPs: r.latencyPs,
    causes: r.causes,
    units: r.units,
    traffic: r.traffic,
    actions: r.actions,
    criticalPath: r.criticalPath,
    timeline: r.timeline,
    ...(outputs === undefined ? {} : { values: Object.fromEntries([...outputs].map(([n, v]) => [n, [...v]])) }),
  };
}
