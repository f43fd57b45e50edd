/** VAR_HANDLE, READ_VARIABLE and ASSIGN_VARIABLE: what a streaming network keeps from run to run, an input and an output of the network here. */
import { invalid } from '../../refusal.ts';
import { type ImportContext, text } from '../context.ts';

export function importVarHandle(cx: ImportContext): void {
  const handle = cx.outputTensor();
  const name = cx.options?.string(1, 'shared_name') ?? '';
  cx.define(handle, { kind: 'variable', name: name === '' ? `variable${handle.index}` : name });
}

function variable(cx: ImportContext): string {
  const meaning = cx.meaning(cx.inputTensor(0));
  if (meaning.kind !== 'variable')
    invalid(`${text(cx.inputTensor(0))} is no variable`, { expected: 'the result of a VAR_HANDLE' });
  return meaning.name;
}

export function importReadVariable(cx: ImportContext): void {
  cx.result(cx.state(variable(cx), cx.outputTensor(), variable(cx)), 'file');
}

export function importAssignVariable(cx: ImportContext): void {
  cx.keep(variable(cx), cx.inputTensor(1), cx.value(1, 'file'));
}
