/** `--set path=value`: changes single fields of a machine. Every problem of every override is reported at once. */
import { type Diagnostic, InputError } from '../base/errors.ts';
import { didYouMean } from '../base/suggest.ts';
import { knownKeys, NAMED_MEMORIES, toMachine, withNamedMemories } from './parse.ts';
import type { Machine } from './schema.ts';

type Tree = { [key: string]: unknown };

/** Values are JSON where they parse as JSON (numbers, booleans, lists), else text. The result is validated as a whole. */
export function applyOverrides(machine: Machine, overrides: readonly string[]): Machine {
  if (overrides.length === 0) return machine;
  let copy = structuredClone(machine) as unknown as Tree;
  const problems: Diagnostic[] = [];
  for (const override of overrides) {
    const problem = applyOne(copy, override);
    if (problem !== undefined) problems.push(problem);
    copy = structuredClone(withNamedMemories(copy)) as Tree;
  }
  if (problems.length > 0)
    throw new InputError(`--set: ${problems.length} of ${overrides.length} cannot be applied`, {
      code: 'E-SET',
      diagnostics: problems,
    });
  return toMachine(copy, '--set');
}

function applyOne(tree: Tree, override: string): Diagnostic | undefined {
  const split = override.indexOf('=');
  const code = 'E-SET';
  if (split <= 0)
    return { code, where: override, message: 'there is no = in it', expected: 'path=value, e.g. core.matrix.rows=512' };
  const path = override.slice(0, split).trim().split('.');
  let at: Tree = tree;
  for (const [i, key] of path.entries()) {
    const named = path.length === 1 && Object.hasOwn(NAMED_MEMORIES, key);
    if (!Object.hasOwn(at, key) && !named) {
      const near = didYouMean(key, Object.keys(at)) ?? didYouMean(key, knownKeys(path.slice(0, i)));
      const here = path.slice(0, i).join('.');
      return {
        code,
        where: path.join('.'),
        message: `there is no field '${key}'${here === '' ? '' : ` in ${here}`}`,
        expected: `one of ${Object.keys(at).join(', ')}`,
        hint: near === undefined ? 'qnpu machine show <machine> prints every field' : `did you mean '${near}'?`,
      };
    }
    const next = at[key];
    if (i === path.length - 1) {
      if (typeof next === 'object' && next !== null && !Array.isArray(next) && !named)
        return {
          code,
          where: path.join('.'),
          message: 'this is a group of fields, not a field',
          expected: `one of ${Object.keys(next)
            .map((k) => `${path.join('.')}.${k}`)
            .join(', ')}`,
        };
      at[key] = parseValue(override.slice(split + 1).trim());
    } else if (typeof next === 'object' && next !== null && !Array.isArray(next)) at = next as Tree;
    else
      return {
        code,
        where: path.join('.'),
        message: `'${path.slice(0, i + 1).join('.')}' has no fields`,
        expected: `${path.slice(0, i + 1).join('.')}=value`,
      };
  }
  return undefined;
}

function parseValue(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
