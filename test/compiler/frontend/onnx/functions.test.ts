/** Functions that a model defines itself: expanded, they are what ONNX Runtime computes. */
import { describe, expect, it } from 'vitest';
import {
  checkModel,
  importModel,
  makeNode,
  type OnnxFunction,
  type OnnxModel,
  readModel,
  writeModel,
} from '../../../../compiler/frontend/onnx/index.ts';
import { createRandom } from '../../../../isa/base/random.ts';
import { compareWithOracle } from '../../../harness/oracle/compare.ts';
import { ModelMaker, quantizedOutput, scaledInput } from '../../../harness/oracle/pattern-models.ts';

const DOMAIN = 'pkg.layers';
const opsets = [
  { domain: '', version: 17 },
  { domain: DOMAIN, version: 1 },
];
type Parts = Partial<OnnxFunction> & Pick<OnnxFunction, 'name' | 'inputs' | 'outputs' | 'nodes'>;
const define = (parts: Parts): OnnxFunction => ({ domain: DOMAIN, defaults: new Map(), opsets, ...parts });
const refer = (value: string) => ({ type: 'reference', value }) as const;

/** LeakyRelu whose slope the call may leave out. */
const bent = define({
  name: 'bent',
  inputs: ['x'],
  outputs: ['y'],
  nodes: [makeNode('LeakyRelu', ['x'], ['y'], { alpha: refer('slope') })],
  defaults: new Map([['slope', { type: 'float', value: 0.25 }]]),
});

/** Two calls of the other; the third operand may be missing. */
const block = define({
  name: 'block',
  inputs: ['x', 'low', 'high'],
  outputs: ['sum', 'same'],
  nodes: [
    makeNode(`${DOMAIN}:bent`, ['x'], ['a'], { slope: refer('slope') }),
    makeNode(`${DOMAIN}:bent`, ['x'], ['b']),
    makeNode('Clip', ['b', 'low', 'high'], ['c']),
    makeNode('Add', ['a', 'c'], ['sum']),
    makeNode('Identity', ['x'], ['same']),
  ],
});

function calling(functions: readonly OnnxFunction[]): OnnxModel {
  const m = new ModelMaker(createRandom(1));
  m.opset = 17;
  const x = scaledInput(m, 'uint8', [3, 40], 0.02, 100);
  const low = m.tensor('float32', [], [-0.125]);
  const [sum, same] = m.nodes(`${DOMAIN}:block`, [x.float, low, ''], 2, { slope: { type: 'float', value: 0.5 } });
  const [again] = m.nodes(`${DOMAIN}:block`, [m.node('Sub', [sum!, same!]), low], 2);
  quantizedOutput(m, again!, 'uint8', 2, 0.03, 90);
  return { ...m.model('calling', [{ domain: DOMAIN, version: 1 }]), functions };
}

describe('functions of the model', () => {
  it('are expanded: calls in calls, defaults, missing operands', async () => {
    const model = calling([block, bent]);
    expect(readModel(writeModel(model))).toEqual(model);
    const all = await compareWithOracle(model, createRandom(2), 4);
    expect(all).toMatchObject({ elements: 480, different: 0 });
  });

  it('may give an operand as a result', () => {
    const same = define({ ...block, outputs: ['sum', 'x'], nodes: block.nodes.slice(0, -1) });
    const [plain, direct] = [block, same].map((f) => importModel(calling([f, bent])).graph.nodes);
    expect(direct!.length).toBeGreaterThan(3);
    expect(direct!.map((n) => n.op)).toEqual(plain!.map((n) => n.op));
  });

  it('that call themselves, or are of another opset, are refused where they are called', () => {
    const round = define({ ...bent, nodes: [makeNode(`${DOMAIN}:block`, ['x'], ['y'])] });
    const old = { ...bent, opsets: [{ domain: '', version: 9 }] };
    for (const functions of [
      [block, round],
      [block, old],
    ]) {
      const { issues } = checkModel(calling(functions));
      expect(issues[0]?.message).toContain('a function of the model that has subgraphs, calls itself');
      expect(issues[0]?.hint).toContain('onnx.inliner');
    }
  });

  it('that multiply without end are one error', () => {
    const towers = Array.from({ length: 30 }, (_, i) =>
      define({
        name: `f${i}`,
        inputs: ['x'],
        outputs: ['y'],
        nodes: [
          makeNode(i === 29 ? 'Relu' : `${DOMAIN}:f${i + 1}`, ['x'], ['a']),
          makeNode(i === 29 ? 'Relu' : `${DOMAIN}:f${i + 1}`, ['a'], ['y']),
        ],
      }),
    );
    const first = define({ ...bent, nodes: [makeNode(`${DOMAIN}:f0`, ['x'], ['y'])] });
    const { issues } = checkModel(calling([block, first, ...towers]));
    expect(issues.map((i) => i.message)).toEqual(['the functions of the model expand to more than 262144 nodes']);
  });
});
