/** Why operators that files do have are not supported, and what to do instead. */

const REASONS: readonly (readonly [ops: readonly string[], hint: string])[] = [
  [
    ['TOPK_V2', 'NON_MAX_SUPPRESSION_V4', 'NON_MAX_SUPPRESSION_V5', 'WHERE', 'UNIQUE'],
    'its result is positions, which no vector instruction gives as codes: end the network before it and choose on the host',
  ],
  [
    ['TFLite_Detection_PostProcess'],
    'boxes are chosen by data-dependent control: end the network before it and post-process on the host',
  ],
  [
    ['LSTM', 'RNN', 'UNIDIRECTIONAL_SEQUENCE_RNN', 'BIDIRECTIONAL_SEQUENCE_LSTM'],
    'it keeps a state from step to step in one operator: convert with the cell unrolled into FULLY_CONNECTED, MUL, ADD, LOGISTIC and TANH',
  ],
  [['IF', 'WHILE', 'CALL_ONCE', 'CALL'], 'there is no control flow: convert the branch or the loop body that is meant'],
  [
    ['CAST', 'DIV', 'SQUARE', 'SQUARED_DIFFERENCE', 'POW'],
    'replace it by a function of the list that compiler/README.md gives (HARD_SWISH, LOGISTIC, ...), or run that part elsewhere',
  ],
];

/** What to do about an operator that is not supported. */
export function remedyFor(op: string): string {
  return REASONS.find(([ops]) => ops.includes(op))?.[1] ?? 'replace it in the network, or run that part elsewhere';
}
