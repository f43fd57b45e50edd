/**
 * Each decision of a finished plan with its estimate, and what else there was: every search is asked again, all other decisions as they are. Estimates rank ways of
 * one decision; those of different decisions cover different things, which each choice names. Rules that cost nothing (joins, copies) are not listed.
 */
import { at } from '../lower/layout.ts';
import { arraysText, decisionOf } from './array-pins.ts';
import { dimNames, type Home, SUMMED } from './decisions.ts';
import { costOf, type MappingChoice, type Scored, scoreMappings } from './matmul.ts';
import { chooseMappings } from './network.ts';
import type { KernelPins, Pins } from './pinned.ts';
import { layerNames } from './pins.ts';
import type { ReportInput } from './report.ts';
import { tileText } from './tile-pins.ts';
import { pinsTiles, type TilePlan } from './tiles.ts';

/** One way that a decision can go. */
export interface Way {
  readonly option: string;
  /** Estimate, core cycles; null where it cannot be. */
  readonly cycles: number | null;
  /** What is against it, where cycles are not. */
  readonly note: string;
}

export interface Choice extends Way {
  readonly decision: string;
  /** What the estimate covers. */
  readonly of: string;
  /** Cheapest first. */
  readonly runnersUp: readonly Way[];
}

export interface MappingChoices {
  readonly network: readonly Choice[];
  readonly layers: readonly { readonly layer: string; readonly choices: readonly Choice[] }[];
}

const SHOWN = 3;
const PINNED = 'as the mapping file says';

export function choicesOf(input: ReportInput): MappingChoices {
  const names = layerNames(input.full.kernels);
  const layers = names.flatMap((layer, k) => {
    const pins = input.pins?.kernels[k];
    const choices = [
      coresChoice(input, k, pins),
      tileChoice(input, k, pins),
      homeChoice(input, k),
      besideChoice(input, k, pins),
      arraysChoice(input, k, pins),
    ];
    const known = choices.filter((c) => c !== null);
    return known.length === 0 ? [] : [{ layer, choices: known }];
  });
  return { network: [weightsChoice(input), bandsChoice(input)].filter((c) => c !== null), layers };
}

/** Groups of layers that are computed in bands. */
function bandsChoice({ bands, bandCycles }: ReportInput): Choice | null {
  if (bandCycles === null) return null;
  return {
    decision: 'bands',
    option: bands.map((b) => `${b.first} .. ${b.last}: ${b.bands} of ${b.along}`).join('; '),
    cycles: Math.round(bandCycles.banded),
    note: '',
    of: 'all layers, one after the other',
    runnersUp: [{ option: 'none', cycles: Math.round(bandCycles.apart), note: '' }],
  };
}

function coresChoice({ cores, full }: ReportInput, k: number, pins: KernelPins | undefined): Choice | null {
  const ways = cores.ways(k);
  const names = dimNames(at(full.kernels, k).shape.length);
  const own = at(cores.splits, k).dim;
  const textOf = (dim: number | null) => (dim === null ? 'none' : at(names, dim));
  const chosen = ways.find((w) => w.dim === own);
  if (chosen === undefined || ways.every((w) => w.cycles === chosen.cycles)) return null;
  const others = ways
    .filter((w) => w !== chosen)
    .map((w) => ({ option: textOf(w.dim), cycles: Math.round(w.cycles), note: '' }));
  const note = pins?.split === undefined ? '' : PINNED;
  const cycles = Math.round(chosen.cycles);
  return {
    decision: 'cores',
    option: textOf(own),
    cycles,
    note,
    of: 'the whole network, all else as chosen',
    runnersUp: nearest(others),
  };
}

function tileChoice({ memory }: ReportInput, k: number, pins: KernelPins | undefined): Choice | null {
  const plan = at(memory.homes.plans, k);
  const found = plan === null ? null : memory.homes.tilesOf(k);
  if (plan === null || found === null) return null;
  const free = found.freeBytes;
  const pinned = pinsTiles(pins);
  const noteOf = (other: TilePlan): string => {
    if (other.scratchBytes > free) return `needs ${other.scratchBytes} bytes of scratchpad, ${free} are free`;
    return pinned || other.costCycles >= plan.costCycles ? '' : 'vector unit and arrays would take turns';
  };
  const seen = new Set([keyOf(plan)]);
  const others = found.plans.filter((p) => {
    const known = seen.has(keyOf(p));
    seen.add(keyOf(p));
    return !known && Number.isFinite(p.costCycles);
  });
  const cheaper = others.filter((p) => p.costCycles < plan.costCycles).slice(0, 1);
  const next = others.filter((p) => p.costCycles >= plan.costCycles && p.scratchBytes <= free);
  const runnersUp = [...cheaper, ...next].slice(0, SHOWN);
  return {
    decision: 'tile',
    ...wayOf(plan, pinned ? PINNED : ''),
    of: 'moving and computing all tiles, before overlap',
    runnersUp: runnersUp.map((p) => wayOf(p, noteOf(p))),
  };
}

/** Orders that cost the same are one way. */
function keyOf({ sizes, summed, costCycles }: TilePlan): string {
  return `${sizes.join()} ${summed} ${costCycles}`;
}

function textOfPlan({ sizes, order, summed }: TilePlan): string {
  const names = dimNames(sizes.length);
  const slices = summed === null ? '' : `, ${SUMMED} ${summed}`;
  return `${tileText(sizes)}${slices}; ${order.map((d) => at(names, d)).join(' > ')}`;
}

function wayOf(plan: TilePlan, note: string): Way {
  return { option: textOfPlan(plan), cycles: Math.round(plan.costCycles), note };
}

function homeChoice({ memory, full, pins }: ReportInput, k: number): Choice | null {
  const ways = memory.homes.homesOf(k);
  const { buffer } = at(full.outputs, k);
  const [chosen, ...others] = ways.map(({ home, cycles, against }) => ({
    option: home satisfies Home,
    cycles: Number.isFinite(cycles) ? Math.round(cycles) : null,
    note: against,
  }));
  if (chosen === undefined) return null;
  const note = pins?.spaces.has(buffer) === true ? PINNED : '';
  return { decision: 'result', ...chosen, note, of: 'all layers while it lives', runnersUp: nearest(others) };
}

function besideChoice({ beside }: ReportInput, k: number, pins: KernelPins | undefined): Choice | null {
  const found = at(beside, k);
  if (found === null) return null;
  const { on, against, because } = found;
  const pinned = pins?.beside !== undefined;
  const apart = { option: 'false', cycles: Math.round(found.apartCycles), note: '' };
  const cycles = against === '' ? Math.round(found.besideCycles) : null;
  const note = against === '' && !pinned ? because : against;
  const together = { option: 'true', cycles, note };
  const [own, other] = on ? [together, apart] : [apart, together];
  const of = 'the layer and the one in front of it, weights in place';
  return { decision: 'beside', ...own, ...(pinned ? { note: PINNED } : {}), of, runnersUp: [other] };
}

function arraysChoice(
  { storage, memory, choices, machine }: ReportInput,
  k: number,
  pins: KernelPins | undefined,
): Choice | null {
  const [kernel, plan, choice] = [at(storage.kernels, k), at(memory.homes.plans, k), at(choices, k)];
  if (kernel.kind !== 'matmul' || plan === null || choice === null) return null;
  const { stays, home } = choice;
  const way = (s: Scored, note: string): Way => ({
    option: arraysText(decisionOf(s.mapping)),
    cycles: Math.round(costOf(s, stays)),
    note,
  });
  const own = way(choice, pins?.arrays === undefined ? '' : PINNED);
  const ways = scoreMappings(kernel, plan, machine, true, home)
    .map((s) => way(s, ''))
    .filter((w) => w.option !== own.option);
  // Faster by itself: others need the macros more, or a mapping file says otherwise.
  const against = pins?.arrays === undefined ? 'takes macros that others use better' : '';
  const runnersUp = nearest(ways).map((w) => ((w.cycles ?? 0) < (own.cycles ?? 0) ? { ...w, note: against } : w));
  const of = stays ? 'arrays beside drain, weights in place' : 'arrays, drain and weight writes';
  return { decision: 'arrays', ...own, of, runnersUp };
}

const STAYS = ['arrays', 'buffer', 'nowhere'] as const;

/** All weights in the arrays, or written each time: the products of the network one after the other. */
function weightsChoice(input: ReportInput): Choice | null {
  const { storage, memory, machine, weights, pins } = input;
  const own = weights.resident ? 'arrays' : weights.kept ? 'buffer' : 'nowhere';
  if (!storage.kernels.some((k) => k.kind === 'matmul' && !k.matmul.dynamic)) return null;
  const wayOfAll = (option: (typeof STAYS)[number]) => {
    const forced: Pins = {
      network: { weights: option },
      kernels: pins?.kernels ?? [],
      spaces: new Map(),
      constants: new Map(),
    };
    const all = chooseMappings(storage.kernels, memory.homes.plans, machine, forced).filter((c) => c !== null);
    return { option, cycles: total(all), fits: option !== 'arrays' || all.every((c) => c.stays) };
  };
  const chosen = wayOfAll(own);
  const pinned = pins?.network.weights !== undefined;
  const others = STAYS.filter((s) => s !== own).map((s): Way => {
    const { option, cycles, fits } = wayOfAll(s);
    const against =
      s === 'buffer' ? againstBuffer(input, own === 'nowhere' && !pinned) : fits ? '' : 'they do not all fit';
    if (against !== '') return { option, cycles: null, note: against };
    const little = own === 'arrays' && !pinned && cycles < chosen.cycles;
    return { option, cycles, note: little ? 'too little faster for what writing costs' : '' };
  });
  const { option, cycles } = chosen;
  const of = 'all matrix products, one after the other';
  return { decision: 'weights', option, cycles, note: pinned ? PINNED : '', of, runnersUp: nearest(others) };
}

function againstBuffer({ weights, cores }: ReportInput, tried: boolean): string {
  if (!weights.room) return 'no DMA channel is left for them';
  if (cores.cores > 1) return 'several cores share the buffer';
  return tried ? 'they do not all fit' : '';
}

function total(choices: readonly MappingChoice[]): number {
  return Math.round(choices.reduce((n, c) => n + costOf(c, c.stays), 0));
}

/** The cheapest few; those without an estimate last. */
function nearest(ways: readonly Way[]): Way[] {
  return [...ways].sort((a, b) => (a.cycles ?? Infinity) - (b.cycles ?? Infinity)).slice(0, SHOWN);
}
