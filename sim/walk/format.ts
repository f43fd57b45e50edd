/** One instruction as a line for messages: mnemonic, operands by name, waits and signals. Not the assembler's syntax. */
import { type FieldSpec, type Instruction, NO_TENSOR, TABLE } from '../../isa/instructions/table.ts';
import type { Program } from '../../isa/program.ts';

export function formatInstruction(i: Instruction, program: Program): string {
  const fields: Readonly<Record<string, FieldSpec>> = TABLE[i.op].fields;
  const values = i as unknown as Readonly<Record<string, number | boolean | string>>;
  const operands = Object.entries(fields).flatMap(([name, f]) => {
    const text = fieldText(f, values[name]!, program);
    return text === undefined ? [] : [f.kind === 'flag' ? name : `${name}=${text}`];
  });
  const waits = i.waits.map((w) => `wait=s${w}`);
  const signals = i.signals.map((s) => `signal=s${s.semaphore}@${s.at}`);
  return [i.op, ...operands, ...waits, ...signals].join(' ');
}

/** undefined for what says nothing: an absent tensor, a flag that is off, a zero. */
function fieldText(f: FieldSpec, value: number | boolean | string, program: Program): string | undefined {
  switch (f.kind) {
    case 'tensor':
    case 'optionalTensor':
      return value === NO_TENSOR ? undefined : named(program.symbols.tensorNames, Number(value), 't');
    case 'array':
      return named(program.symbols.arrayNames, Number(value), 'a');
    case 'register':
      return value === 0 ? undefined : `r${value}`;
    case 'flag':
      return value === true ? '' : undefined;
    case 'choice':
      return String(value);
    case 'unsigned':
    case 'signed':
      return value === 0 ? undefined : String(value);
  }
}

function named(names: readonly string[], index: number, prefix: string): string {
  const name = names[index];
  return name === undefined || name === '' ? `${prefix}${index}` : name;
}
