/** Checks of loops and skips: bodies lie within the code and nest, loops are not too deep, skips stay in their loop. */
import type { Program } from '../../program.ts';
import { LIMITS } from '../../tensor.ts';
import { type ProgramFinding, reportAt } from './finding.ts';

interface Body {
  readonly kind: 'loop' | 'skip';
  readonly head: number;
  /** Behind the last instruction. */
  readonly end: number;
}

export function checkControl(program: Program, found: ProgramFinding[]): void {
  program.cores.forEach(({ instructions }, core) => {
    /** Open bodies, innermost last; each ends where the one around it does or before. */
    const open: Body[] = [];
    let depth = 0;
    instructions.forEach((i, index) => {
      const report = reportAt(found, 'E-PROGRAM-CONTROL', { kind: 'instruction', core, index });
      while (open.length > 0 && open.at(-1)!.end <= index) if (open.pop()!.kind === 'loop') depth -= 1;
      if (i.op === 'cadd' && i.modulus < 1) report('the ring of cadd has length 0', 'a modulus of at least 1');
      if (i.op !== 'loop' && i.op !== 'skip') return;
      const body: Body = { kind: i.op, head: index, end: index + 1 + i.length };
      if (i.op === 'loop' && i.length < 1) report('the loop has no body', 'at least one instruction');
      if (body.end > instructions.length)
        report(
          `its body ends at instruction ${body.end - 1}, the code at ${instructions.length - 1}`,
          'a body within the code',
        );
      const around = open.at(-1);
      const cut = around !== undefined && body.end > around.end;
      if (cut)
        report(
          `its body ends at instruction ${body.end - 1}, the ${around.kind} around it (instruction ${around.head}) at ${around.end - 1}`,
          'bodies that nest',
        );
      open.push(cut ? { ...body, end: around.end } : body);
      if (i.op === 'loop') depth += 1;
      if (i.op === 'loop' && depth > LIMITS.loopDepth)
        report(`loops nest ${depth} deep`, `at most ${LIMITS.loopDepth}`);
    });
  });
}
