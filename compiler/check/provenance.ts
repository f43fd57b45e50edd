/**
 * Allocation checker: every read sees the tensor that it means. Walks the instructions in program order, marks bytes with the
 * name of the tensor last written there and compares it with the name of the operand that reads it. A buffer that was
 * placed over another one while that was alive shows as a read of the wrong name; so does a read before any write, and a
 * read on a core to which nobody sent the tensor.
 */

import type { Draft, NamedArray, NamedTensor } from '../lower/draft.ts';
import { accessOf, coreOf, targetCoresOf } from '../lower/draft.ts';
import type { Interval } from '../lower/footprint.ts';
import { Marks } from './marks.ts';
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
  const memories = new Map<string, Marks>();
  const cells = new Map<number, Map<string, string>>();
  const touched = new Map<NamedTensor, readonly number[]>();
  const runsOf = (t: NamedTensor): readonly number[] => ensure(touched, t, () => touchedBytes(t));
  const marksOf = (space: NamedTensor['space'], core: number): Marks =>
    ensure(memories, space === 'dram' || space === 'buffer' ? space : `${space} of core ${core}`, () => new Marks());
  const cellsOn = (core: number): Map<string, string> => ensure(cells, core, () => new Map<string, string>());
  for (const { start, end } of options.loaded) marksOf('dram', 0).write([start, end], LOADED);
  drafts.forEach((draft, at) => {
    const add = (text: string): void => {
      if (findings.length < 20) findings.push(`instruction ${at} ${text}`);
    };
    const access = accessOf(draft);
    const core = coreOf(draft);
    const targets = targetCoresOf(draft);
    for (const t of access.reads)
      for (const owner of access.writes.includes(t) ? targets : [core])
        readTensor(t, runsOf(t), marksOf(t.space, owner), add);
    for (const a of access.readCells) readCells(a, cellsOn(core), add);
    for (const t of access.writes)
      for (const owner of targets) writeTensor(t, runsOf(t), marksOf(t.space, owner), options.sizes, add);
    for (const a of access.writeCells) for (const c of cellsOf(a)) cellsOn(core).set(c, a.name);
  });
  return findings;
}

/** The mark of DRAM that is written before the run: a name that no tensor has. */
const LOADED = '';

type Add = (text: string) => void;

function readTensor(t: NamedTensor, runs: readonly number[], marks: Marks, add: Add): void {
  const wrong = marks.find(runs, (name) => name !== t.name && name !== LOADED);
  if (wrong !== undefined)
    add(`reads ${t.name} at ${t.space} byte ${wrong.byte}, which holds ${wrong.name ?? 'nothing'}`);
}

function writeTensor(
  t: NamedTensor,
  runs: readonly number[],
  marks: Marks,
  sizes: ProvenanceOptions['sizes'],
  add: Add,
): void {
  const end = runs.at(-1) ?? 0;
  if (t.space !== 'dram' && end > sizes[t.space])
    add(`writes ${t.name} up to ${t.space} byte ${end} of ${sizes[t.space]}`);
  if (marks.find(runs, (name) => name === LOADED) !== undefined) add(`writes ${t.name} over constants or inputs`);
  marks.write(runs, t.name);
}

function readCells(a: NamedArray, cells: ReadonlyMap<string, string>, add: Add): void {
  const wrong = cellsOf(a).find((c) => cells.get(c) !== a.name);
  if (wrong !== undefined)
    add(`computes with ${a.name}, but plane:macro ${wrong} holds ${cells.get(wrong) ?? 'nothing'}`);
}

function cellsOf(a: NamedArray): string[] {
  return Array.from({ length: a.gridK * a.gridN * a.replicas }, (_, i) => `${a.plane}:${a.firstMacro + i}`);
}

/** The value of a key, made when it is first asked for. */
function ensure<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
