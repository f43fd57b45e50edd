/** Instruction syntax to instructions: names become numbers, every operand is checked against its field. Findings go to `report`. */
import type { Diagnostic } from '../../base/errors.ts';
import { didYouMean } from '../../base/suggest.ts';
import type { SemaphoreDeclaration, UnitRef } from '../../program.ts';
import { LIMITS } from '../../tensor.ts';
import { maskOf } from '../destinations.ts';
import { type FieldValue, fieldRange } from '../fields.ts';
import { CONDITIONS, type FieldSpec, type Instruction, MNEMONICS, type Mnemonic, NO_TENSOR, TABLE } from '../table.ts';
import { registerNumber } from './cursor.ts';
import { coreOf, UNIT_WORDS, unitOf } from './names.ts';
import { type NamedField, operandForm } from './operand-form.ts';
import type { InstructionSyntax, KeywordOperand, Operand, ProgramDraft } from './program-draft.ts';
import type { Finding, Source, Span } from './source.ts';

type Semaphore = SemaphoreDeclaration & { readonly name: string };

/** Everything that reads one instruction of one core. */
export class Resolver {
  readonly #source: Source;
  readonly #draft: ProgramDraft;
  readonly #core: number;
  readonly #semaphores: readonly Semaphore[];
  readonly #report: (d: Diagnostic) => void;

  constructor(
    source: Source,
    draft: ProgramDraft,
    core: number,
    semaphores: readonly Semaphore[],
    report: (d: Diagnostic) => void,
  ) {
    this.#source = source;
    this.#draft = draft;
    this.#core = core;
    this.#semaphores = semaphores;
    this.#report = report;
  }

  /** Instructions that the syntax stands for (`barrier` stands for several, a mistake for none). */
  resolve(s: InstructionSyntax): Instruction[] {
    const { op, suffix } = this.#mnemonic(s);
    if (op === undefined) return [];
    if (op === 'barrier') return this.#barrier(s);
    const ordering = {
      waits: s.waits.map((w) => this.#localSemaphore(w)),
      signals: s.signals.map(({ semaphore, at }) => ({ semaphore: this.#localSemaphore(semaphore), at })),
    };
    this.#atMost(s, 'waits', s.waits.length, LIMITS.waits);
    this.#atMost(s, 'signals', s.signals.length, LIMITS.signals);
    if (s.length !== undefined && op !== 'loop' && op !== 'skip')
      this.#problem(s.mnemonic, {
        code: 'E-ASM-SYNTAX',
        message: `${op} has no body`,
        expected: 'braces behind loop or skip only',
      });
    const values =
      op === 'loop'
        ? this.#loop(s)
        : op === 'skip'
          ? this.#skip(s)
          : op === 'sync'
            ? this.#sync(s)
            : this.#operands(op, suffix, s);
    return [{ op, ...ordering, ...values } as unknown as Instruction];
  }

  #problem(span: Span, finding: Finding): void {
    this.#report(this.#source.diagnostic(span, finding));
  }

  #atMost(s: InstructionSyntax, what: string, found: number, most: number): void {
    if (found > most)
      this.#problem(s.mnemonic, {
        code: 'E-ASM-RANGE',
        message: `${found} ${what}; an instruction has room for ${most}`,
        hint: 'carry the others on a sync of the same unit',
      });
  }

  #mnemonic({ mnemonic }: InstructionSyntax): { op: Mnemonic | 'barrier' | undefined; suffix: string | undefined } {
    const dot = mnemonic.text.indexOf('.');
    const word = dot < 0 ? mnemonic.text : mnemonic.text.slice(0, dot);
    const suffix = dot < 0 ? undefined : mnemonic.text.slice(dot + 1);
    const known = [...MNEMONICS, 'barrier'] as const;
    const op = known.find((m) => m === word);
    if (op === undefined) this.#unknown(mnemonic, 'instruction', word, known);
    return { op, suffix };
  }

  #unknown(span: Span, what: string, name: string, known: readonly string[]): void {
    const near = didYouMean(name, known);
    this.#problem(span, {
      code: 'E-ASM-NAME',
      message: `there is no ${what} '${name}'`,
      hint: near === undefined ? undefined : `did you mean '${near}'?`,
      expected: known.length > 0 && known.length <= 24 ? `one of ${known.join(', ')}` : undefined,
    });
  }

  #operands(op: Mnemonic, suffix: string | undefined, s: InstructionSyntax): Record<string, FieldValue> {
    const form = operandForm(op);
    const values: Record<string, FieldValue> = {};
    if (form.suffix !== undefined) values[form.suffix[0]] = this.#suffix(op, suffix, form.suffix, s);
    else if (suffix !== undefined)
      this.#problem(s.mnemonic, { code: 'E-ASM-SYNTAX', message: `${op} has no variant '${suffix}'`, expected: op });
    if (s.operands.length !== form.positional.length) {
      const names = form.positional.map(([name]) => name).join(', ');
      this.#problem(s.span, {
        code: 'E-ASM-COUNT',
        message: `${op} has ${form.positional.length} operands, found ${s.operands.length}`,
        expected: names === '' ? op : `${op} ${names}`,
      });
      return values;
    }
    form.positional.forEach(([name, field], i) => {
      values[name] = this.#value(name, field, s.operands[i]!);
    });
    for (const [name, field] of form.keywords)
      values[name] = field.kind === 'flag' ? false : field.kind === 'optionalTensor' ? NO_TENSOR : 0;
    for (const keyword of s.keywords) this.#keyword(op, form.keywords, keyword, values);
    return values;
  }

  #suffix(op: Mnemonic, suffix: string | undefined, [name, field]: NamedField, s: InstructionSyntax): FieldValue {
    const choices = field.choices ?? Array.from({ length: 16 }, (_, channel) => String(channel));
    if (suffix !== undefined && choices.includes(suffix)) return field.choices === undefined ? Number(suffix) : suffix;
    const expected =
      choices
        .slice(0, 8)
        .map((choice) => `${op}.${choice}`)
        .join(', ') + (choices.length > 8 ? ', ...' : '');
    const near = suffix === undefined ? undefined : didYouMean(suffix, choices);
    this.#problem(s.mnemonic, {
      code: 'E-ASM-NAME',
      expected,
      message: suffix === undefined ? `${op} needs its ${name}` : `${op} has no ${name} '${suffix}'`,
      hint: near === undefined ? undefined : `did you mean '${op}.${near}'?`,
    });
    return field.choices?.[0] ?? 0;
  }

  #keyword(
    op: Mnemonic,
    known: readonly NamedField[],
    { name, span, value, more }: KeywordOperand,
    values: Record<string, FieldValue>,
  ): void {
    const field = known.find(([n]) => n === name)?.[1];
    if (field === undefined)
      this.#unknown(
        span,
        `keyword of ${op}`,
        name,
        known.map(([n]) => n),
      );
    else if (field.kind === 'flag') {
      if (value !== undefined)
        this.#problem(span, { code: 'E-ASM-SYNTAX', message: `${name} is a flag and takes no value`, expected: name });
      values[name] = true;
    } else if (value === undefined)
      this.#problem(span, { code: 'E-ASM-SYNTAX', message: `${name} needs a value`, expected: `${name}=...` });
    else if (name === 'cores') values[name] = this.#coreMask(field, [value, ...more]);
    else if (more.length > 0)
      this.#problem(span, { code: 'E-ASM-SYNTAX', message: `${name} has ${more.length + 1} values`, expected: 'one' });
    else values[name] = this.#value(name, field, value);
  }

  #value(name: string, field: FieldSpec, operand: Operand): number {
    switch (field.kind) {
      case 'tensor':
      case 'optionalTensor':
        return this.#descriptor(operand, 'tensor', this.#draft.tensorNumbers);
      case 'array':
        return this.#descriptor(operand, 'array', this.#draft.arrayNumbers);
      case 'register':
        return this.#register(operand);
      default:
        if (name === 'core') return this.#coreNumber(operand, field);
        return name === 'signalRemote' ? this.#remoteSemaphore(operand) : this.#number(field, operand);
    }
  }

  #descriptor(operand: Operand, what: string, numbers: ReadonlyMap<string, number>): number {
    if (operand.kind === 'raw') return operand.located.value;
    if (operand.kind === 'number') {
      this.#problem(operand.located.span, {
        code: 'E-ASM-SYNTAX',
        message: `expected the name of ${what === 'array' ? 'an' : 'a'} ${what}, found ${operand.located.value}`,
      });
      return 0;
    }
    const number = numbers.get(operand.token.text);
    if (number === undefined) this.#unknown(operand.token, what, operand.token.text, [...numbers.keys()]);
    return number ?? 0;
  }

  #register(operand: Operand): number {
    const number = operand.kind === 'word' ? registerNumber(operand.token.text) : undefined;
    if (number === undefined)
      this.#problem(spanOf(operand), { code: 'E-ASM-SYNTAX', message: 'this is no register', expected: 'r0 .. r31' });
    return number ?? 0;
  }

  #number(field: FieldSpec, operand: Operand): number {
    const { min, max } = fieldRange(field);
    if (operand.kind === 'number' && operand.located.value >= min && operand.located.value <= max)
      return operand.located.value;
    const message = operand.kind === 'number' ? `${operand.located.value} is out of range` : 'this is no number';
    this.#problem(spanOf(operand), { code: 'E-ASM-RANGE', message, expected: `${min} .. ${max}` });
    return 0;
  }

  /** `core=core1`: 0 in the words is the own core, c + 1 core c. */
  #coreNumber(operand: Operand, field: FieldSpec): number {
    if (operand.kind !== 'word') return this.#number(field, operand);
    const core = coreOf(operand.token.text);
    if (core === undefined)
      this.#problem(operand.token, {
        code: 'E-ASM-NAME',
        message: `'${operand.token.text}' is no core`,
        expected: 'core0 .. core30',
      });
    return core === undefined ? 0 : core + 1;
  }

  /** `cores=core0,core2`, or the mask as a number. */
  #coreMask(field: FieldSpec, operands: readonly Operand[]): number {
    const [first] = operands;
    if (operands.length === 1 && first !== undefined && first.kind !== 'word') return this.#number(field, first);
    const cores = operands.flatMap((o) => {
      const core = o.kind === 'word' ? coreOf(o.token.text) : undefined;
      if (core !== undefined && core < field.bits) return [core];
      const message = o.kind === 'word' ? `'${o.token.text}' is no core that a multicast reaches` : 'this is no core';
      this.#problem(spanOf(o), { code: 'E-ASM-NAME', message, expected: `core0 .. core${field.bits - 1}` });
      return [];
    });
    return maskOf(cores);
  }

  /** A semaphore of whatever core; that the destination is the same core is checked with the whole program. */
  #remoteSemaphore(operand: Operand): number {
    if (operand.kind !== 'word') return operand.located.value;
    const { text } = operand.token;
    const found = this.#semaphores.find((s) => s.name === text);
    if (found === undefined)
      this.#unknown(
        operand.token,
        'semaphore',
        text,
        this.#semaphores.map((s) => s.name),
      );
    return found?.index ?? 0;
  }

  #localSemaphore(operand: Operand): number {
    if (operand.kind !== 'word') return operand.located.value;
    return this.#namedSemaphore(operand)?.index ?? 1;
  }

  #namedSemaphore(operand: Operand & { readonly kind: 'word' }): Semaphore | undefined {
    const { text } = operand.token;
    const found = this.#semaphores.find((s) => s.name === text);
    if (found === undefined)
      this.#unknown(
        operand.token,
        'semaphore',
        text,
        this.#semaphores.filter((s) => s.core === this.#core).map((s) => s.name),
      );
    else if (found.core !== this.#core) {
      this.#problem(operand.token, {
        code: 'E-ASM-NAME',
        message: `semaphore '${text}' belongs to core ${found.core}, this code to core ${this.#core}`,
        hint: `signal it behind remote data: copy ... core=core${found.core} signalRemote=${text}`,
      });
    }
    return found;
  }

  /** `loop 4 { }`, `loop r3 { }`, or the raw form `loop count=4 times=r0 length=2`. */
  #loop(s: InstructionSyntax): Record<string, FieldValue> {
    const [repeat, more] = s.operands;
    if (more !== undefined)
      this.#problem(spanOf(more), {
        code: 'E-ASM-COUNT',
        message: 'loop has one operand',
        expected: 'loop 4 { ... } or loop r3 { ... }',
      });
    const values = this.#rawFields('loop', s, repeat === undefined ? [] : ['count', 'times']);
    if (repeat === undefined) return values;
    return repeat.kind === 'word'
      ? { ...values, count: 0, times: this.#loopRegister(repeat) }
      : { ...values, count: this.#number(TABLE.loop.fields.count, repeat), times: 0 };
  }

  #loopRegister(operand: Operand & { readonly kind: 'word' }): number {
    const number = this.#register(operand);
    if (operand.token.text === 'r0')
      this.#problem(operand.token, {
        code: 'E-ASM-RANGE',
        message: 'r0 always reads as zero',
        expected: 'a number, or a register r1 .. r31',
      });
    return number;
  }

  /** `skip zero r1 { }` is read as mnemonic, operand `zero` and a keyword `r1`; also `skip.zero r1 { }`. */
  #skip(s: InstructionSyntax): Record<string, FieldValue> {
    const { suffix } = this.#mnemonic(s);
    const words = [
      ...(suffix === undefined ? [] : [suffix]),
      ...s.operands.map((o) => (o.kind === 'word' ? o.token.text : '')),
      ...s.keywords.filter((k) => k.value === undefined).map((k) => k.name),
    ];
    const [test, register] = words;
    const condition = CONDITIONS.find((x) => x === test);
    const rs = registerNumber(register ?? '');
    if (condition === undefined || rs === undefined || words.length !== 2) {
      this.#problem(s.span, {
        code: 'E-ASM-SYNTAX',
        message: 'this is no skip',
        expected: `skip <${CONDITIONS.join('|')}> r0..r31 { ... }`,
      });
    }
    const withValues = { ...s, keywords: s.keywords.filter((k) => k.value !== undefined) };
    return { rs: rs ?? 0, condition: condition ?? 'zero', ...this.#rawFields('skip', withValues, ['rs', 'condition']) };
  }

  /** Fields as `name=value`; the length from the braces. */
  #rawFields(op: 'loop' | 'skip', s: InstructionSyntax, without: readonly string[]): Record<string, FieldValue> {
    const fields: Readonly<Record<string, FieldSpec>> = TABLE[op].fields;
    const known = Object.entries(fields).filter(
      ([name]) => !without.includes(name) && !(name === 'length' && s.length !== undefined),
    );
    const values: Record<string, FieldValue> = Object.fromEntries(known.map(([name]) => [name, 0]));
    for (const keyword of s.keywords) this.#keyword(op, known, keyword, values);
    if (s.length === undefined) {
      if (!s.keywords.some((k) => k.name === 'length'))
        this.#problem(s.span, {
          code: 'E-ASM-SYNTAX',
          message: `${op} has no body`,
          expected: `${op} ... { instructions }`,
        });
    } else values.length = this.#bodyLength(op, s.length, s.span);
    return values;
  }

  #bodyLength(op: string, length: number, span: Span): number {
    const { max } = fieldRange(TABLE.loop.fields.length);
    if (length > max)
      this.#problem(span, {
        code: 'E-ASM-RANGE',
        message: `the body of this ${op} has ${length} instructions`,
        expected: `at most ${max}`,
      });
    return length;
  }

  /** `sync dma0 wait a signal b`. */
  #sync(s: InstructionSyntax): Record<string, FieldValue> {
    const [operand, more] = s.operands;
    const unit = operand?.kind === 'word' ? unitOf(operand.token.text) : undefined;
    if (operand?.kind === 'word' && unit === undefined)
      this.#unknown(operand.token, 'unit', operand.token.text, UNIT_WORDS);
    else if (unit === undefined || more !== undefined)
      this.#problem(s.span, {
        code: 'E-ASM-COUNT',
        message: `sync has one operand, found ${s.operands.length}`,
        expected: 'sync <unit>, e.g. sync dma0',
      });
    const values: Record<string, FieldValue> = { unit: unit?.kind ?? 'seq', channel: unit?.channel ?? 0 };
    const known: NamedField[] = unit?.kind === 'dma' ? [] : [['channel', TABLE.sync.fields.channel]];
    for (const keyword of s.keywords) this.#keyword('sync', known, keyword, values);
    return values;
  }

  /** For each named semaphore its producer passes a signal and its consumer waits: what the one did comes before what the other will do. */
  #barrier(s: InstructionSyntax): Instruction[] {
    const expected = 'barrier semaphore, semaphore, ...';
    if (s.operands.length === 0 || s.keywords.length + s.waits.length + s.signals.length > 0)
      this.#problem(s.span, { code: 'E-ASM-SYNTAX', message: 'a barrier names semaphores only', expected });
    const passes = s.operands.flatMap((o) => {
      if (o.kind === 'word') return this.#namedSemaphore(o) ?? [];
      this.#problem(spanOf(o), {
        code: 'E-ASM-SYNTAX',
        message: 'a barrier needs the name of a semaphore, for its units',
        expected,
      });
      return [];
    });
    const sync = ({ kind, channel }: UnitRef, waits: number[], signals: number[]): Instruction => ({
      op: 'sync',
      unit: kind,
      channel,
      waits,
      signals: signals.map((semaphore) => ({ semaphore, at: 'done' })),
    });
    return [
      ...passes.map((p) => sync(p.producer, [], [p.index])),
      ...passes.map((p) => sync(p.consumer, [p.index], [])),
    ];
  }
}

function spanOf(operand: Operand): Span {
  return operand.kind === 'word' ? operand.token : operand.located.span;
}
