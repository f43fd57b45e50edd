/** Results of earlier runs, as `qnpu run --json` and `-o` write them. */
import { type RunResult, runSchema } from '../report/schema.ts';
import { readDocument } from './read-document.ts';

/** Throws InputError for what is not JSON, or not the document run/1. */
export function readRun(path: string): RunResult {
  return readDocument(path, {
    schema: runSchema,
    code: 'E-RUN-DOCUMENT',
    what: 'the result of a run',
    expected: 'a document run/1: qnpu run <model> --json > result.json, or run.json of qnpu run <model> -o results',
  }).document;
}
