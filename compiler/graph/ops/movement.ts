/** Ops that only move elements: concat, reshape, transpose, pad, slice, depth-to-space. Any element type. */
import { sizeOf } from '../types.ts';
import { allocate, type OpDefinition, requireThat, stridesOf } from './op.ts';

export const concat: OpDefinition<'concat'> = {
  doc: 'joins tensors along an axis',
  arity: [1, 64],
  infer({ axis }, inputs) {
    const first = inputs[0];
    requireThat(first !== undefined && axis >= 0 && axis < first.shape.length, `axis ${axis} is outside the input`);
    for (const x of inputs) {
      requireThat(JSON.stringify(x.element) === JSON.stringify(first.element), 'joined tensors need one element type');
      requireThat(
        x.shape.length === first.shape.length && x.shape.every((d, i) => i === axis || d === first.shape[i]),
        `joined shapes [${first.shape}] and [${x.shape}] differ outside axis ${axis}`,
      );
    }
    return {
      element: first.element,
      shape: first.shape.map((d, i) => (i === axis ? inputs.reduce((n, x) => n + x.shape[axis]!, 0) : d)),
    };
  },
  reference({ axis }, inputs, output) {
    const out = allocate(output);
    const inner = sizeOf(output.shape.slice(axis + 1));
    const outer = sizeOf(output.shape.slice(0, axis));
    let at = 0;
    for (let o = 0; o < outer; o++) {
      for (const x of inputs) {
        const run = x.type.shape[axis]! * inner;
        for (let i = 0; i < run; i++) out[at++] = x.data[o * run + i]!;
      }
    }
    return out;
  },
};

/** The target shape travels as the node's declared result. */
export const reshape: OpDefinition<'reshape'> = {
  doc: 'same elements in row-major order, another shape',
  arity: [1, 1],
  infer(_, [x]) {
    requireThat(x !== undefined, 'reshape needs an input');
    return x;
  },
  reference: (_, [x]) => x!.data.slice(),
};

export const transpose: OpDefinition<'transpose'> = {
  doc: 'permutes axes: output axis i is input axis perm[i]',
  arity: [1, 1],
  infer({ perm }, [x]) {
    requireThat(
      x !== undefined && [...perm].sort((a, b) => a - b).every((p, i) => p === i) && perm.length === x.shape.length,
      `[${perm}] does not permute [${x?.shape}]`,
    );
    return { element: x.element, shape: perm.map((p) => x.shape[p]!) };
  },
  reference({ perm }, [x], output) {
    const out = allocate(output);
    const strides = stridesOf(x!.type.shape);
    visit(output.shape, (at, index) => {
      out[at] = x!.data[index.reduce((n, v, i) => n + v * strides[perm[i]!]!, 0)]!;
    });
    return out;
  },
};

export const pad: OpDefinition<'pad'> = {
  doc: 'surrounds with a constant',
  arity: [1, 1],
  infer({ before, after }, [x]) {
    requireThat(
      x !== undefined && before.length === x.shape.length && after.length === x.shape.length,
      'pads must name every axis',
    );
    requireThat(
      [...before, ...after].every((p) => p >= 0),
      'negative pads are not supported: use Slice',
    );
    return { element: x.element, shape: x.shape.map((d, i) => d + before[i]! + after[i]!) };
  },
  reference({ before, value }, [x], output) {
    const out = allocate(output).fill(value);
    const strides = stridesOf(output.shape);
    visit(x!.type.shape, (at, index) => {
      out[index.reduce((n, v, i) => n + (v + before[i]!) * strides[i]!, 0)] = x!.data[at]!;
    });
    return out;
  },
};

/** The result shape travels as the node's declared result. */
export const slice: OpDefinition<'slice'> = {
  doc: 'every steps[i]-th element of axis i from starts[i]',
  arity: [1, 1],
  infer(_, [x]) {
    requireThat(x !== undefined, 'slice needs an input');
    return x;
  },
  reference({ starts, steps }, [x], output) {
    const out = allocate(output);
    const strides = stridesOf(x!.type.shape);
    visit(output.shape, (at, index) => {
      out[at] = x!.data[index.reduce((n, v, i) => n + (starts[i]! + v * steps[i]!) * strides[i]!, 0)]!;
    });
    return out;
  },
};

export const depthToSpace: OpDefinition<'depth-to-space'> = {
  doc: 'moves channel blocks into space, ONNX DepthToSpace',
  arity: [1, 1],
  infer({ block }, [x]) {
    requireThat(
      x !== undefined && x.shape.length === 4 && x.shape[1]! % (block * block) === 0,
      `channels of [${x?.shape}] must be a multiple of ${block * block}`,
    );
    const [n, c, h, w] = x.shape as [number, number, number, number];
    return { element: x.element, shape: [n, c / (block * block), h * block, w * block] };
  },
  reference({ block, mode }, [x], output) {
    const out = allocate(output);
    const [, c, h, w] = x!.type.shape as [number, number, number, number];
    const depth = c / (block * block);
    visit(output.shape, (at, [n, oc, y, z]) => {
      const by = y! % block;
      const bx = z! % block;
      const channel = mode === 'DCR' ? (by * block + bx) * depth + oc! : (oc! * block + by) * block + bx;
      out[at] = x!.data[((n! * c + channel) * h + Math.floor(y! / block)) * w + Math.floor(z! / block)]!;
    });
    return out;
  },
};

/** Walks a shape in row-major order with the multi-index. */
function visit(shape: readonly number[], each: (at: number, index: readonly number[]) => void): void {
  const index = new Array<number>(shape.length).fill(0);
  const size = sizeOf(shape);
  for (let at = 0; at < size; at++) {
    each(at, index);
    for (let d = shape.length - 1; d >= 0; d--) {
      index[d] = index[d]! + 1;
      if (index[d]! < shape[d]!) break;
      index[d] = 0;
    }
  }
}
