/** Why a pinned mapping of a product onto the arrays cannot be: each number against what limits it, else the best mapping that the rest allows. */
import type { MatmulMapping } from '../lower/kernels/matmul.ts';
import type { ArraysDecision } from './decisions.ts';
import { type KernelPins, pinCapacity, pinErrors } from './pinned.ts';

/** What bounds the mapping of one product. */
export interface ArraysLimits {
  readonly machine: string;
  readonly macros: number;
  /** Rows of a macro, and outputs that its columns hold. */
  readonly rows: number;
  readonly perMacro: number;
  readonly gridK: number;
  readonly gridN: number;
  /** Output positions of a tile. */
  readonly positions: number;
  /** Outputs of a tile, and what cuts of them are multiples of. */
  readonly outputs: number;
  readonly aligned: number;
  /** Accumulators of a half of them, and all. */
  readonly capacity: number;
  readonly whole: number;
  readonly k: number;
  readonly n: number;
}

/** Throws for pins that leave no mapping. @param best what would be chosen without them */
export function refuseArrays({ layer, arrays = {} }: KernelPins, best: MatmulMapping, limits: ArraysLimits): never {
  const where = `layer ${layer}, arrays`;
  const { gridK = 1, gridN = 1, replicas = 1 } = arrays;
  const macros = gridK * gridN * replicas;
  if (macros > limits.macros) {
    const grid = `${gridK} x ${gridN} macros${replicas > 1 ? ` x ${replicas} replicas` : ''}`;
    const message = `${grid} are more macros than ${limits.machine} has; possible: ${arraysText(decisionOf(best))}`;
    throw pinCapacity(where, message, {
      needed: macros,
      available: limits.macros,
      unit: 'macros',
      knob: 'core.matrix.macros',
    });
  }
  const findings = tooMuch(arrays, limits).map(([message, expected]) => {
    return { code: 'E-MAPPING-PIN', where, message, expected };
  });
  if (findings.length > 0) throw pinErrors(findings);
  const message = `${arraysText(arrays)} do not go together`;
  const expected = `fewer of them, or for instance ${arraysText(decisionOf(best))}`;
  throw pinErrors([{ code: 'E-MAPPING-PIN', where, message, expected }]);
}

/** Each number that is too large by itself, and what it may be. */
function tooMuch(pins: ArraysDecision, l: ArraysLimits): [message: string, expected: string][] {
  const { gridK = l.gridK, gridN = l.gridN, replicas = 1, tileK = 1, tileN = 1, outputs, positions = 1 } = pins;
  const out: [string, string][] = [];
  const rule = (broken: boolean, message: string, expected: string) => {
    if (broken) out.push([message, expected]);
  };
  rule(gridK > l.gridK, `gridK ${gridK}: ${l.k} rows to be summed, on macros of ${l.rows}`, `1 .. ${l.gridK}`);
  rule(gridN > l.gridN, `gridN ${gridN}: ${l.n} outputs, on macros that hold ${l.perMacro}`, `1 .. ${l.gridN}`);
  rule(replicas > l.positions, `replicas ${replicas}: a tile has ${l.positions} positions`, `1 .. ${l.positions}`);
  const [rows, columns] = [Math.min(l.k, gridK * l.rows), Math.min(l.n, gridN * l.perMacro)];
  rule(tileK > rows, `tileK ${tileK}: ${gridK} macros of ${l.rows} rows, ${l.k} to be summed`, `1 .. ${rows}`);
  rule(tileN > columns, `tileN ${tileN}: ${gridN} macros of ${l.perMacro} outputs, ${l.n} in all`, `1 .. ${columns}`);
  const chunk = outputs ?? Math.min(l.aligned, l.outputs);
  const cut = chunk === l.outputs || (chunk < l.outputs && chunk % l.aligned === 0);
  rule(!cut, `outputs ${chunk}: a tile has ${l.outputs}`, `${l.outputs}, or a multiple of ${l.aligned} below`);
  rule(tileN > chunk, `tileN ${tileN} with ${chunk} outputs drained together`, `1 .. ${chunk}`);
  const most = Math.floor(l.capacity / chunk) < 1 ? 0 : Math.floor(l.whole / chunk);
  const room = `the accumulators hold ${l.whole} sums`;
  rule(most < 1, `outputs ${chunk}: ${room}`, `at most ${l.capacity}`);
  rule(most > 0 && positions > most, `positions ${positions} of ${chunk} outputs: ${room}`, `1 .. ${most}`);
  return out;
}

export function decisionOf({
  gridK,
  gridN,
  replicas,
  kTile,
  nTile,
  nChunk,
  positions,
}: MatmulMapping): Required<ArraysDecision> {
  return { gridK, gridN, replicas, tileK: kTile, tileN: nTile, outputs: nChunk, positions };
}

export function arraysText(arrays: ArraysDecision): string {
  return Object.entries(arrays)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
}
