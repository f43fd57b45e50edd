/**
 * Agreement of the operands of one instruction, as isa/README.md states it: spaces, codings, and how many elements each walks. One rule a
 * mnemonic, so a new row does not compile before it says what it takes.
 */
import type { Program } from '../../program.ts';
import { elementCount, type Space, type TensorDescriptor } from '../../tensor.ts';
import { isCode } from '../descriptor-rules.ts';
import { leastRecordWords, RECORDS } from '../records.ts';
import { type Instruction, NO_TENSOR, type PerMnemonic, type RequantizeMode } from '../table.ts';
import { type ProgramFinding, type Report, reportAt } from './finding.ts';

/** Findings of one instruction, with its descriptors at hand. */
class Operands {
  readonly program: Program;
  readonly report: Report;

  constructor(program: Program, report: Report) {
    this.program = program;
    this.report = report;
  }

  tensor(index: number): TensorDescriptor {
    return this.program.tensors[index]!;
  }

  count(index: number): number {
    return elementCount(this.tensor(index));
  }

  /** Elements of the last kdims dims; reports kdims beyond the dims. */
  window(name: string, index: number, kdims: number): number {
    const { dims } = this.tensor(index);
    if (kdims > dims.length)
      this.report(`kdims is ${kdims}, ${name} has ${dims.length} dims`, `at most ${dims.length}`);
    return dims.slice(Math.max(0, dims.length - kdims)).reduce((n, d) => n * d.count, 1);
  }

  space(name: string, index: number, allowed: readonly Space[]): void {
    const { space } = this.tensor(index);
    if (!allowed.includes(space))
      this.report(`${name} lies in ${space}`, `${allowed.join(' or ')}`, 'copy it there first');
  }

  spaces(operands: Readonly<Record<string, number>>, allowed: readonly Space[]): void {
    for (const [name, index] of Object.entries(operands)) if (index !== NO_TENSOR) this.space(name, index, allowed);
  }

  same(what: string, found: number, wantedBy: string, wanted: number): void {
    if (found !== wanted)
      this.report(
        `${what} walks ${found} elements, ${wantedBy} ${wanted}`,
        'walks of the same length; broadcast with step 0',
      );
  }

  integer(name: string, index: number): void {
    if (this.tensor(index).coding === 'float') this.report(`${name} is float`, 'integers', 'convert it with vcvt');
  }

  float(name: string, index: number): void {
    const { coding, widthBits } = this.tensor(index);
    if (coding !== 'float')
      this.report(`${name} is ${widthBits}-bit ${coding}`, 'float operands', 'convert it with vcvt');
  }
}

const NEAR: readonly Space[] = ['spad', 'acc'];
const nothing = (): void => undefined;

type Unary = { readonly dst: number; readonly a: number };
type Binary = Unary & { readonly b: number };

function unary(i: Unary, o: Operands): void {
  o.spaces({ dst: i.dst, a: i.a }, NEAR);
  o.same('dst', o.count(i.dst), 'a', o.count(i.a));
}

function binary(i: Binary, o: Operands): void {
  unary(i, o);
  o.space('b', i.b, NEAR);
  o.same('b', o.count(i.b), 'a', o.count(i.a));
}

/** Several cores receive into memories of their own, and the mask says which. */
function multicast(i: { readonly dst: number; readonly core: number; readonly cores: number }, o: Operands): void {
  if (i.cores === 0) return;
  o.space('dst of a multicast', i.dst, NEAR);
  if (i.core !== 0) o.report(`it names core ${i.core - 1} beside a mask of cores`, 'core or cores, not both');
}

const RULES: PerMnemonic<[Operands], void> = {
  nop: nothing,
  halt: nothing,
  li: nothing,
  addi: nothing,
  add: nothing,
  cadd: nothing,
  loop: nothing,
  skip: nothing,
  sync: nothing,
  ldr: (i, o) => {
    o.space('src', i.src, ['spad']);
    o.integer('src', i.src);
  },
  copy: (i, o) => {
    multicast(i, o);
    o.same('src', o.count(i.src), 'dst', o.count(i.dst));
    const [from, to] = [o.tensor(i.src).coding, o.tensor(i.dst).coding];
    if ((from === 'float') !== (to === 'float'))
      o.report(`copy from ${from} to ${to}`, 'both float or both integer', 'use vcvt, which says how to round');
    if (i.accumulate && to === 'float') o.report('copy accumulates float', 'integers', 'use vadd');
  },
  fill: (i, o) => {
    const { coding, widthBits } = o.tensor(i.dst);
    if (!isCode(coding, widthBits, i.value))
      o.report(`${i.value} is no ${widthBits}-bit ${coding} code`, 'a code of the destination');
  },
  gather: (i, o) => {
    multicast(i, o);
    const [picked, ...rest] = o.tensor(i.src).dims;
    const row = rest.reduce((n, d) => n * d.count, 1);
    if (picked!.step !== 0) o.report(`dim 0 of src has step ${picked!.step}`, 'step 0, because the index moves it');
    o.integer('index', i.index);
    o.same('dst', o.count(i.dst), 'index x the other dims of src', o.count(i.index) * row);
  },
  ww: (i, o) => {
    const tile = o.program.arrays[i.tile]!;
    const { widthBits, coding } = o.tensor(i.src);
    o.space('src', i.src, ['dram', 'buffer', 'spad']);
    o.same('src', o.count(i.src), 'the tile', tile.kCount * tile.nCount);
    if (widthBits !== tile.weightBits || coding !== tile.weightCoding)
      o.report(
        `src is ${widthBits}-bit ${coding}, the tile ${tile.weightBits}-bit ${tile.weightCoding}`,
        'the same width and coding',
      );
  },
  mm: (i, o) => {
    const tile = o.program.arrays[i.tile]!;
    o.space('dst', i.dst, ['acc']);
    o.space('src', i.src, ['spad']);
    o.integer('src', i.src);
    const window = o.window('src', i.src, i.kdims);
    if (tile.kStart + tile.kCount > window)
      o.report(
        `the tile takes window elements ${tile.kStart} .. ${tile.kStart + tile.kCount - 1}, the window of src has ${window}`,
        'a tile within the window',
        'check kdims',
      );
    o.same('dst', o.count(i.dst), 'M x N of src and tile', (o.count(i.src) / window) * tile.nCount);
  },
  rq: (i, o) => {
    o.spaces({ dst: i.dst, src: i.src, params: i.params, add: i.add }, NEAR);
    o.integer('dst', i.dst);
    o.integer('src', i.src);
    const count = o.count(i.src);
    o.same('dst', o.count(i.dst), 'src without its pooled dims', count / o.window('src', i.src, i.kdims));
    if (i.add !== NO_TENSOR) {
      o.integer('add', i.add);
      o.same('add', o.count(i.add), 'src', count);
    }
    requantizerRecords(i.mode, i.params, count, o);
  },
  vadd: binary,
  vsub: binary,
  vmul: binary,
  vmax: binary,
  vmin: binary,
  vdiv: (i, o) => {
    binary(i, o);
    if ([i.dst, i.a, i.b].every((t) => o.tensor(t).coding !== 'float'))
      o.report('vdiv of integers', 'a float operand or destination', 'convert with vcvt');
  },
  vcvt: unary,
  vsqrt: (i, o) => {
    unary(i, o);
    o.float('a', i.a);
  },
  vfun: (i, o) => {
    unary(i, o);
    o.float('a', i.a);
  },
  vaddq: (i, o) => {
    binary(i, o);
    o.space('params', i.params, NEAR);
    for (const [name, t] of [
      ['dst', i.dst],
      ['a', i.a],
      ['b', i.b],
    ] as const)
      o.integer(name, t);
    o.float('params', i.params);
    o.same('params', o.count(i.params), 'records [sa, sb, c] of a', 3 * o.count(i.a));
  },
  vlut: (i, o) => {
    unary(i, o);
    o.space('b', i.b, NEAR);
    const [a, table, dst] = [o.tensor(i.a), o.tensor(i.b), o.tensor(i.dst)];
    o.integer('a', i.a);
    if (a.widthBits > 16) o.report(`a has ${a.widthBits}-bit codes`, 'codes of at most 16 bits');
    if (o.count(i.b) % o.count(i.a) !== 0)
      o.report(
        `the table walks ${o.count(i.b)} entries for ${o.count(i.a)} elements`,
        'the dims of a and then the entries of one table',
      );
    if (table.widthBits !== dst.widthBits || (table.coding === 'float') !== (dst.coding === 'float'))
      o.report(
        `entries have ${table.widthBits} bits (${table.coding}), dst ${dst.widthBits} (${dst.coding})`,
        'the same width: entries are copied raw',
      );
  },
  vred: (i, o) => {
    o.spaces({ dst: i.dst, a: i.a }, NEAR);
    o.same('dst', o.count(i.dst), 'a without its reduced dims', o.count(i.a) / o.window('a', i.a, i.kdims));
  },
  vdot: (i, o) => {
    o.spaces({ dst: i.dst, a: i.a, b: i.b }, NEAR);
    o.same('b', o.count(i.b), 'a', o.count(i.a));
    o.same('dst', o.count(i.dst), 'a without its window', o.count(i.a) / o.window('a', i.a, i.kdims));
  },
};

function requantizerRecords(mode: RequantizeMode, params: number, count: number, o: Operands): void {
  if (mode === 'saturate') {
    if (params !== NO_TENSOR) o.report('rq.saturate takes no params', 'no params');
    return;
  }
  if (params === NO_TENSOR) {
    o.report(`rq.${mode} has no params`, 'params=... : 32-bit records');
    return;
  }
  const { widthBits, coding } = o.tensor(params);
  if (widthBits !== 32 || coding !== 'signed') o.report(`params are ${widthBits}-bit ${coding}`, '32-bit signed words');
  const words = o.count(params) / count;
  const least = leastRecordWords(mode);
  const { open } = RECORDS[mode];
  if (!Number.isInteger(words) || words < least || (!open && words !== least)) {
    o.report(
      `params walk ${o.count(params)} words for ${count} elements`,
      `${least}${open ? ' or more' : ''} for each element of src`,
    );
  }
}

export function checkOperands(program: Program, found: ProgramFinding[]): void {
  program.cores.forEach(({ instructions }, core) => {
    instructions.forEach((instruction, index) => {
      const report = reportAt(found, 'E-PROGRAM-OPERANDS', { kind: 'instruction', core, index });
      (RULES[instruction.op] as (i: Instruction, o: Operands) => void)(instruction, new Operands(program, report));
    });
  });
}
