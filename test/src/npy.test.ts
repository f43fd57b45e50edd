import { describe, expect, it } from 'vitest';
import { InputError } from '../../isa/base/errors.ts';
import { readNpy, writeNpy } from '../../src/io/npy.ts';

describe('npy', () => {
  it.each(['f4', 'i4', 'i1', 'u1'] as const)('%s round trip', (type) => {
    const values = type === 'u1' ? [0, 1, 255] : [-2, 0, 100];
    const back = readNpy(writeNpy([1, 3], type, values), 'x.npy');
    expect(back).toMatchObject({ shape: [1, 3], type });
    expect([...Array.from(back.data)]).toEqual(values);
  });
  it('writes the header that NumPy writes: 64-byte aligned, one-element tuples with a comma', () => {
    const bytes = writeNpy([3], 'f4', [1, 2, 3]);
    const text = new TextDecoder('latin1').decode(bytes);
    expect(text.slice(1, 6)).toBe('NUMPY');
    expect(text).toContain("{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }");
    expect((10 + new DataView(bytes.buffer).getUint16(8, true)) % 64).toBe(0);
  });
  it('refuses what it cannot read, by name', () => {
    const good = writeNpy([4], 'f4', [1, 2, 3, 4]);
    for (const bad of [
      new Uint8Array(3),
      good.subarray(0, 70),
      good.subarray(0, good.length - 1),
      new TextEncoder().encode('not numpy at all'),
    ]) {
      expect(() => readNpy(bad, 'bad.npy')).toThrow(InputError);
    }
    expect(() => readNpy(good.subarray(0, good.length - 1), 'bad.npy')).toThrow(
      /bad.npy: shape \[4\] needs 16 bytes, the file has 15/,
    );
  });
});
