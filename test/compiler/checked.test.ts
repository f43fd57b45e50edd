/** The checks that every compile of a test goes through (test/harness/checked.ts) are there, and they bite. */
import { describe, expect, it } from 'vitest';
import { compile } from '../../compiler/compile.ts';
import { GraphBuilder } from '../../compiler/graph/builder.ts';
import type { Graph } from '../../compiler/graph/types.ts';
import { teach8x8 } from '../../isa/machine/presets/teach-8x8.ts';
import { compileModel } from '../../src/run/model.ts';

/** A graph whose declared result is not what its op gives: only the verifier sees that before kernels are chosen. */
function malformed(): Graph {
  const b = new GraphBuilder('wrong');
  const x = b.input('x', { element: { kind: 'float32' }, shape: [2, 2] });
  const y = b.add('unary', [x], { fn: 'relu' });
  const graph = b.finish([y]);
  return { ...graph, nodes: [...graph.nodes, { ...graph.nodes[0]!, name: 'again' }] };
}

describe('what a test compiles', () => {
  it('is checked when it calls the compiler', () => {
    expect(() => compile(malformed(), teach8x8)).toThrow(/malformed graph/);
  });

  it('is checked when it goes through the API', () => {
    const model = { name: 'wrong', hash: '', graph: malformed(), notes: [] };
    expect(() => compileModel(model, teach8x8)).toThrow(/malformed graph/);
  });
});
