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
    let open: Body[] = [];
    instructions.forEach((i, index) => {
      const report = reportAt(found, 'E-PROGRAM-CONTROL', { kind: 'instruction', core, index });
      open = open.filter((b) => b.end > index);
      if (i.op === 'cadd' && i.modulus < 1) report('the ring of cadd has length 0', 'a modulus of at least 1');
      if (i.op !== 'loop' && i.op !== 'skip') return;
      const body: Body = { kind: i.op, head: index, end: index + 1 + i.length };
      if (i.op === 'loop' && i.length < 1) report('the loop has no body', 'at least one instruction');
      if (body.end > instructions.length)
        report(
          `its body ends at instruction ${body.end - 1}, the code at ${instructions.length - 1}`,
          'a body within the code',
        );
      const cut = open.find((b) => body.end > b.end);
      if (cut !== undefined)
        report(
          `its body ends at instruction ${body.end - 1}, the ${cut.kind} around it (instruction ${cut.head}) at ${cut.end - 1}`,
          'bodies that nest',
        );
      open.push(body);
      const depth = open.filter((b) => b.kind === 'loop').length;
      if (i.op === 'loop' && depth > LIMITS.loopDepth)
        report(`loops nest ${depth} deep`, `at most ${LIMITS.loopDepth}`);
    });
  });
}
