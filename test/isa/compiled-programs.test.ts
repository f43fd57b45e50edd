/** The laws of text and file on programs that the compiler makes, and its programs under the static checks. */
import { describe, expect, it } from 'vitest';
import { compile } from '../../compiler/compile.ts';
import { readProgram, writeProgram } from '../../isa/container.ts';
import { assemble } from '../../isa/instructions/assembly/assemble.ts';
import { disassemble } from '../../isa/instructions/assembly/disassemble.ts';
import { requireValid } from '../../isa/instructions/validate/program.ts';
import type { Program } from '../../isa/program.ts';
import { MAIN_PRESETS } from '../harness/presets.ts';
import { randomGraph } from '../harness/random-graphs.ts';

const SEEDS = Array.from({ length: 12 }, (_, i) => 100 + i);

/** Negative zeros, which the compiler's arithmetic may leave in origins, as zeros. */
function plain(program: Program): Program {
  const tensors = program.tensors.map((t) => ({
    ...t,
    axes: t.axes.map((a) => ({ ...a, stride: a.stride + 0, origin: a.origin + 0 })),
    dims: t.dims.map((d) => ({ ...d, step: d.step + 0 })),
  }));
  return { ...program, tensors };
}

function checkAll(compiled: Program, machine: (typeof MAIN_PRESETS)[string]): void {
  const program = plain(compiled);
  requireValid(compiled, machine);
  const { symbols, ...again } = assemble(disassemble(program), { fileName: 'again.qasm' }).program;
  expect({ ...again, symbols: { ...symbols, lineOf: program.symbols.lineOf, sourceFile: '' } }).toEqual(program);
  expect(readProgram(writeProgram(compiled))).toEqual(program);
}

describe('programs of the compiler', () => {
  it.each(Object.values(MAIN_PRESETS).map((m) => [m.name, m] as const))(
    'are sound, and survive text and file, on %s',
    (_, machine) => {
      for (const seed of SEEDS) {
        const { program, steadyProgram } = compile(randomGraph(seed), machine);
        checkAll(program, machine);
        if (steadyProgram !== null) checkAll(steadyProgram, machine);
      }
    },
  );
});
