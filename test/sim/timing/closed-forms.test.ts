/** Times that can be counted by hand on teach-8x8: 10 ns a cycle, 64-bit link of 2 cycles, LPDDR4-3200 x16 behind it. */
import { describe, expect, it } from 'vitest';
import { teach8x8 } from '../../../isa/machine/presets/teach-8x8.ts';
import { cyclesAt, dense, executed, ins, semaphore, tile, time, unit, withArray, withCore } from './rig.ts';

const bytes = (space: 'dram' | 'buffer' | 'spad', base: number, n: number) => dense(space, base, 8, [n]);
const vector = { acc: dense('acc', 0, 32, [1, 8]), src: dense('spad', 0, 4, [1, 8]) };
const mm = (fields = {}) => ins('mm', { dst: 0, src: 1, tile: 0, kdims: 1, ...fields });

describe('one matrix-vector multiply', () => {
  it('swap 1 + 4 input bits, then pipeline 2 + scratchpad read 1: free after 5, done after 8 cycles', () => {
    const r = time({ instructions: [mm()], tensors: [vector.acc, vector.src], arrays: [tile(8, 8, 1)] });
    const t = executed(r, 0);
    expect([t.dispatchPs, t.startPs, t.freePs, t.donePs].map(cyclesAt)).toEqual([0, 0, 5, 8]);
    expect(r.cycles).toBe(8);
    expect(r.causes).toEqual({ matrix: 5, 'matrix-pipeline': 3 });
    expect(r.actions).toMatchObject({
      'mac.bit': 8 * 8 * 4,
      'spad.readBit': 32,
      'acc.writeBit': 256,
      'seq.instruction': 2,
    });
  });

  it('four independent ones follow each other every 5 cycles', () => {
    const accs = [0, 32, 64, 96].map((base) => dense('acc', base, 32, [1, 8]));
    const instructions = accs.map((_, i) => mm({ dst: i, src: 4 }));
    const r = time({ instructions, tensors: [...accs, vector.src], arrays: [tile(8, 8, 1)] });
    expect(r.timeline.slice(0, 4).map((t) => cyclesAt(t.startPs))).toEqual([0, 5, 10, 15]);
    expect(r.cycles).toBe(23);
  });

  it('a drain that waits for it starts when it is done', () => {
    const r = time({
      instructions: [
        mm({ signals: [{ semaphore: 1, at: 'done' }] }),
        ins('rq', { dst: 2, src: 0, mode: 'saturate', waits: [1] }),
      ],
      tensors: [vector.acc, vector.src, dense('spad', 64, 8, [1, 8])],
      arrays: [tile(8, 8, 1)],
      semaphores: [semaphore(1, unit('matrix'), unit('drain'))],
    });
    const t = executed(r, 1);
    // Startup 2 + 8 elements over 4 lanes.
    expect([t.startPs, t.freePs, t.donePs].map(cyclesAt)).toEqual([8, 12, 12]);
    expect(t.waitedFor).toBe('semaphore');
    expect(r.causes).toEqual({ matrix: 5, 'matrix-pipeline': 3, drain: 4 });
  });
});

describe('one DMA', () => {
  it('64 B from closed DRAM: set-up 4, DRAM 5, link 8 + 2, and the last word into the scratchpad 1: 20 cycles', () => {
    const r = time({
      instructions: [ins('copy', { dst: 0, src: 1 })],
      tensors: [bytes('spad', 0, 64), bytes('dram', 0, 64)],
    });
    expect(r.cycles).toBe(20);
    // 18.1 ns activation, 21.9 ns read latency, 10 ns of data; the link starts while the second burst is still coming.
    expect(r.causes['dma-setup']).toBe(4);
    expect(r.actions).toMatchObject({
      'dram.activate': 1,
      'dram.readBit': 512,
      'link.bit': 512,
      'spad.writeBit': 512,
      'dram.refresh': 0,
    });
    expect(r.traffic).toEqual([
      { boundary: 'dram', role: 'activations', layer: -1, readBytes: 64, writeBytes: 0 },
      { boundary: 'core', role: 'activations', layer: -1, readBytes: 64, writeBytes: 0 },
    ]);
  });

  it('64 B from the buffer: set-up 4, buffer 2, then words pass buffer, link (2) and scratchpad one behind the other', () => {
    const r = time({
      instructions: [ins('copy', { dst: 0, src: 1 })],
      tensors: [bytes('spad', 0, 64), bytes('buffer', 0, 64)],
    });
    // 4 + (8 + 2) from the buffer; the last word is on the link for 1 + 2 and then written.
    expect(r.cycles).toBe(4 + 10 + 3 + 1);
  });

  it('64 B within the scratchpad: set-up 4, read 8 + 1, the last word written 1', () => {
    const r = time({
      instructions: [ins('copy', { dst: 0, src: 1 })],
      tensors: [bytes('spad', 0, 64), bytes('spad', 64, 64)],
    });
    expect(r.cycles).toBe(4 + 9 + 1);
  });

  it('a fill writes its words: set-up 4 + 8', () => {
    expect(time({ instructions: [ins('fill', { dst: 0 })], tensors: [bytes('spad', 0, 64)] }).cycles).toBe(12);
  });

  it('releases its source when it has been read, and is done when the bytes are there', () => {
    const r = time({
      instructions: [ins('copy', { dst: 1, src: 0 })],
      tensors: [bytes('spad', 0, 64), bytes('dram', 0, 64)],
    });
    const t = executed(r, 0);
    expect(cyclesAt(t.releasePs)).toBe(4 + 9);
    expect(t.donePs).toBeGreaterThan(t.releasePs);
  });

  it('moves at the rate of its slowest part: the 0.8 GB/s link of teach-8x8', () => {
    const machine = withCore(teach8x8, {
      scratchpad: { ...teach8x8.core.scratchpad, sizeBytes: 65536 },
      dma: { ...teach8x8.core.dma, outstanding: 64 },
    });
    const n = 16384;
    const r = time(
      { instructions: [ins('copy', { dst: 0, src: 1 })], tensors: [bytes('spad', 0, n), bytes('dram', 0, n)] },
      machine,
    );
    expect(r.cycles).toBeGreaterThanOrEqual(n / 8);
    // Each 1 KiB piece waits for its 2 cycles of link latency at most, and refreshes hide behind the queue.
    expect(r.cycles).toBeLessThan((n / 8) * 1.05 + 60);
  });

  it('moves outstanding bytes per round trip when few requests may be in flight', () => {
    const one = withCore(teach8x8, { dma: { ...teach8x8.core.dma, outstanding: 1 } });
    const r = time(
      { instructions: [ins('copy', { dst: 0, src: 1 })], tensors: [bytes('spad', 0, 1024), bytes('dram', 0, 1024)] },
      one,
    );
    // A burst of an open row: 5 (26.9 ns and the next edge) + 4 words + link 2 + 1, each before the next.
    const perBurst = (r.cycles - 4) / 32;
    expect(perBurst).toBeGreaterThan(9);
    expect(perBurst).toBeLessThan(12);
    expect(r.causes.outstanding ?? 0).toBe(0);
  });
});

describe('weight write', () => {
  const weights = dense('spad', 0, 8, [8, 1], { coding: 'signed', role: 'weights' });
  it('from the scratchpad: read 8 words 1 + 8, a row a cycle behind it', () => {
    const r = time({ instructions: [ins('ww', { tile: 0, src: 0 })], tensors: [weights], arrays: [tile(8, 1, 8)] });
    // 8 bytes are one word: 1 + 1 to read, 8 rows from its arrival on.
    expect(r.cycles).toBe(2 + 8);
    expect(r.actions['array.writeBit']).toBe(64);
    expect(r.traffic).toEqual([{ boundary: 'array', role: 'weights', layer: -1, readBytes: 8, writeBytes: 0 }]);
  });
});

describe('writing and computing on one array', () => {
  const tensors = [
    dense('acc', 0, 32, [40, 8]),
    dense('spad', 0, 4, [40, 8]),
    dense('spad', 1024, 1, [8, 8], { coding: 'signed', role: 'weights' }),
  ];
  const arrays = [tile(8, 8, 1), tile(8, 8, 1, { plane: 1 })];
  const both = (writeInterference: string) =>
    time(
      { instructions: [mm(), ins('ww', { tile: 1, src: 2 })], tensors, arrays },
      withArray({ writeInterference, writeRowCycles: 4 }),
    );

  it('none: they do not meet', () => {
    expect(cyclesAt(executed(both('none'), 0).freePs)).toBe(1 + 39 * 4 + 4);
    expect(executed(both('none'), 1).waitedFor).toBe('dispatch');
  });
  it('steals: the multiply takes longer by the 8 rows x 4 cycles that were written', () => {
    const r = both('steals');
    expect(cyclesAt(executed(r, 0).freePs)).toBe(161 + 32);
    expect(r.units.find((u) => u.kind === 'matrix')!.stallCycles).toEqual({ array: 32 });
  });
  it('blocks: the write waits until the multiply is done', () => {
    const r = both('blocks');
    expect(executed(r, 1).startPs).toBe(executed(r, 0).donePs);
    expect(executed(r, 1).waitedFor).toBe('array');
  });
});

describe('the sequencer', () => {
  it('dispatches one instruction a cycle and stalls on a full queue', () => {
    const slow = Array.from({ length: 7 }, (_, i) => mm({ dst: i }));
    const accs = slow.map((_, i) => dense('acc', 32 * i, 32, [1, 8]));
    const r = time({
      instructions: slow.map((s) => ({ ...s, src: 7 })) as typeof slow,
      tensors: [...accs, vector.src],
      arrays: [tile(8, 8, 1)],
    });
    // One starts at once, four wait; the sixth needs the second start at 5, the seventh the third at 10.
    expect(r.timeline.slice(0, 7).map((t) => cyclesAt(t.dispatchPs))).toEqual([0, 1, 2, 3, 4, 5, 10]);
    const seq = r.units.find((u) => u.kind === 'seq')!;
    expect(seq).toMatchObject({ instructions: 8, busyCycles: 8, stallCycles: { queue: 4 } });
  });

  it('runs loops without a cycle for the jump back, and scalar instructions itself', () => {
    const r = time({
      instructions: [ins('loop', { count: 5, length: 2 }), ins('addi', { rd: 1, rs: 1, value: 1 }), ins('nop')],
      tensors: [],
    });
    expect(r.cycles).toBe(1 + 5 * 2 + 1);
    expect(r.instructions).toBe(12);
  });

  it('waits for a line of code that is not there: fetched from DRAM, over the port of fetch', () => {
    const cold = time({ instructions: [ins('nop')], tensors: [] }, teach8x8, {});
    // 50 ns of DRAM from 0; then 4 words of 128 bits, and 2 for the way.
    expect(cyclesAt(executed(cold, 0).dispatchPs)).toBe(5 + 4 + 2);
    expect(cold.causes.fetch).toBe(11);
    expect(cold.actions['seq.fetchBit']).toBe(512);
    expect(cold.traffic).toContainEqual({
      boundary: 'dram',
      role: 'instructions',
      layer: -1,
      readBytes: 64,
      writeBytes: 0,
    });
  });

  it('fetches while data moves, without taking the link from it', () => {
    const instructions = [ins('copy', { dst: 0, src: 1 }), ...Array.from({ length: 20 }, () => ins('nop'))];
    const parts = { instructions, tensors: [bytes('spad', 0, 64), bytes('buffer', 0, 64)] };
    const cold = executed(time(parts, teach8x8, {}), 0);
    const warm = executed(time(parts), 0);
    expect(cold.donePs - cold.startPs).toBe(warm.donePs - warm.startPs);
  });

  it('fetches a loop that fits once, one that does not again', () => {
    const body = Array.from({ length: 40 }, () => ins('nop'));
    const parts = { instructions: [ins('loop', { count: 3, length: 40 }), ...body], tensors: [] };
    const lines = Math.ceil((42 * 16) / 64);
    expect(time(parts, teach8x8, {}).actions['seq.fetchBit']).toBe(lines * 512);
    const small = withCore(teach8x8, {
      sequencer: { ...teach8x8.core.sequencer, instructionBytes: 256, descriptorEntries: 1 },
    });
    expect(time(parts, small, {}).actions['seq.fetchBit']).toBeGreaterThan(2.5 * lines * 512);
  });
});
