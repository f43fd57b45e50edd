import { describe, expect, it } from 'vitest';
import {
  CapacityError,
  Diagnostics,
  formatError,
  InputError,
  InternalError,
  QnpuError,
  SimFault,
  UnsupportedError,
} from '../../../isa/base/errors.ts';

const capacity = { needed: 300, available: 256, unit: 'B', knob: 'core.scratchpad.sizeBytes' };

describe('error classes', () => {
  it('each names its kind and the exit code of the command line', () => {
    const errors = [
      new InputError('m'),
      new UnsupportedError('m'),
      new CapacityError('m', capacity),
      new SimFault('m'),
      new InternalError('m'),
    ];
    expect(errors.map((e) => [e.name, e.kind, e.exitCode])).toEqual([
      ['InputError', 'input', 1],
      ['UnsupportedError', 'unsupported', 1],
      ['CapacityError', 'capacity', 1],
      ['SimFault', 'fault', 3],
      ['InternalError', 'internal', 70],
    ]);
    for (const e of errors) expect(e).toBeInstanceOf(QnpuError);
  });

  it('takes its code from the details, else from the first finding, and keeps the cause', () => {
    const cause = new Error('below');
    const finding = { code: 'E-ONE', message: 'one' };
    expect(new InputError('m', { code: 'E-OWN', diagnostics: [finding], cause })).toMatchObject({
      code: 'E-OWN',
      cause,
    });
    expect(new InputError('m', { diagnostics: [finding] }).code).toBe('E-ONE');
  });
});

describe('Diagnostics', () => {
  it('throws once, with every finding in order, and not at all without one', () => {
    const found = new Diagnostics();
    found.throwIfAny(InputError, 'nothing');
    found.add({ code: 'E-ONE', message: 'one' });
    found.add({ code: 'E-TWO', message: 'two' });
    try {
      found.throwIfAny(UnsupportedError, '2 things');
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(UnsupportedError);
      expect((error as UnsupportedError).diagnostics.map((d) => d.code)).toEqual(['E-ONE', 'E-TWO']);
    }
  });
});

describe('formatError', () => {
  it('says what, where, what was expected and what to try', () => {
    const error = new InputError('the machine file is wrong', {
      diagnostics: [
        {
          code: 'E-MACHINE-KEY',
          message: 'unknown key "rowz"',
          where: 'chip.yaml',
          line: 7,
          column: 3,
          hint: 'did you mean "rows"?',
        },
        {
          code: 'E-MACHINE-RANGE',
          message: 'rows is 0',
          where: 'core.matrix.rows',
          expected: '1 .. 4096',
          excerpt: 'rows: 0\n      ^',
        },
      ],
    });
    expect(formatError(error)).toBe(
      [
        'error E-MACHINE-KEY: the machine file is wrong',
        '  chip.yaml:7:3: unknown key "rowz"',
        '    try: did you mean "rows"?',
        '  core.matrix.rows: rows is 0',
        '    rows: 0',
        '          ^',
        '    expected: 1 .. 4096',
      ].join('\n'),
    );
  });

  it('does not say a single finding twice', () => {
    const only = { code: 'E-FILE', message: 'cannot be read', where: 'm.onnx' };
    expect(formatError(new InputError('cannot be read', { diagnostics: [only] }))).toBe(
      'error E-FILE: cannot be read\n  at m.onnx',
    );
  });

  it('counts what it leaves out', () => {
    const diagnostics = Array.from({ length: 15 }, (_, i) => ({ code: 'E-N', message: `finding ${i}` }));
    const lines = formatError(new UnsupportedError('many', { diagnostics }), 3).split('\n');
    expect(lines.slice(1)).toEqual(['  finding 0', '  finding 1', '  finding 2', '  ... and 12 more']);
  });

  it('cuts lines that nobody can read', () => {
    const text = formatError(new InputError(`there is no '${'x'.repeat(100_000)}'\nsecond line`));
    expect(text.length).toBeLessThan(1100);
    expect(text).toMatch(/x \.\.\.\nsecond line$/);
  });

  it('shows needed, available, the largest consumers and the knob', () => {
    const consumers = [
      { name: 'conv1', amount: 200 },
      { name: 'conv2', amount: 100 },
    ];
    const text = formatError(
      new CapacityError('the scratchpad is too small', { code: 'E-CAP', ...capacity, consumers }),
    );
    expect(text.split('\n')).toEqual([
      'error E-CAP: the scratchpad is too small',
      '  needed 300 B, available 256 B, 44 too many',
      '  largest:',
      '    conv1: 200 B',
      '    conv2: 100 B',
      '  try: a larger core.scratchpad.sizeBytes (--set core.scratchpad.sizeBytes=...)',
    ]);
  });
});
