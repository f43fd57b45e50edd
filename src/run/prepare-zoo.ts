/** Networks of the zoo by name. A module of its own, because a run of a file needs none of it. */
import { runPasses } from '../../compiler/passes/pipeline.ts';
import { hashHex } from '../../isa/base/hash.ts';
import { VERSION } from '../version.ts';
import { openZoo, planZoo } from '../workloads/zoo.ts';
import type { Model, SectionedModel } from './model.ts';

/** A network of the zoo of several sections, or undefined where `zoo:name` is one graph. */
export function prepareZooSections(name: string): SectionedModel | undefined {
  if (name.includes('/')) return undefined;
  const own = name.replace(/^zoo:/, '');
  const sections = planZoo(name);
  if (sections.length === 1) return undefined;
  const hash = zooHash(own);
  return {
    name: own,
    hash,
    sections: sections.map(({ build, ...section }) => {
      const open = (): Model => ({ name: `${own}/${section.name}`, hash, graph: runPasses(build()), notes: [] });
      return { ...section, open };
    }),
  };
}

/**
 * A network of the zoo at its widths, as in `zoo:resnet18-w4a4`, or a section of one, with seeded weights. Throws InputError, or UnsupportedError where
 * its graph cannot be built.
 */
export function prepareZoo(name: string): Model {
  const graph = runPasses(openZoo(name));
  return { name: graph.name, hash: zooHash(graph.name), graph, notes: [] };
}

/** The weights follow from the name: nothing else needs hashing. */
function zooHash(name: string): string {
  return hashHex(`qnpu ${VERSION} zoo:${name}`).slice(0, 16);
}
