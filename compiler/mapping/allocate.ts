/**
 * Addresses by lifetime: blocks that live at different times share bytes, each at the lowest free address. Largest first is the best known simple rule for
 * offline dynamic storage allocation; where it leaves a block without room though bytes are free at each step, longest-lived first is tried, then what
 * found no room goes in front, again and again. A block that does not fit after all has address null.
 */

export interface Block {
  readonly name: string;
  readonly sizeBytes: number;
  /** First and last step of life, inclusive. */
  readonly first: number;
  readonly last: number;
  /** Blocks of different lanes live at once, whatever their steps. */
  readonly lane?: number;
}

export interface Placed {
  readonly block: Block;
  readonly address: number | null;
}

/** Further orders that are tried. */
const REPAIRS = 48;

/** Places blocks in [0, sizeBytes); results are in the order of `blocks`. */
export function allocate(blocks: readonly Block[], sizeBytes: number, alignBytes: number): readonly Placed[] {
  const largest = (a: Block, b: Block): number => b.sizeBytes - a.sizeBytes;
  const longest = (a: Block, b: Block): number => b.last - b.first - (a.last - a.first);
  const first = placeInOrder(blocks.toSorted(largest), sizeBytes, alignBytes);
  const resultOf = (found: Placement): readonly Placed[] =>
    blocks.map((block) => ({ block, address: found.addresses.get(block) ?? null }));
  if (first.misfit === null || peakBytes(blocks, alignBytes) > sizeBytes) return resultOf(first);
  let order = blocks.toSorted((a, b) => longest(a, b) || largest(a, b));
  for (let i = 0; i < REPAIRS; i++) {
    const found = placeInOrder(order, sizeBytes, alignBytes);
    const { misfit } = found;
    if (misfit === null) return resultOf(found);
    order = [misfit, ...order.filter((b) => b !== misfit)];
  }
  return resultOf(first);
}

interface Placement {
  readonly addresses: ReadonlyMap<Block, number>;
  /** The first that found no room. */
  readonly misfit: Block | null;
}

function placeInOrder(order: readonly Block[], sizeBytes: number, alignBytes: number): Placement {
  const shelf = new Shelf(order.length, alignBytes);
  const addresses = new Map<Block, number>();
  let misfit: Block | null = null;
  for (const block of order) {
    const address = shelf.lowest(block);
    if (address + block.sizeBytes > sizeBytes) {
      misfit ??= block;
      continue;
    }
    shelf.put(block, address);
    addresses.set(block, address);
  }
  return { addresses, misfit };
}

/** Blocks at their addresses, lowest first. Numbers lie in columns, because every block is compared with most others. */
class Shelf {
  readonly #alignBytes: number;
  readonly #starts: Float64Array;
  /** Where the next block may start behind it. */
  readonly #ends: Float64Array;
  readonly #firsts: Float64Array;
  readonly #lasts: Float64Array;
  readonly #lanes: Float64Array;
  #count = 0;

  constructor(most: number, alignBytes: number) {
    this.#alignBytes = alignBytes;
    const column = () => new Float64Array(most);
    [this.#starts, this.#ends, this.#firsts, this.#lasts, this.#lanes] = [
      column(),
      column(),
      column(),
      column(),
      column(),
    ];
  }

  /** The lowest address at which a block is beside all that live with it. */
  lowest({ sizeBytes, first, last, lane = NO_LANE }: Block): number {
    let address = 0;
    for (let i = 0; i < this.#count; i++) {
      const apart = this.#firsts[i]! > last || first > this.#lasts[i]!;
      if (apart && this.#lanes[i] === lane) continue;
      if (this.#starts[i]! >= address + sizeBytes) break;
      if (this.#ends[i]! > address) address = this.#ends[i]!;
    }
    return address;
  }

  put({ sizeBytes, first, last, lane = NO_LANE }: Block, address: number): void {
    let at = this.#count;
    while (at > 0 && this.#starts[at - 1]! > address) at--;
    const insert = (column: Float64Array, value: number): void => {
      column.copyWithin(at + 1, at, this.#count);
      column[at] = value;
    };
    insert(this.#starts, address);
    insert(this.#ends, Math.ceil((address + sizeBytes) / this.#alignBytes) * this.#alignBytes);
    insert(this.#firsts, first);
    insert(this.#lasts, last);
    insert(this.#lanes, lane);
    this.#count++;
  }
}

/** Blocks without a lane have one in common. */
const NO_LANE = -1;

/** The most bytes alive at once, which no order can do with less than. */
function peakBytes(blocks: readonly Block[], alignBytes: number): number {
  let total = 0;
  for (const lane of new Set(blocks.map((b) => b.lane))) {
    const own = blocks.filter((b) => b.lane === lane);
    const aliveBytes = (step: number): number =>
      aliveAt(own, step).reduce((sum, b) => sum + Math.ceil(b.sizeBytes / alignBytes) * alignBytes, 0);
    total += Math.max(...own.map((b) => aliveBytes(b.first)));
  }
  // The last block of all may end between two multiples.
  return total - alignBytes + 1;
}

/** Bytes alive at a step, largest first: what a capacity error names. */
export function aliveAt(blocks: readonly Block[], step: number): readonly Block[] {
  return blocks.filter((b) => b.first <= step && step <= b.last).sort((a, b) => b.sizeBytes - a.sizeBytes);
}
