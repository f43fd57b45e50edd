/**
 * What to try next. First the changes that were run and helped; then, from the causes of this run, what was not tried. A share of the critical path
 * is what a perfect remedy could save at most, because other work may then take its place.
 */
import { formatBytes } from '../../../isa/base/units.ts';
import type { RunResult } from '../schema.ts';
import { percent } from '../words.ts';
import { wrapText } from '../wrap.ts';
import { farther, outsideName, trafficByKind } from './memory-wall.ts';

/** Smaller shares are not worth a line. */
const LEAST_SHARE = 0.05;
const SHOWN = 3;
/** Smaller differences of a measured change count as none. */
const LEAST_GAIN = 0.01;

interface Idea {
  readonly cycles: number;
  readonly evidence: (share: string) => string;
  /** Fields, or what else to do; a field that was tried already is left out. */
  readonly remedies: readonly string[];
}

export interface Advice {
  /** Changes that were run and helped, best first. */
  readonly helped: RunResult['whatIfs'];
  /** Changes that were run and did nothing. */
  readonly idle: readonly string[];
  readonly ideas: readonly { readonly evidence: string; readonly remedies: readonly string[] }[];
}

export function adviceOf(r: RunResult): Advice {
  const tried = new Set(r.whatIfs.flatMap((w) => w.set.map((s) => s.replace(/=.*/, ''))));
  const ideas = [...dramIdeas(r), ...chipIdeas(r)]
    .filter((i) => i.cycles > LEAST_SHARE * r.cycles)
    .map((i) => ({ ...i, remedies: i.remedies.filter((remedy) => !tried.has(remedy.replace(/^.* /, ''))) }))
    .filter((i) => i.remedies.length > 0)
    .sort((a, b) => b.cycles - a.cycles)
    .slice(0, SHOWN);
  return {
    helped: r.whatIfs.filter((w) => w.cycles < (1 - LEAST_GAIN) * r.cycles).slice(0, SHOWN),
    idle: r.whatIfs.filter((w) => Math.abs(w.cycles - r.cycles) <= LEAST_GAIN * r.cycles).map((w) => w.set[0] ?? ''),
    ideas: ideas.map((i) => ({ evidence: i.evidence(percent(i.cycles, r.cycles)), remedies: i.remedies })),
  };
}

export function adviceSection(r: RunResult): string[] {
  const { helped, idle, ideas } = adviceOf(r);
  const item = (text: string) => wrapText(text, { first: '  - ', rest: '    ' });
  return [
    ...(helped.length > 0
      ? ['  measured: this program run again with one change each (compiled again where it must be)']
      : []),
    ...helped.flatMap((w) => item(`--set ${w.set.join(' --set ')}: ${changesText(r, w)}`)),
    ...(idle.length > 0
      ? wrapText(`tried, without 1 % of effect: ${idle.join(', ')}`, { first: '  ', rest: '    ' })
      : []),
    ...(ideas.length > 0 ? ['  from the causes, not tried'] : []),
    ...ideas.flatMap((i) => item(`${i.evidence}: ${i.remedies.join('; ')}`)),
    ...(helped.length + ideas.length === 0
      ? ['  nothing stands out: no cause takes more than 5 % of the critical path']
      : []),
  ];
}

/** What a measured change does to latency, energy and area. */
export function changesText(r: RunResult, w: RunResult['whatIfs'][number]): string {
  const signed = (now: number, before: number) => {
    const change = before > 0 ? (100 * (now - before)) / before : 0;
    return `${change > 0 ? '+' : ''}${change.toFixed(1)} %`;
  };
  const area = signed(w.areaUm2, r.areaUm2);
  return `latency ${signed(w.cycles, r.cycles)}, energy ${signed(w.energyFj, r.energyFj.total)}, area ${area}`;
}

function causeCycles(r: RunResult, ...names: readonly string[]): number {
  return names.reduce((n, name) => n + (r.causes[name] ?? 0), 0);
}

/** The wall that was measured, told by what crosses it most. */
function dramIdeas(r: RunResult): Idea[] {
  if (farther(r)) {
    const [[kind, { read, write }]] = trafficByKind(r, 'tier') as [[string, { read: number; write: number }]];
    return [
      {
        cycles: r.wall.dramCycles,
        evidence: (share) =>
          `a free ${outsideName(r)} would save ${share} of the time, and most of what crosses is ${formatBytes(read + write)} of ${kind} in the tier`,
        remedies: [
          'more DRAM and tier.holds=overflow, so that less lives there',
          'fewer weight bits',
          'a larger tier.megabytesPerSecond',
        ],
      },
    ];
  }
  const kinds = new Map(trafficByKind(r, 'dram').map(([kind, { read, write }]) => [kind, read + write]));
  const [most = ''] = kinds.keys();
  const bytes = formatBytes(kinds.get(most) ?? 0);
  const [told, remedies] = crossing(r, most, kinds.get(most) ?? 0);
  return [
    {
      cycles: r.wall.dramCycles,
      evidence: (share) =>
        `a free DRAM would save ${share} of the time, and most of what crosses is ${bytes} of ${told}`,
      remedies,
    },
  ];
}

/** What a kind of traffic is, and what shortens it. */
function crossing(r: RunResult, kind: string, bytes: number): [told: string, remedies: string[]] {
  switch (kind) {
    case 'weights':
      return [
        'weights, read for every inference',
        r.machine.matrix === 'systolic'
          ? ['fewer weight bits', 'a batch that shares them (--dims)', 'arrays that hold them (-m edge-dcim-28nm)']
          : ['more core.matrix.macros', 'more core.matrix.rows', 'fewer weight bits'],
      ];
    case 'activations':
      return bytes > 1.2 * r.bounds.compulsoryBytes
        ? ['activations that do not fit on chip', ['a larger core.scratchpad.sizeBytes', 'a larger buffer.sizeBytes']]
        : [
            'input and output of the network, which must move once',
            ['fewer bits for them (--input-type)', 'a faster DRAM'],
          ];
    case 'instructions':
      return [
        'instructions and descriptors, because the code does not fit',
        ['a larger core.sequencer.instructionBytes', 'fewer, larger tiles: core.scratchpad.sizeBytes'],
      ];
    default:
      return [kind, ['a larger core.scratchpad.sizeBytes', 'a faster DRAM']];
  }
}

/** By kind of matrix unit. */
const FASTER_ARRAYS: Readonly<Record<string, readonly string[]>> = {
  'digital-cim': ['more core.matrix.macros', 'more core.matrix.inputBitsPerCycle', 'fewer bits in the model'],
  'analog-cim': [
    'more core.matrix.macros',
    'a shorter core.matrix.settleCycles',
    'more core.matrix.dacBits',
    'fewer input bits in the model',
  ],
  systolic: ['more core.matrix.rows', 'more core.matrix.columns'],
};

function chipIdeas(r: RunResult): Idea[] {
  const cim = r.machine.matrix !== 'systolic';
  const vector = causeCycles(r, 'vector');
  const float = r.layers.find((l) => l.op.includes('float') && l.cycles > 0.3 * vector);
  const idea = (what: string, causes: readonly string[], remedies: readonly string[]): Idea => ({
    cycles: causeCycles(r, ...causes),
    evidence: (share) => `${share} of the critical path is ${what}`,
    remedies,
  });
  return [
    idea(
      'fixed latency (set-up, dispatch, pipelines), because the network is small for this machine',
      ['dma-setup', 'dispatch', 'fetch', 'matrix-pipeline'],
      ['several inputs at once (--dims)', 'a shorter core.dma.setupCycles'],
    ),
    idea(
      'data on their way on chip',
      ['transfer', 'interconnect', 'buffer-port', 'bank'],
      [
        'wider interconnect.linkBits',
        'wider buffer.portBits',
        'wider core.scratchpad.portBits',
        'more core.scratchpad.banks',
      ],
    ),
    float === undefined
      ? idea(
          'vector work',
          ['vector'],
          [
            'more core.vector.lanes',
            'more core.vector.windowMacLanes',
            'quantizers that fuse into the drain (no float ops between)',
          ],
        )
      : idea(
          `vector work, most of it ${float.name} in float32`,
          ['vector'],
          ['codes as its input, so that the arrays run it (--input-type name=u8)', 'more core.vector.windowMacLanes'],
        ),
    idea('requantizing', ['drain', 'accumulator-port'], ['more core.drain.lanes', 'wider core.accumulators.portBits']),
    idea(
      'weights being written into arrays',
      ['weight-write', 'array'],
      cim
        ? ['wider core.matrix.writeBits', 'more core.matrix.macros']
        : ['wider core.matrix.writeBits', 'a batch that shares them (--dims)'],
    ),
    idea('arrays at work', ['matrix'], FASTER_ARRAYS[r.machine.matrix] ?? []),
    idea(
      'waiting for earlier work',
      ['operand', 'semaphore', 'queue', 'outstanding'],
      ['more core.dma.channels', 'more core.dma.outstanding', 'more core.sequencer.queueDepth'],
    ),
  ];
}
