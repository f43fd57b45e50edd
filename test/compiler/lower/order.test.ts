import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkSemaphores } from '../../../compiler/check/semaphores.ts';
import type { Draft, NamedTensor } from '../../../compiler/lower/draft.ts';
import { link } from '../../../compiler/lower/link.ts';
import { order } from '../../../compiler/lower/order.ts';
import { requireValid } from '../../../isa/instructions/validate/program.ts';
import { teach8x8 } from '../../../isa/machine/presets/teach-8x8.ts';
import type { Machine } from '../../../isa/machine/schema.ts';
import type { Program } from '../../../isa/program.ts';
import { checkOrder } from '../../../sim/order/check.ts';
import { simulate } from '../../../sim/timing/simulate.ts';
import { bytesAt } from '../../harness/drafts.ts';

const machine = (channels: number): Machine => ({
  ...teach8x8,
  core: { ...teach8x8.core, dma: { ...teach8x8.core.dma, channels } },
});

const copy = (channel: number, dst: NamedTensor, src: NamedTensor): Draft => ({
  op: 'copy',
  layer: -1,
  dst,
  src,
  channel,
  accumulate: false,
  core: 0,
  signalRemote: 0,
  cores: 0,
});
const add = (dst: NamedTensor, a: NamedTensor, b: NamedTensor): Draft => ({ op: 'vadd', layer: -1, dst, a, b });

function program(drafts: readonly Draft[], m: Machine): Program {
  const { cores, semaphores } = order(drafts, { machine: m, readOnlyDram: [] });
  return link({
    name: 'test',
    cores,
    semaphores,
    layers: [],
    layerOf: (layer) => layer,
    constants: [],
    io: [],
    farEnd: 0,
    dataEnd: 0,
  });
}

describe('automatic semaphores', () => {
  it('order a read behind the write, and the next write behind the read', () => {
    const p = program(
      [
        copy(0, bytesAt(0, 4), bytesAt(100, 4)),
        add(bytesAt(8, 4), bytesAt(0, 4), bytesAt(0, 4)),
        copy(0, bytesAt(0, 4), bytesAt(100, 4)),
      ],
      machine(2),
    );
    const [load, sum, reload] = p.cores[0]?.instructions ?? [];
    expect(load?.signals).toEqual([{ semaphore: 1, at: 'done' }]);
    expect(sum?.waits).toEqual([1]);
    expect(sum?.signals).toEqual([{ semaphore: 2, at: 'release' }]);
    expect(reload?.waits).toEqual([2]);
  });

  it('need nothing inside a unit, nor between readers', () => {
    const p = program(
      [
        add(bytesAt(0, 4), bytesAt(8, 4), bytesAt(8, 4)),
        add(bytesAt(4, 4), bytesAt(0, 4), bytesAt(8, 4)),
        copy(0, bytesAt(16, 4), bytesAt(8, 4)),
      ],
      machine(2),
    );
    expect(p.semaphores).toEqual([]);
  });

  it('drop what is known already: one wait covers earlier work of the same unit', () => {
    const loads = [
      copy(0, bytesAt(0, 4), bytesAt(100, 4)),
      copy(0, bytesAt(4, 4), bytesAt(100, 4)),
      copy(0, bytesAt(8, 4), bytesAt(100, 4)),
    ];
    const p = program(
      [...loads, add(bytesAt(16, 4), bytesAt(8, 4), bytesAt(8, 4)), add(bytesAt(20, 4), bytesAt(0, 4), bytesAt(4, 4))],
      machine(2),
    );
    const waits = p.cores[0]?.instructions.map((i) => i.waits.length);
    expect(waits).toEqual([0, 0, 0, 1, 0, 0]);
  });

  it('carry a fourth wait and a fourth signal on a sync', () => {
    const channels = [0, 1, 2, 3, 4];
    const gather = channels.map((c) => copy(c, bytesAt(c * 4, 4), bytesAt(100 + c * 4, 4)));
    const wide = add(bytesAt(40, 20), bytesAt(0, 20), bytesAt(0, 20));
    const scatter = channels.map((c) => copy(c, bytesAt(200 + c * 4, 4), bytesAt(40 + c * 4, 4)));
    const p = program([...gather, wide, ...scatter], machine(5));
    const code = p.cores[0]?.instructions ?? [];
    expect(code.filter((i) => i.op === 'sync').length).toBe(2);
    expect(code.every((i) => i.waits.length <= 3 && i.signals.length <= 3)).toBe(true);
    expect(checkOrder(p, machine(5))).toEqual([]);
    expect(checkSemaphores(p)).toEqual([]);
  });

  it('fall back to done-only when 16 channels talk to each other', () => {
    const drafts: Draft[] = [];
    for (let round = 0; round < 16; round++)
      for (let c = 0; c < 7; c++)
        drafts.push(copy(c, bytesAt(((c + round) % 7) * 4, 4), bytesAt(((c * 3 + round) % 7) * 4 + 100, 4)));
    const p = program(drafts, machine(7));
    expect(checkOrder(p, machine(7))).toEqual([]);
  });

  it('make any sequence race-free, balanced and lawful (property)', () => {
    const region = fc.integer({ min: 0, max: 9 }).map((i) => i * 3);
    const size = fc.integer({ min: 1, max: 7 });
    const draft = fc.oneof(
      fc
        .tuple(fc.integer({ min: 0, max: 2 }), region, region, size)
        .map(([c, d, s, n]) => copy(c, bytesAt(d, n), bytesAt(100 + s, n))),
      fc
        .tuple(fc.integer({ min: 0, max: 2 }), region, region, size)
        .map(([c, d, s, n]) => copy(c, bytesAt(100 + d, n), bytesAt(s, n))),
      fc
        .tuple(region, region, region, size)
        .map(([d, a, b, n]) => add(bytesAt(d, n), bytesAt(a + 50, n), bytesAt(b, n))),
      fc.tuple(region, region, size).map(
        ([d, s, n]): Draft => ({
          op: 'rq',
          layer: -1,
          dst: bytesAt(d, n),
          src: bytesAt(s + 50, n),
          params: null,
          add: null,
          kdims: 0,
          relu: false,
          mode: 'saturate',
        }),
      ),
    );
    fc.assert(
      fc.property(fc.array(draft, { maxLength: 40 }), (drafts) => {
        const p = program(drafts, machine(3));
        expect(checkOrder(p, machine(3))).toEqual([]);
        expect(checkSemaphores(p)).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it('order cores that share a buffer and write into one another, and into several at once (property)', () => {
    const { interconnect } = teach8x8;
    const m = { ...machine(2), cores: 3, interconnect: { ...interconnect, multicast: true } };
    const core = fc.integer({ min: 0, max: 2 });
    const place = fc.integer({ min: 0, max: 7 }).map((i) => i * 2);
    const size = fc.integer({ min: 1, max: 5 });
    const space = fc.constantFrom<NamedTensor['space']>('spad', 'buffer');
    const at = (t: NamedTensor, s: NamedTensor['space']): NamedTensor => ({ ...t, space: s });
    const on = (draft: Draft, c: number): Draft => ({ ...draft, site: { core: c, group: -1 } });
    const draft = fc.oneof(
      fc
        .tuple(core, fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 1 }), place, place, size, space, space)
        .map(([c, to, channel, d, s, n, into, from]): Draft => {
          const moved = copy(channel, at(bytesAt(d, n), into), at(bytesAt(from === 'buffer' ? s : s + 50, n), from));
          return on({ ...moved, core: to } as Draft, c);
        }),
      fc
        .tuple(core, fc.integer({ min: 1, max: 7 }), fc.integer({ min: 0, max: 1 }), place, place, size, space)
        .map(([c, cores, channel, d, s, n, from]): Draft => {
          const moved = copy(channel, bytesAt(d, n), at(bytesAt(from === 'buffer' ? s : s + 50, n), from));
          return on({ ...moved, cores } as Draft, c);
        }),
      fc
        .tuple(core, place, place, place, size)
        .map(([c, d, a, b, n]) => on(add(bytesAt(d + 50, n), bytesAt(a, n), bytesAt(b, n)), c)),
      fc.tuple(core, place, place, size).map(
        ([c, d, s, n]): Draft => ({
          op: 'rq',
          layer: -1,
          site: { core: c, group: -1 },
          dst: bytesAt(d, n),
          src: bytesAt(s, n),
          params: null,
          add: null,
          kdims: 0,
          relu: false,
          mode: 'saturate',
        }),
      ),
    );
    let remote = 0;
    let told = 0;
    fc.assert(
      fc.property(fc.array(draft, { minLength: 8, maxLength: 40 }), (drafts) => {
        const p = program(drafts, m);
        remote += p.semaphores.filter((s) => s.producer.core !== s.core).length;
        const code = p.cores.flatMap((c) => c.instructions);
        told += code.filter((i) => i.op === 'copy' && i.cores > 0 && i.signalRemote > 0).length;
        requireValid(p, m);
        expect(checkOrder(p, m)).toEqual([]);
        expect(checkSemaphores(p)).toEqual([]);
        simulate(p, m);
      }),
      { numRuns: 150 },
    );
    expect(remote).toBeGreaterThan(150);
    // Signals that go to all receivers at once.
    expect(told).toBeGreaterThan(100);
  });

  it('let cores make interleaved columns of one tensor side by side', () => {
    const m = { ...machine(2), cores: 2 };
    const columns = (c: number): NamedTensor => ({
      ...bytesAt(c * 2, 4),
      space: 'buffer',
      axes: [
        { extent: 8, stride: 4, modulo: 0, origin: 0 },
        { extent: 2, stride: 1, modulo: 0, origin: 0 },
      ],
      dims: [
        { count: 8, axis: 0, step: 1 },
        { count: 2, axis: 1, step: 1 },
      ],
    });
    const make = (c: number, group: number): Draft => ({
      ...copy(0, columns(c), bytesAt(0, 16)),
      site: { core: c, group },
    });
    const waits = (drafts: readonly Draft[]): number[] => {
      const p = program(drafts, m);
      expect(checkOrder(p, m)).toEqual([]);
      return p.cores.map(({ instructions }) => instructions.reduce((n, i) => n + i.waits.length, 0));
    };
    expect(waits([make(0, -1), make(1, -1)])).toEqual([0, 1]);
    expect(waits([make(0, 5), make(1, 5)])).toEqual([0, 0]);
    const read: Draft = {
      ...copy(0, bytesAt(0, 32), { ...bytesAt(0, 32), space: 'buffer' }),
      site: { core: 0, group: 6 },
    };
    expect(waits([make(0, 5), make(1, 5), read])).toEqual([1, 0]);
    expect(waits([make(0, 5), make(1, 5), read, make(0, 7), make(1, 7)])).toEqual([1, 1]);
  });

  it('are needed: the same program without its waits races', () => {
    const p = program(
      [copy(0, bytesAt(0, 4), bytesAt(100, 4)), add(bytesAt(8, 4), bytesAt(0, 4), bytesAt(0, 4))],
      machine(2),
    );
    const [core] = p.cores;
    const bare: Program = {
      ...p,
      semaphores: [],
      cores: [{ instructions: (core?.instructions ?? []).map((i) => ({ ...i, waits: [], signals: [] })) }],
    };
    expect(checkOrder(bare, machine(2)).map((f) => f.kind)).toEqual(['race']);
  });
});
