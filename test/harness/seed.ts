/** Before each test file: fast-check takes the seed of this run (global.ts). */
import process from 'node:process';
import fc from 'fast-check';

fc.configureGlobal({ seed: Number(process.env.QNPU_SEED) });
