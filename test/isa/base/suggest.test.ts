import { describe, expect, it } from 'vitest';
import { didYouMean } from '../../../isa/base/suggest.ts';

describe('didYouMean', () => {
  it.each([
    ['rowz', ['rows', 'columns'], 'rows'],
    ['scratchpda', ['scratchpad', 'accumulator'], 'scratchpad'],
    ['WLOAD', ['wload', 'store'], 'wload'],
    ['lod', ['store', 'load', 'fold'], 'load'],
  ])('%s is near', (word, candidates, expected) => {
    expect(didYouMean(word, candidates)).toBe(expected);
  });

  it('says nothing rather than something far-fetched', () => {
    expect(didYouMean('banana', ['rows', 'columns'])).toBeUndefined();
    expect(didYouMean('x', [])).toBeUndefined();
  });
});
