/**
 * The timed run as a Chrome trace (JSON), which Perfetto opens. One track a unit; times are microseconds of simulated time. A slice is as long as
 * the instruction held its unit, because slices of one track must not overlap; when its results were there is among its arguments.
 */
import type { Program } from '../../isa/program.ts';
import type { SimResult } from '../../sim/result.ts';

export function renderTrace(result: SimResult, program: Program): string {
  const tracks = new Map<string, number>();
  const events: object[] = [];
  for (const t of result.timeline) {
    const unit = `${t.kind}${t.kind === 'dma' ? t.channel : ''}`;
    const key = `${t.core} ${unit}`;
    let tid = tracks.get(key);
    if (tid === undefined) {
      tid = tracks.size + 1;
      tracks.set(key, tid);
      events.push({ ph: 'M', name: 'thread_name', pid: t.core, tid, args: { name: unit } });
    }
    const op = program.cores[t.core]?.instructions[t.pc]?.op ?? '?';
    const layer = program.symbols.layers[t.layer]?.name ?? '';
    events.push({
      ph: 'X',
      name: layer === '' ? op : `${op} ${layer}`,
      cat: unit,
      pid: t.core,
      tid,
      ts: t.startPs / 1e6,
      dur: (t.freePs - t.startPs) / 1e6,
      args: { pc: t.pc, dispatchPs: t.dispatchPs, releasePs: t.releasePs, donePs: t.donePs, waitedFor: t.waitedFor },
    });
  }
  for (let core = 0; core < program.cores.length; core++)
    events.push({ ph: 'M', name: 'process_name', pid: core, args: { name: `core ${core}` } });
  return JSON.stringify({ displayTimeUnit: 'ns', traceEvents: events });
}
