/** Every preset: what it claims to be, and that small trained networks compile, compute the same bits and take time on it. */
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../isa/base/random.ts';
import { applyOverrides } from '../../isa/machine/overrides.ts';
import { PRESETS } from '../../isa/machine/presets/index.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import { buildAnalog } from '../../sim/exec/analog.ts';
import { simulate } from '../../sim/timing/simulate.ts';
import { compileModel } from '../../src/run/model.ts';
import { prepareModel } from '../../src/run/prepare.ts';
import { randomInputs } from '../../src/run/random-inputs.ts';
import { runValues } from '../../src/run/values.ts';
import { bytesOf, digitsModel, sharedModel } from '../harness/models.ts';

/** The chips that the project promises, and whether a source gives their dimensions. */
const PROMISED: Readonly<Record<string, Machine['basis']['kind']>> = {
  'watt-a1-like': 'hypothetical',
  'tsmc-22nm-dcim': 'modelled-after',
  'jia-65nm': 'modelled-after',
  'sinangil-7nm': 'modelled-after',
  'colonnade-65nm': 'modelled-after',
  'tpu-v1': 'modelled-after',
  'gemmini-16x16': 'modelled-after',
  'bitfusion-45nm': 'modelled-after',
  'eyeriss-like': 'hypothetical',
  'dimc-edge-soc': 'hypothetical',
  'vision-server': 'hypothetical',
};

it('every promised chip is there, with its label', () => {
  const labels = Object.fromEntries(Object.keys(PROMISED).map((name) => [name, PRESETS[name]?.basis.kind]));
  expect(labels).toEqual(PROMISED);
});

const tfc = sharedModel('tfc-w1a1.qonnx.onnx');
const MODELS = [
  { name: 'digits-w2a4', bytes: bytesOf(digitsModel('w2a4.qonnx')) },
  { name: 'digits-int8', bytes: bytesOf(digitsModel('int8.qdq')) },
  ...(tfc === undefined ? [] : [{ name: 'tfc-w1a1', bytes: tfc }]),
];

/** The same machine with an ADC that resolves every sum of a column. */
function resolving(machine: Machine): Machine {
  const { matrix } = machine.core;
  if (matrix.kind !== 'analog-cim') return machine;
  const most = matrix.rowsAtOnce * (2 ** matrix.dacBits - 1) * (2 ** matrix.cellBits - 1);
  return applyOverrides(machine, ['core.matrix.adcBits=20', `core.matrix.adcFullScale=${most}`]);
}

describe.each(MODELS)('$name', ({ name, bytes }) => {
  const model = prepareModel(bytes, name);
  const sample = randomInputs(model.graph, createRandom(3));
  const outputsOn = (machine: Machine) =>
    runValues(compileModel(model, machine), machine, [sample], buildAnalog(machine, 'exact', 0)).outputs;
  const expected = outputsOn(PRESETS['edge-dcim-28nm']!);

  it.each(Object.keys(PRESETS))('on %s: the same bits, in some time', (preset) => {
    const machine = PRESETS[preset]!;
    expect(outputsOn(resolving(machine))).toEqual(expected);
    expect(simulate(compileModel(model, machine).program, machine).cycles).toBeGreaterThan(100);
  });
});
