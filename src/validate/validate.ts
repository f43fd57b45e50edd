/**
 * `qnpu validate`: published figures beside ours in one table, by group. Everything runs from what the package contains. A row that misses its band
 * makes the command fail; listed rows are shown and not judged.
 */
import { z } from 'zod';
import { VERSION } from '../version.ts';
import { dramRows } from './dram.ts';
import { exactRows } from './exact.ts';
import { lawRows } from './laws.ts';
import { macroRows } from './macros.ts';
import { errorOf, GROUPS, type Group, percentText, type Row, rowSchema } from './row.ts';
import { systemRows } from './systems.ts';

const summarySchema = z.strictObject({
  name: z.enum(GROUPS),
  rows: z.int(),
  /** Rows that are judged, and how many of them miss their band. */
  judged: z.int(),
  missed: z.int(),
  /** Of the absolute errors of held-out rows; null where there are none. */
  medianHeldOutPercent: z.number().nullable(),
  /** The same by unit, and over the medians of the references, so that one with many operating points counts once. */
  heldOut: z.array(
    z.strictObject({
      unit: z.string(),
      rows: z.int(),
      medianPercent: z.number(),
      references: z.int(),
      medianOfReferencesPercent: z.number(),
    }),
  ),
  worst: z.string(),
});

/** The document that `qnpu validate --json` prints. */
export const validationSchema = z.strictObject({
  schema: z.literal('validate/1'),
  tool: z.string(),
  groups: z.array(summarySchema),
  rows: z.array(rowSchema),
  ok: z.boolean(),
});

export type GroupSummary = z.infer<typeof summarySchema>;
export type Validation = z.infer<typeof validationSchema>;

const MAKERS: Readonly<Record<Group, () => Row[]>> = {
  exact: exactRows,
  macros: macroRows,
  systems: systemRows,
  dram: dramRows,
  laws: lawRows,
};

/** Runs the groups asked for (all when left out); `progress` hears each group's name before it runs. */
export function validate(
  groups: readonly Group[] = GROUPS,
  progress: (group: Group) => void = () => undefined,
): Validation {
  const rows = groups.flatMap((group) => {
    progress(group);
    return MAKERS[group]();
  });
  const summaries = groups.map((name) =>
    summarize(
      name,
      rows.filter((r) => r.group === name),
    ),
  );
  return { schema: 'validate/1', tool: `qnpu ${VERSION}`, groups: summaries, rows, ok: rows.every((r) => r.ok) };
}

function summarize(name: Group, rows: readonly Row[]): GroupSummary {
  const judged = rows.filter((r) => r.use !== 'listed');
  const heldOut = rows.filter((r) => r.use === 'held-out');
  const worst = [...judged].sort((a, b) => errorOf(b) - errorOf(a))[0];
  return {
    name,
    rows: rows.length,
    judged: judged.length,
    missed: judged.filter((r) => !r.ok).length,
    medianHeldOutPercent: heldOut.length === 0 ? null : median(heldOut.map(errorOf)),
    heldOut: [...groupBy(heldOut, (r) => r.unit)].map(([unit, same]) => {
      const chips = [...groupBy(same, (r) => r.reference).values()];
      return {
        unit,
        rows: same.length,
        medianPercent: median(same.map(errorOf)),
        references: chips.length,
        medianOfReferencesPercent: median(chips.map((chip) => median(chip.map(errorOf)))),
      };
    }),
    worst: worst === undefined ? '' : `${worst.quantity} (${percentText(worst)})`,
  };
}

/** The lower of the two in the middle where there are two. */
function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)]!;
}

function groupBy(rows: readonly Row[], key: (r: Row) => string): Map<string, Row[]> {
  const out = new Map<string, Row[]>();
  for (const r of rows) out.set(key(r), [...(out.get(key(r)) ?? []), r]);
  return out;
}
