/**
 * Allocation checker: every read sees the tensor that it means. Walks the instructions in program order, marks each byte with the
 * name of the tensor last written there and compares it with the name of the operand that reads it. A buffer that was
 * placed over another one while that was alive shows as a read of the wrong name; so does a read before any write, and a
 * read on a core to which nobody sent the tensor.
 */

import type { Draft, NamedArray, NamedTensor } from '../lower/draft.ts';
import { accessOf, coreOf, targetCoresOf } from '../lower/draft.ts';
import type { Interval } from '../lower/footprint.ts';
import { touchedBytes } from './touched.ts';

export interface ProvenanceOptions {
  /** DRAM that the loader and the host write before the run. */
  readonly loaded: readonly Interval[];
  /** Bytes of each space; DRAM is unlimited here. */
  readonly sizes: Readonly<Record<'spad' | 'acc' | 'buffer', number>>;
}

/** Findings in words, at most 20; empty when every read sees its producer and nothing leaves its memory. */
export function checkProvenance(drafts: readonly Draft[], options: ProvenanceOptions): readonly string[] {
  const findings: string[] = [];
  const bytes = new Map<string, Map<number, string>>();
  const cells = new Map<number, Map<string, string>>();
  const touched = new Map<NamedTensor, readonly number[]>();
  const rangesOf = (t: NamedTensor): readonly number[] => {
    const known = touched.get(t) ?? touchedBytes(t);
    touched.set(t, known);
    return known;
  };
  const marks = (space: string, core: number): Map<number, string> => {
    const key = space === 'dram' || space === 'buffer' ? space : `${space} of core ${core}`;
    const known = bytes.get(key) ?? new Map<number, string>();
    bytes.set(key, known);
    return known;
  };
  const cellsOn = (core: number): Map<string, string> => {
    const known = cells.get(core) ?? new Map<string, string>();
    cells.set(core, known);
    return known;
  };
  const add = (text: string): void => {
    if (findings.length < 20) findings.push(text);
  };
  drafts.forEach((draft, at) => {
    const access = accessOf(draft);
    const core = coreOf(draft);
    const targets = targetCoresOf(draft);
    for (const t of access.reads) {
      for (const owner of access.writes.includes(t) ? targets : [core])
        readTensor(t, at, rangesOf(t), marks(t.space, owner), options, add);
    }
    for (const a of access.readCells) readCells(a, at, cellsOn(core), add);
    for (const t of access.writes)
      for (const owner of targets) writeTensor(t, at, rangesOf(t), marks(t.space, owner), options, add);
    for (const a of access.writeCells) for (const c of cellsOf(a)) cellsOn(core).set(c, a.name);
  });
  return findings;
}

type Marks = Map<number, string>;
type Add = (text: string) => void;

function readTensor(
  t: NamedTensor,
  at: number,
  ranges: readonly number[],
  marks: Marks,
  options: ProvenanceOptions,
  add: Add,
): void {
  for (let i = 0; i < ranges.length; i += 2) {
    const [start, end] = [ranges[i] ?? 0, ranges[i + 1] ?? 0];
    if (t.space === 'dram' && options.loaded.some((r) => r.start <= start && end <= r.end)) continue;
    for (let b = start; b < end; b++) {
      const mark = marks.get(b);
      if (mark === t.name) continue;
      add(`instruction ${at} reads ${t.name} at ${t.space} byte ${b}, which holds ${mark ?? 'nothing'}`);
      return;
    }
  }
}

function writeTensor(
  t: NamedTensor,
  at: number,
  ranges: readonly number[],
  marks: Marks,
  options: ProvenanceOptions,
  add: Add,
): void {
  const end = ranges.at(-1) ?? 0;
  if (t.space !== 'dram' && end > options.sizes[t.space])
    add(`instruction ${at} writes ${t.name} up to ${t.space} byte ${end} of ${options.sizes[t.space]}`);
  if (
    t.space === 'dram' &&
    options.loaded.some((r) => ranges.some((b, i) => i % 2 === 0 && b < r.end && (ranges[i + 1] ?? 0) > r.start))
  ) {
    add(`instruction ${at} writes ${t.name} over constants or inputs`);
  }
  for (let i = 0; i < ranges.length; i += 2)
    for (let b = ranges[i] ?? 0; b < (ranges[i + 1] ?? 0); b++) marks.set(b, t.name);
}

function readCells(a: NamedArray, at: number, cells: ReadonlyMap<string, string>, add: Add): void {
  const wrong = cellsOf(a).find((c) => cells.get(c) !== a.name);
  if (wrong !== undefined)
    add(`instruction ${at} computes with ${a.name}, but plane:macro ${wrong} holds ${cells.get(wrong) ?? 'nothing'}`);
}

function cellsOf(a: NamedArray): string[] {
  return Array.from({ length: a.gridK * a.gridN * a.replicas }, (_, i) => `${a.plane}:${a.firstMacro + i}`);
}
