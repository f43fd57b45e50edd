/** One probe for each unit and memory, with the count by hand beside it; what closed-forms.test.ts has is not repeated. teach-8x8 unless said. */
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../isa/base/random.ts';
import { teach8x8 } from '../../../isa/machine/presets/teach-8x8.ts';
import { BankedPort } from '../../../sim/timing/banked-port.ts';
import {
  CYCLE,
  cyclesAt,
  dense,
  executed,
  expectEarliest,
  ins,
  semaphore,
  tile,
  time,
  unit,
  withArray,
  withCore,
} from './rig.ts';

const bytes = (space: 'dram' | 'buffer' | 'spad', base: number, n: number) => dense(space, base, 8, [n]);
const times = (t: { startPs: number; freePs: number; donePs: number }) => [t.startPs, t.freePs, t.donePs].map(cyclesAt);

describe('matrix unit, systolic 4 x 4', () => {
  const systolic = (change: Record<string, number | string> = {}) =>
    withCore(teach8x8, {
      matrix: {
        kind: 'systolic',
        rows: 4,
        columns: 4,
        dataflow: 'weight-stationary',
        planes: 2,
        preload: 'overlapped',
        setupCycles: 2,
        writeBits: 32,
        feedBits: 64,
        weightBitsMin: 8,
        weightBitsMax: 8,
        inputBitsMin: 8,
        inputBitsMax: 8,
        ...change,
      } as (typeof teach8x8)['core']['matrix'],
    });
  const tensors = [
    dense('acc', 0, 32, [6, 4]),
    dense('spad', 0, 8, [6, 4]),
    dense('spad', 64, 8, [4, 4], { coding: 'signed', role: 'weights' }),
  ];
  const mm = (fields = {}) => ins('mm', { dst: 0, src: 1, tile: 0, kdims: 1, ...fields });
  const ww = (at: number) => ins('ww', { tile: at, src: 2 });
  const arrays = [tile(4, 4, 8), tile(4, 4, 8, { plane: 1 })];

  it('6 vectors, one a cycle behind 2 of set-up; then the skew 4 + 4 - 2 and the scratchpad read', () => {
    const r = time({ instructions: [mm()], tensors, arrays }, systolic());
    expect(times(executed(r, 0))).toEqual([0, 2 + 6, 2 + 6 + 6 + 1]);
    expect(r.actions['systolic.mac']).toBe(6 * 4 * 4);
  });
  it('an output-stationary one folds 6 x 4 results over its 4 x 4 cells: 2 folds of K = 4 steps', () => {
    const r = time({ instructions: [mm()], tensors, arrays }, systolic({ dataflow: 'output-stationary' }));
    expect(cyclesAt(executed(r, 0).freePs)).toBe(2 + 2 * 4);
  });
  it('takes a row of weights a cycle: 2 words read behind latency 1, 4 rows from the first word on', () => {
    const r = time({ instructions: [ww(0)], tensors, arrays }, systolic());
    expect(times(executed(r, 0))).toEqual([0, 3, 2 + 4]);
  });
  it('loads the other plane meanwhile, or not where preload is exposed', () => {
    const both = (preload: string) => time({ instructions: [mm(), ww(1)], tensors, arrays }, systolic({ preload }));
    expect(cyclesAt(executed(both('overlapped'), 1).startPs)).toBe(1);
    expect(cyclesAt(executed(both('exposed'), 1).startPs)).toBe(15);
    expect(executed(both('exposed'), 1).waitedFor).toBe('array');
  });
});

describe('matrix unit, digital CIM', () => {
  const tensors = [dense('acc', 0, 32, [4, 8]), dense('spad', 0, 1, [1, 8]), dense('spad', 0, 4, [4, 8])];
  const arrays = [tile(8, 8, 1)];

  it('one bit a vector: the same accumulators come round again after 2 + (2 - 1) cycles, not before', () => {
    const once = { ...tensors[0]!, dims: [{ count: 1, axis: 0, step: 1 }, tensors[0]!.dims[1]!] };
    const mm = (accumulate: boolean) => ins('mm', { dst: 0, src: 1, tile: 0, kdims: 1, accumulate });
    expectEarliest({ earlier: mm(false), probe: mm(true), tensors: [once, tensors[1]!], arrays }, 3);
  });
  it('narrow accumulator ports set the pace: 8 words read and 8 written a vector, in two banks', () => {
    const machine = withCore(teach8x8, { accumulators: { ...teach8x8.core.accumulators, portBits: 32 } });
    const mm = ins('mm', { dst: 0, src: 2, tile: 0, kdims: 1, accumulate: true });
    const r = time({ instructions: [mm], tensors, arrays }, machine);
    // 4 vectors x 16 words at two a cycle; the last words follow the last input bits, 1 + 3 x 8 + 4 = 29.
    expect(cyclesAt(executed(r, 0).freePs)).toBe(32);
    expect(r.causes).toMatchObject({ matrix: 29, 'accumulator-port': 3 });
  });
  it('a second column of a shared tree and half the rows at once: 4 bits x 2 x 2 a vector', () => {
    const mm = ins('mm', { dst: 0, src: 2, tile: 0, kdims: 1 });
    const r = time({ instructions: [mm], tensors, arrays }, withArray({ columnMux: 2, rowsAtOnce: 4 }));
    expect(cyclesAt(executed(r, 0).freePs)).toBe(1 + 4 * 16);
  });
});

describe('drain', () => {
  it('works on tile 0 while the matrix unit works on tile 1', () => {
    const tensors = [
      dense('acc', 0, 32, [4, 8]),
      dense('acc', 128, 32, [4, 8]),
      dense('spad', 0, 4, [4, 8]),
      dense('spad', 256, 8, [4, 8]),
      dense('spad', 512, 8, [4, 8]),
    ];
    const mm = (dst: number) => ins('mm', { dst, src: 2, tile: 0, kdims: 1, signals: [{ semaphore: 1, at: 'done' }] });
    const rq = (src: number, dst: number) => ins('rq', { dst, src, mode: 'saturate', waits: [1] });
    const r = time({
      instructions: [mm(0), mm(1), rq(0, 3), rq(1, 4)],
      tensors,
      arrays: [tile(8, 8, 1)],
      semaphores: [semaphore(1, unit('matrix'), unit('drain'))],
    });
    // A product: 1 + 4 x 4 cycles and 3 behind; a drain: 2 + 32 / 4. One after the other they would take 60.
    expect(times(executed(r, 0))).toEqual([0, 17, 20]);
    expect(times(executed(r, 1))).toEqual([17, 34, 37]);
    expect(times(executed(r, 2))).toEqual([20, 30, 30]);
    expect(times(executed(r, 3))).toEqual([37, 47, 47]);
    expect(r.cycles).toBe(47);
  });
});

describe('vector', () => {
  const one = (i: ReturnType<typeof ins>, tensors: Parameters<typeof time>[0]['tensors']) =>
    times(executed(time({ instructions: [i], tensors }), 0));
  const s8 = (base: number, shape: readonly number[]) => dense('spad', base, 8, shape, { coding: 'signed' });

  it('adds 16 elements in 4 lanes behind 2 of start-up; the read latency shows at the end', () => {
    const tensors = [s8(0, [16]), s8(64, [16]), s8(128, [16])];
    expect(one(ins('vadd', { dst: 2, a: 0, b: 1 }), tensors)).toEqual([0, 2 + 4, 2 + 4 + 1]);
  });
  it('32-bit operands come at one word a cycle: 2 x 16 x 32 / 64', () => {
    const tensors = [0, 64, 128].map((base) => dense('spad', base, 32, [16], { coding: 'signed' }));
    expect(one(ins('vadd', { dst: 2, a: 0, b: 1 }), tensors)).toEqual([0, 2 + 16, 2 + 16 + 1]);
  });
  it('a sum over 16 has log2(16) levels behind the lanes', () => {
    expect(
      one(ins('vred', { dst: 1, a: 0, kdims: 1 }), [s8(0, [16]), dense('spad', 64, 32, [1], { coding: 'signed' })]),
    ).toEqual([0, 2 + 4, 2 + 4 + 4 + 1]);
  });
  it('divides at 4 cycles an element and lane', () => {
    const tensors = [0, 64, 128].map((base) => dense('spad', base, 32, [16], { coding: 'float' }));
    expect(one(ins('vdiv', { dst: 2, a: 0, b: 1 }), tensors)).toEqual([0, 2 + 16, 2 + 16 + 1]);
  });
  it('what needs the result before it starts when that is done, not a cycle earlier', () => {
    const tensors = [s8(0, [16]), s8(64, [16]), s8(128, [16])];
    const vadd = (a: number, dst: number) => ins('vadd', { dst, a, b: a });
    expectEarliest({ earlier: vadd(0, 1), probe: vadd(1, 2), tensors }, 7);
  });
});

describe('DMA', () => {
  it('one request in flight: each burst of 32 B makes its whole way before the next', () => {
    const machine = withCore(teach8x8, { dma: { ...teach8x8.core.dma, outstanding: 1 } });
    const r = time(
      { instructions: [ins('copy', { dst: 0, src: 1 })], tensors: [bytes('spad', 0, 1024), bytes('dram', 0, 1024)] },
      machine,
    );
    // Set-up 4; an open row: 26.9 ns and the next edge 3, link 4 + 2, last word 1; the first opens the row, 45 ns: 5 instead of 3.
    expect(r.cycles).toBe(4 + 2 + 32 * (3 + 4 + 2 + 1));
  });
  it('two pieces of 64 B in flight keep the link busy: 8 words each', () => {
    const r = time({
      instructions: [ins('copy', { dst: 0, src: 1 })],
      tensors: [bytes('spad', 0, 1024), bytes('dram', 0, 1024)],
    });
    expect(r.cycles).toBe(20 + 15 * 8);
  });
  it('channels work at once and share the link', () => {
    const r = time({
      instructions: [ins('copy', { dst: 0, src: 2 }), ins('copy', { dst: 1, src: 3, channel: 1 })],
      tensors: [bytes('spad', 0, 64), bytes('spad', 64, 64), bytes('dram', 0, 64), bytes('dram', 64, 64)],
    });
    // The second was ready for the link at 10 and gets it at 17: 8 words, 2 for the way, the last one written.
    expect([0, 1].map((pc) => cyclesAt(executed(r, pc).donePs))).toEqual([20, 28]);
    expect(r.units.find((u) => u.kind === 'dma' && u.channel === 1)!.stallCycles.interconnect).toBeGreaterThan(0);
  });
  it('a channel writes one word a cycle, in however many pieces', () => {
    expect(time({ instructions: [ins('fill', { dst: 0 })], tensors: [bytes('spad', 0, 256)] }).cycles).toBe(4 + 32);
  });
});

describe('weight write', () => {
  it('two tiles follow each other at the one write port, though the second was read meanwhile', () => {
    const weights = dense('spad', 0, 8, [8, 1], { coding: 'signed', role: 'weights' });
    const arrays = [tile(8, 1, 8), tile(8, 1, 8, { plane: 1 })];
    const r = time({ instructions: [0, 1].map((t) => ins('ww', { tile: t, src: 0 })), tensors: [weights], arrays });
    expect(times(executed(r, 0))).toEqual([0, 2, 10]);
    expect(times(executed(r, 1))).toEqual([2, 4, 18]);
  });
});

describe('banks', () => {
  const ask = (port: BankedPort, who: number, words: number, overCycles = 0) => {
    const told: number[] = [];
    port.request({
      who: { age: who, unit: who, part: 0 },
      words,
      write: false,
      streams: 1,
      overCycles,
      from: 0,
      served: (start, end, waited) => told.push(start / CYCLE, end / CYCLE, waited / CYCLE),
    });
    return told;
  };
  const two = (banks: number, overCycles = 0) => {
    const port = new BankedPort(CYCLE, banks);
    const told = [ask(port, 1, 8, overCycles), ask(port, 2, 8)];
    port.settle(0);
    return told;
  };

  it('one bank: one after the other', () =>
    expect(two(1)).toEqual([
      [0, 8, 0],
      [8, 16, 8],
    ]));
  it('two banks: the younger goes at 2 / 3 for 8 cycles, 5.3 words, then at 1: 11 cycles', () =>
    expect(two(2)).toEqual([
      [0, 8, 0],
      [0, 11, 3],
    ]));
  it('four banks: at 4 / 5 for 8 cycles, 6.4 words: 10 cycles', () =>
    expect(two(4)).toEqual([
      [0, 8, 0],
      [0, 10, 2],
    ]));
  it('against one word in four cycles it loses less: 8 / 9 of 2 banks', () =>
    expect(two(2, 32)).toEqual([
      [0, 32, 0],
      [0, 9, 1],
    ]));

  it('lies between addresses at random and two ascending streams, counted access by access on 2 banks', () => {
    /** Accesses a cycle of a stream that is turned away wherever the older one has the bank. */
    const counted = (next: (i: number) => number, older: (cycle: number) => number) => {
      let done = 0;
      for (let cycle = 0; cycle < 20_000; cycle++) if (next(done) !== older(cycle)) done += 1;
      return done / 20_000;
    };
    const random = createRandom(1);
    const anywhere = Array.from({ length: 20_000 }, () => random.int(0, 1));
    const both = counted(
      () => random.int(0, 1),
      (cycle) => anywhere[cycle]!,
    );
    const ascending = counted(
      (i) => i % 2,
      (cycle) => cycle % 2,
    );
    const mixed = counted(
      (i) => anywhere[i]!,
      (cycle) => cycle % 2,
    );
    expect([both, mixed, ascending].map((r) => Math.round(r * 50) / 50)).toEqual([0.5, 0.66, 1]);
    expect(Math.abs(mixed - 2 / 3)).toBeLessThan(0.01);
  });

  it('two channels that fill one scratchpad: 8 words at 2 / 3 while the other is there', () => {
    const fill = (dst: number, channel: number) => ins('fill', { dst, channel });
    const r = time({ instructions: [fill(0, 0), fill(1, 1)], tensors: [bytes('spad', 0, 64), bytes('spad', 64, 64)] });
    // Set-up until 5; 7 cycles at 2 / 3 until the first is through at 12, the other 3.3 words in 4.
    expect([0, 1].map((pc) => cyclesAt(executed(r, pc).donePs))).toEqual([12, 16]);
    expect(r.causes).toMatchObject({ 'dma-setup': 4, transfer: 8, bank: 3 });
  });
  it('a buffer of one bank serves one channel after the other', () => {
    const machine = {
      ...teach8x8,
      buffer: { ...teach8x8.buffer, banks: 1 },
      interconnect: { ...teach8x8.interconnect, linkBits: 512 },
    };
    const r = time(
      {
        instructions: [ins('copy', { dst: 0, src: 2 }), ins('copy', { dst: 1, src: 3, channel: 1 })],
        tensors: [bytes('spad', 0, 64), bytes('spad', 64, 64), bytes('buffer', 0, 64), bytes('buffer', 64, 64)],
      },
      machine,
    );
    // 4 + 8 + 2 from the buffer, 3 on the wide link, the last word written; the second begins to read at 12 instead of 5.
    expect([0, 1].map((pc) => cyclesAt(executed(r, pc).donePs))).toEqual([18, 26]);
    expect(r.units.find((u) => u.kind === 'dma' && u.channel === 1)!.stallCycles['buffer-port']).toBe(7);
  });
});

describe('DRAM', () => {
  it('refresh takes its share of a long stream', () => {
    const wide = withCore(
      { ...teach8x8, interconnect: { ...teach8x8.interconnect, linkBits: 512 } },
      {
        scratchpad: { ...teach8x8.core.scratchpad, sizeBytes: 1 << 19, portBits: 512 },
        dma: { ...teach8x8.core.dma, outstanding: 64 },
      },
    );
    const n = 1 << 18;
    const parts = {
      instructions: [ins('copy', { dst: 0, src: 1 })],
      tensors: [bytes('spad', 0, n), bytes('dram', 0, n)],
    };
    const with_ = time(parts, wide);
    const never = { ...wide.dram.timing, refi: 2 ** 30 };
    const without = time(parts, { ...wide, dram: { ...wide.dram, timing: never } });
    const { refi, rfc, rpAll, rcd, readLatency } = wide.dram.timing;
    const refreshes = Math.floor(with_.latencyPs / (refi * wide.dram.clockPs));
    expect(with_.actions['dram.refresh']).toBe(refreshes);
    // Each costs closing all banks, its own time, and opening a row and reading it with nothing in front: 32 + 288 + 29 + 35 clocks.
    const each = (with_.latencyPs - without.latencyPs) / refreshes / wide.dram.clockPs;
    expect(each).toBe(rpAll + rfc + rcd + readLatency);
  });
});

describe('semaphores', () => {
  const tensors = [bytes('spad', 0, 64), bytes('dram', 0, 64), bytes('spad', 64, 8), bytes('spad', 128, 8)];
  const second = (at: 'release' | 'done', initial = 0) => {
    const instructions = [
      ins('copy', { dst: 0, src: 1, signals: [{ semaphore: 1, at }] }),
      ins('copy', { dst: 2, src: 3, channel: 1, waits: [1] }),
    ];
    const semaphores = [semaphore(1, unit('dma', 0), unit('dma', 1), initial)];
    return executed(time({ instructions, tensors, semaphores }), 1);
  };
  it('a release is there when DRAM has given the source, 4 + 5; a done when the last byte has come', () => {
    expect([second('release'), second('done')].map((t) => cyclesAt(t.startPs))).toEqual([9, 20]);
    expect(second('done')).toMatchObject({ waitedFor: 'semaphore', waitedOn: 0 });
  });
  it('a count to start with is there at once', () => expect(cyclesAt(second('done', 1).startPs)).toBe(1));
});

describe('sequencer', () => {
  it('a slot of 3 cycles holds every instruction apart', () => {
    const slow = withCore(teach8x8, { sequencer: { ...teach8x8.core.sequencer, dispatchCycles: 3 } });
    const r = time({ instructions: [ins('nop'), ins('nop')], tensors: [] }, slow);
    expect(r.timeline.map((t) => cyclesAt(t.dispatchPs))).toEqual([0, 3, 6]);
    expect(r.cycles).toBe(9);
  });
});
