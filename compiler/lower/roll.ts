/**
 * Finds loops in a finished straight-line program and writes them as loops: rounds that differ only in bases and origins that
 * move by constant steps. The dispatched stream of instructions stays the same, one by one, with the same semaphores, so
 * nothing that was proved of it changes; only register updates are added. Shorter code is less to fetch and fits the
 * instruction memory. Greedy, inner loops first.
 */
import { LIMITS } from '../../isa/tensor.ts';
import type { Draft, NamedTensor } from './draft.ts';
import { at } from './layout.ts';
import type { Ordered } from './order.ts';
import type { LeafToken, LoopToken, Nest, Token } from './tokens.ts';
import { eachMoving, fitsRegisters, leafToken, loopToken, StreamSet, sizeOfToken, TokenKeys } from './tokens.ts';

/** Instructions of the sequencer that rolling adds. */
export type Control =
  | { readonly op: 'li'; readonly layer: number; readonly rd: number; readonly value: number }
  | { readonly op: 'addi'; readonly layer: number; readonly rd: number; readonly rs: number; readonly value: number }
  | {
      readonly op: 'loop';
      readonly layer: number;
      readonly count: number;
      readonly length: number;
      readonly times: number;
    };

export interface Rolled {
  readonly draft: Ordered['draft'] | Control;
  readonly waits: Ordered['waits'];
  readonly signals: Ordered['signals'];
}

/** Longest bodies that one search pass looks for; inner loops first. */
const PASSES = [4, 16, 64, 256, 1024] as const;
/** Earlier places of the same instruction that are tried as the length of a body. */
const CANDIDATES = 6;
const REGISTERS = LIMITS.registers - 1;

export function roll(instructions: readonly Ordered[]): readonly Rolled[] {
  const keys = new TokenKeys();
  let tokens: readonly Token[] = instructions.map((i) => leafToken(i, keys));
  for (const longest of PASSES) tokens = findLoops(tokens, longest, keys);
  return tokens.flatMap((t) => (t.kind === 'leaf' ? [t.instruction] : writeNest(t)));
}

interface Found {
  readonly loop: LoopToken;
  readonly consumed: number;
  readonly saved: number;
}

function findLoops(tokens: readonly Token[], longest: number, keys: TokenKeys): Token[] {
  const next = nextSame(tokens, keys.count);
  const out: Token[] = [];
  for (let i = 0; i < tokens.length; ) {
    let best: Found | null = null;
    let j = at(next, i);
    for (let tries = 0; j > 0 && j - i <= longest && tries < CANDIDATES; tries++, j = at(next, j)) {
      const found = tryLoop(tokens, i, j - i, best?.saved ?? 0, keys);
      if (found !== null) best = found;
    }
    if (best === null) {
      out.push(at(tokens, i));
      i++;
    } else {
      out.push(best.loop);
      i += best.consumed;
    }
  }
  return out;
}

/** For each place the next one with the same key, 0 for none. */
function nextSame(tokens: readonly Token[], distinct: number): Int32Array {
  const seen = new Int32Array(distinct);
  const next = new Int32Array(tokens.length);
  for (let i = tokens.length - 1; i >= 0; i--) {
    const { key } = tokens[i]!;
    next[i] = seen[key]!;
    seen[key] = i;
  }
  return next;
}

/** The longest loop of `length`-token rounds from `start` on, when it saves more instructions than `least`. */
function tryLoop(
  tokens: readonly Token[],
  start: number,
  length: number,
  least: number,
  keys: TokenKeys,
): Found | null {
  const sameKeys = (round: number): boolean => {
    for (let j = 0; j < length; j++)
      if (tokens[start + j]!.key !== tokens[start + round * length + j]!.key) return false;
    return true;
  };
  if (start + 2 * length > tokens.length || !sameKeys(1)) return null;
  const deltas: number[] = [];
  for (let j = 0; j < length; j++) {
    const first = at(tokens, start + j).params;
    at(tokens, start + length + j).params.forEach((p, q) => deltas.push(p - first[q]!));
  }
  let count = 2;
  while (
    start + (count + 1) * length <= tokens.length &&
    sameKeys(count) &&
    movesBy(tokens, start + (count - 1) * length, length, deltas)
  )
    count++;
  const body = tokens.slice(start, start + length);
  const size = body.reduce((n, b) => n + sizeOfToken(b), 0);
  const streams = new Set(deltas.filter((d) => d !== 0)).size;
  const saved = (count - 1) * size - 1 - 2 * streams;
  if (saved <= least || size > 60000 || streams > REGISTERS) return null;
  const nest: Nest = { kind: 'loop', body, count, deltas };
  return fitsRegisters(nest, REGISTERS) ? { loop: loopToken(nest, keys), consumed: count * length, saved } : null;
}

/** Whether the round behind `from` differs from the one at `from` by exactly `deltas`. */
function movesBy(tokens: readonly Token[], from: number, length: number, deltas: readonly number[]): boolean {
  let q = 0;
  for (let j = 0; j < length; j++) {
    const now = at(tokens, from + j).params;
    const then = at(tokens, from + length + j).params;
    for (let p = 0; p < now.length; p++, q++) if (then[p]! - now[p]! !== deltas[q]) return false;
  }
  return true;
}

/** Code of one outermost loop: registers cleared, then the nest with its updates. */
function writeNest(nest: LoopToken): Rolled[] {
  const streams = new StreamSet();
  const moved = new Map<LeafToken, { readonly field: string; readonly which: number; readonly register: number }[]>();
  eachMoving(nest, (leaf, slice, which, stream) => {
    const register = streams.number(stream) + 1;
    moved.set(leaf, [...(moved.get(leaf) ?? []), { field: slice.field, which, register }]);
    return true;
  });
  const layer = layerOf(nest);
  const updates = new Map<Nest, Rolled[]>();
  for (const { stream, number } of streams.all()) {
    stream.loops.forEach((loop, level) => {
      const inner = stream.loops[level + 1];
      const value = at(stream.deltas, level) - (inner === undefined ? 0 : inner.count * at(stream.deltas, level + 1));
      if (value === 0) return;
      const update = control({ op: 'addi', layer, rd: number + 1, rs: number + 1, value });
      updates.set(loop, [...(updates.get(loop) ?? []), update]);
    });
  }
  const write = (token: Token): Rolled[] => {
    if (token.kind === 'leaf') return [withRegisters(token, moved.get(token) ?? [])];
    const body = [...token.body.flatMap(write), ...(updates.get(token) ?? [])];
    return [control({ op: 'loop', layer: layerOf(token), count: token.count, length: body.length, times: 0 }), ...body];
  };
  return [...streams.all().map(({ number }) => control({ op: 'li', layer, rd: number + 1, value: 0 })), ...write(nest)];
}

function control(draft: Control): Rolled {
  return { draft, waits: [], signals: [] };
}

function layerOf(token: Token): number {
  return token.kind === 'leaf' ? token.instruction.draft.layer : layerOf(at(token.body, 0));
}

function withRegisters(
  leaf: LeafToken,
  moves: readonly { readonly field: string; readonly which: number; readonly register: number }[],
): Rolled {
  if (moves.length === 0) return leaf.instruction;
  const draft: Record<string, unknown> = { ...leaf.instruction.draft };
  for (const { field, which, register } of moves) {
    const t = draft[field] as NamedTensor;
    draft[field] =
      which === 0
        ? { ...t, baseRegister: register }
        : { ...t, originRegisters: [...t.originRegisters, { axis: which - 1, register }] };
  }
  return { ...leaf.instruction, draft: draft as unknown as Draft };
}
