/** Weights through the global buffer: what is copied once, what goes where, and that it helps. */
import { describe, expect, it } from 'vitest';
import { compile } from '../../../compiler/compile.ts';
import type { Draft, NamedArray, NamedTensor } from '../../../compiler/lower/draft.ts';
import { stageWeights } from '../../../compiler/lower/staging.ts';
import { runPasses } from '../../../compiler/passes/pipeline.ts';
import { PRESETS } from '../../../isa/machine/presets/index.ts';
import type { Machine } from '../../../isa/machine/schema.ts';
import type { Space } from '../../../isa/tensor.ts';
import { simulate } from '../../../sim/timing/simulate.ts';
import { openZoo } from '../../../src/workloads/zoo.ts';
import { dense, tile } from '../../harness/program.ts';

const machine = PRESETS['conventional-int8']!;
const flat = (space: Space, base: number, count: number, name: string): NamedTensor => ({
  ...dense(space, base, 8, [count], { coding: 'signed', role: 'weights' }),
  name,
});
const array: NamedArray = { ...tile(64, 64, 8), name: 't' };
const write = (base: number, layer = 0): Draft => ({
  op: 'ww',
  layer,
  tile: array,
  src: flat('dram', base, 4096, `w${base}`),
});
const room = (
  sizeBytes: number,
  tenants = [] as { start: number; end: number; firstLayer: number; lastLayer: number }[],
) => ({
  sizeBytes,
  tenants,
  channel: 3,
});
/** An instruction of layer 0 that is not a weight write. */
const other: Draft = {
  op: 'fill',
  layer: 0,
  dst: flat('buffer', 0, 64, 'x'),
  value: 0,
  channel: 0,
  core: 0,
  signalRemote: 0,
};
const copies = (drafts: readonly Draft[]) => drafts.flatMap((d) => (d.op === 'copy' ? [d] : []));

describe('weights through the global buffer', () => {
  it('cross the DRAM once when they are written again', () => {
    const drafts = [write(0), write(4096), write(0), write(4096)];
    const out = stageWeights(drafts, room(65536), machine).drafts;
    expect(copies(out).reduce((n, c) => n + (c.src.dims[0]?.count ?? 0), 0)).toBe(8192);
    const reads = out.flatMap((d) => (d.op === 'ww' ? [d.src] : []));
    expect(reads.map((t) => t.space)).toEqual(['buffer', 'buffer', 'buffer', 'buffer']);
    expect(reads[0]?.base).toBe(reads[2]?.base);
    expect(reads[1]?.base).toBe((reads[0]?.base ?? 0) + 4096);
  });

  it('read the DRAM themselves when the buffer has no room', () => {
    const drafts = [other, write(0), write(4096), other];
    const full = [{ start: 0, end: 65536, firstLayer: 0, lastLayer: 0 }];
    expect(stageWeights(drafts, room(65536, full), machine).drafts).toEqual(drafts);
  });

  it('leave the bytes of activations alone while those live', () => {
    const drafts = [other, write(0, 1), write(8192, 1)];
    const out = stageWeights(
      drafts,
      room(16384, [{ start: 0, end: 10000, firstLayer: 0, lastLayer: 0 }]),
      machine,
    ).drafts;
    for (const c of copies(out))
      if (out.indexOf(c) < out.indexOf(other)) expect(c.dst.base).toBeGreaterThanOrEqual(10000);
    expect(copies(out)).toHaveLength(2);
  });

  it('never are overwritten before their last write', () => {
    const drafts = Array.from({ length: 40 }, (_, i) => write(i * 4096, i >> 2));
    const out = stageWeights(drafts, room(32768), machine).drafts;
    const held: (string | undefined)[] = [];
    let served = 0;
    for (const d of out) {
      if (d.op === 'copy') held.fill(d.src.name, d.dst.base, d.dst.base + (d.src.dims[0]?.count ?? 0));
      if (d.op === 'copy')
        for (let b = 0; b < (d.src.dims[0]?.count ?? 0); b++) held[d.dst.base + b] = `${d.src.base + b}`;
      if (d.op !== 'ww' || d.src.space !== 'buffer') continue;
      const wanted = drafts[served] as Draft & { op: 'ww' };
      for (let b = 0; b < 4096; b += 511) expect(held[d.src.base + b]).toBe(`${wanted.src.base + b}`);
      served++;
    }
    expect(served).toBe(40);
  });

  it('a convolution whose weights are written for every accumulator tile reads them once from DRAM', () => {
    const { accumulators } = machine.core;
    const quarter = { ...accumulators, sizeBytes: accumulators.sizeBytes / 4 };
    const small: Machine = { ...machine, core: { ...machine.core, accumulators: quarter } };
    const { program } = compile(runPasses(openZoo('mlperf-tiny-resnet8-w8a8')), small);
    const { traffic } = simulate(program, small);
    const weights = (boundary: string) =>
      traffic.filter((t) => t.boundary === boundary && t.role === 'weights').reduce((n, t) => n + t.readBytes, 0);
    // 77,360 weights of one byte; each constant is padded to a burst of 64 bytes.
    expect(weights('dram')).toBeGreaterThanOrEqual(77_360);
    expect(weights('dram')).toBeLessThan(77_360 * 1.1);
    expect(weights('array')).toBeGreaterThan(77_360 * 1.3);
  });

  it('stay in the buffer when they fit there and not in the arrays: later inferences read none from DRAM', () => {
    // 264,192 weights of one byte; the arrays of the machine hold 262,144.
    const edge = PRESETS['edge-dcim-28nm']!;
    const compiled = compile(runPasses(openZoo('mlperf-tiny-autoencoder-w8a8')), edge);
    expect(compiled.report.weights.resident).toBe(false);
    const dram = (program: typeof compiled.program) =>
      simulate(program, edge).traffic.filter((t) => t.boundary === 'dram' && t.role === 'weights');
    expect(dram(compiled.program).reduce((n, t) => n + t.readBytes, 0)).toBeGreaterThanOrEqual(264_192);
    expect(dram(compiled.steadyProgram!)).toEqual([]);
  });
});
