/** DRAM that a machine can name (`dram: hbm2-x128`, `--set dram=lpddr5-6400-x16`) instead of describing it. */
import type { Dram } from '../../schema.ts';
import { ddr3X128 } from './ddr3-2133.ts';
import { ddr4X64 } from './ddr4-3200.ts';
import { hbm2Channel } from './hbm2.ts';
import { lpddr4X16, lpddr4X32 } from './lpddr4-3200.ts';
import { lpddr4xX32 } from './lpddr4x-4266.ts';
import { lpddr5X16 } from './lpddr5-6400.ts';

export const DRAM_PRESETS: Readonly<Record<string, Dram>> = {
  'lpddr4-3200-x16': lpddr4X16,
  'lpddr4-3200-x32': lpddr4X32,
  'lpddr4x-4266-x32': lpddr4xX32,
  'lpddr5-6400-x16': lpddr5X16,
  'ddr3-2133-x128': ddr3X128,
  'ddr4-3200-x64': ddr4X64,
  'hbm2-x128': hbm2Channel,
};
