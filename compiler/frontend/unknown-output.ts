/** The refusal of a name at which a network cannot end, which names one that is near. */
import { InputError } from '../../isa/base/errors.ts';
import { didYouMean } from '../../isa/base/suggest.ts';

/** What a format calls its parts, and its code for the refusal. */
export interface Wording {
  readonly maker: string;
  readonly value: string;
  readonly code: string;
}

/** Throws InputError: none of the values called `names` has this name. */
export function refuseOutput(name: string, names: readonly string[], { maker, value, code }: Wording): never {
  const message = `no ${maker} makes a ${value} called '${name}'`;
  const near = didYouMean(name, names);
  const expected = `the result of one, such as ${names.slice(-3).join(', ')}`;
  const hint = near === undefined ? `a viewer such as Netron shows the names of ${value}s` : `did you mean '${near}'?`;
  throw new InputError(message, { diagnostics: [{ code, message, where: 'outputs', expected, hint }] });
}
