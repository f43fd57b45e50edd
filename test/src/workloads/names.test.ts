/** Names and recipes: what is meant, and what is said when nothing is. */
import { describe, expect, it } from 'vitest';
import { InputError } from '../../../isa/base/errors.ts';
import { ZOO } from '../../../src/workloads/networks/index.ts';
import { parseRecipe } from '../../../src/workloads/recipe.ts';
import { planWidths } from '../../../src/workloads/widths.ts';
import { openZoo, parseZooName } from '../../../src/workloads/zoo.ts';

describe('names', () => {
  it('are unique, and none ends like a recipe', () => {
    const names = ZOO.map((e) => e.name);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(parseZooName(name)).toMatchObject({ entry: { name }, recipe: undefined });
  });

  it('are cut before the recipe', () => {
    expect(parseZooName('zoo:resnet50-v1-225-w4a4')).toMatchObject({
      entry: { name: 'resnet50-v1-225' },
      recipe: { name: 'w4a4', weights: 4, activations: 4, edge: 8 },
    });
    expect(parseZooName('bitnet-2b4t-decode-w2a8').entry.name).toBe('bitnet-2b4t-decode');
    expect(parseZooName('riair-mixnet-s-published').recipe?.published).toHaveLength(124);
  });

  it.each([
    ['resnet19-w4a4', /no network 'resnet19'/],
    ['zoo:', /no network ''/],
    ['resnet18-w9a4', /'w9a4' is not a width recipe/],
    ['resnet18-w4a12', /'w4a12' is not a width recipe/],
    ['resnet18-published', /no widths were published for resnet18/],
    ['resnet18', /does not say the widths/],
  ])('%s is refused', (name, message) => {
    expect(() => openZoo(name)).toThrow(InputError);
    expect(() => openZoo(name)).toThrow(message);
  });
});

it('a recipe says the width of the edges when it is not 8', () => {
  expect(parseRecipe('w2a4f3')).toEqual({ name: 'w2a4f3', weights: 2, activations: 4, edge: 3, published: null });
  expect(parseRecipe('w4a16')).toMatchObject({ weights: 4, activations: 16, edge: 8 });
});

it('the last product reads and makes values of the edge width, the sums before it do not', () => {
  const { entry, recipe } = parseZooName('resnet18-w4a4');
  const network = entry.describe();
  const plan = planWidths(network, recipe!);
  const widthsOf = (name: string) => plan.get(network.sections[0]!.layers.find((l) => l.name === name)!);
  expect(widthsOf('conv1')).toEqual({ weights: 8, activations: 4 });
  expect(widthsOf('layer4.1.conv2')).toEqual({ weights: 4, activations: 4 });
  expect(widthsOf('layer4.1.add')).toEqual({ weights: 0, activations: 4 });
  expect(widthsOf('gap')).toEqual({ weights: 0, activations: 8 });
  expect(widthsOf('fc')).toEqual({ weights: 8, activations: 8 });
});
