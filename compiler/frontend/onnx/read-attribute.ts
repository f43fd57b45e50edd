/** AttributeProto: the one value that its type names; old files leave the type out, then the last field seen counts. */
import type { AttributeValue, OnnxTensor } from './model.ts';
import { readTensor } from './read-tensor.ts';
import type { Cursor } from './wire.ts';

/** AttributeType numbers of onnx.proto. */
export const ATTRIBUTE_TYPES = { float: 1, int: 2, string: 3, tensor: 4, floats: 6, ints: 7, strings: 8 } as const;

export function readAttribute(cursor: Cursor): [string, AttributeValue] {
  let name = '';
  let type = 0;
  let float = 0;
  let int = 0;
  let text = '';
  let reference = '';
  let tensor: OnnxTensor | undefined;
  let opaque = new Uint8Array(0) as Uint8Array;
  const floats: number[] = [];
  const ints: number[] = [];
  const strings: string[] = [];
  /** The kind of the last value field, for old files that leave `type` out. */
  let seen = 0;
  const saw = (kind: number, read: (c: Cursor) => void) => (c: Cursor) => {
    seen = kind;
    read(c);
  };
  cursor.each({
    1: [
      'name',
      (c) => {
        name = c.string();
      },
    ],
    2: [
      'f',
      saw(1, (c) => {
        float = c.float();
      }),
    ],
    3: [
      'i',
      saw(2, (c) => {
        int = c.int();
      }),
    ],
    4: [
      's',
      saw(3, (c) => {
        text = c.string();
      }),
    ],
    5: [
      't',
      saw(4, (c) => {
        tensor = readTensor(c.message());
      }),
    ],
    6: [
      'g',
      saw(5, (c) => {
        opaque = c.bytes();
      }),
    ],
    7: [
      'floats',
      saw(6, (c) => {
        appendFloats(floats, c.fixed(4));
      }),
    ],
    8: ['ints', saw(7, (c) => c.ints(ints))],
    9: [
      'strings',
      saw(8, (c) => {
        strings.push(c.string());
      }),
    ],
    21: [
      'ref_attr_name',
      (c) => {
        reference = c.string();
      },
    ],
    20: [
      'type',
      (c) => {
        type = c.int();
      },
    ],
  });
  if (reference !== '') return [name, { type: 'reference', value: reference }];
  const kind = type === 0 ? seen : type;
  return [
    name,
    ((): AttributeValue => {
      switch (kind) {
        case 1:
          return { type: 'float', value: float };
        case 2:
          return { type: 'int', value: int };
        case 3:
          return { type: 'string', value: text };
        case 4:
          return tensor === undefined
            ? cursor.fail(`attribute ${name} is a tensor without a value`)
            : { type: 'tensor', value: tensor };
        case 6:
          return { type: 'floats', value: floats };
        case 7:
          return { type: 'ints', value: ints };
        case 8:
          return { type: 'strings', value: strings };
        default:
          return { type: 'opaque', attributeType: kind, value: opaque };
      }
    })(),
  ];
}

function appendFloats(into: number[], bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let i = 0; i < bytes.length; i += 4) into.push(view.getFloat32(i, true));
}
