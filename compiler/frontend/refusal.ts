/** Why an operator of a model is not imported: the file contradicts itself, or it is outside what is supported. For every frontend. */

/** An operator that cannot be imported; `kind` says whether the model is wrong or merely outside what is supported. */
export class Refusal extends Error {
  readonly kind: 'input' | 'unsupported';
  readonly expected: string | undefined;
  readonly hint: string | undefined;

  constructor(kind: 'input' | 'unsupported', message: string, more: { expected?: string; hint?: string } = {}) {
    super(message);
    this.kind = kind;
    this.expected = more.expected;
    this.hint = more.hint;
  }
}

/** Refuses an operator because of an earlier refusal: reported once, at its cause. */
export class Skipped extends Error {}

/** Throws: legal in the model's format, but not supported. */
export function refuse(message: string, more: { expected?: string; hint?: string } = {}): never {
  throw new Refusal('unsupported', message, more);
}

/** Throws: the model contradicts itself or its format. */
export function invalid(message: string, more: { expected?: string; hint?: string } = {}): never {
  throw new Refusal('input', message, more);
}
