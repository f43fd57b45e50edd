/**
 * Runs one command line in this process and gives what a shell would see whose output goes to a file, not to a terminal:
 * exit code and both streams.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterAll, expect, vi } from 'vitest';
import { runCli } from '../../../src/cli/cli.ts';

export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export async function qnpu(...args: readonly string[]): Promise<Outcome> {
  const text = { out: '', err: '' };
  const catching = (stream: 'out' | 'err') => (chunk: unknown) => {
    text[stream] += String(chunk);
    return true;
  };
  const { exitCode: before } = process;
  const { isTTY } = process.stdout;
  // A test runner may claim a terminal; then the same line would be coloured here and plain there.
  process.stdout.isTTY = false;
  const spies = [
    vi.spyOn(process.stdout, 'write').mockImplementation(catching('out')),
    vi.spyOn(process.stderr, 'write').mockImplementation(catching('err')),
  ];
  try {
    return { code: await runCli(args), ...text };
  } finally {
    for (const spy of spies) spy.mockRestore();
    process.stdout.isTTY = isTTY;
    process.exitCode = before;
  }
}

/** A folder of its own for one test file, gone at its end. */
export function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'qnpu-test-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Most lines of a refusal: one screen. */
const SCREEN_LINES = 25;

/** A refusal: exit code 1, nothing on standard output, at most a screen on stderr that says all of `says`, and advice. */
export function expectRefusal({ code, out, err }: Outcome, ...says: readonly (string | RegExp)[]): void {
  expect({ code, out }, err).toEqual({ code: 1, out: '' });
  expect(err).toMatch(/^error E-[A-Z0-9-]+: ./);
  for (const text of says) expect(err).toMatch(text);
  expect(err).not.toMatch(/\n {4}at |internal error|undefined|\[object/);
  expect(err.trimEnd().split('\n').length).toBeLessThanOrEqual(SCREEN_LINES);
}

/** Arguments that would write every kind of file into a folder of their own, and the check that it is still empty. */
export function writingEverything(parent: string): {
  readonly args: readonly string[];
  readonly untouched: () => void;
} {
  const folder = mkdtempSync(join(parent, 'target-'));
  const args = ['-o', join(folder, 'results'), '--output', join(folder, 'y.npy'), '--trace', join(folder, 't.json')];
  return {
    args,
    untouched: () => {
      expect(readdirSync(folder)).toEqual([]);
      rmSync(folder, { recursive: true });
    },
  };
}
