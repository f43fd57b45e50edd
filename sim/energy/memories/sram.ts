/**
 * SRAM of any size, bank count and port width from the CACTI tables: a bank is split into arrays of at most 256-bit words side by side; energy and area are log-log
 * in capacity between points (exact at them) and straight between nodes. Left-out points are met within 0.71 to 1.34 (energy) and 0.88 to 1.19 (area), 90 % of them
 * within a fifth, at twice the spacing; that is the range between points. Leaves out the wires from banks to the port (technology/static.ts). Below
 * 22 nm, and for arrays smaller than the tables, the range widens.
 */
import { assumed, cited, type Price, product, type Range, times } from '../price.ts';
import { interpolate, logInterpolate } from '../technology/interpolate.ts';
import { type Corner, polynomialScale } from '../technology/scaling.ts';
import {
  CACTI_LEAKAGE_MW_PER_MB,
  CACTI_NODES,
  CACTI_POINTS,
  CACTI_SUPPLY_V,
  type CactiNode,
  type SramPoint,
  WORD_BITS,
  type WordBits,
} from './cacti.ts';

export interface SramShape {
  readonly sizeBytes: number;
  readonly banks: number;
  /** Bits that one bank delivers per access. */
  readonly portBits: number;
}

export interface SramPrices {
  /** fJ per bit. */
  readonly readBit: Price;
  readonly writeBit: Price;
  /** nW of the whole memory. */
  readonly leakage: Price;
  /** um2 of the whole memory. */
  readonly area: Price;
}

/** itrs-lop reads are down to 0.5 of itrs-hp and itrs-lstp up to 1.45 over the tables (outliers 0.37 and 1.47). */
const DEVICE_RANGE: Range = [0.5, 1.45];
/** What interpolation adds between points of the tables: test/sim/energy/memories.test.ts leaves points out. */
const BETWEEN_ENERGY: Range = [0.8, 1.2];
const BETWEEN_AREA: Range = [0.88, 1.19];
const SMALLEST_NM = CACTI_NODES[0];
const LARGEST_NM = CACTI_NODES[CACTI_NODES.length - 1]!;

export function sramPrices(shape: SramShape, corner: Corner, name: string): SramPrices {
  const cut = arraysOf(shape);
  const what = `${name}, arrays of ${Number(cut.capacityKb.toPrecision(4))} KB x ${cut.word} bit`;
  const doubt = [...between(cut, corner, BETWEEN_ENERGY), ...smallArray(cut), ...supply(corner), ...nodeScale(corner)];
  const perBit = (column: 1 | 2, kind: string): Price => {
    const fj = (1000 * pointAt(cut, corner.nodeNm, column) * cut.sideBySide) / shape.portBits;
    return product(
      cited(fj, 'fJ', 'cacti-7', `${kind} per bit of ${what}`, [DEVICE_RANGE[0] * fj, DEVICE_RANGE[1] * fj]),
      doubt,
      `${kind} per bit of ${name}`,
    );
  };
  const megabytes = shape.sizeBytes / 2 ** 20;
  return {
    readBit: perBit(1, 'read'),
    writeBit: perBit(2, 'write'),
    leakage: times(leakagePerMb(corner), megabytes, `${Number(megabytes.toPrecision(4))} MB of ${name}`),
    area: areaOf(shape, cut, corner, what),
  };
}

interface Cut {
  readonly word: WordBits;
  /** Arrays side by side in one bank. */
  readonly sideBySide: number;
  readonly capacityKb: number;
  readonly smallestKb: number;
}

function arraysOf({ sizeBytes, banks, portBits }: SramShape): Cut {
  const word = WORD_BITS.find((w) => w >= portBits) ?? 256;
  const sideBySide = Math.ceil(portBits / word);
  const capacityKb = sizeBytes / 1024 / banks / sideBySide;
  return { word, sideBySide, capacityKb, smallestKb: CACTI_POINTS[SMALLEST_NM][word][0]![0] };
}

/** One column of the tables at a capacity and node; capacities below the first point are taken as the first. */
function pointAt(cut: Cut, nodeNm: number, column: 1 | 2 | 3): number {
  const x = Math.max(cut.capacityKb, cut.smallestKb);
  const at = (node: CactiNode) =>
    logInterpolate(
      CACTI_POINTS[node][cut.word].map((p: SramPoint) => ({ x: p[0], y: p[column] })),
      x,
    );
  return interpolate(
    CACTI_NODES.map((node) => ({ x: node, y: at(node) })),
    clampNode(nodeNm),
  );
}

function clampNode(nodeNm: number): number {
  return Math.min(LARGEST_NM, Math.max(SMALLEST_NM, nodeNm));
}

/** Doubt of a size or node that is not in the tables; none at their points. */
function between({ capacityKb, smallestKb, word }: Cut, { nodeNm }: Corner, range: Range): Price[] {
  const inTables = CACTI_NODES.some((n) => n === clampNode(nodeNm));
  const known = capacityKb <= smallestKb || CACTI_POINTS[SMALLEST_NM][word].some(([kb]) => kb === capacityKb);
  return inTables && known ? [] : [cited(1, '1', 'cacti-7', 'between points of the tables', range)];
}

/** Small arrays are register files or latches: cheaper per access, by how much no table says. */
function smallArray(cut: Cut): Price[] {
  if (cut.capacityKb >= cut.smallestKb) return [];
  return [assumed(1, '1', `below the smallest table entry of ${cut.smallestKb} KB, taken as that entry`, [0.4, 1])];
}

/** V^2 from the supply that CACTI uses at the node. */
function supply({ nodeNm, supplyV }: Corner): Price[] {
  const table = interpolate(
    CACTI_NODES.map((x) => ({ x, y: CACTI_SUPPLY_V[x] })),
    clampNode(nodeNm),
  );
  const f = (supplyV / table) * (supplyV / table);
  return [cited(f, '1', 'cacti-7-supply', `(${supplyV} V / ${Number(table.toPrecision(3))} V)^2`)];
}

/** Outside 22..65 nm. SRAM shrinks less than logic: from none of the logic factor to all of it. */
function nodeScale({ nodeNm }: Corner): Price[] {
  if (nodeNm >= SMALLEST_NM && nodeNm <= LARGEST_NM) return [];
  const logic = polynomialScale({ nodeNm: clampNode(nodeNm), supplyV: 0.9 }, { nodeNm, supplyV: 0.9 });
  const why = `SRAM outside the tables of ${SMALLEST_NM} to ${LARGEST_NM} nm: between no scaling and the logic factor ${Number(logic.toPrecision(3))}`;
  return [assumed(Math.sqrt(logic), '1', why, [Math.min(1, logic), Math.max(1, logic)])];
}

/**
 * nW per MB at 350 K. High-performance devices leak two to three orders more than low-standby ones; a low-power chip lies between: the geometric mean, from all
 * low-standby to five times the mean.
 */
function leakagePerMb({ nodeNm, supplyV }: Corner): Price {
  const at = (kind: 'hp' | 'lstp') =>
    interpolate(
      CACTI_NODES.map((x) => ({ x, y: CACTI_LEAKAGE_MW_PER_MB[x][kind] })),
      clampNode(nodeNm),
    );
  const [hp, lstp] = [at('hp') * 1e6, at('lstp') * 1e6];
  const mean = Math.sqrt(hp * lstp);
  const why = `SRAM leakage per MB at 350 K: geometric mean of CACTI itrs-lstp (${Math.round(lstp)}) and itrs-hp (${Math.round(hp)}) nW`;
  const nominal = interpolate(
    CACTI_NODES.map((x) => ({ x, y: CACTI_SUPPLY_V[x] })),
    clampNode(nodeNm),
  );
  const v = supplyV / nominal;
  return product(
    assumed(mean, 'nW', why, [Math.min(lstp, mean), 5 * mean]),
    [assumed(v, '1', 'leakage in proportion to the supply', [v, v])],
    'SRAM leakage per MB',
  );
}

function areaOf(shape: SramShape, cut: Cut, corner: Corner, what: string): Price {
  const small = Math.min(1, cut.capacityKb / cut.smallestKb);
  const um2 = 1e6 * pointAt(cut, corner.nodeNm, 3) * small * cut.sideBySide * shape.banks;
  const shrink = corner.nodeNm < SMALLEST_NM ? [cellShrink(corner.nodeNm)] : [];
  const compiled = assumed(
    1.4,
    '1',
    'CACTI counts the data array only, with small cells; compiled macros are up to twice as large',
    [1, 2],
  );
  const factors = [...between(cut, corner, BETWEEN_AREA), compiled, ...shrink];
  return product(cited(um2, 'um2', 'cacti-7', `data arrays of ${what}`), factors, `area of ${what}`);
}

/** SRAM cells shrink about linearly with the node's name below 22 nm, no longer with its square. */
function cellShrink(nodeNm: number): Price {
  const linear = nodeNm / SMALLEST_NM;
  return assumed(linear, '1', `cells below ${SMALLEST_NM} nm in proportion to the node, down to its square`, [
    linear * linear,
    Math.min(1, 1.5 * linear),
  ]);
}
