/**
 * Where numbers come from. Evidence: `file` a file of the named tool was opened; `run` the tool was run; `secondary` a third party's transcription of the
 * original; `recalled` from memory, to be checked before anything rests on it alone. Derivations from a source are stated with the number.
 */
export type Evidence = 'file' | 'run' | 'secondary' | 'recalled';

export interface Source {
  /** Authors, title, venue. */
  readonly text: string;
  readonly year: number;
  /** Table, figure or file in it. */
  readonly where: string;
  readonly evidence: Evidence;
}

export const SOURCES = {
  'horowitz-2014': {
    text: "M. Horowitz, Computing's energy problem (and what we can do about it), ISSCC",
    year: 2014,
    where: 'Fig. 1.1.9, 45 nm, 0.9 V',
    evidence: 'secondary',
  },
  'horowitz-2014-area': {
    text: "M. Horowitz, Computing's energy problem (and what we can do about it), ISSCC",
    year: 2014,
    where: 'areas of the same operations, 45 nm',
    evidence: 'recalled',
  },
  'bitfusion-synthesis': {
    text: 'H. Sharma et al., Bit Fusion, ISCA; synthesis results of its public repository',
    year: 2018,
    where: 'results/systolic_array_synth.csv, 500 MHz; 45 nm by the abstract; energy = dynamic power / 500 MHz',
    evidence: 'file',
  },
  'aladdin-40nm': {
    text: 'accelergy-aladdin-plug-in, 40 nm table of the Aladdin simulator',
    year: 2019,
    where: 'data/comparator.csv, data/reg.csv',
    evidence: 'file',
  },
  'stillmaker-2017': {
    text: 'A. Stillmaker, B. Baas, Scaling equations for the accurate prediction of CMOS device performance from 180 nm to 7 nm, Integration 58',
    year: 2017,
    where: 'energy polynomials and area table as transcribed in hwcomponents/scaling/techscaling.py',
    evidence: 'file',
  },
  'tpuv4i-2021': {
    text: "N. Jouppi et al., Ten Lessons From Three Generations Shaped Google's TPUv4i, ISCA",
    year: 2021,
    where: 'Table 2: int8 multiply 0.2 to 0.07 pJ, int32 add 0.1 to 0.03, fp32 multiply 3.7 to 1.31 from 45 to 7 nm',
    evidence: 'recalled',
  },
  'zigzag-gates': {
    text: 'ZigZag (KU Leuven), digital and analog in-memory computing model, after Sun, Houshmand, Verhelst, ICCAD',
    year: 2023,
    where: 'zigzag/hardware/architecture/imc_unit.py, TECH_PARAM_28NM (28 nm, 0.9 V)',
    evidence: 'file',
  },
  'zigzag-validation': {
    text: 'ZigZag-IMC (KU Leuven), validation of its digital in-memory computing model, scripts run',
    year: 2023,
    where: 'imc_model_validation: modelled over published area of three 28 nm macros 0.94, 0.79, 1.23',
    evidence: 'run',
  },
  'zigzag-imc-converters': {
    text: 'ZigZag-IMC (KU Leuven), analog in-memory computing cost model, after Houshmand et al. and Sun et al.',
    year: 2023,
    where: 'imc_model_validation/aimc_validation/22-28nm/aimc_cost_model.py: energy and area of ADC and DAC',
    evidence: 'file',
  },
  'zigzag-activity': {
    text: 'Sun, Houshmand, Verhelst, Analog or digital in-memory computing? Benchmarking through quantitative modeling, ICCAD',
    year: 2023,
    where:
      'validation convention: 50 % input toggle x 50 % weight density on multipliers and adder trees; accumulators full',
    evidence: 'file',
  },
  'operand-statistics': {
    text: 'measured on the operands of the priced run by the untimed run (sim/exec/statistics.ts)',
    year: 2026,
    where: 'ones among input and weight bits of every matrix multiply',
    evidence: 'run',
  },
  'tree-simulation': {
    text: 'simulation of a binary tree of ripple adders at the gate outputs, without delays, on random leaves',
    year: 2026,
    where: 'test/sim/energy/activity.test.ts: 16 to 256 leaves, ones of inputs 2 to 50 %, of weights 25 to 100 %',
    evidence: 'run',
  },
  'cacti-7': {
    text: 'CACTI 7.0.3DD, HewlettPackard/cacti @1ffd8dfb',
    year: 2017,
    where: 'RAM, one read-write port, one bank, 350 K, itrs-hp; range from itrs-lop and itrs-lstp',
    evidence: 'run',
  },
  'cacti-7-supply': {
    text: 'CACTI 7 technology files',
    year: 2017,
    where: 'Vdd of itrs-hp: 0.8, 0.9, 1.0, 1.1 V at 22, 32, 45, 65 nm',
    evidence: 'recalled',
  },
  'lpddr4-currents': {
    text: 'DRAMSys memspec MICRON_6Gb_LPDDR4-3200_32bit_A.json, energies by the Micron IDD formula over both core rails',
    year: 2023,
    where: 'currents at VDD1 1.8 V, VDD2 1.1 V, VDDQ 1.1 V; 256-bit bursts, per x16 channel',
    evidence: 'file',
  },
  'ddr4-currents': {
    text: 'DRAMsim3 configs/DDR4_8Gb_x8_3200.ini, energies by its own power formula',
    year: 2020,
    where: 'IDD values of one x8 device, eight devices a rank; without termination and board',
    evidence: 'file',
  },
  'lpddr5-scaled': {
    text: 'LPDDR4-3200 currents with the interface term at the VDDQ of LPDDR5, 0.5 V; no currents of LPDDR5 were found',
    year: 2023,
    where: 'core 5.26 and 3.87 pJ/bit, VDDQ 3.21 and 1.17 pJ/bit x (0.5 / 1.1)^2; VDDQ from JESD209-5, recalled',
    evidence: 'recalled',
  },
  'ddr3-flat': {
    text: 'accelergy-cacti-plug-in, cacti_wrapper.py',
    year: 2020,
    where: 'CactiDRAM.type2energy: DDR3 70 pJ/bit',
    evidence: 'file',
  },
  'hbm2-energy': {
    text: 'accelergy-cacti-plug-in, cacti_wrapper.py (HBM2 3.9 pJ/bit); DRAMsim3 HBM2_8Gb_x128.ini for activation and standby',
    year: 2020,
    where: 'CactiDRAM.type2energy; the ini currents are placeholders for columns',
    evidence: 'file',
  },
} as const satisfies Readonly<Record<string, Source>>;

export type SourceKey = keyof typeof SOURCES;

/** One line for reports: `key: authors, title, year, where (evidence)`. */
export function describeSource(key: SourceKey): string {
  const s: Source = SOURCES[key];
  return `${key}: ${s.text}, ${s.year}; ${s.where} (${s.evidence})`;
}
