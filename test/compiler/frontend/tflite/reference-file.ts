/**
 * The reference's own view of a TensorFlow Lite file, on flatbuffers' accessors and nothing of ours: it trusts the file, so it is
 * for files that are whole.
 */
import { ByteBuffer } from 'flatbuffers';

class Row {
  readonly b: ByteBuffer;
  readonly at: number;

  constructor(b: ByteBuffer, at: number) {
    this.b = b;
    this.at = at;
  }

  field(id: number): number {
    const offset = this.b.__offset(this.at, 4 + 2 * id);
    return offset === 0 ? 0 : this.at + offset;
  }

  int(id: number, absent = 0): number {
    const at = this.field(id);
    return at === 0 ? absent : this.b.readInt32(at);
  }

  byte(id: number): number {
    const at = this.field(id);
    return at === 0 ? 0 : this.b.readUint8(at);
  }

  float(id: number): number {
    const at = this.field(id);
    return at === 0 ? 0 : this.b.readFloat32(at);
  }

  sub(id: number): Row | undefined {
    const at = this.field(id);
    return at === 0 ? undefined : new Row(this.b, this.b.__indirect(at));
  }

  list<T>(id: number, size: number, read: (at: number) => T): T[] {
    const at = this.field(id);
    if (at === 0) return [];
    const start = this.b.__vector(at);
    return Array.from({ length: this.b.__vector_len(at) }, (_, i) => read(start + i * size));
  }

  rows(id: number): Row[] {
    return this.list(id, 4, (at) => new Row(this.b, this.b.__indirect(at)));
  }

  ints(id: number): number[] {
    return this.list(id, 4, (at) => this.b.readInt32(at));
  }
}

export interface RefTensor {
  readonly shape: readonly number[];
  readonly type: number;
  readonly scale: readonly number[];
  readonly zero: readonly number[];
  /** Constant values; undefined for what is computed. */
  readonly data: readonly number[] | undefined;
}

export interface RefOperator {
  readonly code: number;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly int: (id: number, absent?: number) => number;
  readonly byte: (id: number) => number;
  readonly float: (id: number) => number;
}

export interface RefModel {
  readonly tensors: readonly RefTensor[];
  readonly operators: readonly RefOperator[];
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
}

export function readReference(bytes: Uint8Array): RefModel {
  const b = new ByteBuffer(new Uint8Array(bytes));
  const root = new Row(b, b.readInt32(0));
  const codes = root.rows(1).map((c) => Math.max(c.byte(0), c.int(3)));
  const buffers = root.rows(4).map((r) => Uint8Array.from(r.list(0, 1, (at) => b.readUint8(at))));
  const graph = root.rows(2)[0]!;
  const tensors = graph.rows(0).map((t): RefTensor => {
    const q = t.sub(4);
    const raw = buffers[t.int(2)]!;
    return {
      shape: t.ints(0),
      type: t.byte(1),
      scale: q?.list(2, 4, (at) => b.readFloat32(at)) ?? [],
      zero: q?.list(3, 8, (at) => Number(b.readInt64(at))) ?? [],
      data: raw.length === 0 ? undefined : values(t.byte(1), raw),
    };
  });
  const operators = graph.rows(3).map((o): RefOperator => {
    const options = o.sub(4);
    return {
      code: codes[o.int(0)]!,
      inputs: o.ints(1),
      outputs: o.ints(2),
      int: (id, absent = 0) => options?.int(id, absent) ?? absent,
      byte: (id) => options?.byte(id) ?? 0,
      float: (id) => options?.float(id) ?? 0,
    };
  });
  return { tensors, operators, inputs: graph.ints(1), outputs: graph.ints(2) };
}

function values(type: number, raw: Uint8Array): number[] {
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  const each = (size: number, read: (at: number) => number) =>
    Array.from({ length: raw.length / size }, (_, i) => read(i * size));
  switch (type) {
    case 0:
      return each(4, (at) => view.getFloat32(at, true));
    case 2:
      return each(4, (at) => view.getInt32(at, true));
    case 3:
      return each(1, (at) => view.getUint8(at));
    case 4:
      return each(8, (at) => Number(view.getBigInt64(at, true)));
    case 7:
      return each(2, (at) => view.getInt16(at, true));
    case 9:
      return each(1, (at) => view.getInt8(at));
    case 17:
      return Array.from({ length: raw.length * 2 }, (_, i) => {
        const code = (raw[Math.floor(i / 2)]! >> (i % 2 === 0 ? 0 : 4)) & 15;
        return code >= 8 ? code - 16 : code;
      });
    default:
      throw new Error(`no values of type ${type}`);
  }
}
