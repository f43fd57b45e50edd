/**
 * The domain inside which prices rest on a source or were held against a published chip; outside it a run says `extrapolated`. A field that is not named here (sizes,
 * counts, port widths) has no such border: its price is a sum of parts that were compared.
 */
import type { Machine } from '../../isa/machine/schema.ts';
import { extrapolated } from './technology/scaling.ts';

/** End of the SRAM tables, and the oldest node of a macro in `qnpu validate macros`. */
const LARGEST_NM = 65;
/** Deepest adder trees, finest converters and fastest clock (Mori, 0.66 ns) in `qnpu validate macros`. */
const MOST_TREE_ROWS = 256;
const MOST_ADC_BITS = 8;
const FASTEST_MHZ = 1600;

/** Why a machine lies outside; empty inside. */
export function outsideDomain({ technology, clocks, core: { matrix } }: Machine): string[] {
  const { nodeNm } = technology;
  const mhz = Math.max(clocks.coreMhz, clocks.bufferMhz);
  return [
    ...extrapolated(technology),
    ...(nodeNm > LARGEST_NM ? [`${nodeNm} nm: above the ${LARGEST_NM} nm end of the SRAM tables`] : []),
    ...(mhz > FASTEST_MHZ
      ? [
          `${mhz} MHz: no chip that was compared runs above ${FASTEST_MHZ} MHz, and nothing here says whether ${technology.supplyV} V allow it`,
        ]
      : []),
    ...(matrix.kind === 'digital-cim' && matrix.rowsAtOnce > MOST_TREE_ROWS
      ? [`adder trees of ${matrix.rowsAtOnce} rows: those that were compared have up to ${MOST_TREE_ROWS}`]
      : []),
    ...(matrix.kind === 'analog-cim' && matrix.adcBits > MOST_ADC_BITS
      ? [`ADCs of ${matrix.adcBits} bits: those that were compared have up to ${MOST_ADC_BITS}`]
      : []),
  ];
}
