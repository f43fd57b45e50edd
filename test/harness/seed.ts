/** Property tests draw the same cases in every run, so that a failure here is a failure everywhere; the long run (QNPU_GRAPHS set) draws new ones. */
import process from 'node:process';
import fc from 'fast-check';

if (process.env.QNPU_GRAPHS === undefined && process.env.QNPU_MODELS === undefined)
  fc.configureGlobal({ seed: 20261121 });
