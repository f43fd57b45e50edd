/** Sizes of the dims of a model's inputs: those of the file, and those that the options give by symbol or place. */
import { invalid } from '../refusal.ts';
import type { Issue } from './findings.ts';
import type { OnnxDim, OnnxValueInfo } from './model.ts';

/** Most input dims that a finding lists. */
const MOST_DIMS = 12;

/** How the options call a dim by its place. */
export const dimKey = (input: string, axis: number): string => `${input}[${axis}]`;

export class InputDims {
  readonly #sizes: Readonly<Record<string, number>>;
  readonly #note: (text: string) => void;
  readonly #used = new Set<string>();

  constructor(sizes: Readonly<Record<string, number>>, note: (text: string) => void) {
    this.#sizes = sizes;
    this.#note = note;
  }

  /** Refuses dims behind the first whose size nobody gives, all of them at once. */
  require(input: string, shape: readonly OnnxDim[]): void {
    const open = shape.flatMap((dim, axis) => {
      const own = dimKey(input, axis);
      const symbol = typeof dim === 'string' && dim !== '' ? dim : undefined;
      if (axis === 0 || typeof dim === 'number') return [];
      if (this.given(own, dim) !== undefined) return [];
      return [{ axis, name: symbol === undefined ? 'without a name' : `'${symbol}'`, key: symbol ?? own }];
    });
    if (open.length === 0) return;
    const keys = [...new Set(open.map((o) => o.key))].map((key) => `--dims '${key}=<size>'`);
    const which = open.map((o) => `${o.axis} (${o.name})`).join(', ');
    invalid(open.length === 1 ? `dim ${open[0]!.axis} is dynamic (${open[0]!.name})` : `dims ${which} are dynamic`, {
      expected: open.length === 1 ? 'a size' : 'a size for each',
      hint: `give ${open.length === 1 ? 'it' : 'them'}: ${keys.join(' ')}`,
    });
  }

  /** The size of a dim; throws where it is none. A first dim that is left open is 1, which is noted. */
  size(input: string, dim: number | string | null, axis: number): number {
    const own = dimKey(input, axis);
    const given = this.given(own, dim);
    // Exporters write 0 or -1 where they mean any size.
    const open = axis === 0 && (dim === 0 || dim === -1);
    const size = given ?? (typeof dim === 'number' && !open ? dim : undefined);
    if (size !== undefined) {
      if (Number.isInteger(size) && size >= 1 && size < 2 ** 31) return size;
      return invalid(`dim ${axis} is ${size}`, {
        expected: '1 .. 2^31 - 1',
        hint: `--dims '${own}=1' if the file leaves it open`,
      });
    }
    const name = open ? `of ${dim}` : dim === null || dim === '' ? 'without a name' : `'${dim}'`;
    this.#note(`input '${input}': dynamic batch dim ${name} taken as 1`);
    return 1;
  }

  /** The size that the options give a dim, under its place or else its symbol. */
  given(own: string, dim: OnnxDim): number | undefined {
    const key = [own, dim].find((k) => typeof k === 'string' && this.#sizes[k] !== undefined);
    if (typeof key !== 'string') return undefined;
    this.#used.add(key);
    return this.#sizes[key];
  }

  /** A finding for each given size that no dim of the inputs took. */
  unknown(inputs: readonly OnnxValueInfo[]): Issue[] {
    const issues: Issue[] = [];
    const symbols = new Set(inputs.flatMap((i) => (i.shape ?? []).filter((d) => typeof d === 'string' && d !== '')));
    const axes = inputs.map(({ name, shape = [] }) => `${name}[0${shape.length > 1 ? ` .. ${shape.length - 1}` : ''}]`);
    const all = [...symbols, ...axes];
    const more = all.length > MOST_DIMS ? `, and ${all.length - MOST_DIMS} more` : '';
    for (const [key, size] of Object.entries(this.#sizes)) {
      if (this.#used.has(key)) continue;
      const meant = inputs.some((i) => i.name === key) ? key : inputs[0]?.name;
      issues.push({
        kind: 'input',
        code: 'E-ONNX-DIM',
        message: `no input dim is called '${key}'`,
        where: 'dims',
        expected: `one of ${all.slice(0, MOST_DIMS).join(', ')}${more}`,
        hint: meant === undefined ? 'leave it out' : `--dims '${dimKey(meant, 0)}=${size}' for the first dim`,
      });
    }
    return issues;
  }
}
