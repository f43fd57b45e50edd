/**
 * Before each test file: what a test compiles, through the API, the command line or the compiler itself, is checked. The graph by
 * the verifier, the drafts and semaphores by the compiler's own checkers, the programs by the static checks of the contract and by
 * the simulator's order checker; a finding is thrown where the test compiles. Each program once per file. Left out: programs of more than
 * 2,000 instructions or 1 MiB of DRAM (whole images on teach-8x8, large networks), whose networks are checked on smaller images and larger machines.
 */
import { vi } from 'vitest';
import type { Compiled, CompileOptions } from '../../compiler/compile.ts';
import type { Graph } from '../../compiler/graph/types.ts';
import { hashHex } from '../../isa/base/hash.ts';
import { writeProgram } from '../../isa/container.ts';
import { requireValid } from '../../isa/instructions/validate/program.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import type { Program } from '../../isa/program.ts';
import { checkOrder } from '../../sim/order/check.ts';

const INSTRUCTIONS_MAX = 2_000;
const DRAM_BYTES_MAX = 2 ** 20;
const seen = new Set<string>();

vi.mock(import('../../compiler/compile.ts'), async (original) => {
  const real = await original();
  const checked = (graph: Graph, machine: Machine, options: CompileOptions = {}): Compiled => {
    const compiled = real.compile(graph, machine, options);
    const programs = [compiled.program, compiled.steadyProgram].filter((p) => p !== null);
    // checkGraph asks for the compiler's checks and does the others itself.
    if (options.check === true || !programs.some((p) => isNew(p, machine))) return compiled;
    real.compile(graph, machine, { ...options, check: true });
    for (const program of programs) {
      requireValid(program, machine);
      const findings = checkOrder(program, machine);
      if (findings.length > 0) throw new Error(`order of ${program.name}: ${JSON.stringify(findings[0], null, 1)}`);
    }
    return compiled;
  };
  return { ...real, compile: checked };
});

function isNew(program: Program, machine: Machine): boolean {
  const instructions = program.cores.reduce((n, core) => n + core.instructions.length, 0);
  if (instructions > INSTRUCTIONS_MAX || program.dramBytes > DRAM_BYTES_MAX) return false;
  const key = `${JSON.stringify(machine)} ${hashHex(writeProgram(program))}`;
  if (seen.has(key)) return false;
  seen.add(key);
  return true;
}
