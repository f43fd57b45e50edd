/** What the order check found, for the one who wrote the program: what is wrong, the lines as written, the missing edge, how to mend it. */
import type { OrderFinding } from '../../../sim/order/check.ts';
import { formatPlace } from '../../../sim/order/format.ts';
import { wrapText } from '../wrap.ts';
import type { Listing } from './listing.ts';

/** Lines of one finding, the first being its headline. */
export function verdictLines(finding: OrderFinding, listing: Listing): string[] {
  const { program } = listing;
  const named = (text: string) =>
    text.replace(/semaphore (\d+)/g, (_, n) => `semaphore ${listing.semaphore(Number(n))}`);
  // The lines are shown below: the sentence only points at them.
  const message = finding.places.reduce(
    (text, p) =>
      text.replaceAll(formatPlace(p, program), `${listing.op(p.core, p.pc)} (${listing.place(p.core, p.pc)})`),
    finding.message,
  );
  const numbers = finding.places.map((p) => listing.place(p.core, p.pc).replace('line ', ''));
  const width = Math.max(...numbers.map((n) => n.length));
  const mend = mendFor(finding, listing);
  return [
    ...wrapText(`${finding.kind}: ${named(message)}`, { rest: '  ' }),
    ...finding.places.map((p, i) => `  ${numbers[i]!.padStart(width)} | ${listing.code(p.core, p.pc)}`),
    ...(finding.missing === undefined ? [] : wrapText(named(finding.missing), { first: '  missing: ', rest: '    ' })),
    ...(mend === undefined ? [] : wrapText(mend, { first: '  try: ', rest: '    ' })),
  ];
}

function mendFor(finding: OrderFinding, listing: Listing): string | undefined {
  const [first, second] = finding.places;
  const at = (p: { core: number; pc: number }) => listing.place(p.core, p.pc);
  switch (finding.kind) {
    case 'race': {
      if (first === undefined || second === undefined) return undefined;
      const from = listing.unit(first.core, first.pc);
      const to = listing.unit(second.core, second.pc);
      const mode = /\brelease\b/.test(finding.missing ?? '') ? 'release' : 'done';
      return `.sem ordered ${from} -> ${to}; "signal ordered@${mode}" on ${at(first)}, "wait ordered" on ${at(second)}`;
    }
    case 'deadlock':
      return 'signal it earlier, or give it a count to start with: .sem name producer -> consumer = 1';
    case 'deadlock-at-this-depth':
    case 'order-law':
      return 'move the instruction that signals in front of the one that waits; longer queues (--set core.sequencer.queueDepth=) only hide the mistake';
    case 'semaphore':
      return undefined;
  }
}
