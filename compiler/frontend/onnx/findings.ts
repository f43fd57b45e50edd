/** Findings of an import: what a refused step says, and what the verifier finds in the result. */
import { type Diagnostic, InternalError, QnpuError, UnsupportedError } from '../../../isa/base/errors.ts';
import { OpError } from '../../graph/ops/op.ts';
import type { Graph } from '../../graph/types.ts';
import { verify } from '../../graph/verify.ts';
import { Refusal } from '../refusal.ts';

/** A finding and the error that it makes. */
export interface Issue extends Diagnostic {
  readonly kind: 'input' | 'unsupported';
}

/** One line for all findings. */
export function summary(what: string, issues: readonly Diagnostic[]): string {
  return issues.length === 1 ? `${what}: ${issues[0]?.message}` : `${what}: ${issues.length} findings`;
}

/** Sums that may leave 32 bits are the model's; any other finding of the verifier is our own mistake. */
export function requireRunnable(graph: Graph): void {
  const found = verify(graph);
  const own = found.filter((d) => d.code !== 'E-GRAPH-RANGE');
  if (own.length > 0)
    throw new InternalError(`import made a malformed graph: ${own[0]?.message}`, { diagnostics: own });
  if (found.length === 0) return;
  const hint = 'fewer bits, or fewer input channels a group: accumulators have 32 bits';
  const diagnostics = found.map((d) => ({ ...d, hint }));
  throw new UnsupportedError(summary('sums may overflow', diagnostics), { diagnostics });
}

const CONTRADICTION = 'onnx.checker.check_model(model, full_check=True) shows whether the file contradicts itself';
const DEFINED = 'shapes, types and attributes as ONNX defines them for the op';
const LISTED = 'a form that compiler/README.md lists';
const UNKNOWN_FORM = 'write it with the ops and forms that compiler/README.md lists';

/** Findings of a refused step; errors that are not refusals go on up. */
export function issuesOf(error: unknown, where: string): Issue[] {
  if (error instanceof Refusal) {
    const { kind } = error;
    const expected = error.expected ?? (kind === 'input' ? DEFINED : LISTED);
    const code = kind === 'input' ? 'E-ONNX-NODE' : 'E-ONNX-UNSUPPORTED';
    const hint = error.hint ?? (kind === 'input' ? CONTRADICTION : UNKNOWN_FORM);
    return [{ kind, code, message: error.message, where, expected, hint }];
  }
  if (error instanceof OpError) {
    return [
      {
        kind: 'input',
        code: 'E-ONNX-NODE',
        message: error.message,
        where,
        expected: error.expected ?? DEFINED,
        hint: CONTRADICTION,
      },
    ];
  }
  if (error instanceof QnpuError && error.kind !== 'internal') {
    const kind = error instanceof UnsupportedError ? 'unsupported' : 'input';
    const found: readonly Diagnostic[] =
      error.diagnostics.length > 0 ? error.diagnostics : [{ code: error.code, message: error.message }];
    const usual = { expected: DEFINED, hint: kind === 'input' ? CONTRADICTION : UNKNOWN_FORM };
    return found.map((d) => ({
      ...usual,
      ...d,
      kind,
      where: `${where}${d.where === undefined ? '' : `, ${d.where}`}`,
    }));
  }
  throw error;
}
