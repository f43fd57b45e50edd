/** Runs ONNX models in ONNX Runtime (WebAssembly, one thread), the oracle that our import and interpreter are held against. */
import * as ort from 'onnxruntime-web';
import { type OnnxModel, writeModel } from '../../../compiler/frontend/onnx/index.ts';

export type OracleData = Float32Array | Int32Array | Int8Array | Uint8Array | Int16Array | Uint16Array;

export interface OracleTensor {
  readonly type: 'float32' | 'int32' | 'int8' | 'uint8' | 'int16' | 'uint16';
  readonly dims: readonly number[];
  readonly data: OracleData;
}

/** 64-bit integers, which our graphs hold in 32 bits, as those. */
function plain(data: ort.Tensor['data']): OracleData {
  return data instanceof BigInt64Array ? Int32Array.from(data, Number) : (data as OracleData);
}

/** `all` is the runtime's default, with every fusion; `disabled` runs the graph as written. */
export type Optimization = 'all' | 'disabled';

export class Oracle {
  readonly #session: ort.InferenceSession;

  private constructor(session: ort.InferenceSession) {
    this.#session = session;
  }

  static async create(model: OnnxModel | Uint8Array, optimization: Optimization): Promise<Oracle> {
    ort.env.wasm.numThreads = 1;
    ort.env.logLevel = 'error';
    const bytes = model instanceof Uint8Array ? model : writeModel(model);
    const options = {
      executionProviders: ['wasm'],
      graphOptimizationLevel: optimization,
      logSeverityLevel: 3,
    } as const;
    return new Oracle(await ort.InferenceSession.create(bytes, options));
  }

  async run(inputs: ReadonlyMap<string, OracleTensor>): Promise<Map<string, OracleTensor>> {
    const feeds: Record<string, ort.Tensor> = {};
    for (const [name, t] of inputs) feeds[name] = new ort.Tensor(t.type, t.data, t.dims);
    const results = await this.#session.run(feeds);
    return new Map(
      Object.entries(results).map(([name, t]) => [
        name,
        { type: t.type as OracleTensor['type'], dims: t.dims, data: plain(t.data) },
      ]),
    );
  }

  async release(): Promise<void> {
    await this.#session.release();
  }
}
