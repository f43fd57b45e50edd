import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputError } from '../../../isa/base/errors.ts';
import { createRandom } from '../../../isa/base/random.ts';
import { decodeCode, decodeInstruction, ownedBits } from '../../../isa/instructions/decode.ts';
import {
  arrayDescriptorBytes,
  decodeArray,
  decodeTensor,
  encodeArray,
  encodeTensor,
  tensorDescriptorBytes,
} from '../../../isa/instructions/descriptor-codec.ts';
import { encodeCode, encodeInstruction } from '../../../isa/instructions/encode.ts';
import { randomArray, randomInstruction, randomTensor } from '../../../isa/instructions/random.ts';
import { type Instruction, MNEMONICS } from '../../../isa/instructions/table.ts';

const seeds = fc.integer();
/** Any word, with a taste for few set bits: a fully random one is hardly ever legal. */
const word = fc.oneof(
  fc.nat(0xffff),
  fc.constant(0),
  fc.integer({ min: 0, max: 31 }).map((b) => (1 << b) >>> 0),
  fc.integer({ min: 0, max: 2 ** 32 - 1 }),
);
const words4 = fc.tuple(fc.oneof(fc.nat(255), word), word, word, word).map((w) => Uint32Array.from(w));

/** The value, or undefined when it threw an InputError; anything else it throws fails the test. */
function orInputError<T>(f: () => T): T | undefined {
  try {
    return f();
  } catch (error) {
    if (error instanceof InputError && error.diagnostics.length > 0) return undefined;
    throw error;
  }
}

describe('instructions', () => {
  it.each(MNEMONICS)('%s: decode(encode(i)) = i, in bits that it owns', (op) => {
    const seen = new Uint32Array(4);
    fc.assert(
      fc.property(seeds, (seed) => {
        const i = randomInstruction(createRandom(seed), undefined, op);
        const words = encodeInstruction(i);
        words.forEach((w, k) => {
          seen[k] = (seen[k]! | w) >>> 0;
        });
        expect(decodeInstruction(words)).toEqual(i);
      }),
      { numRuns: 400 },
    );
    const owned = ownedBits(op);
    for (let k = 0; k < 4; k++) expect(seen[k]! & ~owned[k]!).toBe(0);
  });

  it('encode(decode(w)) = w for every word that decodes; every other word gives an InputError', () => {
    let legal = 0;
    fc.assert(
      fc.property(words4, (words) => {
        const i = orInputError(() => decodeInstruction(words));
        if (i === undefined) return;
        legal += 1;
        expect(encodeInstruction(i)).toEqual(words);
      }),
      { numRuns: 20_000 },
    );
    expect(legal).toBeGreaterThan(100);
  });

  it('one flipped bit of a legal word gives a legal word or an InputError', () => {
    fc.assert(
      fc.property(seeds, fc.nat(127), (seed, bit) => {
        const words = encodeInstruction(randomInstruction(createRandom(seed)));
        words[bit >> 5] = (words[bit >> 5]! ^ (1 << (bit & 31))) >>> 0;
        const i = orInputError(() => decodeInstruction(words));
        if (i !== undefined) expect(encodeInstruction(i)).toEqual(words);
      }),
      { numRuns: 5000 },
    );
  });

  it('decode a whole section and report every bad word with its number', () => {
    const good: Instruction = { op: 'halt', waits: [], signals: [] };
    const code = encodeCode([good, good, good]);
    expect(decodeCode(code)).toEqual([good, good, good]);
    code[0] = 0xff;
    code[11] = 1;
    const error = (() => {
      try {
        return decodeCode(code);
      } catch (e) {
        return e as InputError;
      }
    })() as InputError;
    expect(error).toBeInstanceOf(InputError);
    expect(error.diagnostics.map((d) => d.where)).toEqual(['instruction 0, word 0', 'instruction 2, word 11']);
    expect(error.diagnostics.map((d) => d.message)).toEqual(['unknown op 0xff', 'halt has reserved bits set: 0x1']);
    expect(() => decodeCode(new Uint32Array(3))).toThrow(InputError);
  });

  it('refuse gaps between waits, signals without a semaphore, choices without a name and descriptor 65535', () => {
    const vred = encodeInstruction({ op: 'vred', waits: [], signals: [], dst: 1, a: 2, kdims: 1, reduction: 'argmax' });
    const change = (w: number, bits: number) => decodeInstruction(vred.map((v, k) => (k === w ? v | bits : v)));
    expect(() => change(0, 5 << 14)).toThrow(InputError);
    expect(() => change(1, 1 << 6)).toThrow(InputError);
    expect(() => change(1, 1 << 7)).toThrow(InputError);
    expect(() => change(2, 0xffff)).toThrow(InputError);
    const rq = encodeInstruction({
      op: 'rq',
      waits: [],
      signals: [],
      dst: 0,
      src: 0,
      params: 0xffff,
      add: 0xffff,
      kdims: 0,
      relu: false,
      mode: 'saturate',
    });
    rq[1] = 7 << 21;
    expect(() => decodeInstruction(rq)).toThrow(/no instruction/);
  });

  it('refuse operands that their field cannot hold', () => {
    const li = (rd: number, value: number): Instruction => ({ op: 'li', waits: [], signals: [], rd, value });
    expect(() => encodeInstruction(li(32, 0))).toThrow(/rd = 32/);
    expect(() => encodeInstruction(li(0, 2 ** 31))).toThrow(InputError);
    expect(() => encodeInstruction(li(0, 0.5))).toThrow(InputError);
    expect(() => encodeInstruction({ ...li(0, 0), waits: [64] })).toThrow(/semaphore 64/);
    expect(() => encodeInstruction({ ...li(0, 0), waits: [1, 2, 3, 4] })).toThrow(/4 waits/);
    expect(() => encodeInstruction({ ...li(0, 0), signals: [{ semaphore: 0, at: 'done' }] })).toThrow(InputError);
  });
});

describe('descriptors', () => {
  it('come back from their words, in the size that isa/sizes.ts counts', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const t = randomTensor(createRandom(seed));
        const words = encodeTensor(t);
        expect(words.length * 4).toBe(tensorDescriptorBytes(t));
        expect(words.length % 4).toBe(0);
        expect(decodeTensor(words)).toEqual(t);
        const a = randomArray(createRandom(seed));
        expect(encodeArray(a).length * 4).toBe(arrayDescriptorBytes);
        expect(decodeArray(encodeArray(a))).toEqual(a);
      }),
      { numRuns: 1000 },
    );
  });

  it('any words decode or give an InputError, and what decodes encodes to the same words', () => {
    fc.assert(
      fc.property(seeds, fc.boolean(), fc.nat(), word, (seed, tensor, at, noise) => {
        const random = createRandom(seed);
        const words = tensor ? encodeTensor(randomTensor(random)) : encodeArray(randomArray(random));
        words[at % words.length] = noise;
        const back = orInputError(() => (tensor ? encodeTensor(decodeTensor(words)) : encodeArray(decodeArray(words))));
        if (back !== undefined) expect(back).toEqual(words.subarray(0, back.length));
      }),
      { numRuns: 5000 },
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 40 }), (w) => void orInputError(() => decodeTensor(Uint32Array.from(w)))),
      { numRuns: 2000 },
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 9 }), (w) => void orInputError(() => decodeArray(Uint32Array.from(w)))),
      { numRuns: 2000 },
    );
  });

  it('name every broken limit', () => {
    const t = { ...randomTensor(createRandom(1)), base: -1, fill: 0.5, widthBits: 9 };
    expect(() => encodeTensor(t)).toThrow(InputError);
    expect(() => encodeArray({ ...randomArray(createRandom(1)), gridK: 0, weightBits: 17 })).toThrow(/grid rows/);
  });
});
