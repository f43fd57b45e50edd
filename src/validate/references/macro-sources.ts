/** Where the figures of published macros were read. `secondary`: a third party's transcription of the paper, so some are digitized or normalized by others. */
import type { Source } from '../../../sim/energy/sources.ts';

export const MACRO_SOURCES = {
  'uiuc-imc': {
    text: 'UIUC-IMC-Benchmarking, Benchmarking_Data.csv (Shanbhag and Roy, CICC), TOPS/W and TOPS normalized to 1 bit x 1 bit',
    year: 2022,
    where: 'row of the chip',
    evidence: 'secondary',
  },
  'zigzag-imc': {
    text: 'ZigZag-IMC, imc_model_validation (Sun, Houshmand, Verhelst, ICCAD)',
    year: 2023,
    where: 'published figures in its scripts; operands switch at 50 % x 50 %',
    evidence: 'run',
  },
  cimloop: {
    text: 'CiMLoop (ISPASS), workspace/models/arch/1_macro/<macro>/_tests.py',
    year: 2024,
    where: 'curves transcribed from the papers, partly digitized',
    evidence: 'secondary',
  },
} as const satisfies Readonly<Record<string, Source>>;

export type MacroSource = keyof typeof MACRO_SOURCES;
