/** Instruction words a second through encoder and decoder: random instructions of every kind, 4 words of 32 bits each. */
import { createRandom } from '../../../isa/base/random.ts';
import { decodeCode } from '../../../isa/instructions/decode.ts';
import { encodeCode } from '../../../isa/instructions/encode.ts';
import { randomInstruction } from '../../../isa/instructions/random.ts';
import type { Instruction } from '../../../isa/instructions/table.ts';
import type { Benchmark, Subject, Surroundings } from '../benchmark.ts';
import { inProcess } from '../measure.ts';
import { copiedWords } from '../references.ts';

export const encodeBenchmark: Benchmark = {
  name: 'encode',
  shows: 'rate',
  prepare: (s) =>
    codec(s, (instructions) =>
      inProcess('encoded word', 'instructions to words', () => encodeCode(instructions).length),
    ),
};

export const decodeBenchmark: Benchmark = {
  name: 'decode',
  shows: 'rate',
  prepare: (s) =>
    codec(s, (instructions) => {
      const words = encodeCode(instructions);
      return inProcess('decoded word', 'words to instructions, checked', () => decodeCode(words).length * 4);
    }),
};

function codec({ size }: Surroundings, subjectOf: (instructions: readonly Instruction[]) => Subject) {
  const random = createRandom(1);
  const instructions = Array.from({ length: size === 'full' ? 4096 : 32 }, () => randomInstruction(random));
  return { subject: subjectOf(instructions), reference: copiedWords(), facts: { instructions: instructions.length } };
}
