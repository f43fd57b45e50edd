/** qnpu sim <program>: runs hand-written assembly or a program file; order verdict first, then cycles and their causes, then values. */
import process from 'node:process';
import type { CommandModule } from 'yargs';
import { InputError } from '../../../isa/base/errors.ts';
import { createRandom, type Random } from '../../../isa/base/random.ts';
import { formatTimePs } from '../../../isa/base/units.ts';
import { readProgram } from '../../../isa/container.ts';
import { assemble } from '../../../isa/instructions/assembly/assemble.ts';
import { requireValid } from '../../../isa/instructions/validate/program.ts';
import { machineHash } from '../../../isa/machine/parse.ts';
import type { Machine } from '../../../isa/machine/schema.ts';
import type { Program } from '../../../isa/program.ts';
import { codeRange, elementCount } from '../../../isa/tensor.ts';
import { type ExecResult, execute } from '../../../sim/exec/execute.ts';
import { checkOrder, type OrderFinding } from '../../../sim/order/check.ts';
import { formatFinding } from '../../../sim/order/format.ts';
import type { SimResult } from '../../../sim/result.ts';
import { simulate } from '../../../sim/timing/simulate.ts';
import { formatInstruction } from '../../../sim/walk/format.ts';
import { readInput, writeOutput } from '../../io/files.ts';
import { renderTable } from '../../report/table.ts';
import { renderTrace } from '../../report/trace.ts';
import { loadMachine, machineOption, setOption } from '../options.ts';

interface SimArguments {
  program: string;
  machine: string | undefined;
  set: string[] | undefined;
  values: boolean;
  seed: number;
  json: boolean;
  trace: string | undefined;
}

/** Exit code of a program that races or deadlocks. */
const FAULT_EXIT = 3;
const TIMELINE_ROWS = 40;

export const simCommand: CommandModule<object, SimArguments> = {
  command: 'sim <program>',
  describe: 'simulate hand-written assembly (.qasm) or a program file (.qnpu)',
  builder: (y) =>
    y
      .positional('program', { type: 'string', demandOption: true, describe: 'assembly or program file' })
      .option('machine', machineOption)
      .option('set', setOption)
      .option('values', { type: 'boolean', default: false, describe: 'print the outputs' })
      .option('seed', { type: 'number', default: 1, describe: 'seed of inputs that the program does not define' })
      .option('json', { type: 'boolean', default: false, describe: 'print one JSON document' })
      .option('trace', { type: 'string', describe: 'write the timeline as a Chrome trace' }),
  handler: (a) => {
    const { program, machine } = load(a);
    requireValid(program, machine);
    const findings = checkOrder(program, machine);
    if (findings.length > 0) return refuse(findings, program, a.json);
    const run = execute(program, machine, seededInputs(program, createRandom(a.seed)));
    const result = simulate(program, machine, { loads: run.loads });
    if (a.trace !== undefined) writeOutput(a.trace, renderTrace(result, program));
    if (a.json)
      process.stdout.write(`${JSON.stringify(document(program, machine, result, a.values ? run : undefined))}\n`);
    else process.stdout.write(`${text(program, machine, result, a.values ? run : undefined).join('\n')}\n`);
  },
};

function load(a: SimArguments): { program: Program; machine: Machine } {
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
    return { program: readProgram(bytes), machine: loadMachine(a.machine, a.set ?? []) };
  }
  const { program, machine } = assemble(new TextDecoder().decode(bytes), { fileName: a.program });
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
  return { program, machine: loadMachine(name, [...overrides, ...(a.set ?? [])]) };
}

function refuse(findings: readonly OrderFinding[], program: Program, json: boolean): void {
  process.exitCode = FAULT_EXIT;
  if (json) process.stdout.write(`${JSON.stringify({ schema: 'sim/1', findings })}\n`);
  else process.stderr.write(`${findings.map((f) => formatFinding(f, program)).join('\n\n')}\n`);
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

function document(program: Program, machine: Machine, r: SimResult, run: ExecResult | undefined): object {
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
    ...(run === undefined ? {} : { values: Object.fromEntries([...run.outputs].map(([n, v]) => [n, [...v]])) }),
  };
}

function text(program: Program, machine: Machine, r: SimResult, run: ExecResult | undefined): string[] {
  const period = Math.round(1e6 / machine.clocks.coreMhz);
  const cycle = (ps: number) => (ps / period).toFixed(ps % period === 0 ? 0 : 1);
  const left = (title: string) => ({ title, align: 'left' as const });
  const right = (title: string) => ({ title, align: 'right' as const });
  const shown = r.timeline.slice(0, TIMELINE_ROWS);
  return [
    `${program.name} on ${machine.name}: ${r.cycles.toLocaleString('en-US')} cycles (${formatTimePs(r.latencyPs)}), ${r.instructions} instructions, no race, no deadlock`,
    '',
    ...renderTable(
      [
        right('line'),
        left('instruction'),
        left('unit'),
        right('dispatch'),
        right('start'),
        right('release'),
        right('done'),
        left('started after'),
      ],
      shown.map((t) => [
        String(program.symbols.lineOf[t.core]?.[t.pc] ?? ''),
        formatInstruction(program, t.core, t.pc),
        `${t.kind}${t.kind === 'dma' ? t.channel : ''}`,
        cycle(t.dispatchPs),
        cycle(t.startPs),
        cycle(t.releasePs),
        cycle(t.donePs),
        t.waitedFor,
      ]),
    ),
    ...(r.timeline.length > shown.length
      ? [`  ... ${r.timeline.length - shown.length} more instructions (all with --json)`]
      : []),
    '',
    'critical path, from the start to the end',
    ...renderTable(
      [right('cycles'), right('from'), right('to'), left('cause'), left('instruction')],
      r.criticalPath
        .slice(-TIMELINE_ROWS)
        .map((p) => [
          cycle(p.endPs - p.startPs),
          cycle(p.startPs),
          cycle(p.endPs),
          p.cause,
          `${program.cores[p.core]?.instructions[p.pc]?.op ?? ''} (line ${program.symbols.lineOf[p.core]?.[p.pc] ?? '?'})`,
        ]),
    ),
    '',
    'cycles by cause',
    ...renderTable(
      [left('cause'), right('cycles')],
      [
        ...Object.entries(r.causes)
          .sort((a, b) => b[1] - a[1])
          .map(([c, n]) => [c, String(n)]),
        ['total', String(r.cycles)],
      ],
    ),
    ...(run === undefined
      ? []
      : [
          '',
          'values',
          ...[...run.outputs].map(
            ([name, v]) => `  ${name} = [${[...v.slice(0, 64)].join(', ')}${v.length > 64 ? ', ...' : ''}]`,
          ),
        ]),
  ];
}
