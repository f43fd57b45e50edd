/** Bands of a known network: windows with stride, dilation and padding, a skip, a joined channel; what the report says; what is chosen, refused, and left alone. */
import { describe, expect, it } from 'vitest';
import { cutBands } from '../../../compiler/bands/cut.ts';
import { compile } from '../../../compiler/compile.ts';
import { GraphBuilder } from '../../../compiler/graph/builder.ts';
import type { Graph, IntegerType, Window } from '../../../compiler/graph/types.ts';
import { SharedParts } from '../../../compiler/lower/kernels/context.ts';
import { type Selected, select } from '../../../compiler/lower/select.ts';
import { formatError, InputError } from '../../../isa/base/errors.ts';
import { edgeDcim28nm } from '../../../isa/machine/presets/edge-dcim-28nm.ts';
import type { Machine } from '../../../isa/machine/schema.ts';
import { simulate } from '../../../sim/timing/simulate.ts';
import { checkGraph, seeded } from '../../harness/differential.ts';

const CODE: IntegerType = { kind: 'int', bits: 8, coding: 'signed' };

function window(kernel: number, stride: number, dilation: number, pads: Window['pads']): Window {
  return { kernel: [kernel, kernel], strides: [stride, stride], dilations: [dilation, dilation], pads };
}

/** An image of `size` rows and columns through four layers of 16 channels; the second is read again at the end, the first pooled with an odd border. */
function network(size: number): Graph {
  const b = new GraphBuilder('small-unet');
  const random = seeded(7);
  const conv = (name: string, x: string, from: number, w: Window): string => {
    const shape = [16, from, ...w.kernel];
    const data = Int32Array.from({ length: 16 * from * w.kernel[0] ** 2 }, () => Math.floor(random() * 15) - 7);
    const weights = b.constant({ type: { element: CODE, shape }, data }, `${name}.w`);
    const sums = b.add('conv', [x, weights], { window: w, groups: 1, xZero: 3, wZero: Int32Array.of(0) }, { name });
    const spec = { mode: 'float32', scale: new Float32Array(16).fill(0.01), zeroPoint: 1 } as const;
    return b.add('requantize', [sums], { spec, axis: 1, relu: true }, { name: `${name}.codes`, element: CODE });
  };
  const x = b.input('x', { element: CODE, shape: [1, 8, size, size] });
  const first = conv('first', x, 8, window(3, 1, 1, [1, 1, 1, 1]));
  const second = conv('second', first, 16, window(3, 1, 2, [2, 2, 2, 2]));
  const pooled = b.add('maxpool', [second], { window: window(3, 2, 1, [0, 1, 1, 0]) }, { name: 'pooled' });
  const third = conv('third', pooled, 16, window(3, 1, 1, [1, 1, 1, 1]));
  const both = b.add('concat', [pooled, third], { axis: 1 }, { name: 'both' });
  return b.finish([conv('last', both, 32, window(1, 1, 1, [0, 0, 0, 0]))]);
}

/** Little room, and a narrow way to more of it. */
function small(): Machine {
  const { core, interconnect } = edgeDcim28nm;
  const scratchpad = { ...core.scratchpad, sizeBytes: 65536 };
  return {
    ...edgeDcim28nm,
    name: 'small',
    interconnect: { ...interconnect, linkBits: 32 },
    core: { ...core, scratchpad },
  };
}

const group = (last: string, bands: number, along = 'rows') => ({ first: 'first', last, along, bands });

describe('a network in bands', () => {
  it('has its values, with as many bands as rows allow', () => {
    for (const bands of [2, 7, 10]) {
      const pins = { bands: [group('last.codes', bands)] };
      const { report } = checkGraph(network(20), edgeDcim28nm, seeded(bands), { pins, explain: 'decisions' });
      expect(report.decisions?.bands).toEqual(pins.bands);
    }
    checkGraph(network(20), edgeDcim28nm, seeded(1), { pins: { bands: [group('last.codes', 4, 'columns')] } });
    checkGraph(network(20), edgeDcim28nm, seeded(1), { pins: { bands: [group('second.codes', 4)] } });
  });

  it('says what is computed again: rows that the window of two bands reaches', () => {
    const { report } = compile(network(20), edgeDcim28nm, { pins: { bands: [group('second.codes', 4)] } });
    const [first, second] = ['first', 'second'].map((name) => report.layers.find((l) => l.name === name)!);
    // Five rows of the second layer reach two above and below: 7, 9, 9 and 7 rows of the first for its 20.
    expect(first!.macs).toBe(20 * 20 * 8 * 9 * 16);
    expect(first!.macsDone).toBe((first!.macs / 20) * 32);
    expect(second!.macsDone).toBe(second!.macs);
  });

  it('has averages of its own at borders: bands share no numbers that differ', () => {
    for (const [rows, bands] of [
      [6, 3],
      [16, 4],
      [17, 5],
    ] as const) {
      const b = new GraphBuilder('averages');
      const x = b.input('x', { element: { kind: 'float32' }, shape: [1, 1, rows, 3] });
      const pool = b.add(
        'avgpool',
        [x],
        { window: window(3, 1, 1, [1, 1, 1, 1]), countIncludePad: false },
        { name: 'pool' },
      );
      const pins = { bands: [{ first: 'pool', last: 'pool', along: 'rows', bands }] };
      checkGraph(b.finish([pool]), edgeDcim28nm, seeded(1), { pins });
    }
  });

  it('has the rows of its own graph of a constant, whatever other groups had', () => {
    const b = new GraphBuilder('positions');
    const x = b.input('x', { element: CODE, shape: [1, 4, 16, 8] });
    const data = Int32Array.from({ length: 16 }, (_, i) => i);
    const constant = b.constant({ type: { element: CODE, shape: [1, 1, 16, 1] }, data }, 'rows');
    const scales = { aScale: 0.5, aZero: 0, bScale: 0.5, bZero: 0, scale: 0.5, zeroPoint: 0 };
    const add = (a: string, name: string) => b.add('qadd', [a, constant], scales, { name, element: CODE });
    const graph = b.finish([add(add(x, 'one'), 'two')]);
    const [one, two] = [
      { nodes: [graph.nodes[0]!], dim: 2, count: 2 },
      { nodes: [graph.nodes[1]!], dim: 2, count: 4 },
    ];
    const constantsOf = (selected: readonly Selected[]) =>
      selected
        .flatMap((s) => ('inputs' in s ? s.inputs : []))
        .flatMap(({ source }) =>
          source.kind === 'constant' ? [`${source.constant.name} ${[...source.constant.bytes]}`] : [],
        );
    const shared = new SharedParts();
    select(cutBands(graph, [one, two]), edgeDcim28nm, shared);
    const own = cutBands(graph, [two]);
    expect(constantsOf(select(own, edgeDcim28nm, shared))).toEqual(constantsOf(select(own, edgeDcim28nm)));
  });

  it('has the layers of the network, each once, with its MACs, and its weights once in the arrays', () => {
    const graph = network(20);
    const apart = compile(graph, edgeDcim28nm, { pins: { bands: [] } });
    const banded = compile(graph, edgeDcim28nm, { pins: { bands: [group('last.codes', 5)] } });
    const sizes = ({ report }: typeof apart) => report.layers.map(({ name, macs }) => `${name} ${macs}`);
    const products = sizes(apart).filter((line) => !line.endsWith(' 0'));
    expect(products).toHaveLength(4);
    expect(sizes(banded).filter((line) => !line.endsWith(' 0'))).toEqual(products);
    expect(banded.program.symbols.layers).toHaveLength(banded.report.layers.length);
    expect(banded.report.weights.resident).toBe(true);
    expect(banded.report.weights.writes).toBe(banded.report.weights.tiles);
  });

  it('is chosen where values find no room, and is faster', () => {
    const graph = network(64);
    const machine = small();
    const { report, program } = compile(graph, machine, { explain: 'decisions' });
    expect(report.decisions?.bands?.length).toBeGreaterThan(0);
    const apart = compile(graph, machine, { pins: { bands: [] } });
    expect(simulate(program, machine).cycles).toBeLessThan(0.9 * simulate(apart.program, machine).cycles);
  });

  it('is not chosen where all values have room', () => {
    const { report } = compile(network(20), edgeDcim28nm, { explain: 'decisions' });
    expect(report.decisions?.bands).toEqual([]);
  });
});

it('a group begins with a layer whose accumulators are a node of their own', () => {
  const b = new GraphBuilder('sums');
  const x = b.input('x', { element: CODE, shape: [1, 4, 12, 6] });
  const data = Int32Array.from({ length: 4 * 4 * 9 }, (_, i) => (i % 15) - 7);
  const weights = b.constant({ type: { element: CODE, shape: [4, 4, 3, 3] }, data }, 'w');
  const attributes = { window: window(3, 1, 1, [1, 1, 1, 1]), groups: 1, xZero: 0, wZero: Int32Array.of(0) };
  const sums = b.add('conv', [x, weights], attributes, { name: 'mix.sum' });
  const spec = { mode: 'float32', scale: new Float32Array(4).fill(0.01), zeroPoint: 0 } as const;
  const codes = { name: 'mix.codes', element: CODE };
  const graph = b.finish([b.add('requantize', [sums], { spec, axis: 1, relu: false }, codes)]);
  const pins = { bands: [{ first: 'mix', last: 'mix.codes', along: 'rows', bands: 3 }] };
  const { report } = checkGraph(graph, edgeDcim28nm, seeded(1), { pins, explain: 'decisions' });
  expect(report.decisions?.bands).toEqual([{ ...pins.bands[0], first: 'mix.sum' }]);
});

describe('bands that cannot be', () => {
  const refusal = (...bands: ReturnType<typeof group>[]): string => {
    try {
      compile(network(20), edgeDcim28nm, { pins: { bands } });
    } catch (error) {
      if (error instanceof InputError) return formatError(error);
      throw error;
    }
    return 'compiled';
  };

  it('say why', () => {
    expect(refusal(group('last.code', 2))).toMatch(/no node last\.code[\s\S]*last\.codes/);
    expect(refusal(group('last.codes', 11))).toMatch(/is 10 along rows: too few for 11 bands/);
    expect(refusal(group('last.codes', 65))).toMatch(/2 \.\. 64/);
    expect(refusal(group('last.codes', 2, 'lines'))).toMatch(/no dim lines[\s\S]*rows/);
    expect(refusal(group('last.codes', 2, 'channels'))).toMatch(/takes all of an operand/);
    expect(refusal(group('second', 2), group('last.codes', 2))).toMatch(/in another group/);
    expect(refusal({ ...group('first', 2), first: 'last' })).toMatch(/comes before/);
  });
});
