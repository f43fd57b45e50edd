/**
 * Instructions as tokens for loop finding: a key that stands for everything a loop cannot change (operation, walks, waits, signals), and
 * the numbers that a register can move from one round to the next (bases and axis origins). A loop is a token again,
 * so that loops of loops are found by the same search.
 */
import { LIMITS } from '../../isa/tensor.ts';
import type { NamedTensor } from './draft.ts';
import { Keys, WalkKeys } from './keys.ts';
import { at } from './layout.ts';
import type { Ordered } from './order.ts';

/** Where the numbers of one tensor operand start in a token's parameters: base, then one origin per axis. */
export interface Slice {
  readonly field: string;
  readonly start: number;
  readonly axes: number;
}

export interface LeafToken {
  readonly kind: 'leaf';
  readonly key: number;
  readonly params: readonly number[];
  readonly slices: readonly Slice[];
  readonly instruction: Ordered;
}

/** A loop that may become a token. */
export interface Nest {
  readonly kind: 'loop';
  readonly body: readonly Token[];
  readonly count: number;
  /** What a round adds to each parameter. */
  readonly deltas: readonly number[];
}

export interface LoopToken extends Nest {
  readonly key: number;
  /** Parameters of the first round, body token by body token. */
  readonly params: readonly number[];
}

export type Token = LeafToken | LoopToken;

/** What tells the instructions of one program apart. */
export class TokenKeys extends Keys {
  readonly walks = new WalkKeys();
  readonly #texts = new Map<object, string>();

  /** Text of an operand that is neither a number nor a tensor; many instructions share one object. */
  textOf(operand: object): string {
    const text = this.#texts.get(operand) ?? JSON.stringify(operand);
    this.#texts.set(operand, text);
    return text;
  }
}

const TENSOR_FIELDS: ReadonlySet<string> = new Set(['dst', 'src', 'a', 'b', 'params', 'add', 'index']);

export function leafToken(instruction: Ordered, keys: TokenKeys): LeafToken {
  const draft = instruction.draft as unknown as Readonly<Record<string, unknown>>;
  const params: number[] = [];
  const slices: Slice[] = [];
  let text = '';
  for (const field in draft) {
    const value = draft[field];
    if (value === null || typeof value !== 'object') text += `${field}=${String(value)};`;
    else if (!TENSOR_FIELDS.has(field)) text += `${field}=${keys.textOf(value)};`;
    else {
      const t = value as NamedTensor;
      slices.push({ field, start: params.length, axes: t.axes.length });
      params.push(t.base);
      for (const axis of t.axes) params.push(axis.origin);
      text += `${field}=${keys.walks.number(t)};`;
    }
  }
  for (const w of instruction.waits) text += `${w},`;
  for (const s of instruction.signals) text += `>${s.semaphore}${s.at}`;
  return { kind: 'leaf', key: keys.number(text), params, slices, instruction };
}

export function loopToken(nest: Nest, keys: TokenKeys): LoopToken {
  const { body, count, deltas } = nest;
  const key = keys.number(`loop ${count} [${body.map((b) => b.key).join('|')}] ${deltas.join()}`);
  return { ...nest, key, params: body.flatMap((b) => b.params) };
}

/** Instructions that a token is in the program, register updates not counted. */
export function sizeOfToken(token: Token): number {
  return token.kind === 'leaf' ? 1 : 1 + token.body.reduce((n, b) => n + sizeOfToken(b), 0);
}

/** One way in which registers must move: the loops around an operand and what each adds. */
export interface Stream {
  /** Loops from the outside in. */
  readonly loops: readonly Nest[];
  readonly deltas: readonly number[];
}

/**
 * Calls `visit` for each moving parameter of each leaf under `nest`: leaf, operand, which of its numbers (0 is the base), and how it moves.
 * Parameters that no loop moves are left out. Ends, and gives false, as soon as `visit` does.
 */
export function eachMoving(
  nest: Nest,
  visit: (leaf: LeafToken, slice: Slice, which: number, stream: Stream) => boolean,
): boolean {
  // `firsts`: by loop, where the parameters of `t` start among those of the loop.
  const walk = (t: Nest | LeafToken, loops: readonly Nest[], firsts: readonly number[]): boolean => {
    if (t.kind === 'loop') {
      let first = 0;
      for (const b of t.body) {
        const from = first;
        if (!walk(b, [...loops, t], [...firsts.map((f) => f + from), from])) return false;
        first += b.params.length;
      }
      return true;
    }
    const moves = (p: number): boolean => loops.some((loop, l) => loop.deltas[firsts[l]! + p] !== 0);
    for (const slice of t.slices) {
      for (let which = 0; which <= slice.axes; which++) {
        const p = slice.start + which;
        if (!moves(p)) continue;
        const deltas = loops.map((loop, l) => at(loop.deltas, at(firsts, l) + p));
        if (!visit(t, slice, which, { loops, deltas })) return false;
      }
    }
    return true;
  };
  return walk(nest, [], []);
}

/** Whether registers suffice for a loop nest, and every operand moves at most two origins. */
export function fitsRegisters(nest: Nest, registers: number): boolean {
  const streams = new StreamSet();
  const origins = new Map<string, number>();
  const leaves = new Map<LeafToken, number>();
  const fits = eachMoving(nest, (leaf, slice, which, stream) => {
    if (streams.number(stream) >= registers) return false;
    if (which === 0) return true;
    const id = leaves.get(leaf) ?? leaves.size;
    leaves.set(leaf, id);
    const key = `${id} ${slice.field}`;
    const n = (origins.get(key) ?? 0) + 1;
    origins.set(key, n);
    return n <= LIMITS.originRegisters;
  });
  return fits && depthOf(nest) <= LIMITS.loopDepth;
}

function depthOf(token: Nest | LeafToken): number {
  return token.kind === 'leaf' ? 0 : 1 + Math.max(...token.body.map(depthOf));
}

/** Numbers equal streams once. */
export class StreamSet {
  readonly #loops = new Map<Nest, number>();
  readonly #streams = new Map<string, { readonly stream: Stream; readonly number: number }>();

  number(stream: Stream): number {
    const path = stream.loops.map((l) => {
      const id = this.#loops.get(l) ?? this.#loops.size;
      this.#loops.set(l, id);
      return id;
    });
    const key = `${path.join('/')}:${stream.deltas.join('/')}`;
    const known = this.#streams.get(key) ?? { stream, number: this.#streams.size };
    this.#streams.set(key, known);
    return known.number;
  }

  all(): readonly { readonly stream: Stream; readonly number: number }[] {
    return [...this.#streams.values()];
  }
}
