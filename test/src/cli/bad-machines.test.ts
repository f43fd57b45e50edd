/** Machines that are wrong, unknown or too small: each a one-screen refusal that names the field, and nothing written. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { digitsModel } from '../../harness/models.ts';
import { MAIN_PRESETS } from '../../harness/presets.ts';
import { expectRefusal, qnpu, scratchFolder, writingEverything } from './rig.ts';

const folder = scratchFolder();
const model = digitsModel('w2a4.qonnx');

async function refused(args: readonly string[], ...says: readonly (string | RegExp)[]): Promise<void> {
  const everything = writingEverything(folder);
  expectRefusal(await qnpu('run', model, ...args, ...everything.args), ...says);
  everything.untouched();
}

const sets = (...all: readonly string[]) => all.flatMap((s) => ['--set', s]);

describe.each(Object.keys(MAIN_PRESETS))('%s made too small', (name) => {
  const { core, buffer } = MAIN_PRESETS[name]!;
  const word = (m: { readonly banks: number; readonly portBits: number }) => (m.banks * m.portBits) / 8;
  it.each([
    [
      'a scratchpad of 64 bytes',
      sets('core.scratchpad.sizeBytes=64', 'core.scratchpad.banks=1', 'core.scratchpad.portBits=64'),
      [/needed \d+ bytes, available 64 bytes/, /core\.scratchpad\.sizeBytes/],
    ],
    [
      'a scratchpad of one byte',
      sets('core.scratchpad.sizeBytes=1', 'core.scratchpad.banks=1', 'core.scratchpad.portBits=8'),
      [/core\.scratchpad\.sizeBytes/],
    ],
    [
      'accumulators of one word of a byte',
      sets('core.accumulators.sizeBytes=1', 'core.accumulators.banks=1', 'core.accumulators.portBits=8'),
      [/core\.accumulators\.sizeBytes/],
    ],
    [
      'a scratchpad that is no whole number of words',
      sets(`core.scratchpad.sizeBytes=${word(core.scratchpad) + 1}`),
      [/core\.scratchpad\.sizeBytes/, /a multiple of/],
    ],
    ['a buffer that is no whole number of words', sets(`buffer.sizeBytes=${word(buffer) + 1}`), [/buffer\.sizeBytes/]],
    [
      'a DRAM of 512 bytes',
      sets(
        'dram.capacityBytes=512',
        'dram.rowBytes=64',
        'dram.burstBytes=64',
        'dram.banks=1',
        'dram.bankGroups=1',
        'dram.mapping=["row:3"]',
        'dram.channels=1',
      ),
      [/available 512 bytes/, /dram\.capacityBytes/],
    ],
    [
      'too few bits for the inputs',
      sets('core.matrix.inputBitsMin=1', 'core.matrix.inputBitsMax=1', ...oneBitFeed(name)),
      [/core\.matrix\.inputBitsMax/],
    ],
    ['no requantizer that fits', sets('core.requantizers=["fixed-point"]'), [/core\.requantizers/]],
  ] as const)('%s', async (_, args, says) => {
    await refused(['-m', name, ...args], ...says, /expected|try/);
  });
  it('the smallest buffer that is whole words either runs or is refused', async () => {
    const outcome = await qnpu('run', model, '-m', name, '--set', `buffer.sizeBytes=${word(buffer)}`, '--json');
    if (outcome.code !== 0) expectRefusal(outcome, /buffer\.sizeBytes/);
    else expect(JSON.parse(outcome.out)).toMatchObject({ schema: 'run/1' });
  });
});

/** Bits a cycle may not exceed the widest input. */
function oneBitFeed(name: string): string[] {
  return MAIN_PRESETS[name]!.core.matrix.kind === 'digital-cim' ? ['core.matrix.inputBitsPerCycle=1'] : [];
}

it.each([
  ['core.matrx.rows=512', [/no field 'matrx' in core/, /did you mean 'matrix'\?/]],
  ['core.matrix.row=512', [/no field 'row'/, /did you mean 'rows'\?/]],
  ['core.matrix.rows=many', [/core\.matrix\.rows/, /"many" is not allowed/]],
  ['core.matrix.rows=-1', [/core\.matrix\.rows/, /-1 is not allowed/]],
  ['core.matrix.rows=1.5', [/core\.matrix\.rows/]],
  ['core.matrix.rows=1e99', [/core\.matrix\.rows/]],
  ['core.matrix=3', [/group of fields/]],
  ['core.matrix.rows.deep=3', [/has no fields/]],
  ['core.matrix.rowsAtOnce=3', [/core\.matrix\.rowsAtOnce/, /a divisor of core\.matrix\.rows/]],
  ['__proto__.x=1', [/__proto__/]],
  ['novalue', [/there is no = in it/]],
] as const)('--set %s', async (override, says) => {
  await refused(['--set', override], ...says);
});

it('all wrong overrides at once', async () => {
  await refused(sets('core.matrx.rows=1', 'bufer.banks=2', 'core.vector.lanes=4'), /2 of 3/, /matrx/, /bufer/);
});

it('unknown machines', async () => {
  await refused(['-m', 'edge-dcim-28'], /no machine preset/, /did you mean 'edge-dcim-28nm'\?/);
  await refused(['-m', 'zebra'], /no machine preset/, /expected: one of teach-8x8/);
  await refused(['-m', 'constructor'], /no machine preset/);
  await refused(['-m', './nowhere.yaml'], /there is no such file/);
});

it.each([
  ['not YAML', 'core: [1, 2\nname: {', /not YAML/],
  ['a list', '- 1\n- 2\n', /a map of fields/],
  ['empty', '', /a map of fields/],
  ['nearly nothing', 'name: mine\n', /missing/],
  ['an unknown preset', 'extends: teach-8x9\n', /did you mean 'teach-8x8'\?/],
  ['an unknown field', 'extends: teach-8x8\ncore:\n  matrix:\n    rowz: 4\n', /4:\d+.*\n?.*no field 'rowz'/],
  ['a wrong value', 'extends: teach-8x8\ncores: lots\n', /"lots" is not allowed/],
  ['a key twice', 'extends: teach-8x8\ncores: 1\ncores: 2\n', /not YAML/],
  ['binary', '\u0000\u0001\u0002', /YAML|map of fields/],
])('a machine file: %s', async (_, text, says) => {
  const path = join(folder, 'machine.yaml');
  writeFileSync(path, text);
  await refused(['-m', path], says);
  const check = await qnpu('machine', 'check', path);
  expectRefusal(check, says);
});
