import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Diagnostic, InputError } from '../../../isa/base/errors.ts';
import { createRandom } from '../../../isa/base/random.ts';
import { assemble } from '../../../isa/instructions/assembly/assemble.ts';
import { disassemble } from '../../../isa/instructions/assembly/disassemble.ts';
import { randomProgram } from '../../../isa/instructions/random.ts';
import type { Program } from '../../../isa/program.ts';

/** Without what only the text has: file and lines. */
function bare(program: Program): Program {
  return { ...program, symbols: { ...program.symbols, lineOf: [], sourceFile: '' } };
}

function findings(text: string, check = true): readonly Diagnostic[] {
  try {
    assemble(text, { fileName: 'test.qasm', check });
    return [];
  } catch (error) {
    if (error instanceof InputError) return error.diagnostics;
    throw error;
  }
}

const MVM = `
; one matrix-vector product
.machine teach-8x8 core.matrix.macros=2 name=big
.input  x   = dram@0 u4[8]
.const  w   = dram@0x40 s4[8,2] : 1 2 -3 4  5 6 7 -8
                                  1 0 -1 0  1 0 -1 0   ; goes on
.output y   = dram@0x80 s32[2]
.tensor x_s = spad@0 u4[8]
.tensor y_a = acc@0 s32[1,2] role=partial-sums
.array  a   = s4[8,2]
.sem loaded dma0 -> matrix
.sem written write -> matrix
.sem summed matrix -> dma0
.layer "fc" Gemm m=1 k=8 n=2 macs=16
copy.0 x_s, x                  signal loaded
ww     a, w                    signal written
mm     y_a, x_s, a  kdims=1    wait loaded, written  signal summed@done
copy.0 y, y_a                  wait summed
.layer none
halt
`;

describe('the assembler', () => {
  it('reads a small program', () => {
    const { program, machine } = assemble(MVM, { fileName: 'lessons/mvm.qasm' });
    expect(machine).toEqual({ preset: 'teach-8x8', overrides: { 'core.matrix.macros': '2', name: 'big' } });
    expect(program.name).toBe('mvm');
    expect(program.cores[0]!.instructions).toEqual([
      {
        op: 'copy',
        waits: [],
        signals: [{ semaphore: 1, at: 'done' }],
        dst: 3,
        src: 0,
        channel: 0,
        accumulate: false,
        core: 0,
        signalRemote: 0,
        cores: 0,
      },
      { op: 'ww', waits: [], signals: [{ semaphore: 2, at: 'done' }], tile: 0, src: 1 },
      {
        op: 'mm',
        waits: [1, 2],
        signals: [{ semaphore: 3, at: 'done' }],
        dst: 4,
        src: 3,
        tile: 0,
        kdims: 1,
        accumulate: false,
        zeroSkip: false,
      },
      {
        op: 'copy',
        waits: [3],
        signals: [],
        dst: 2,
        src: 4,
        channel: 0,
        accumulate: false,
        core: 0,
        signalRemote: 0,
        cores: 0,
      },
      { op: 'halt', waits: [], signals: [] },
    ]);
    expect(program.constants).toEqual([
      { address: 0x40, bytes: Uint8Array.of(0x21, 0x4d, 0x65, 0x87, 0x01, 0x0f, 0x01, 0x0f) },
    ]);
    expect(program.io.map((t) => [t.name, t.direction, t.tensor, t.shape])).toEqual([
      ['x', 'input', 0, [8]],
      ['y', 'output', 2, [2]],
    ]);
    expect(program.tensors[4]).toEqual({
      space: 'acc',
      base: 0,
      baseRegister: 0,
      widthBits: 32,
      coding: 'signed',
      role: 'partial-sums',
      fill: 0,
      originRegisters: [],
      axes: [
        { extent: 1, stride: 2, modulo: 0, origin: 0 },
        { extent: 2, stride: 1, modulo: 0, origin: 0 },
      ],
      dims: [
        { count: 1, axis: 0, step: 1 },
        { count: 2, axis: 1, step: 1 },
      ],
    });
    expect(program.tensors[1]!.role).toBe('weights');
    expect(program.semaphores.map((s) => [s.index, s.producer.kind, s.consumer.kind, s.initial])).toEqual([
      [1, 'dma', 'matrix', 0],
      [2, 'write', 'matrix', 0],
      [3, 'matrix', 'dma', 0],
    ]);
    expect(program.symbols.layers).toEqual([{ name: 'fc', op: 'Gemm', m: 1, k: 8, n: 2, macs: 16 }]);
    expect(program.symbols.layerOf).toEqual([[0, 0, 0, 0, -1]]);
    expect(program.symbols.lineOf).toEqual([[15, 16, 17, 18, 20]]);
    expect(program.symbols.sourceFile).toBe('lessons/mvm.qasm');
    expect(program.codeAddress).toBe(0xc0);
    // 5 instructions, 5 descriptors of one or two axes (48 and 80 bytes), one array, rounded up to 64
    expect(program.dramBytes).toBe(0xc0 + 448);
  });

  it('reads windows, views, registers, loops, skips, barriers and remote writes', () => {
    const { program } = assemble(
      `
.tensor img = spad@0 u4[y:6,x:6,c:3] fill=2
.tensor win = img+2+r3 dims(y:2*2 x:2*2 y:3 x:3 c:3) origin(y=-1+r4 x=-1)
.tensor ring = spad@img+0x100 s8 axes(y:100*8%4 x:8*1) dims(x:8*-1 y:2*0) origin(x=7 y=r5) role=weights
.tensor out = acc@0 s32[2]
.array t = u2[8,2] grid=2x1 kstart=8 plane=1 row=3 column=4 macro=1 replicas=2 name="tile 0"
.sem a #9 dma0 -> matrix = 1
.sem b dma0@core1 -> matrix
.core 1
.sem far dma0@core0 -> dma0
copy.0 out, out wait far signal #5@release
.core 0
li r1, -3
addi r1, r1, 0x10
cadd r2, r1, -1, 4
loop 4 {
  loop r2 { nop }
  skip not-negative r1 {
    barrier a
    nop
  }
}
copy.3 out, out accumulate core=core1 signalRemote=far
rq.fixed-point ring, out params=img add=win kdims=1 relu
vred.argmax out, img kdims=2
vcvt.half-even out, img
sync dma2 wait a signal b@release, a
`,
      { fileName: 'x', check: false },
    );
    const [img, win, ring] = program.tensors;
    expect(img!.axes.map((a) => a.stride)).toEqual([18, 3, 1]);
    expect(win).toEqual({
      ...img,
      base: 2,
      baseRegister: 3,
      axes: [{ ...img!.axes[0], origin: -1 }, { ...img!.axes[1], origin: -1 }, img!.axes[2]],
      dims: [
        { count: 2, axis: 0, step: 2 },
        { count: 2, axis: 1, step: 2 },
        { count: 3, axis: 0, step: 1 },
        { count: 3, axis: 1, step: 1 },
        { count: 3, axis: 2, step: 1 },
      ],
      originRegisters: [{ axis: 0, register: 4 }],
    });
    expect(ring).toMatchObject({
      base: 0x100,
      role: 'weights',
      axes: [
        { extent: 100, stride: 8, modulo: 4, origin: 0 },
        { extent: 8, stride: 1, modulo: 0, origin: 7 },
      ],
      dims: [
        { count: 8, axis: 1, step: -1 },
        { count: 2, axis: 0, step: 0 },
      ],
      originRegisters: [{ axis: 0, register: 5 }],
    });
    expect(program.arrays[0]).toEqual({
      firstMacro: 1,
      gridK: 2,
      gridN: 1,
      replicas: 2,
      rowStart: 3,
      columnStart: 4,
      plane: 1,
      kStart: 8,
      kCount: 8,
      nCount: 2,
      weightBits: 2,
      weightCoding: 'unsigned',
    });
    expect(program.symbols.arrayNames).toEqual(['tile 0']);
    expect(program.semaphores.map((s) => [s.core, s.index, s.producer.core])).toEqual([
      [0, 9, 0],
      [0, 1, 1],
      [1, 1, 0],
    ]);
    const code = program.cores[0]!.instructions;
    expect(code.map((i) => i.op)).toEqual([
      'li',
      'addi',
      'cadd',
      'loop',
      'loop',
      'nop',
      'skip',
      'sync',
      'sync',
      'nop',
      'copy',
      'rq',
      'vred',
      'vcvt',
      'sync',
    ]);
    expect(code[3]).toMatchObject({ count: 4, times: 0, length: 6 });
    expect(code[4]).toMatchObject({ count: 0, times: 2, length: 1 });
    expect(code[6]).toMatchObject({ rs: 1, condition: 'not-negative', length: 3 });
    expect(code[7]).toEqual({
      op: 'sync',
      unit: 'dma',
      channel: 0,
      waits: [],
      signals: [{ semaphore: 9, at: 'done' }],
    });
    expect(code[8]).toEqual({ op: 'sync', unit: 'matrix', channel: 0, waits: [9], signals: [] });
    expect(code[10]).toMatchObject({ channel: 3, accumulate: true, core: 2, signalRemote: 1 });
    expect(code[11]).toMatchObject({ mode: 'fixed-point', params: 0, add: 1, kdims: 1, relu: true });
    expect(code[14]).toMatchObject({
      unit: 'dma',
      channel: 2,
      waits: [9],
      signals: [
        { semaphore: 1, at: 'release' },
        { semaphore: 9, at: 'done' },
      ],
    });
  });

  it('names the cores of a multicast, and gives them back', () => {
    const text = `
.tensor x = spad@0 u8[4]
.tensor i = spad@8 u8[2]
.sem here #5 dma1@core0 -> vector@core0
.sem there #5 dma1@core0 -> vector@core2
.core 0
copy.1 x, x cores=core0,core2 signalRemote=there wait here
gather.1 x, x, i cores=core15
copy.1 x, x cores=core30
copy.1 x, x cores=5
.core 2
halt`;
    const { program } = assemble(text, { fileName: 'x', check: false });
    expect(program.cores[0]!.instructions.map((i) => ('cores' in i ? [i.cores, i.signalRemote] : []))).toEqual([
      [0b101, 5],
      [2 ** 15, 0],
      [2 ** 30, 0],
      [5, 0],
    ]);
    const again = disassemble(program);
    expect(again).toContain('copy.1 x, x signalRemote=s5_core0 cores=core0,core2');
    expect(assemble(again, { fileName: 'x', check: false }).program.cores).toEqual(program.cores);
    const wrong = (code: string) => {
      const declared = '.tensor x = spad@0 u8[4]\n';
      try {
        assemble(declared + code, { fileName: 'x', check: false });
      } catch (error) {
        return (error as InputError).diagnostics.map((d) => d.message);
      }
      return [];
    };
    expect(wrong('copy.0 x, x cores=core0,core31')).toEqual(["'core31' is no core that a multicast reaches"]);
    expect(wrong('gather.0 x, x, x cores=core16')).toEqual(["'core16' is no core that a multicast reaches"]);
    expect(wrong('copy.0 x, x cores=1,2')).toEqual(['this is no core', 'this is no core']);
    expect(wrong('copy.0 x, x core=core1,core2')).toEqual(['core has 2 values']);
    expect(wrong('copy.0 x, x cores')).toEqual(['cores needs a value']);
  });

  it('moves a base by bytes in both directions, and by one register', () => {
    const { tensors } = assemble(
      '.tensor a = spad@0x20 u8[4]\n.tensor b = a -3+1 fill=1\n.tensor c = spad@a -0x10+r5 u8[1]\nhalt',
      {
        fileName: 'x',
      },
    ).program;
    expect(tensors.map((t) => [t.base, t.baseRegister])).toEqual([
      [32, 0],
      [30, 0],
      [16, 5],
    ]);
    const [hyphen] = findings('.tensor a = spad@9 u4[1]\n.tensor b = a-3\n');
    expect(hyphen).toMatchObject({ line: 2, column: 13, message: "there is no tensor 'a-3'" });
    expect(hyphen!.hint).toMatch(/write a -3/);
  });

  it('fills constants', () => {
    const bytes = (text: string) =>
      assemble(`.const c = dram@0 ${text}`, { fileName: 'x' }).program.constants[0]!.bytes;
    expect(bytes('u8[4] : iota')).toEqual(Uint8Array.of(0, 1, 2, 3));
    expect(bytes('s2[4] : iota')).toEqual(Uint8Array.of(0b11100100));
    expect(bytes('t2[4] : iota')).toEqual(Uint8Array.of(0b00110100));
    expect(bytes('b1[8] : 1 -1 1 -1 1 1 1 1')).toEqual(Uint8Array.of(0b11110101));
    expect(bytes('s8[2] : fill(-2)')).toEqual(Uint8Array.of(254, 254));
    expect(bytes('f32[1] : -1.5e0')).toEqual(Uint8Array.of(0, 0, 0xc0, 0xbf));
    expect(bytes('u4[64] : random(7)')).toEqual(bytes('u4[64] : random(7)'));
    expect(bytes('u4[64] : random(7)')).not.toEqual(bytes('u4[64] : random(8)'));
  });

  it('says where a mistake is, shows it, and says what to try', () => {
    const [d] = findings('.tensor x = spad@0 u4[8]\n  copy.0 x, xx   ; no such tensor\n');
    expect(d).toEqual({
      code: 'E-ASM-NAME',
      message: "there is no tensor 'xx'",
      where: 'test.qasm',
      line: 2,
      column: 13,
      expected: 'one of x',
      hint: "did you mean 'x'?",
      excerpt: '  copy.0 x, xx   ; no such tensor\n            ^^',
    });
  });

  it.each([
    ['coppy.0 a, b', 1, "no instruction 'coppy'", "'copy'"],
    ['.tensr a = spad@0 u4[1]', 1, 'no directive', "'.tensor'"],
    ['.tensor a = spd@0 u4[1]', 13, "no space 'spd'", "'spad'"],
    ['.tensor a = spad@0 u9[1]', 13, 'element width is 9', undefined],
    ['.tensor a = spad@0 b2[1]', 13, 'a bipolar element has 1 bits, not 2', undefined],
    ['.tensor a = spad@0 u4[1] dims(z:1)', 31, "no axis 'z'", undefined],
    ['.tensor a = spad@0 u4[1,2', 26, "expected ']'", undefined],
    ['.tensor a = spad@0 u4[1] roll=weights', 26, "no attribute of a tensor 'roll'", "'role'"],
    ['.const a = dram@0 u4[3] : 1 2', 27, '2 values for 3 elements', undefined],
    ['.const a = dram@0 u4[1] : 16', 27, '16 is no 4-bit unsigned code', undefined],
    ['.const a = spad@0 u4[1] : 1', 8, 'constants to fixed places in dram', undefined],
    ['li r32, 0', 4, 'no register', undefined],
    ['li r1, 3000000000', 8, '3000000000 is out of range', undefined],
    ['li r1', 1, 'li has 2 operands, found 1', undefined],
    ['rq.treshold r1, r2', 1, "rq has no mode 'treshold'", "'rq.threshold'"],
    ['copy a, b', 1, 'copy needs its channel', undefined],
    ['halt wait nobody', 11, "no semaphore 'nobody'", undefined],
    ['sync dma16', 6, "no unit 'dma16'", "'dma1'"],
    ['loop 4', 1, 'loop has no body', undefined],
    ['loop 4 {\nnop', 1, 'never closed', undefined],
    ['}', 1, 'no open brace', undefined],
    ['skip sometimes r1 { nop }', 1, 'this is no skip', undefined],
    ['nop ?', 5, '"?" begins nothing', undefined],
    ['.program "open', 10, 'does not end on its line', undefined],
    ['.sem s dma0 -> gpu', 16, "no unit 'gpu'", undefined],
    ['.array a = s4[0,1]', 8, 'kCount is 0', undefined],
    ['3', 1, 'a statement begins with', undefined],
  ])('%s', (text, column, message, hint) => {
    const [first] = findings(`${text}\n`);
    expect(first).toMatchObject({ line: 1, column });
    expect(first!.message).toContain(message);
    if (hint !== undefined) expect(first!.hint).toContain(hint);
    const caret = first!.excerpt!.split('\n')[1]!;
    expect(caret.indexOf('^')).toBe(column - 1);
  });

  it('reports every mistake at once and goes on behind each', () => {
    const found = findings('li r1\n.tensor a = nowhere\nfoo { bar }\nli r1, 0\nloop 2 { }\nli r2 r3\n', false);
    expect(found.map((d) => d.line ?? 0).sort((a, b) => a - b)).toEqual([1, 2, 3, 3, 6]);
  });

  it('shows static findings at their line', () => {
    const found = findings('.tensor a = spad@0 u4[8]\n.tensor b = spad@8 u4[7]\ncopy.0 a, b\nhalt\n');
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({
      line: 3,
      column: 1,
      code: 'E-PROGRAM-OPERANDS',
      message: 'src walks 7 elements, dst 8',
    });
  });

  it('throws nothing but InputError, whatever the text', () => {
    const words = fc.constantFrom(
      ...MVM.split(/\s+/),
      '{',
      '}',
      '(',
      ')',
      '[',
      '"',
      '@',
      '+r3',
      'loop',
      'skip',
      'axes(',
      'dims(',
      'origin(',
      '.layer',
      '.core',
      '\n',
      'barrier',
      '=',
      ':',
      '-',
      '1e99',
      '0x',
    );
    fc.assert(
      fc.property(fc.array(words, { maxLength: 60 }), fc.string(), (parts, noise) => {
        findings(parts.join(' '));
        findings(noise);
      }),
      { numRuns: 2000 },
    );
    fc.assert(
      fc.property(fc.nat(MVM.length - 1), fc.string({ maxLength: 3 }), (at, noise) => {
        findings(MVM.slice(0, at) + noise + MVM.slice(at + 1));
      }),
      { numRuns: 2000 },
    );
  });
});

describe('assemble(disassemble(p)) = p', () => {
  it('for random programs with awkward names', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const program = randomProgram(createRandom(seed));
        const text = disassemble(program);
        const again = assemble(text, { fileName: 'x', check: false }).program;
        expect(bare(again)).toEqual(bare(program));
        expect(disassemble(again)).toBe(text);
      }),
      { numRuns: 500 },
    );
  });

  it('and keeps a hand-written program as it is', () => {
    const { program } = assemble(MVM, { fileName: 'mvm.qasm' });
    expect(bare(assemble(disassemble(program), { fileName: 'mvm.qasm' }).program)).toEqual(bare(program));
  });
});
