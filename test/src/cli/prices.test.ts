/** qnpu prices: every number with its range and source, in text and as JSON. */
import { describe, expect, it } from 'vitest';
import { PRESETS } from '../../../isa/machine/presets/index.ts';
import { allPrices, priceList } from '../../../sim/energy/price-list.ts';
import { describeSource, SOURCES, type SourceKey } from '../../../sim/energy/sources.ts';
import { expectRefusal, qnpu } from './rig.ts';

interface Printed {
  readonly schema: string;
  readonly machine: { readonly name: string };
  readonly prices: readonly {
    readonly name: string;
    readonly value: number;
    readonly low: number;
    readonly high: number;
    readonly unit: string;
    readonly basis: string;
    readonly sources: readonly SourceKey[];
    readonly lines: readonly string[];
  }[];
  readonly sources: readonly { readonly key: SourceKey; readonly citation: string }[];
}

const words = (text: string) => text.replace(/\s+/g, ' ');

describe('qnpu prices', () => {
  it.each(Object.values(PRESETS))(
    'prints every price of $name as it is charged, and every source in full',
    async (machine) => {
      const { code, out } = await qnpu('prices', 'list', '-m', machine.name, '--json');
      expect(code).toBe(0);
      const printed = JSON.parse(out) as Printed;
      const charged = allPrices(priceList(machine));
      expect(printed.schema).toBe('prices/1');
      expect(printed.prices.map(({ name, ...p }) => [name, p])).toEqual(charged);
      const keys = new Set(charged.flatMap(([, p]) => p.sources));
      expect(printed.sources.map((s) => s.key)).toEqual([...keys].sort());
      for (const s of printed.sources) expect(s.citation).toContain(SOURCES[s.key].text);
      const text = words((await qnpu('prices', '-m', machine.name)).out);
      for (const [name] of charged) expect(text).toContain(` ${name} `);
      for (const key of keys) expect(text).toContain(words(describeSource(key)));
    },
  );

  it('lists what is assumed with the reasons, and nothing that is cited', async () => {
    const { out } = await qnpu('prices', 'assumed');
    expect(out).toContain('clock trunk 4 pJ per cycle and mm2');
    expect(words(out)).toContain('in acc.readBit, acc.writeBit, spad.readBit');
    expect(out).not.toMatch(/^ {2}dram\.readBit/m);
    expect(out).not.toMatch(/^ {2}systolic\.mac/m);
    const printed = JSON.parse((await qnpu('prices', 'assumed', '--json')).out) as Printed;
    for (const p of printed.prices) expect([p.basis, p.high > 0]).toEqual(['assumed', true]);
  });

  it('takes one price apart, follows --set, and refuses a name that is none', async () => {
    const { out } = await qnpu('prices', 'array.adderBit');
    expect(out).toContain('247 full adders over 256 leaf bits');
    expect(out).toContain(`source ${describeSource('zigzag-gates')}`);
    const wide = await qnpu('prices', 'array.adderBit', '--set', 'core.matrix.rowsAtOnce=128');
    expect(wide.out).toContain('120 full adders over 128 leaf bits');
    expectRefusal(await qnpu('prices', 'mac.bti'), /there is no price 'mac\.bti'/, /did you mean 'mac\.bit'/);
  });
});
