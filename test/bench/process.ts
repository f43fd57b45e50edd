/**
 * Whole processes: started, waited for, and asked at their end for the CPU time of all their threads (start-up and compilation by the
 * engine included; the last moments after the exit event are not). Wall time is kept beside it: it is what a user waits on this machine.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join, parse } from 'node:path';
import process from 'node:process';
import type { Prepared, Subject, Surroundings } from './benchmark.ts';

const MACHINE = 'edge-dcim-28nm';

/** Loaded first by the measured process; writes microseconds of CPU time to file descriptor 3. */
const WITNESS = `import { writeSync } from 'node:fs';
process.on('exit', () => { const { user, system } = process.cpuUsage(); writeSync(3, String(user + system)); });`;

/** One unit is one run of `node <args>`; whatever it does to the time asked for, it runs once. Throws when it fails. */
export function processSubject(doc: string, args: readonly string[], cwd: string): Subject {
  const preload = ['--import', `data:text/javascript,${encodeURIComponent(WITNESS)}`];
  return {
    unit: 'process',
    doc,
    measure: () => {
      const start = process.hrtime.bigint();
      const done = spawnSync(process.execPath, [...preload, ...args], {
        cwd,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
        maxBuffer: 1 << 28,
      });
      const wallSeconds = Number(process.hrtime.bigint() - start) / 1e9;
      if (done.error !== undefined) throw done.error;
      const cpuSeconds = Number(done.output[3]) / 1e6;
      if (done.status !== 0 || !(cpuSeconds > 0))
        throw new Error(`node ${args.join(' ')} ended with ${done.status ?? done.signal}\n${done.stderr}`);
      return { units: 1, cpuSeconds, wallSeconds };
    },
  };
}

/** Node itself and a loop of about 0.3 s on a machine of 2020. */
export function referenceProcess(cwd: string, millionSteps = 250): Subject {
  const loop = `(function () { let x = 1; for (let i = 0; i < ${millionSteps}e6; i++) x = (Math.imul(x, 1664525) + 1013904223) | 0; if (x === 0.5) throw x; })()`;
  return processSubject(`node with ${millionSteps} million integer steps`, ['-e', loop], cwd);
}

/** `qnpu run <model>` from the root of the repository, against the reference process. Says what is missing when it cannot run. */
export function runOf({ root, cli, size }: Surroundings, model: string): Prepared | string {
  if (!existsSync(join(root, model))) return `${model} is not here`;
  if (!existsSync(cli)) return `${cli} is not built: npm run build`;
  const { base } = parse(model);
  return {
    subject: processSubject(`qnpu run ${base} -m ${MACHINE}`, [cli, ...runArguments(model)], root),
    reference: referenceProcess(root, size === 'full' ? 250 : 1),
    facts: { modelBytes: statSync(join(root, model)).size },
  };
}

/** The measured command, behind `qnpu`. */
export function runArguments(model: string): string[] {
  return ['run', model, '-m', MACHINE];
}
