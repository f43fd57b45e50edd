/** Declarations as text: the inverse of tensor-syntax.ts and directives.ts. */
import type { ConstantSegment, LayerSymbol, ProgramTensor, SemaphoreDeclaration, UnitRef } from '../../program.ts';
import type { ArrayDescriptor, TensorDescriptor } from '../../tensor.ts';
import type { TextNames } from './disassemble.ts';
import { isPlainName, typeText, unitText } from './names.ts';

const AXIS_NAMES = 'abcde';
const BYTES_PER_LINE = 32;

export function tensorText(t: TensorDescriptor): string {
  const place = `${t.space}@${addressText(t.base)}${t.baseRegister === 0 ? '' : `+r${t.baseRegister}`}`;
  const walked =
    t.dims.length === t.axes.length &&
    t.dims.every((d, i) => d.axis === i && d.step === 1 && d.count === t.axes[i]!.extent);
  const origins = originText(t);
  const parts = [
    place,
    `${typeText(t)}${shapeText(t, walked && origins === '')}`,
    ...(walked
      ? []
      : [
          `dims(${t.dims.map((d) => `${AXIS_NAMES[d.axis]}:${d.count}${d.step === 1 ? '' : `*${d.step}`}`).join(' ')})`,
        ]),
    ...(origins === '' ? [] : [`origin(${origins})`]),
    ...(t.fill === 0 ? [] : [`fill=${t.fill}`]),
    ...(t.role === 'activations' ? [] : [`role=${t.role}`]),
  ];
  return parts.join(' ');
}

/** Row-major axes as `[6,6,3]`, with names where something refers to them; others in full. */
function shapeText(t: TensorDescriptor, anonymous: boolean): string {
  let stride = 1;
  const dense = t.axes.toReversed().every((a) => {
    const fits = a.stride === stride && a.modulo === 0;
    stride *= a.extent;
    return fits;
  });
  if (dense) return `[${t.axes.map((a, i) => (anonymous ? '' : `${AXIS_NAMES[i]}:`) + a.extent).join(',')}]`;
  return ` axes(${t.axes.map((a, i) => `${AXIS_NAMES[i]}:${a.extent}*${a.stride}${a.modulo === 0 ? '' : `%${a.modulo}`}`).join(' ')})`;
}

/** Moved axes first, in the order of their registers. */
function originText(t: TensorDescriptor): string {
  const moved = t.originRegisters.map((o) => `${AXIS_NAMES[o.axis]}=${t.axes[o.axis]!.origin}+r${o.register}`);
  const fixed = t.axes.flatMap((a, i) =>
    a.origin === 0 || t.originRegisters.some((o) => o.axis === i) ? [] : [`${AXIS_NAMES[i]}=${a.origin}`],
  );
  return [...moved, ...fixed].join(' ');
}

function addressText(n: number): string {
  return n < 16 ? String(n) : `0x${n.toString(16)}`;
}

export function arrayText(a: ArrayDescriptor): string {
  const fields: readonly (readonly [string, number, number])[] = [
    ['kstart', a.kStart, 0],
    ['macro', a.firstMacro, 0],
    ['replicas', a.replicas, 1],
    ['row', a.rowStart, 0],
    ['column', a.columnStart, 0],
    ['plane', a.plane, 0],
  ];
  const stated = fields.filter(([, value, usual]) => value !== usual).map(([name, value]) => `${name}=${value}`);
  const grid = a.gridK === 1 && a.gridN === 1 ? [] : [`grid=${a.gridK}x${a.gridN}`];
  return [
    `${typeText({ coding: a.weightCoding, widthBits: a.weightBits })}[${a.kCount},${a.nCount}]`,
    ...grid,
    ...stated,
  ].join(' ');
}

export function ioText(io: ProgramTensor, names: TextNames): string {
  const name = isPlainName(io.name) ? io.name : JSON.stringify(io.name);
  return `.${io.direction} ${name} is ${names.tensors[io.tensor] ?? `#${io.tensor}`} shape(${io.shape.join(',')})`;
}

export function constantText({ address, bytes }: ConstantSegment): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += BYTES_PER_LINE) {
    let hex = '';
    for (const b of bytes.subarray(at, at + BYTES_PER_LINE)) hex += b.toString(16).padStart(2, '0');
    lines.push(`"${hex}"`);
  }
  return `.bytes ${addressText(address)} : ${lines.length === 0 ? '""' : lines.join('\n  ')}`;
}

export function semaphoreText(s: SemaphoreDeclaration, names: TextNames): string {
  const unit = (u: UnitRef) => `${unitText(u)}@core${u.core}`;
  return `.sem ${names.semaphore(s.core, s.index)} #${s.index} ${unit(s.producer)} -> ${unit(s.consumer)}${s.initial === 0 ? '' : ` = ${s.initial}`}`;
}

export function layerText(l: LayerSymbol, id: string): string {
  const sizes = (['m', 'k', 'n', 'macs'] as const).filter((key) => l[key] !== 0).map((key) => ` ${key}=${l[key]}`);
  return `.layer ${id} = ${JSON.stringify(l.name)} ${isPlainName(l.op) ? l.op : JSON.stringify(l.op)}${sizes.join('')}`;
}
