/**
 * One line of the validation table: a published figure beside ours. A figure counts as exact (it must be equal), fitted (a constant was set with it) or held out
 * (nothing was); listed ones are shown and not judged, with the reason in the note. A row that misses its band stays in the table.
 */
import { z } from 'zod';

export const GROUPS = ['exact', 'macros', 'systems', 'dram', 'laws'] as const;
export type Group = (typeof GROUPS)[number];
const USES = ['exact', 'fitted', 'held-out', 'listed'] as const;
export type Use = (typeof USES)[number];

export const rowSchema = z.strictObject({
  group: z.enum(GROUPS),
  /** Whose figure it is: chip, simulator or law. */
  reference: z.string(),
  quantity: z.string(),
  unit: z.string(),
  published: z.number(),
  ours: z.number(),
  /** 100 (ours - published) / published; 0 where they are equal; null where only the published figure is 0. */
  errorPercent: z.number().nullable(),
  use: z.enum(USES),
  /** Largest error that passes; null for listed rows. */
  bandPercent: z.number().nullable(),
  ok: z.boolean(),
  /** How the published figure was read: evidence and place. */
  read: z.string(),
  note: z.string(),
});
export type Row = z.infer<typeof rowSchema>;

export interface RowInput {
  readonly group: Group;
  readonly reference: string;
  readonly quantity: string;
  readonly unit: string;
  readonly published: number;
  readonly ours: number;
  readonly use: Use;
  /** Left out for exact rows (0) and listed ones (none). */
  readonly bandPercent?: number;
  readonly read: string;
  readonly note?: string;
}

export function makeRow(r: RowInput): Row {
  const { published, ours, use } = r;
  const errorPercent =
    published === ours ? 0 : published === 0 ? null : (100 * (ours - published)) / Math.abs(published);
  const bandPercent = use === 'listed' ? null : (r.bandPercent ?? 0);
  const ok = bandPercent === null || errorOf({ errorPercent }) <= bandPercent;
  return { ...r, errorPercent, bandPercent, ok, note: r.note ?? '' };
}

/** Absolute error in percent; endless where only the published figure is 0. */
export function errorOf({ errorPercent }: Pick<Row, 'errorPercent'>): number {
  return errorPercent === null ? Infinity : Math.abs(errorPercent);
}

export function percentText({ errorPercent }: Pick<Row, 'errorPercent'>): string {
  return errorPercent === null ? 'not 0' : `${errorPercent.toFixed(1)} %`;
}
