/** What a descriptor may say, whatever the machine: ranges of its fields and agreement among them. */
import {
  type ArrayDescriptor,
  CODINGS,
  codeRange,
  LIMITS,
  ROLES,
  SPACES,
  type TensorDescriptor,
  WIDTHS,
} from '../tensor.ts';

const I32 = { min: -(2 ** 31), max: 2 ** 31 - 1 } as const;
const U32 = { min: 0, max: 2 ** 32 - 1 } as const;
const COUNT = { min: 1, max: 2 ** 32 - 1 } as const;
const U16 = { min: 0, max: 2 ** 16 - 1 } as const;
const COUNT16 = { min: 1, max: 2 ** 16 - 1 } as const;
/** Widest weight of any matrix unit. */
const WEIGHT_BITS_MAX = 16;

type Range = { readonly min: number; readonly max: number };

/** One sentence per broken rule, empty when the descriptor is legal. */
export function tensorProblems(t: TensorDescriptor): string[] {
  const out: string[] = [];
  const number = (name: string, value: number, { min, max }: Range) => {
    if (!Number.isInteger(value) || value < min || value > max)
      out.push(`${name} is ${value}, expected an integer ${min} .. ${max}`);
  };
  if (!SPACES.includes(t.space)) out.push(`space is ${String(t.space)}, expected one of ${SPACES.join(', ')}`);
  if (!ROLES.includes(t.role)) out.push(`role is ${String(t.role)}, expected one of ${ROLES.join(', ')}`);
  if (!(WIDTHS as readonly number[]).includes(t.widthBits))
    out.push(`element width is ${t.widthBits}, expected one of ${WIDTHS.join(', ')}`);
  const coding = codingProblem(t.coding, t.widthBits);
  if (coding !== undefined) out.push(coding);
  number('base', t.base, { min: 0, max: 2 ** LIMITS.baseBits - 1 });
  number('base register', t.baseRegister, { min: 0, max: LIMITS.registers - 1 });
  number('fill', t.fill, I32);
  if (t.axes.length < 1 || t.axes.length > LIMITS.axes)
    out.push(`there are ${t.axes.length} axes, expected 1 .. ${LIMITS.axes}`);
  if (t.dims.length < 1 || t.dims.length > LIMITS.dims)
    out.push(`there are ${t.dims.length} dims, expected 1 .. ${LIMITS.dims}`);
  if (t.originRegisters.length > LIMITS.originRegisters)
    out.push(`${t.originRegisters.length} origins are moved by registers, expected at most ${LIMITS.originRegisters}`);
  const axis: Range = { min: 0, max: t.axes.length - 1 };
  t.axes.forEach((a, i) => {
    number(`extent of axis ${i}`, a.extent, COUNT);
    number(`stride of axis ${i}`, a.stride, I32);
    number(`modulo of axis ${i}`, a.modulo, U32);
    number(`origin of axis ${i}`, a.origin, I32);
  });
  t.dims.forEach((d, i) => {
    number(`count of dim ${i}`, d.count, COUNT);
    number(`axis of dim ${i}`, d.axis, axis);
    number(`step of dim ${i}`, d.step, I32);
  });
  t.originRegisters.forEach((o, i) => {
    number(`axis of origin register ${i}`, o.axis, axis);
    number(`register of origin register ${i}`, o.register, { min: 1, max: LIMITS.registers - 1 });
  });
  if (new Set(t.originRegisters.map((o) => o.axis)).size < t.originRegisters.length)
    out.push('two registers move the origin of one axis');
  return out;
}

/** Why a coding cannot have a width, or undefined. */
export function codingProblem(coding: TensorDescriptor['coding'], widthBits: number): string | undefined {
  if (!CODINGS.includes(coding)) return `coding is ${String(coding)}, expected one of ${CODINGS.join(', ')}`;
  const wanted = { bipolar: 1, ternary: 2, float: 32 }[coding as string];
  return wanted === undefined || wanted === widthBits
    ? undefined
    : `a ${coding} element has ${wanted} bits, not ${widthBits}`;
}

/** One sentence per broken rule, empty when the descriptor is legal. */
export function arrayProblems(a: ArrayDescriptor): string[] {
  const out: string[] = [];
  const number = (name: string, value: number, { min, max }: Range) => {
    if (!Number.isInteger(value) || value < min || value > max)
      out.push(`${name} is ${value}, expected an integer ${min} .. ${max}`);
  };
  number('first macro', a.firstMacro, U16);
  number('replicas', a.replicas, COUNT16);
  number('grid rows (K)', a.gridK, COUNT16);
  number('grid columns (N)', a.gridN, COUNT16);
  number('first cell row', a.rowStart, U16);
  number('first cell column', a.columnStart, U16);
  number('plane', a.plane, { min: 0, max: 255 });
  number('kStart', a.kStart, U32);
  number('kCount', a.kCount, COUNT);
  number('nCount', a.nCount, COUNT);
  number('weight bits', a.weightBits, { min: 1, max: WEIGHT_BITS_MAX });
  const coding =
    (a.weightCoding as string) === 'float' ? 'weights cannot be float' : codingProblem(a.weightCoding, a.weightBits);
  if (coding !== undefined) out.push(coding);
  return out;
}

/** Whether a raw code is one of the coding's; any number is a float. */
export function isCode(coding: TensorDescriptor['coding'], widthBits: number, value: number): boolean {
  if (coding === 'float') return true;
  const { min, max } = codeRange(coding, widthBits);
  return Number.isInteger(value) && value >= min && value <= max && !(coding === 'bipolar' && value === 0);
}
