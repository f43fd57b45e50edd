/** Checkers must find what is planted; that they find nothing in compiled programs is asserted by every differential test. */
import { describe, expect, it } from 'vitest';
import { checkProvenance } from '../../../compiler/check/provenance.ts';
import { checkSemaphores } from '../../../compiler/check/semaphores.ts';
import type { Draft, NamedArray, NamedTensor } from '../../../compiler/lower/draft.ts';
import type { Instruction } from '../../../isa/instructions/table.ts';
import { ISA_VERSION } from '../../../isa/instructions/table.ts';
import type { Program } from '../../../isa/program.ts';
import { bytesAt } from '../../harness/drafts.ts';

const sizes = { spad: 256, acc: 256, buffer: 256 };
const tensor = (name: string, base: number, space: NamedTensor['space'] = 'spad', count = 8): NamedTensor =>
  bytesAt(base, count, { name, space });
const copy = (dst: NamedTensor, src: NamedTensor): Draft => ({
  op: 'copy',
  layer: -1,
  dst,
  src,
  channel: 0,
  accumulate: false,
  core: 0,
  signalRemote: 0,
  cores: 0,
});
const relu = (dst: NamedTensor, a: NamedTensor): Draft => ({ op: 'vcvt', layer: -1, dst, a, rounding: 'half-even' });
const loaded = [{ start: 0, end: 64 }];

describe('allocation checker', () => {
  it('accepts a chain in which every read sees its producer', () => {
    const drafts = [
      copy(tensor('x', 0), tensor('input x', 0, 'dram')),
      relu(tensor('y', 8), tensor('x', 0)),
      copy(tensor('output y', 64, 'dram'), tensor('y', 8)),
    ];
    expect(checkProvenance(drafts, { loaded, sizes })).toEqual([]);
  });

  it('finds a buffer placed over a live one', () => {
    const drafts = [
      copy(tensor('x', 0), tensor('input x', 0, 'dram')),
      relu(tensor('y', 7), tensor('x', 0)),
      relu(tensor('z', 32), tensor('x', 0)),
    ];
    expect(checkProvenance(drafts, { loaded, sizes })).toEqual(['instruction 2 reads x at spad byte 7, which holds y']);
  });

  it('finds a resident constant that the run before has written over', () => {
    const [constant, code] = [tensor('records', 0), tensor('records', 0, 'dram')];
    const steady = [relu(tensor('y', 16), constant), relu(tensor('z', 4), tensor('y', 16))];
    const first = [copy(constant, code), ...steady];
    expect(checkProvenance(first, { loaded, sizes })).toEqual([]);
    expect(checkProvenance([...first, ...steady], { loaded, sizes })).toEqual([
      'instruction 3 reads records at spad byte 4, which holds z',
    ]);
  });

  it('finds a read before any write', () => {
    expect(checkProvenance([relu(tensor('y', 8), tensor('x', 0))], { loaded, sizes })[0]).toContain(
      'which holds nothing',
    );
  });

  it('finds writes outside the memory and over constants', () => {
    const drafts = [
      copy(tensor('x', 252), tensor('input x', 0, 'dram')),
      copy(tensor('spill', 60, 'dram'), tensor('input x', 0, 'dram')),
    ];
    const findings = checkProvenance(drafts, { loaded, sizes });
    expect(findings[0]).toContain('up to spad byte 260 of 256');
    expect(findings[1]).toContain('over constants or inputs');
  });

  it('finds weights that were overwritten in the arrays', () => {
    const tile = (name: string): NamedArray => ({
      name,
      firstMacro: 0,
      gridK: 1,
      gridN: 1,
      replicas: 1,
      rowStart: 0,
      columnStart: 0,
      plane: 0,
      kStart: 0,
      kCount: 8,
      nCount: 1,
      weightBits: 8,
      weightCoding: 'signed',
    });
    const write = (name: string): Draft => ({ op: 'ww', layer: -1, tile: tile(name), src: tensor('w', 0, 'dram') });
    const mm: Draft = {
      op: 'mm',
      layer: -1,
      dst: tensor('acc', 0, 'acc', 1),
      src: tensor('w', 0, 'dram'),
      tile: tile('first'),
      kdims: 1,
      accumulate: false,
      zeroSkip: false,
    };
    expect(checkProvenance([write('first'), write('second'), mm], { loaded, sizes })).toEqual([
      'instruction 2 computes with first, but plane:macro 0:0 holds second',
    ]);
    expect(checkProvenance([write('first'), mm], { loaded, sizes })).toEqual([]);
  });
});

function program(instructions: readonly Instruction[]): Program {
  const unit = (kind: 'vector' | 'drain') => ({ core: 0, kind, channel: 0 });
  return {
    isaVersion: ISA_VERSION,
    name: 'p',
    cores: [{ instructions }],
    tensors: [],
    arrays: [],
    constants: [],
    io: [],
    dramBytes: 0,
    codeAddress: 0,
    semaphores: [{ core: 0, index: 1, initial: 0, producer: unit('vector'), consumer: unit('drain') }],
    symbols: { tensorNames: [], arrayNames: [], layers: [], layerOf: [], lineOf: [], sourceFile: '' },
  };
}

const sync = (
  unit: 'vector' | 'drain',
  waits: readonly number[],
  signals: Instruction['signals'] = [],
): Instruction => ({ op: 'sync', unit, channel: 0, waits, signals });
const done = { semaphore: 1, at: 'done' } as const;

describe('schedule checker', () => {
  it('accepts balanced signals and waits, also in loops', () => {
    const loop: Instruction = { op: 'loop', count: 3, length: 2, times: 0, waits: [], signals: [] };
    expect(checkSemaphores(program([loop, sync('vector', [], [done]), sync('drain', [1])]))).toEqual([]);
  });

  it('finds a count that does not come back', () => {
    expect(checkSemaphores(program([sync('vector', [], [done])]))).toEqual([
      'semaphore 1 ends at 1, not at 0: the program cannot run again',
    ]);
  });

  it('finds a wait before its signal', () => {
    expect(checkSemaphores(program([sync('drain', [1]), sync('vector', [], [done])]))[0]).toContain(
      'before its signal',
    );
  });

  it('finds the wrong unit and two modes', () => {
    expect(checkSemaphores(program([sync('drain', [], [done]), sync('drain', [1])]))[0]).toContain("not its unit's");
    const release = { semaphore: 1, at: 'release' } as const;
    expect(checkSemaphores(program([sync('vector', [], [done, release]), sync('drain', [1, 1])]))[0]).toContain(
      'two modes',
    );
  });
});
