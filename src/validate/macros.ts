/**
 * Published CIM macros against the price list: TOPS/W, TOPS/mm2 and the cycle at another supply, at every operating point that is known. Which chips set constants and
 * which did not stands in sim/energy/macros/split.json. TOPS are no test, since the clock is the chip's own.
 */
import { InternalError } from '../../isa/base/errors.ts';
import split from '../../sim/energy/macros/split.json' with { type: 'json' };
import { macroFigures } from './macro-model.ts';
import { ANALOG_MACROS } from './references/analog-macros.ts';
import { DIGITAL_MACROS } from './references/digital-macros.ts';
import type { MacroPoint, PublishedMacro } from './references/macro.ts';
import { MACRO_SOURCES } from './references/macro-sources.ts';
import { makeRow, type Row, type Use } from './row.ts';

export const MACROS: readonly PublishedMacro[] = [...DIGITAL_MACROS, ...ANALOG_MACROS];

/** Largest error that passes, in percent. */
const BANDS = { fitted: 10, 'held-out': 25 } as const;

export function macroRows(): Row[] {
  return MACROS.flatMap((macro) => macro.points.flatMap((point) => pointRows(macro, point)));
}

/** Throws for a macro that the split does not name, so that none can be fitted without being declared. */
export function useOf({ key }: PublishedMacro, point: MacroPoint): Extract<Use, 'fitted' | 'held-out' | 'listed'> {
  if (point.listed !== undefined) return 'listed';
  if (key in split.fitted) return 'fitted';
  if (key in split.heldOut) return 'held-out';
  if (key in split.listed) return 'listed';
  throw new InternalError(
    `macro "${key}" is not in sim/energy/macros/split.json: add it there before its figures are used`,
  );
}

function pointRows(macro: PublishedMacro, point: MacroPoint): Row[] {
  const ours = macroFigures(macro, point);
  const use = useOf(macro, point);
  const at = [`${point.supplyV} V`, `A${point.inputBits} W${point.weightBits}`, ...(point.label ? [point.label] : [])];
  const row = (quantity: string, unit: string, published: number | undefined, value: number | undefined): Row[] =>
    published === undefined || value === undefined
      ? []
      : [
          makeRow({
            group: 'macros',
            reference: macro.name,
            quantity: `${quantity}, ${at.join(', ')}`,
            unit,
            published,
            ours: value,
            use,
            ...(use === 'listed' ? {} : { bandPercent: BANDS[use] }),
            read: `${MACRO_SOURCES[point.source].evidence}, ${point.source}: ${point.read}`,
            note: point.listed ?? point.note ?? '',
          }),
        ];
  return [
    ...row('efficiency', 'TOPS/W', point.topsPerWatt, ours.topsPerWatt),
    ...row('density', 'TOPS/mm2', point.topsPerMm2, ours.topsPerMm2),
    ...row('cycle', 'ns', point.cycleNs, ours.cycleNs),
  ];
}
