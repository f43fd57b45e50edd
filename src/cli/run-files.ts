/** The files of `qnpu run`: whether they can be written is asked before the work, what is in them is made after it. */
import { join, resolve } from 'node:path';
import { hashHex } from '../../isa/base/hash.ts';
import { type OutputFile, requireFolder, requireWritable } from '../io/files.ts';
import { writeNpy } from '../io/npy.ts';
import { renderCsv } from '../report/csv.ts';
import type { RunResult } from '../report/schema.ts';
import { renderText } from '../report/text.ts';
import { renderTrace } from '../report/trace.ts';
import { mappingDocument, mappingText } from '../run/mapping-file.ts';
import type { Model } from '../run/model.ts';
import type { DesignPoint } from '../run/simulate-model.ts';
import { statisticsDocument } from '../run/statistics-file.ts';
import type { ValueRun } from '../run/values.ts';
import { badOption } from './options.ts';

export interface RunOutput {
  readonly result: RunResult;
  /** The run of one graph; undefined where sections were added up, which have no timeline and no values together. */
  readonly single: SingleRun | undefined;
}

export interface SingleRun {
  readonly point: DesignPoint;
  readonly outputs: ValueRun | undefined;
  readonly model: Model;
}

interface Targets {
  readonly model: string;
  readonly output: string | undefined;
  readonly html: string | undefined;
  readonly trace: string | undefined;
  readonly 'statistics-out': string | undefined;
  readonly 'mapping-out': string | undefined;
  readonly dir: string | undefined;
}

/** Throws InputError when some target cannot be written, or two are the same file. */
export function requireTargets(a: Targets): void {
  const used = new Map([[resolve(a.model), 'the model']]);
  for (const option of ['output', 'html', 'trace', 'statistics-out', 'mapping-out'] as const) {
    const path = a[option];
    if (path === undefined) continue;
    const other = used.get(resolve(path));
    if (other !== undefined)
      throw badOption('E-FILE', `--${option} ${path} is the file of ${other}`, { expected: 'a file of its own' });
    used.set(resolve(path), `--${option}`);
    requireWritable(path, `--${option}`);
  }
  if (a.dir !== undefined) requireFolder(a.dir, '-o');
}

/** Everything that goes to files, complete before the first byte is written. */
export async function filesOf(a: Targets, { result, single }: RunOutput): Promise<OutputFile[]> {
  const run = single?.outputs;
  const files: OutputFile[] = [];
  const trace = ({ point }: SingleRun) => renderTrace(point.result, point.program);
  if (a.output !== undefined && run !== undefined) files.push({ path: a.output, data: firstOutput(result, run) });
  if (a.html !== undefined) files.push({ path: a.html, data: await htmlOf(result) });
  if (a.trace !== undefined && single !== undefined) files.push({ path: a.trace, data: trace(single) });
  const statistics = single === undefined || run === undefined ? undefined : statisticsText(result, single, run);
  if (a['statistics-out'] !== undefined && statistics !== undefined)
    files.push({ path: a['statistics-out'], data: statistics });
  const decisions = single?.point.compiled.report.decisions;
  if (a['mapping-out'] !== undefined && single !== undefined && decisions !== null && decisions !== undefined) {
    const document = mappingDocument(single.model, single.point.machine, decisions);
    files.push({ path: a['mapping-out'], data: mappingText(document) });
  }
  if (a.dir !== undefined) {
    const { dir } = a;
    const all = [
      { name: 'report.txt', data: renderText(result, { color: false }) },
      { name: 'run.json', data: `${JSON.stringify(result, null, 2)}\n` },
      { name: 'layers.csv', data: renderCsv(result) },
      { name: 'report.html', data: await htmlOf(result) },
      ...(single === undefined ? [] : [{ name: 'trace.json', data: trace(single) }]),
      ...(statistics === undefined ? [] : [{ name: 'statistics.json', data: statistics }]),
    ];
    for (const { name, data } of [...all, { name: 'manifest.json', data: manifest(result, all) }])
      files.push({ path: join(dir, name), data });
  }
  return files;
}

/** Pages are rarely asked for: their code is loaded then. */
async function htmlOf(result: RunResult): Promise<string> {
  return (await import('../report/html/page.ts')).renderHtml(result);
}

/** The first output of all samples, samples along its first axis. */
function firstOutput(result: RunResult, run: ValueRun): Uint8Array {
  const [name, data] = [...run.outputs][0]!;
  const { shape, type } = result.model.outputs.find((o) => o.name === name)!;
  const all = shape.length === 0 ? [run.samples] : [run.samples * shape[0]!, ...shape.slice(1)];
  return writeNpy(all, type === 'f32' ? 'f4' : 'i4', data);
}

function statisticsText(result: RunResult, { point, model }: SingleRun, { statistics }: ValueRun): string {
  const { machine, program } = point;
  const source = result.values?.inputSource ?? '';
  return `${JSON.stringify(statisticsDocument({ model, machine, program, source, statistics }), null, 1)}\n`;
}

function manifest(result: RunResult, files: readonly { readonly name: string; readonly data: string }[]): string {
  const { tool, isa, seed, model, machine, prices } = result;
  const described = files.map(({ name, data }) => ({
    name,
    bytes: new TextEncoder().encode(data).length,
    sha256: hashHex(data),
  }));
  const stamps = { tool, isa, seed, model: model.hash, machine: machine.hash, prices: prices.hash };
  return `${JSON.stringify({ schema: 'manifest/1', ...stamps, files: described }, null, 2)}\n`;
}
