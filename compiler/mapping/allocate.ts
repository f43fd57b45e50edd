/**
 * Addresses by lifetime: blocks that live at different times share bytes. Largest first, each at the lowest free address
 * (best known simple rule for offline dynamic storage allocation). A block that does not fit has address null.
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

/** Places blocks in [0, sizeBytes); results are in the order of `blocks`. */
export function allocate(blocks: readonly Block[], sizeBytes: number, alignBytes: number): readonly Placed[] {
  const order = blocks
    .map((block, index) => ({ block, index }))
    .sort((a, b) => b.block.sizeBytes - a.block.sizeBytes || a.index - b.index);
  const placed: { readonly block: Block; readonly address: number }[] = [];
  const out: (number | null)[] = blocks.map(() => null);
  for (const { block, index } of order) {
    const rivals = placed
      .filter((p) => p.block.lane !== block.lane || (p.block.first <= block.last && block.first <= p.block.last))
      .sort((a, b) => a.address - b.address);
    let address = 0;
    for (const r of rivals) {
      if (r.address >= address + block.sizeBytes) break;
      address = Math.max(address, Math.ceil((r.address + r.block.sizeBytes) / alignBytes) * alignBytes);
    }
    if (address + block.sizeBytes > sizeBytes) continue;
    placed.push({ block, address });
    out[index] = address;
  }
  return blocks.map((block, i) => ({ block, address: out[i] ?? null }));
}

/** Bytes alive at a step, largest first: what a capacity error names. */
export function aliveAt(blocks: readonly Block[], step: number): readonly Block[] {
  return blocks.filter((b) => b.first <= step && step <= b.last).sort((a, b) => b.sizeBytes - a.sizeBytes);
}
