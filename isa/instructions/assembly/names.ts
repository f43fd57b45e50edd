/** Words of the language that both directions share: element types, units, cores. */
import type { UnitRef } from '../../program.ts';
import type { Coding } from '../../tensor.ts';
import { UNIT_KINDS } from '../table.ts';

export interface ElementType {
  readonly coding: Coding;
  readonly widthBits: number;
}

const LETTERS: Readonly<Record<Coding, string>> = {
  unsigned: 'u',
  signed: 's',
  bipolar: 'b',
  ternary: 't',
  float: 'f',
};

/** `u4`, `s8`, `b1` (bipolar), `t2` (ternary), `f32`. */
export function typeText({ coding, widthBits }: ElementType): string {
  return `${LETTERS[coding]}${widthBits}`;
}

/** Undefined for a word that is no type; widths are checked where the type is used. */
export function typeOf(word: string): ElementType | undefined {
  const found = /^([usbtf])([1-9][0-9]?)$/.exec(word);
  if (found === null) return undefined;
  const coding = (Object.keys(LETTERS) as Coding[]).find((c) => LETTERS[c] === found[1])!;
  return { coding, widthBits: Number(found[2]) };
}

/** `dma0` .. `dma15`, `write`, `matrix`, `drain`, `vector`, `seq`. */
export function unitText({ kind, channel }: Pick<UnitRef, 'kind' | 'channel'>): string {
  return kind === 'dma' ? `dma${channel}` : kind;
}

export const UNIT_WORDS: readonly string[] = UNIT_KINDS.flatMap((kind) =>
  kind === 'dma' ? Array.from({ length: 16 }, (_, channel) => unitText({ kind, channel })) : [kind],
);

export function unitOf(word: string): Pick<UnitRef, 'kind' | 'channel'> | undefined {
  if (!UNIT_WORDS.includes(word)) return undefined;
  const kind = UNIT_KINDS.find((k) => (k === 'dma' ? word.startsWith('dma') : k === word))!;
  return { kind, channel: kind === 'dma' ? Number(word.slice(3)) : 0 };
}

/** Core of the words `core0` .. `core30`. */
export function coreOf(word: string): number | undefined {
  const digits = /^core(0|[1-9][0-9]?)$/.exec(word)?.[1];
  return digits !== undefined && Number(digits) <= 30 ? Number(digits) : undefined;
}

/** What a name that needs no quotes looks like; the lexer's words. */
const PLAIN = /^[A-Za-z_][A-Za-z0-9_]*(?:[.-][A-Za-z0-9_]+)*$/;
/** Words that would be read as something else where a name may stand. */
const TAKEN = /^(r[0-9]+|wait|signal|none)$/;

export function isPlainName(name: string): boolean {
  return PLAIN.test(name) && !TAKEN.test(name);
}
