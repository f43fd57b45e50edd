/** Published analog CIM macros of SRAM cells. One cycle is one evaluation of the array with its conversion. */
import type { MacroPoint, PublishedMacro } from './macro.ts';

const NOT_STATED = 'operand activity not stated';
const UNKNOWN = 'sparsity of the operands unknown';
const UIUC = (index: number) => ({ source: 'uiuc-imc' as const, read: `row ${index} of the table` });

export const ANALOG_MACROS: readonly PublishedMacro[] = [
  {
    key: 'jia-65nm',
    name: 'Jia 65 nm (JSSC 2020)',
    nodeNm: 65,
    matrix: {
      kind: 'analog-cim',
      rows: 2304,
      columns: 256,
      cellBits: 1,
      dacBits: 1,
      adcBits: 8,
      weightBitsMax: 8,
      inputBitsMax: 8,
    },
    points: [
      {
        supplyV: 1.2,
        inputBits: 1,
        weightBits: 1,
        cycleNs: 540,
        topsPerWatt: 192,
        topsPerMm2: 0.6,
        source: 'cimloop',
        read: 'transcribed; 54 cycles at 100 MHz',
        note: NOT_STATED,
      },
      {
        supplyV: 0.85,
        inputBits: 1,
        weightBits: 1,
        cycleNs: 1350,
        topsPerWatt: 400,
        topsPerMm2: 0.24,
        cycleFrom: { supplyV: 1.2, ns: 540 },
        source: 'cimloop',
        read: 'transcribed; 54 cycles at 40 MHz',
        note: NOT_STATED,
      },
    ],
  },
  {
    key: 'papistas-22nm',
    name: 'Papistas 22 nm (CICC 2021)',
    nodeNm: 22,
    matrix: {
      kind: 'analog-cim',
      rows: 1024,
      columns: 512,
      cellBits: 2,
      dacBits: 7,
      adcBits: 6,
      weightBitsMax: 2,
      inputBitsMax: 7,
    },
    points: [
      {
        supplyV: 0.8,
        inputBits: 7,
        weightBits: 2,
        cycleNs: 44.4,
        topsPerWatt: 1050,
        topsPerMm2: 12.1,
        ...UIUC(33),
        note: `ternary weights as 2 bits; ${NOT_STATED}`,
      },
      {
        supplyV: 0.6,
        inputBits: 7,
        weightBits: 2,
        cycleNs: 178.57,
        topsPerWatt: 1870,
        topsPerMm2: 31.78 / 10.5,
        cycleFrom: { supplyV: 0.8, ns: 44.4 },
        ...UIUC(33),
        note: `ternary weights as 2 bits; ${NOT_STATED}`,
      },
    ],
  },
  {
    key: 'sinangil-7nm',
    name: 'Sinangil 7 nm (JSSC 2021)',
    nodeNm: 7,
    matrix: {
      kind: 'analog-cim',
      rows: 64,
      columns: 16,
      cellBits: 4,
      dacBits: 4,
      adcBits: 4,
      weightBitsMax: 4,
      inputBitsMax: 4,
    },
    points: sinangil(),
  },
  {
    key: 'jia-16nm',
    name: 'Jia 16 nm (ISSCC 2021)',
    nodeNm: 16,
    matrix: {
      kind: 'analog-cim',
      rows: 1152,
      columns: 256,
      cellBits: 1,
      dacBits: 1,
      adcBits: 8,
      weightBitsMax: 8,
      inputBitsMax: 8,
    },
    points: [
      {
        supplyV: 0.8,
        inputBits: 1,
        weightBits: 1,
        cycleNs: 50,
        topsPerWatt: 1936,
        topsPerMm2: 44.94,
        ...UIUC(25),
        note: `one of 16 cores; converters and cells shrink faster than the node; ${NOT_STATED}`,
      },
      {
        supplyV: 0.8,
        inputBits: 8,
        weightBits: 8,
        cycleNs: 50,
        topsPerWatt: 30.25,
        ...UIUC(25),
        note: `one of 16 cores; converters and cells shrink faster than the node; ${NOT_STATED}`,
      },
    ],
  },
  {
    key: 'pimca-28nm',
    name: 'PIMCA 28 nm (VLSI 2021)',
    nodeNm: 28,
    matrix: {
      kind: 'analog-cim',
      rows: 256,
      columns: 128,
      cellBits: 1,
      dacBits: 1,
      adcBits: 4,
      weightBitsMax: 2,
      inputBitsMax: 2,
    },
    points: [
      {
        supplyV: 1,
        inputBits: 1,
        weightBits: 1,
        cycleNs: (2 * 256 * 128 * 108) / 4900,
        topsPerWatt: 588,
        ...UIUC(36),
        note: `efficiency of a whole accelerator of 108 macros; its 4-bit flash converters are cheaper than the fit; ${NOT_STATED}`,
      },
    ],
  },
  {
    key: 'su-28nm',
    name: 'Su 28 nm (ISSCC 2021)',
    nodeNm: 28,
    matrix: {
      kind: 'analog-cim',
      rows: 16,
      columns: 192,
      cellBits: 1,
      dacBits: 4,
      adcBits: 5,
      weightBitsMax: 8,
      inputBitsMax: 8,
    },
    points: [
      { supplyV: 0.7, inputBits: 8, weightBits: 8, cycleNs: 3.6, topsPerWatt: 22.75, ...UIUC(23), note: UNKNOWN },
      {
        supplyV: 0.9,
        inputBits: 8,
        weightBits: 8,
        cycleNs: 3.6,
        topsPerWatt: 15.02,
        source: 'zigzag-imc',
        read: 'second analog entry',
        note: UNKNOWN,
      },
    ],
  },
  {
    key: 'yue-65nm',
    name: 'Yue 65 nm (ISSCC 2021)',
    nodeNm: 65,
    matrix: {
      kind: 'analog-cim',
      rows: 128,
      columns: 128,
      cellBits: 1,
      dacBits: 1,
      adcBits: 4,
      weightBitsMax: 8,
      inputBitsMax: 8,
    },
    points: [
      {
        supplyV: 1,
        inputBits: 1,
        weightBits: 1,
        cycleNs: 10,
        topsPerWatt: 740,
        ...UIUC(24),
        note: 'skips zeros, how many is not known',
      },
    ],
  },
];

/** By mean output code, 15 the largest: products in proportion to the code, inputs and weights alike. Then energy of the largest code over the supply. */
function sinangil(): MacroPoint[] {
  const common = { inputBits: 4, weightBits: 4, source: 'cimloop' as const };
  const byCode = (supplyV: number, cycleNs: number, code: number, topsPerWatt: number): MacroPoint => ({
    ...common,
    supplyV,
    cycleNs,
    topsPerWatt,
    activity: activityOf(code),
    label: `mean code ${code}`,
    read: 'transcribed',
    note: 'flash converter of 15 comparators and inputs by pulse count, which the fit to successive approximation does not know; its cycle is counted by a clock',
    ...(code === 6 ? { topsPerMm2: (2 * 64 * 16) / cycleNs / 1000 / 0.0032 } : {}),
    ...(code === 6 && supplyV === 1 ? { cycleFrom: { supplyV: 0.8, ns: 5.5 } } : {}),
  });
  const worst = [
    [0.65, 5.109],
    [0.7, 5.875],
    [0.75, 6.797],
    [0.8, 7.8125],
    [0.85, 9.031],
    [0.9, 10.25],
    [0.95, 11.75],
    [1, 13.125],
  ] as const;
  return [
    byCode(0.8, 5.5, 15, 262.3),
    byCode(0.8, 5.5, 6, 351),
    byCode(0.8, 5.5, 0, 610.5),
    byCode(1, 4.5, 15, 189.3),
    byCode(1, 4.5, 6, 321),
    byCode(1, 4.5, 0, 435.5),
    ...worst.map(
      ([supplyV, pj]): MacroPoint => ({
        ...common,
        supplyV,
        cycleNs: 5.5,
        topsPerWatt: 2048 / pj,
        activity: activityOf(15),
        label: 'largest code, curve',
        read: 'curve of energy over supply, digitized',
        note: 'each input pulse discharges the line, and all pulses are priced as one evaluation; at 1 V the curve is a fifth above the figure for the same code',
      }),
    ),
  ];
}

function activityOf(code: number) {
  const each = Math.sqrt(code / 15);
  return { inputActivity: each, weightDensity: each };
}
