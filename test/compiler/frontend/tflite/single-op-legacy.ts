/** Files of the first quantized converters (uint8, operands of several scales), SOFTMAX of 16-bit codes and L2_NORMALIZATION. */
import { CODES, type ModelSpec, OPTIONS, type TensorSpec } from './make.ts';
import { codes, type Draw, one, size, tensor, whole } from './single-op.ts';

function wordSoftmax(r: Draw): ModelSpec {
  const shape = [[3, 40], [2, 3, 7], [1, 1001], [12]][whole(r, 0, 3)]!;
  const x: TensorSpec = { name: 'x', shape, type: 'int16', scale: [Math.fround(10 ** (-5 + r() * 3.5))], zero: [0] };
  const y: TensorSpec = { ...x, name: 'y', scale: [2 ** -15] };
  const options = { type: OPTIONS.softmax, fields: [[0, 'float', r() < 0.7 ? 1 : 0.3]] as const };
  return one([x, y], { code: CODES.SOFTMAX, inputs: [0], options });
}

/** Operands with the result's scale, with others, and a constant. */
function joined(r: Draw): ModelSpec {
  const shape = [1, 3, 4, whole(r, 1, 5)];
  const y = tensor(r, [1, 3, 4, shape[3]! * 3], 'uint8', 'y');
  const known = tensor(r, shape, 'uint8', 'k');
  const parts = [
    tensor(r, shape, 'uint8', 'a'),
    { ...y, name: 'b', shape },
    r() < 0.5 ? { ...known, data: codes(r, size(shape), 0, 255) } : known,
  ];
  const options = { type: OPTIONS.concatenation, fields: [[0, 'int32', 3]] as const };
  return one([...parts, y], { code: CODES.CONCATENATION, inputs: [0, 1, 2], options });
}

function resized(r: Draw): ModelSpec {
  const [h, w, c] = [whole(r, 1, 5), whole(r, 2, 5), whole(r, 1, 3)];
  const factor = (): number => [1, 2, 4, 8][whole(r, 0, 3)]!;
  const [oh, ow] = [h * factor(), w * factor()];
  const x = tensor(r, [1, h, w, c], 'uint8', 'x');
  const sizes: TensorSpec = { name: 's', shape: [2], type: 'int32', data: [oh, ow] };
  return one([x, sizes, { ...x, name: 'y', shape: [1, oh, ow, c] }], {
    code: CODES.RESIZE_BILINEAR,
    inputs: [0, 1],
    options: { type: OPTIONS.resizeBilinear, fields: [[3, 'bool', whole(r, 0, 1)]] },
  });
}

/** To any size, corners on corners or not. */
function resizedFreely(r: Draw): ModelSpec {
  const [h, w, c] = [whole(r, 1, 6), whole(r, 2, 6), whole(r, 1, 3)];
  const [oh, ow] = [whole(r, 1, 15), whole(r, 1, 15)];
  const x = tensor(r, [1, h, w, c], 'uint8', 'x');
  const sizes: TensorSpec = { name: 's', shape: [2], type: 'int32', data: [oh, ow] };
  const aligned = whole(r, 0, 1);
  return one([x, sizes, { ...x, name: 'y', shape: [1, oh, ow, c] }], {
    code: CODES.RESIZE_BILINEAR,
    inputs: [0, 1],
    options: {
      type: OPTIONS.resizeBilinear,
      fields: [
        [2, 'bool', aligned],
        [3, 'bool', aligned === 1 ? 0 : whole(r, 0, 1)],
      ],
    },
  });
}

export function l2Norm(r: Draw): ModelSpec {
  const type = r() < 0.5 ? 'int8' : 'uint8';
  const x = tensor(r, [4, whole(r, 2, 30)], type, 'x');
  const y = { ...x, name: 'y', scale: [1 / 128], zero: [type === 'int8' ? 0 : 128] };
  return one([x, y], { code: CODES.L2_NORMALIZATION, inputs: [0] });
}

export const LEGACY_EXACT: readonly (readonly [name: string, draw: (r: Draw) => ModelSpec])[] = [
  ['SOFTMAX int16', wordSoftmax],
  ['CONCATENATION uint8 of several scales', joined],
  ['RESIZE_BILINEAR uint8', resized],
  ['RESIZE_BILINEAR uint8 by any factor', resizedFreely],
];
