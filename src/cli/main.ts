#!/usr/bin/env node
/** The program `qnpu`. All that it does is in cli.ts, which tests call without a process. */
import process from 'node:process';
import { runCli } from './cli.ts';

// A reader that has seen enough (head, less) is no error of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

process.exitCode = await runCli(process.argv.slice(2));
