/**
 * The first pages of the manual: the machine, numbers, walks, order and one whole program, for a reader who has seen none of it. The
 * program is assembled by a test; what the words mean in every corner is in isa/README.md.
 */
import { CODINGS, type Coding, codeRange } from '../tensor.ts';
import { typeText } from './assembly/names.ts';
import { UNIT_KINDS, type UnitKind } from './table.ts';

/** y = x . w for 8 inputs and 2 outputs. */
export const MANUAL_PROGRAM = `.const  x   = dram@0    u4[8]   : 1 2 3 4 5 6 7 8              ; data, by the loader
.const  w   = dram@0x40 s4[8,2] : 1 2  1 2  1 2  1 2  1 2  1 2  1 2  1 2
.output y   = dram@0x80 s32[2]
.tensor x_s = spad@0    u4[8]                                  ; places on the chip
.tensor sum = acc@0     s32[1,2]
.tensor y_s = spad@0x40 s32[2]
.array  a   = s4[8,2]                                          ; a weight tile of 8 rows and 2 outputs
.sem loaded  dma0   -> matrix                                  ; who tells whom
.sem written write  -> matrix
.sem summed  matrix -> drain
.sem drained drain  -> dma0

copy.0 x_s, x                                      signal loaded
ww     a, w                                        signal written
mm     sum, x_s, a  kdims=1  wait loaded, written  signal summed
rq.saturate y_s, sum         wait summed           signal drained
copy.0 y, y_s                wait drained
halt
`;

const UNITS: Readonly<Record<UnitKind, string>> = {
  seq: 'fetches, runs scalar instructions and loops, dispatches everything else into the queue of its unit',
  dma: 'moves tensors between any two memories; one queue a channel, `dma0`, `dma1`, ...',
  write: 'writes weights into array cells, beside the matrix unit',
  matrix: 'multiplies windows of activations by the weights in the array, into accumulators',
  drain: 'turns accumulators into codes of few bits (requantizes), and pools',
  vector: 'elementwise arithmetic, reductions, tables, depthwise windows; integers and float32',
};

const CODING_DOC: Readonly<Record<Coding, readonly [widthBits: number, meaning: string]>> = {
  unsigned: [4, 'the bits as a number'],
  signed: [4, "two's complement"],
  bipolar: [1, 'bit 0 is -1, bit 1 is +1'],
  ternary: [2, "two's complement; the bits 10 mean nothing"],
  float: [32, 'IEEE binary32, on the vector unit only'],
};

export function manualIntro(): string {
  return [machine(), numbers(), walks(), order(), example()].join('\n\n');
}

function machine(): string {
  const rows = UNIT_KINDS.map((kind) => `| \`${kind}\` | ${UNITS[kind]} |`);
  return `## The machine

A core is a sequencer and units that work at the same time, each through its own queue, in order:

| unit | what it does |
|---|---|
${rows.join('\n')}

Data lies in \`dram\` and \`buffer\`, which all cores share, and in the scratchpad \`spad\` and the accumulators \`acc\` of each core. Weights are
held in *array cells*, which no address reaches: an array descriptor names macros, rows and columns. Addresses count bytes. 32 scalar registers hold 48-bit
integers; \`r0\` is always zero. An instruction names its operands by number in the tables of descriptors.`;
}

function numbers(): string {
  const rows = CODINGS.map((coding) => {
    const [widthBits, meaning] = CODING_DOC[coding];
    const { min, max } = coding === 'float' ? { min: '', max: '' } : codeRange(coding, widthBits);
    const range = coding === 'float' ? '' : coding === 'bipolar' ? '-1, 1' : `${min} .. ${max}`;
    return `| \`${typeText({ coding, widthBits })}\` | ${coding} | ${meaning} | ${range} |`;
  });
  return `## Numbers

An element has 1 to 8, 16, 24, 32 or 48 bits and a coding. Elements are packed without gaps: element i begins at bit i x width of the base.

| type | coding | what the bits say | range of the example |
|---|---|---|---|
${rows.join('\n')}

Accumulators are signed, of 24, 32 or 48 bits. A sum that leaves them would wrap on silicon; the simulator stops with a fault. Destinations of fewer than 32 bits
of the drain and the vector unit saturate.`;
}

function walks(): string {
  return `## Walks

A tensor descriptor says where elements are stored (*axes*: extent and stride) and in which order an instruction visits them (*dims*: count, axis, step). The
coordinate on an axis is its origin plus step x index of each dim on it; outside 0 .. extent-1 a read gives the *fill* and a write is dropped. So a 3x3 window with
stride 2 and padding 1 over a 6x6 image of 3 channels is a walk, not a copy:

\`\`\`
.tensor img = spad@0 u4[y:6,x:6,c:3]                                     ; axes y, x, c
.tensor win = img dims(y:3*2 x:3*2 y:3 x:3 c:3) origin(y=-1 x=-1)        ; 3 x 3 places, windows of 3 x 3 x 3
\`\`\`

The last \`kdims\` dims (here 3) are the window that one output sums over; the dims before them are the outputs. A ring (\`%\`) wraps the position of
an axis; a register may move the base and the origins of two axes.`;
}

function order(): string {
  return `## Order

Nothing orders two units but semaphores. An instruction starts when the count of every semaphore that it waits for is positive, and takes one of each. It
signals at \`release\`, when its sources have been read, or at \`done\`, when its results can be seen. Each semaphore has one signalling unit, one waiting unit
and one kind of signal. Who reads or overwrites what another unit writes must wait for its *done*; who overwrites what another unit reads must wait for its
*release*. Otherwise the program has a *race*, and the order check names both instructions, the bytes and the missing wait. And the signal must come before its
wait in program order: then no queue is too short and nothing hangs.`;
}

function example(): string {
  return `## A program

\`\`\`
${MANUAL_PROGRAM.trimEnd()}
\`\`\`

The two loads run at the same time; the multiply waits for both. Each arrow of a \`.sem\` is one edge of that order. \`qnpu sim\` runs such a text, with
\`--values\` also on data: here y = 36, 72.`;
}
