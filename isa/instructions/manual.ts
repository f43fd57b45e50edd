/** The manual, isa/ISA.md, made from the table; a test fails when the file is stale (`npm run bless` writes it). */
import { CODINGS, LIMITS, ROLES, SPACES, WIDTHS } from '../tensor.ts';
import { DIRECTIVES_DOC } from './assembly/directive-doc.ts';
import { operandForm } from './assembly/operand-form.ts';
import { fieldRange, fieldsOf } from './fields.ts';
import { type BitField, COMMON_FIELDS, WORDS } from './header.ts';
import { manualIntro } from './manual-intro.ts';
import { RECORDS } from './records.ts';
import { type FieldSpec, ISA_VERSION, MNEMONICS, type Mnemonic, TABLE, UNIT_KINDS } from './table.ts';

export function generateManual(): string {
  return `${[head(), manualIntro(), words(), index(), ...UNIT_KINDS.map(unitSection), descriptors(), records(), directives()].join('\n\n')}\n`;
}

function head(): string {
  return `# The instruction set, version ${ISA_VERSION}

Made from \`instructions/table.ts\`; do not edit (\`npm run bless\` writes it). It begins with what one must know to write
a program, then lists every instruction with its words. What values, order and records mean in every corner is in \`README.md\`.`;
}

function words(): string {
  return `## Words

An instruction is ${WORDS} words of 32 bits, little endian. Bits that no field owns are zero. Every instruction may wait for up to
${LIMITS.waits} semaphores and signal up to ${LIMITS.signals}; slots are filled from the first, 0 = none. Bit 6 of a signal slot says *at done*, else *at release*.
\`nop\` is the common part alone:

${rulers('nop')}`;
}

function index(): string {
  const rows = [...MNEMONICS]
    .sort((a, b) => TABLE[a].opcode - TABLE[b].opcode)
    .map(
      (op) =>
        `| \`${hex(TABLE[op].opcode)}\` | [\`${op}\`](#${op}) | ${op === 'sync' ? 'any' : TABLE[op].unit} | ${TABLE[op].doc} |`,
    );
  return ['## Index', '', '| op | instruction | unit | what it does |', '|---|---|---|---|', ...rows].join('\n');
}

const UNIT_DOC: Readonly<Record<(typeof UNIT_KINDS)[number], string>> = {
  seq: 'Sequencer: executed at dispatch, in program order.',
  dma: 'DMA: one queue per channel; the channel is the suffix of the mnemonic.',
  write: 'Weight write: fills array cells beside the matrix unit.',
  matrix: 'Matrix unit.',
  drain: 'Drain: from accumulators to codes.',
  vector: 'Vector unit.',
};

function unitSection(unit: (typeof UNIT_KINDS)[number]): string {
  return [`## ${UNIT_DOC[unit]}`, ...MNEMONICS.filter((op) => TABLE[op].unit === unit).map(instruction)].join('\n\n');
}

function instruction(op: Mnemonic): string {
  const rows = fieldsOf(op).map(([name, f]) => `| \`${name}\` | ${kindText(f)} | ${f.word} | ${range(f)} | ${f.doc} |`);
  const fields =
    rows.length === 0 ? [] : ['', '| field | kind | word | bits | meaning |', '|---|---|---|---|---|', ...rows];
  return [`### ${op}`, '', TABLE[op].doc, '', '```', syntaxOf(op), '```', '', rulers(op), ...fields].join('\n');
}

/** How the instruction is written, waits and signals left out. */
export function syntaxOf(op: Mnemonic): string {
  if (op === 'loop') return 'loop <count | register> { ... }';
  if (op === 'skip') return `skip <${TABLE.skip.fields.condition.choices.join(' | ')}> rs { ... }`;
  if (op === 'sync') return 'sync <unit>';
  const { suffix, positional, keywords } = operandForm(op);
  const optional = keywords.map(([name, f]) => (f.kind === 'flag' ? `[${name}]` : `[${name}=...]`));
  return [
    `${op}${suffix === undefined ? '' : `.<${suffix[0]}>`}`,
    positional.map(([name]) => name).join(', '),
    ...optional,
  ]
    .filter((s) => s !== '')
    .join(' ');
}

function kindText(f: FieldSpec): string {
  switch (f.kind) {
    case 'tensor':
      return `tensor, ${f.access ?? 'read'}`;
    case 'optionalTensor':
      return `tensor, ${f.access ?? 'read'}; 65535 = none`;
    case 'array':
      return `array, ${f.access ?? 'read'}`;
    case 'choice':
      return (f.choices ?? []).map((c, i) => `${i} \`${c}\``).join(', ');
    case 'signed':
    case 'unsigned': {
      const { min, max } = fieldRange(f);
      return `${f.kind} ${min} .. ${max}`;
    }
    case 'register':
    case 'flag':
      return f.kind;
  }
}

function range({ lsb, bits }: { readonly lsb: number; readonly bits: number }): string {
  return bits === 1 ? String(lsb) : `${lsb + bits - 1}..${lsb}`;
}

/** Four rulers, from bit 31 on the left; `-` is reserved. */
function rulers(op: Mnemonic): string {
  const fields: readonly BitField[] = [...COMMON_FIELDS, ...fieldsOf(op).map(([name, f]) => ({ name, ...f }))];
  const lines = Array.from({ length: WORDS }, (_, word) =>
    ruler(
      word,
      fields.filter((f) => f.word === word),
    ),
  );
  return ['```text', ...lines.flat(), '```'].join('\n');
}

function ruler(word: number, fields: readonly BitField[]): string[] {
  const cells: { bits: string; name: string }[] = [];
  let top = 32;
  const reserved = (down: number) => {
    if (top > down) cells.push({ bits: range({ lsb: down, bits: top - down }), name: '-' });
  };
  for (const f of [...fields].sort((a, b) => b.lsb - a.lsb)) {
    reserved(f.lsb + f.bits);
    cells.push({ bits: range(f), name: f.name });
    top = f.lsb;
  }
  reserved(0);
  const widths = cells.map((c) => Math.max(c.bits.length, c.name.length));
  const row = (head: string, texts: readonly string[]) =>
    `${head} | ${texts.map((t, i) => t.padStart(Math.floor((widths[i]! + t.length) / 2)).padEnd(widths[i]!)).join(' | ')} |`;
  return [
    row(
      '   bit',
      cells.map((c) => c.bits),
    ),
    row(
      `word ${word}`,
      cells.map((c) => c.name),
    ),
  ];
}

const HEADER_ROWS = [
  ['0', '1..0', `space: ${numbered(SPACES)}`],
  ['0', '4..2', `coding: ${numbered(CODINGS)}`],
  ['0', '7..5', `role: ${numbered(ROLES)}`],
  ['0', '11..8', `element width: ${numbered(WIDTHS.map(String))}`],
  ['0', '14..12', 'axes - 1'],
  ['0', '17..15', 'dims - 1'],
  ['0', '22..18', 'base register'],
  ['0', '24..23', 'number of origin registers'],
  ['1', '31..0', 'base, low 32 bits'],
  ['2', '15..0', 'base, high 16 bits'],
  ['2', '18..16, 23..19', 'origin register 0: axis, register'],
  ['2', '26..24, 31..27', 'origin register 1: axis, register'],
  ['3', '31..0', 'fill (signed)'],
  ['4', '3i+2..3i', 'axis of dim i'],
  ['5 + 4a', '31..0', 'extent of axis a, then stride (signed), modulo, origin (signed)'],
  ['5 + 4 axes + 2d', '31..0', 'count of dim d, then step (signed)'],
] as const;

const ARRAY_ROWS = [
  ['0', '15..0, 31..16', 'first macro, replicas'],
  ['1', '15..0, 31..16', 'grid along K, grid along N'],
  ['2', '15..0, 31..16', 'first cell row, first cell column'],
  ['3', '7..0, 15..8, 18..16', 'plane, weight bits, weight coding'],
  ['4, 5, 6', '31..0', 'kStart, kCount, nCount'],
  ['7', '31..0', 'zero'],
] as const;

function descriptors(): string {
  const table = (rows: readonly (readonly [string, string, string])[]) =>
    ['| word | bits | meaning |', '|---|---|---|', ...rows.map((r) => `| ${r.join(' | ')} |`)].join('\n');
  return `## Descriptors

Words of 32 bits, padded with zeros to 16 bytes; they are fetched with the code and count as instruction traffic.

### Tensor descriptor

4 * (5 + 4 axes + 2 dims) bytes, rounded up to 16: 1 .. ${LIMITS.axes} axes, 1 .. ${LIMITS.dims} dims. A program has at most ${LIMITS.descriptors} of them.

${table(HEADER_ROWS)}

### Array descriptor

32 bytes.

${table(ARRAY_ROWS)}`;
}

function numbered(names: readonly string[]): string {
  return names.map((n, i) => `${i} ${n}`).join(', ');
}

function records(): string {
  const rows = Object.entries(RECORDS).map(
    ([mode, r]) => `| \`${mode}\` | ${r.words.length === 0 ? 'none' : r.words.join(', ')} | ${r.result} |`,
  );
  return [
    '## Records of rq',
    '',
    '32-bit words, signed unless stated; acc = src + add.',
    '',
    '| mode | words | result |',
    '|---|---|---|',
    ...rows,
  ].join('\n');
}

function directives(): string {
  const rows = DIRECTIVES_DOC.map(([form, doc]) => `| \`${form.replaceAll('|', '\\|')}\` | ${doc} |`);
  return [
    '## Directives of the assembler',
    '',
    'The grammar is in `README.md`.',
    '',
    '| form | meaning |',
    '|---|---|',
    ...rows,
  ].join('\n');
}

function hex(n: number): string {
  return `0x${n.toString(16).padStart(2, '0')}`;
}
