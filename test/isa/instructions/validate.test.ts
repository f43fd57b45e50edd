import { describe, expect, it } from 'vitest';
import { InputError } from '../../../isa/base/errors.ts';
import { assemble } from '../../../isa/instructions/assembly/assemble.ts';
import { requireValid, validateOnMachine, validateProgram } from '../../../isa/instructions/validate/program.ts';
import { conventionalInt8 } from '../../../isa/machine/presets/conventional-int8.ts';
import { teach8x8 } from '../../../isa/machine/presets/teach-8x8.ts';
import type { Program } from '../../../isa/program.ts';

const DECLARATIONS = `
.input  x   = dram@0 u4[8]
.const  w   = dram@0x40 s4[8,2] : fill(1)
.output y   = dram@0x80 s32[2]
.tensor x_s = spad@0 u4[1,8]
.tensor y_a = acc@0 s32[1,2]
.tensor y_s = spad@64 s8[2]
.tensor th  = spad@128 s32[2,4]
.tensor f   = spad@256 f32[2]
.array  a   = s4[8,2]
.sem loaded dma0 -> matrix
.sem freed matrix -> dma0
`;

function program(code: string, declarations = DECLARATIONS): Program {
  return assemble(`${declarations}\n${code}\n`, { fileName: 'p.qasm', check: false }).program;
}

const messages = (code: string, declarations?: string) =>
  validateProgram(program(code, declarations)).map((f) => f.message);

describe('static checks of a program', () => {
  it('accept a sound one', () => {
    const sound = program(`
      copy.0 x_s, x signal loaded
      ww a, w
      mm y_a, x_s, a kdims=1 wait loaded signal freed@release
      rq.threshold y_s, y_a params=th
      vcvt.half-even f, y_s
      vfun.exp f, f
      loop 3 { skip zero r1 { nop } }
      halt`);
    expect(validateProgram(sound)).toEqual([]);
    expect(validateOnMachine(sound, teach8x8)).toEqual([]);
    expect(() => requireValid(sound, teach8x8)).not.toThrow();
  });

  it('accept bodies side by side, within others and at their end', () => {
    expect(messages('loop 2 { loop 2 { nop } loop 2 { nop } skip zero r1 { loop 2 { nop } } } loop 2 { nop }')).toEqual(
      [],
    );
    expect(messages('loop 2 { nop }\n'.repeat(20))).toEqual([]);
    expect(messages('loop count=2 length=3\nloop count=2 length=2\nskip zero r1 length=1\nnop')).toEqual([]);
  });

  it.each([
    [
      'mm y_a, x_s, a',
      [
        'the tile takes window elements 0 .. 7, the window of src has 1',
        'dst walks 2 elements, M x N of src and tile 16',
      ],
    ],
    ['mm y_s, x_s, a kdims=1', ['dst lies in spad']],
    ['mm y_a, x_s, a kdims=3', ['kdims is 3, src has 2 dims']],
    ['ww a, x', ['src walks 8 elements, the tile 16', 'src is 4-bit unsigned, the tile 4-bit signed']],
    ['copy.0 x_s, y', ['src walks 2 elements, dst 8']],
    ['copy.0 f, y', ['copy from signed to float']],
    ['fill.0 x_s, 16', ['16 is no 4-bit unsigned code']],
    ['rq.saturate y_s, y_a params=th', ['rq.saturate takes no params']],
    ['rq.bias y_s, y_a', ['rq.bias has no params']],
    ['rq.float32 y_s, y_a params=th', ['params walk 8 words for 2 elements']],
    ['rq.threshold y_s, y_a params=f', ['params are 32-bit float']],
    ['vadd y_s, y_s, x', ['b lies in dram', 'b walks 8 elements, a 2']],
    ['vdiv y_s, y_s, y_s', ['vdiv of integers']],
    ['vsqrt y_s, y_s', ['a is 8-bit signed']],
    ['vlut y_s, y_s, x_s', ['entries have 4 bits (unsigned), dst 8 (signed)']],
    ['vred.sum y_s, x_s kdims=1', ['dst walks 2 elements, a without its reduced dims 1']],
    ['vdot y_s, x_s, y_s kdims=1', ['b walks 2 elements, a 8', 'dst walks 2 elements, a without its window 1']],
    ['ldr r1, f', ['src is float']],
    ['gather.0 x_s, x, y_s', ['dim 0 of src has step 1', 'dst walks 8 elements, index x the other dims of src 2']],
    ['cadd r1, r1, 1, 0', ['the ring of cadd has length 0']],
    ['loop count=2 length=0', ['the loop has no body']],
    ['loop count=2 length=3\nnop', ['its body ends at instruction 3, the code at 1']],
    [
      'loop count=2 length=2\nloop count=2 length=2\nnop\nnop',
      ['its body ends at instruction 3, the loop around it (instruction 0) at 2'],
    ],
    [
      'skip zero r1 length=1\nloop count=2 length=1\nnop',
      ['its body ends at instruction 2, the skip around it (instruction 0) at 1'],
    ],
    [`${'loop 2 { '.repeat(9)}nop${' }'.repeat(9)}`, ['loops nest 9 deep']],
    ['nop wait #9', ['it waits for semaphore 9, which core 0 does not declare']],
    [
      'sync vector wait loaded',
      ['vector of core 0 waits for semaphore 1, whose only waiting unit is matrix of core 0'],
    ],
    [
      'copy.1 x_s, x signal loaded',
      ['dma1 of core 0 signals semaphore 1, whose only signalling unit is dma0 of core 0'],
    ],
    [
      'sync dma0 signal loaded\nsync dma0 signal loaded@release',
      ['it signals semaphore 1 at release, an earlier instruction at done'],
    ],
    ['copy.0 x_s, x core=core1 signalRemote=#1', ['it writes to core 1, the program has 1']],
    [
      'mm #77, x_s, #3 kdims=1',
      ['dst names tensor descriptor 77, the program has 8', 'tile names array descriptor 3, the program has 1'],
    ],
  ])('%s', (code, expected) => {
    expect(messages(code)).toEqual(expected);
  });

  it('cover the tables', () => {
    expect(messages('halt', '.tensor t = dram@60 u8[8]\n.dram size=64 code=0')).toEqual([
      'it reaches dram bytes 60 .. 67, the program has 64',
    ]);
    expect(messages('halt', '.bytes 0 : "0011"\n.bytes 1 : "22"')).toEqual([
      'it overlaps constant segment 0 at dram bytes 1 .. 1',
    ]);
    expect(messages('halt', '.dram size=4\n.bytes 3 : "0011"')).toEqual([
      'the code lies at dram byte 64',
      'it fills dram bytes 3 .. 4, the program has 4',
    ]);
    expect(messages('halt', '.tensor t = spad@0 u8[8]\n.input x is t shape(2,3)')).toEqual([
      'the host reads and writes fixed places in dram',
      'its shape [2, 3] has 6 elements, its descriptor walks 8',
    ]);
    expect(messages('halt', '.sem a #3 dma0 -> matrix\n.sem b #3 dma0 -> drain')).toEqual([
      'semaphore 3 of core 0 is declared twice',
    ]);
    const sound = program('halt');
    expect(validateProgram({ ...sound, isaVersion: '0.9' }).map((f) => f.message)).toEqual([
      'the program is written for ISA 0.9',
    ]);
    expect(
      validateProgram({ ...sound, tensors: [{ ...sound.tensors[0]!, fill: 2 ** 31 }] }).map((f) => f.message),
    ).toContain('fill is 2147483648, expected an integer -2147483648 .. 2147483647');
  });

  it('follow a walk around rings, backwards and outside its axes', () => {
    const reach = (tensor: string) =>
      validateOnMachine(program('halt', `.tensor t = ${tensor}`), teach8x8).map((f) => f.message);
    expect(reach('spad@4092 u8[4]')).toEqual([]);
    expect(reach('spad@4092 u8[5]')).toEqual(['it reaches spad bytes 4092 .. 4096, teach-8x8 has 4096']);
    expect(reach('spad@4095 u1[9]')).toEqual(['it reaches spad bytes 4095 .. 4096, teach-8x8 has 4096']);
    expect(reach('spad@4092 u8[a:4] dims(a:9) origin(a=-3)')).toEqual([]);
    expect(reach('spad@4092 u8 axes(a:100*1%4)')).toEqual([]);
    expect(reach('spad@3 u8 axes(a:4*-1)')).toEqual([]);
    expect(reach('spad@2 u8 axes(a:4*-1)')).toEqual(['it reaches spad bytes -1 .. 2, teach-8x8 has 4096']);
    expect(reach('spad@5000+r1 u8[4]')).toEqual([]);
    expect(reach('acc@0 s48[1]')).toEqual(['it has 48-bit elements, accumulators of teach-8x8 are stored in 32 bits']);
  });

  it('hold the program against a machine', () => {
    const on = (code: string, declarations = DECLARATIONS, machine = teach8x8) =>
      validateOnMachine(program(code, declarations), machine).map((f) => f.message);
    expect(on('copy.2 x_s, x')).toEqual(['it uses DMA channel 2, teach-8x8 has 2']);
    expect(on('halt', '.array a = s4[9,2]')).toEqual(['it needs 9 cell rows in a macro, teach-8x8 has 8']);
    expect(on('halt', '.array a = s4[8,3]')).toEqual(['it needs 12 cell columns in a macro, teach-8x8 has 8']);
    expect(on('halt', '.array a = s4[8,4] grid=1x2 plane=2')).toEqual([
      'it needs 2 macros, teach-8x8 has 1',
      'it needs 3 planes, teach-8x8 has 2',
    ]);
    expect(on('halt', '.array a = s16[8,1]')).toEqual([
      'weights have 16 bits, teach-8x8 holds at most 8',
      'it needs 16 cell columns in a macro, teach-8x8 has 8',
    ]);
    expect(
      on('mm y, x, a', '.tensor x = spad@0 u16[8]\n.tensor y = acc@0 s32[1]\n.array a = s4[8,1]', conventionalInt8),
    ).toEqual(['activations have 16 bits, the matrix unit of conventional-int8 takes at most 8']);
    const few = { ...teach8x8, core: { ...teach8x8.core, requantizers: ['fixed-point' as const] } };
    expect(on('rq.threshold y_s, y_a params=th', DECLARATIONS, few)).toEqual([
      'teach-8x8 has no threshold requantizer',
    ]);
    expect(on('halt', '.core 1')).toEqual(['the program has 2 cores, teach-8x8 has 1']);
    expect(on('halt', '.dram size=1000000000')).toEqual([
      'the program needs 1000000000 bytes of DRAM, teach-8x8 has 536870912',
    ]);
  });

  it('know what a multicast takes: memories of the cores, cores that exist, the same semaphore in each, a machine that can', () => {
    const declared = '.tensor s = spad@0 u8[4]\n.tensor b = buffer@0 u8[4]\n.sem x1 #1 dma0@core0 -> vector@core1';
    const found = (code: string, more = '') => messages(`.core 0\n${code}\n.core 2\nhalt`, `${declared}\n${more}`);
    const second = '.sem x2 #1 dma0@core0 -> vector@core2';
    expect(found('copy.0 s, b cores=core1,core2 signalRemote=x1', second)).toEqual([]);
    expect(found('copy.0 s, b cores=core1,core2 signalRemote=x1')).toEqual([
      'it signals semaphore 1, which core 2 does not declare',
    ]);
    expect(found('copy.1 s, b cores=core1,core2 signalRemote=x1', second)).toHaveLength(2);
    expect(found('copy.0 s, b cores=core1,core4')).toEqual(['it writes to core 4, the program has 3']);
    expect(found('copy.0 s, b core=core1 cores=core1,core2')).toEqual(['it names core 1 beside a mask of cores']);
    expect(found('copy.0 b, s cores=core1,core2')).toEqual(['dst of a multicast lies in buffer']);
    const p = program('.core 0\ncopy.0 s, b cores=core1,core2\n.core 2\nhalt', declared);
    const machine = { ...teach8x8, cores: 3 };
    expect(validateOnMachine(p, machine).map((f) => f.message)).toEqual([
      'it writes to several cores at once, which the interconnect of teach-8x8 cannot do',
    ]);
    const able = { ...machine, interconnect: { ...machine.interconnect, multicast: true } };
    expect(validateOnMachine(p, able)).toEqual([]);
  });

  it('throw everything at once, with the line where there is one', () => {
    const broken = program('vsqrt y_s, y_s\nloop count=2 length=0');
    const error = (() => {
      try {
        requireValid(broken);
        return undefined;
      } catch (e) {
        return e as InputError;
      }
    })();
    expect(error).toBeInstanceOf(InputError);
    expect(error!.diagnostics.map((d) => `${d.where}:${d.line}`)).toEqual(['p.qasm:15', 'p.qasm:14']);
    const bare = { ...broken, symbols: { ...broken.symbols, lineOf: [], sourceFile: '' } };
    expect(() => requireValid(bare)).toThrow(/2 findings/);
    try {
      requireValid(bare);
    } catch (e) {
      expect((e as InputError).diagnostics[1]!.where).toBe('core 0, instruction 0: vsqrt y_s, y_s');
    }
  });
});
