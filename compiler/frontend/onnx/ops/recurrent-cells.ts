/**
 * One time step of LSTM, GRU and RNN in float32, after ONNX's operator definitions: what comes from the input has the biases in it already,
 * the order of the gates is ONNX's (LSTM: input, output, forget, cell; GRU: update, reset, hidden). States that are zero are left out.
 */
import { refuse } from '../../refusal.ts';
import { hardSigmoid } from './activations.ts';
import type { Formula } from './formula.ts';

export type Activation = (f: Formula, x: string) => string;

const ACTIVATIONS: Readonly<Record<string, Activation>> = {
  sigmoid: (f, x) => f.unary('sigmoid', x),
  tanh: (f, x) => f.unary('tanh', x),
  relu: (f, x) => f.unary('relu', x),
  hardsigmoid: (f, x) => hardSigmoid(f, x, 0.2, 0.5),
};

/** The function of an activation's name, upper or lower case. */
export function activation(name: string): Activation {
  return (
    ACTIVATIONS[name.toLowerCase()] ??
    refuse(`activation ${name} in a recurrent network`, { expected: 'Sigmoid, Tanh, Relu or HardSigmoid' })
  );
}

/** States [B, H]; undefined where they are zero. */
export interface State {
  readonly h: string | undefined;
  readonly c: string | undefined;
}

export interface Recurrence {
  readonly f: Formula;
  readonly hidden: number;
  readonly activations: readonly Activation[];
  /** h [B, H] times the recurrent weights of gates `first` .. `first + count - 1` -> [B, count H]. */
  readonly times: (h: string, first: number, count: number) => string;
  /** Recurrent bias of the hidden gate, [H], where it does not join the input's; GRU with linear_before_reset. */
  readonly hiddenBias: string | undefined;
}

export interface Cell {
  readonly gates: number;
  readonly activations: readonly string[];
  /** `x` [B, gates H] is the input's part of all gates. */
  readonly step: (r: Recurrence, x: string, state: State) => { readonly h: string; readonly c: string | undefined };
}

/** `x` with the recurrent part added. */
function withState(r: Recurrence, x: string, h: string | undefined, first: number, count: number): string {
  return h === undefined ? x : r.f.binary('add', x, r.times(h, first, count));
}

function gate({ f, hidden }: Recurrence, x: string, index: number, count = 1): string {
  return f.part(x, 1, index * hidden, count * hidden);
}

/** C = f C + i tanh(..), h = o tanh(C). */
export const LSTM: Cell = {
  gates: 4,
  activations: ['Sigmoid', 'Tanh', 'Tanh'],
  step: (r, x, { h, c }) => {
    const [f, g, last] = r.activations as [Activation, Activation, Activation];
    const sums = withState(r, x, h, 0, 4);
    const gates = f(r.f, gate(r, sums, 0, 3));
    const fresh = r.f.binary('mul', gate(r, gates, 0), g(r.f, gate(r, sums, 3)));
    const cell = c === undefined ? fresh : r.f.binary('add', r.f.binary('mul', gate(r, gates, 2), c), fresh);
    return { h: r.f.binary('mul', gate(r, gates, 1), last(r.f, cell)), c: cell };
  },
};

/** h' = (1 - z) n + z h; the reset gate acts on h, or, with linear_before_reset, on its product. */
export const gru = (linearBeforeReset: boolean): Cell => ({
  gates: 3,
  activations: ['Sigmoid', 'Tanh'],
  step: (r, x, { h }) => {
    const [f, g] = r.activations as [Activation, Activation];
    const whole = linearBeforeReset && h !== undefined ? r.times(h, 0, 3) : undefined;
    const part = gate(r, x, 0, 2);
    const sums = whole === undefined ? withState(r, part, h, 0, 2) : r.f.binary('add', part, gate(r, whole, 0, 2));
    const gates = f(r.f, sums);
    const [z, reset] = [gate(r, gates, 0), gate(r, gates, 1)];
    const own = gate(r, x, 2);
    const fresh = g(r.f, linearBeforeReset ? linear(r, own, reset, whole) : nested(r, own, reset, h));
    const kept = r.f.binary('mul', r.f.binary('sub', 1, z), fresh);
    return { h: h === undefined ? kept : r.f.binary('add', kept, r.f.binary('mul', z, h)), c: undefined };
  },
});

/** x + r (h R + b). */
function linear(r: Recurrence, x: string, reset: string, whole: string | undefined): string {
  const product = whole === undefined ? undefined : gate(r, whole, 2);
  const { hiddenBias } = r;
  const inner =
    product === undefined || hiddenBias === undefined
      ? (product ?? hiddenBias)
      : r.f.binary('add', product, hiddenBias);
  return inner === undefined ? x : r.f.binary('add', x, r.f.binary('mul', reset, inner));
}

/** x + (r h) R. */
function nested(r: Recurrence, x: string, reset: string, h: string | undefined): string {
  return h === undefined ? x : r.f.binary('add', x, r.times(r.f.binary('mul', reset, h), 2, 1));
}

export const RNN: Cell = {
  gates: 1,
  activations: ['Tanh'],
  step: (r, x, { h }) => {
    const [f] = r.activations as [Activation];
    return { h: f(r.f, withState(r, x, h, 0, 1)), c: undefined };
  },
};
