/**
 * Logic energy and area from one node and supply to another: polynomials and area table of Stillmaker & Baas 2017, straight lines between their nodes.
 * Energy follows the polynomials down to 32 nm, and from 28 nm on V^2 and a fitted power of the node: they are made from predictive models, and built chips gain far less
 * (TPUv4i's own table has 0.30 to 0.36 from 45 to 7 nm with its lower supply, the polynomials 0.10 at one supply). Area below 7 nm: x node/7 (extrapolation of
 * hwcomponents, not of the paper). SRAM and wires do not follow these factors: see memories/ and technology/static.ts.
 */
import { InputError } from '../../../isa/base/errors.ts';
import { fittedFactor, fittedValue } from '../macros/fitted.ts';
import { assumed, cited, type Price, product } from '../price.ts';
import { interpolate, power } from './interpolate.ts';

/** A technology node and its supply. */
export interface Corner {
  readonly nodeNm: number;
  readonly supplyV: number;
}

/** Node (nm), then a2, a1, a0 of energy ~ a2 V^2 + a1 V + a0. */
const POLYNOMIALS: readonly (readonly [nodeNm: number, a2: number, a1: number, a0: number])[] = [
  [7, 0.1776, -0.09097, 0.02447],
  [10, 0.2068, -0.09311, 0.02375],
  [14, 0.2363, -0.09675, 0.02239],
  [16, 0.2958, -0.1241, 0.03024],
  [20, 0.373, -0.1582, 0.04104],
  [32, 0.9559, -0.7823, 0.471],
  [45, 1.103, -0.362, 0.2767],
  [65, 3.755, -4.398, 1.975],
  [90, 4.762, -4.781, 2.092],
  [130, 7.171, -6.709, 2.904],
];

/** Area relative to 45 nm. */
const AREAS: readonly (readonly [nodeNm: number, factor: number])[] = [
  [7, 0.059],
  [10, 0.1],
  [14, 0.17],
  [16, 0.19],
  [20, 0.21],
  [32, 0.46],
  [45, 1],
  [65, 1.5],
  [90, 2.8],
  [130, 6.4],
];

const LOWEST_FITTED_V = 0.7;
const SMALLEST_NM = 7;
const LARGEST_NM = 130;
/** The polynomials end here going down; from 28 nm on energy follows V^2 and a fitted power of the node. */
const LAST_POLYNOMIAL_NM = 32;
const CERTAIN_NM = 28;
const NOMINAL_V = 0.9;

/** Energy relative to any other corner by the polynomials alone; arbitrary unit. */
function polynomialEnergy({ nodeNm, supplyV }: Corner): number {
  checkNode(nodeNm);
  const v = Math.max(supplyV, LOWEST_FITTED_V);
  const points = POLYNOMIALS.map(([x, a2, a1, a0]) => ({ x, y: a2 * v * v + a1 * v + a0 }));
  const low = supplyV < LOWEST_FITTED_V ? (supplyV / LOWEST_FITTED_V) * (supplyV / LOWEST_FITTED_V) : 1;
  const small = nodeNm < SMALLEST_NM ? Math.sqrt(nodeNm / SMALLEST_NM) : 1;
  return interpolate(points, Math.max(nodeNm, SMALLEST_NM)) * low * small;
}

/** The polynomials down to 32 nm; from 28 nm on V^2, since published macros and V^2 agree over supply where the polynomials are too flat. */
function relativeEnergy(corner: Corner): number {
  const { nodeNm, supplyV } = corner;
  checkNode(nodeNm);
  if (nodeNm >= LAST_POLYNOMIAL_NM) return polynomialEnergy(corner);
  const v = supplyV / NOMINAL_V;
  const planar = polynomialEnergy({ nodeNm: CERTAIN_NM, supplyV: NOMINAL_V }) * v * v;
  if (nodeNm <= CERTAIN_NM) return planar;
  const end = polynomialEnergy({ nodeNm: LAST_POLYNOMIAL_NM, supplyV });
  return interpolate(
    [
      { x: CERTAIN_NM, y: planar },
      { x: LAST_POLYNOMIAL_NM, y: end },
    ],
    nodeNm,
  );
}

/** Factor on energy by the polynomials alone: what predictive models expect of logic, which memories still follow in part. */
export function polynomialScale(from: Corner, to: Corner): number {
  return polynomialEnergy(to) / polynomialEnergy(from);
}

function relativeArea(nodeNm: number): number {
  checkNode(nodeNm);
  const small = nodeNm < SMALLEST_NM ? nodeNm / SMALLEST_NM : 1;
  return (
    interpolate(
      AREAS.map(([x, y]) => ({ x, y })),
      Math.max(nodeNm, SMALLEST_NM),
    ) * small
  );
}

function checkNode(nodeNm: number): void {
  if (nodeNm >= 3 && nodeNm <= LARGEST_NM) return;
  throw new InputError(`no scaling for a ${nodeNm} nm node`, {
    code: 'E-PRICE-NODE',
    diagnostics: [
      {
        code: 'E-PRICE-NODE',
        message: `technology.nodeNm is ${nodeNm}`,
        where: 'technology.nodeNm',
        expected: `3 to ${LARGEST_NM} nm, the span of the scaling tables`,
        hint: 'set technology.nodeNm inside the span',
      },
    ],
  });
}

/** Why a corner is outside what the scaling was fitted to; empty inside. */
export function extrapolated({ nodeNm, supplyV }: Corner): string[] {
  return [
    ...(nodeNm < SMALLEST_NM ? [`${nodeNm} nm: below the 7 nm end of the scaling tables`] : []),
    ...(supplyV < LOWEST_FITTED_V ? [`${supplyV} V: below ${LOWEST_FITTED_V} V energy is taken as V^2`] : []),
    ...(supplyV > 1.3 ? [`${supplyV} V: above the supplies of the scaling polynomials`] : []),
  ];
}

/**
 * Factor on energy from one corner to another; 1 without doubt when they are the same, else +-15 % (interpolation between nodes, library differences).
 * Below 28 nm the fitted exponent takes over, and the range reaches down to what the polynomials say.
 */
export function energyScale(from: Corner, to: Corner): Price {
  const what = `energy ${from.nodeNm} nm ${from.supplyV} V to ${to.nodeNm} nm ${to.supplyV} V`;
  const f = relativeEnergy(to) / relativeEnergy(from);
  const same = from.nodeNm === to.nodeNm && from.supplyV === to.supplyV;
  const scale = cited(f, '1', 'stillmaker-2017', what, same ? [f, f] : [0.85 * f, 1.15 * f]);
  const why = extrapolated(to);
  const doubts = [
    ...(to.nodeNm < CERTAIN_NM ? [built(from, to)] : []),
    ...(why.length > 0 ? [assumed(1, '1', why.join('; '), [0.6, 1.6])] : []),
  ];
  return doubts.length === 0 ? scale : product(scale, doubts, what);
}

/** What built gates still gain below 28 nm: a fitted power of the node; the low end is what the polynomials promise. */
function built(from: Corner, to: Corner): Price {
  const start = Math.min(from.nodeNm, CERTAIN_NM);
  const f = power(to.nodeNm / start, fittedValue('nodeExponent'));
  const at = (nodeNm: number) => polynomialEnergy({ nodeNm, supplyV: NOMINAL_V });
  const model = at(to.nodeNm) / at(start);
  const measured = fittedFactor('nodeExponent', f, [Math.min(model, f), f], `${start} nm to ${to.nodeNm} nm`);
  const chips = cited(1, '1', 'tpuv4i-2021', 'built chips shrink less than the polynomials', [1, 1.25]);
  return product(measured, [chips], 'gates below 28 nm');
}

/** Factor on logic area; +-15 % between different nodes. */
export function areaScale(fromNm: number, toNm: number): Price {
  const f = relativeArea(toNm) / relativeArea(fromNm);
  const range = fromNm === toNm ? ([f, f] as const) : ([0.85 * f, 1.15 * f] as const);
  const scale = cited(f, '1', 'stillmaker-2017', `area ${fromNm} nm to ${toNm} nm`, range);
  if (toNm >= SMALLEST_NM) return scale;
  return product(
    scale,
    [assumed(1, '1', `${toNm} nm: below the 7 nm end of the scaling tables`, [0.6, 1.6])],
    'extrapolated area',
  );
}
