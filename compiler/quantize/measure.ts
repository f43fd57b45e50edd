/** The noise of a quantized network: every quantized value against the float network's, both run by the interpreter on the same inputs. */
import { type ImportOptions, importModel } from '../frontend/onnx/index.ts';
import { interpret } from '../graph/interpret.ts';
import type { TensorData } from '../graph/types.ts';
import { seen } from './calibrate.ts';
import type { Emitted } from './emit.ts';
import type { FloatNetwork } from './network.ts';
import type { Plan } from './plan.ts';
import type { Scale } from './ranges.ts';
import { NoiseMeter } from './sqnr.ts';

export interface Noise {
  readonly meter: NoiseMeter;
  /** Values outside of the range, of how many. */
  clipped: number;
  total: number;
}

/** Runs the quantized network beside the float one, and compares every quantized value. */
export function measure(
  { traced }: FloatNetwork,
  plan: Plan,
  scales: ReadonlyMap<string, Scale>,
  { model, codes }: Emitted,
  samples: readonly ReadonlyMap<string, TensorData>[],
  options: ImportOptions,
): Map<string, Noise> {
  const { graph, quantizers } = importModel(model, options);
  const sites = new Map(quantizers.map((q) => [q.output, q.codes]));
  const noise = new Map<string, Noise>();
  for (const sample of samples) {
    const exact = interpret(traced.graph, sample, 'all');
    const found = interpret(graph, sample, 'all');
    for (const value of plan.groups.keys()) {
      const quantized = found.get(sites.get(codes.get(value) ?? '') ?? '');
      if (quantized === undefined) continue;
      const { scale, zero, bits } = scales.get(value)!;
      const entry = noise.get(value) ?? { meter: new NoiseMeter(), clipped: 0, total: 0 };
      const { data } = seen(traced, exact, value);
      entry.meter.add(
        data,
        Float64Array.from(quantized.data, (code) => (code - zero) * scale),
      );
      const [low, high] = [(-zero - 0.5) * scale, (2 ** bits - 0.5 - zero) * scale];
      entry.clipped += Array.from(data).filter((v) => v < low || v > high).length;
      entry.total += data.length;
      noise.set(value, entry);
    }
  }
  return noise;
}
