/** Which layers have to be joined, and which not: a mapping names, for some layers, all others that run as part of them. */

import type { Diagnostic } from '../../isa/base/errors.ts';
import { didYouMean } from '../../isa/base/suggest.ts';
import type { Graph } from '../graph/types.ts';
import type { LayerDecisions } from '../mapping/decisions.ts';
import { pinErrors } from '../mapping/pinned.ts';
import { type Kernel, partsOf } from './kernel.ts';
import type { Selected } from './select.ts';

export class JoinPins {
  /** Groups by the name of each of their layers. */
  readonly #groups = new Map<string, ReadonlySet<string>>();
  readonly #hosts: readonly { readonly layer: string; readonly group: ReadonlySet<string> }[];

  /** Throws InputError where a layer is asked to be part of two, of itself, or twice. */
  constructor(layers: readonly LayerDecisions[]) {
    this.#hosts = layers.flatMap(({ layer, joins }) =>
      joins === undefined ? [] : [{ layer, group: new Set([layer, ...joins]) }],
    );
    const findings: Diagnostic[] = [];
    for (const { layer, joins = [] } of layers) {
      const twice = joins.find((part, i) => part === layer || joins.indexOf(part) < i);
      if (twice !== undefined) findings.push(finding(layer, `${twice} is named twice`, 'each other layer once'));
    }
    for (const { layer, group } of this.#hosts) {
      for (const part of group) {
        if (this.#groups.has(part)) findings.push(finding(layer, `${part} is part of two layers`, 'one of them'));
        this.#groups.set(part, group);
      }
    }
    if (findings.length > 0) throw pinErrors(findings);
  }

  /** Whether a layer has to be, or may not be, joined with the one that makes its operand; undefined where nothing is said. */
  says(maker: Kernel, next: Kernel): 'must' | false | undefined {
    const group = this.#groups.get(next.layer.name);
    const makers = partsOf(maker);
    if (group !== undefined) return makers.every((part) => group.has(part)) ? 'must' : false;
    return makers.some((part) => this.#groups.has(part)) ? false : undefined;
  }

  /** Throws InputError where something is not joined as asked for, with the reason. */
  require(selected: readonly Selected[], joined: readonly Selected[], graph: Graph): void {
    const layers = selected.filter(isKernel);
    const names = layers.map((k) => k.layer.name);
    const made = joined.filter(isKernel).map((k) => new Set(partsOf(k)));
    const findings: Diagnostic[] = [];
    for (const { layer, group } of this.#hosts) {
      // Loads, stores and copies have no name yet, and no joins.
      const unknown = [...group].filter((part) => !names.includes(part) && (part !== layer || group.size > 1));
      for (const part of unknown) {
        const near = didYouMean(part, names);
        findings.push(finding(layer, `there is no layer '${part}' to join`, near ?? 'layers of the network'));
      }
      if (unknown.length > 0 || !names.includes(layer) || made.some((m) => sameSet(m, group))) continue;
      const last = layers.findLast((k) => group.has(k.layer.name) && k.layer.name !== layer);
      findings.push(
        finding(
          layer,
          `it cannot be joined with ${others(layer, group)}: ${whyNot(last, group, layers, graph)}`,
          'fewer, or []',
        ),
      );
    }
    if (findings.length > 0) throw pinErrors(findings);
  }
}

function finding(layer: string, message: string, expected: string): Diagnostic {
  return { code: 'E-MAPPING-PIN', where: `layer ${layer}, joins`, message, expected };
}

function others(layer: string, group: ReadonlySet<string>): string {
  return [...group].filter((part) => part !== layer).join(', ');
}

/** What keeps the last layer of a group from being made tile by tile behind the others. */
function whyNot(last: Kernel | undefined, group: ReadonlySet<string>, layers: readonly Kernel[], graph: Graph): string {
  if (last === undefined) return 'nothing is named';
  const name = last.layer.name;
  const makers = layers.filter((k) => group.has(k.layer.name) && k !== last);
  const input = last.inputs.find(
    ({ source }) => source.kind === 'value' && makers.some((m) => m.output === source.name),
  );
  if (input?.source.kind !== 'value') return `${name} reads no result of ${makers.map((m) => m.layer.name).join(', ')}`;
  const value = input.source.name;
  const readers = layers.filter((k) => k.inputs.some(({ source }) => source.kind === 'value' && source.name === value));
  if (graph.outputs.includes(value)) return `${value} is an output of the network`;
  if (readers.length > 1) return `${readers.map((k) => k.layer.name).join(', ')} read ${value}`;
  if (last.kind !== 'plain') return `${name} runs on the arrays or by DMA, which work on whole operands`;
  if (input.chain === undefined && input.halo === undefined) return `${name} needs more of ${value} than one tile`;
  return `tiles of ${name} are no tiles of what it reads`;
}

function isKernel(s: Selected): s is Kernel {
  return s.kind !== 'alias' && s.kind !== 'join';
}

function sameSet(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && [...a].every((x) => b.has(x));
}
