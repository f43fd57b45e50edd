/**
 * Assembly text to a program. Reads statement by statement, keeps code as syntax until all names are known, then resolves it and checks the
 * program as a whole. All findings are reported at once with file, line, column, excerpt and caret. The grammar is in isa/README.md.
 */
import { roundUp } from '../../base/bits.ts';
import { type Diagnostic, Diagnostics, InputError } from '../../base/errors.ts';
import type { Program } from '../../program.ts';
import { arrayDescriptorBytes, instructionBytes, tensorDescriptorBytes } from '../../sizes.ts';
import { walkBytes } from '../footprint.ts';
import { type Instruction, ISA_VERSION } from '../table.ts';
import { type Place, validateProgram } from '../validate/program.ts';
import { Cursor, StatementError } from './cursor.ts';
import { readDirective } from './directives.ts';
import { readInstruction } from './instruction-syntax.ts';
import { tokenize } from './lexer.ts';
import { type InstructionSyntax, type MachineChoice, ProgramDraft } from './program-draft.ts';
import { Resolver } from './resolve.ts';
import { Source, type Span } from './source.ts';

export interface AssembleOptions {
  /** Named in findings and in the program's side table; the program is called after it unless `.program` says otherwise. */
  readonly fileName: string;
  /** Whether the static checks of validate/program.ts run too; true when left out. */
  readonly check?: boolean;
}

export interface Assembled {
  readonly program: Program;
  /** What `.machine` says: the machine to use when the user names none. */
  readonly machine?: MachineChoice;
}

/** More findings than anyone reads: whatever this text is, it is not assembly. */
const MOST_FINDINGS = 200;

/** Throws InputError with every finding; behind MOST_FINDINGS nothing more is looked at. */
export function assemble(text: string, { fileName, check = true }: AssembleOptions): Assembled {
  const found = new Diagnostics();
  const throwFound = (more: string) => {
    const n = found.items.length;
    found.throwIfAny(InputError, `${fileName}: ${n}${more} ${n === 1 ? 'mistake' : 'mistakes'} in the assembly`);
  };
  const report = (d: Diagnostic) => {
    found.add(d);
    if (found.items.length >= MOST_FINDINGS) throwFound(' or more');
  };
  const source = new Source(text, fileName);
  const draft = new ProgramDraft((fileName.split(/[/\\]/).pop() ?? fileName).replace(/\.[^.]*$/, ''));
  readStatements(new Cursor(source, tokenize(source, report)), draft, report);
  const { program, spans } = build(source, draft, report);
  if (check && found.items.length === 0) {
    for (const { place, ...finding } of validateProgram(program))
      report(source.diagnostic(spanOfPlace(place, draft, spans), finding));
  }
  throwFound('');
  return draft.machine === undefined ? { program } : { program, machine: draft.machine };
}

/** A loop or skip whose brace is open, and how many instructions stand before its body. */
interface Block {
  readonly head: InstructionSyntax;
  readonly start: number;
}

function readStatements(c: Cursor, draft: ProgramDraft, report: (d: Diagnostic) => void): void {
  const blocks: Block[] = [];
  while (!c.is('end')) {
    try {
      readStatement(c, draft, blocks);
    } catch (error) {
      if (!(error instanceof StatementError)) throw error;
      report(error.diagnostic);
      c.skipStatement();
      if (c.is('punctuation', '{')) c.take();
    }
  }
  for (const { head } of blocks)
    report(
      c.source.diagnostic(head.mnemonic, {
        code: 'E-ASM-SYNTAX',
        message: 'this brace is never closed',
        expected: 'a line with }',
      }),
    );
}

function readStatement(c: Cursor, draft: ProgramDraft, blocks: Block[]): void {
  if (c.is('newline')) {
    c.take();
  } else if (c.is('punctuation', '}')) {
    closeBlock(c, draft, blocks);
  } else if (c.is('directive')) {
    const inside = blocks.length > 0 && c.is('directive', '.core');
    if (inside) c.fail('a body cannot go on in another core', { expected: 'the closing brace first' });
    readDirective(c, draft);
  } else if (c.is('word')) {
    const syntax = readInstruction(c, draft.layer);
    draft.add(syntax);
    if (c.accept('{')) blocks.push({ head: syntax, start: draft.instructions });
  } else
    c.fail('a statement begins with a directive or an instruction', {
      expected: 'e.g. .tensor x = spad@0 u4[8], or copy.0 y, x',
    });
}

function closeBlock(c: Cursor, draft: ProgramDraft, blocks: Block[]): void {
  const brace = c.take();
  const block = blocks.pop();
  if (block === undefined) c.fail('there is no open brace for this one', { span: brace });
  block.head.length = draft.instructions - block.start;
}

/** Place in the text of every instruction, by core. */
type Spans = readonly (readonly Span[])[];

function build(
  source: Source,
  draft: ProgramDraft,
  report: (d: Diagnostic) => void,
): { readonly program: Program; readonly spans: Spans } {
  const semaphores = draft.numberedSemaphores();
  const cores = draft.cores.map((code, core) => {
    const resolver = new Resolver(source, draft, core, semaphores, report);
    return code.flatMap((syntax) => resolver.resolve(syntax).map((instruction) => ({ instruction, syntax })));
  });
  const instructions = cores.map((code) => ({ instructions: code.map((x) => x.instruction) }));
  const tensors = draft.tensors.map((t) => t.value.descriptor);
  const arrays = draft.arrays.map((a) => a.value);
  const program: Program = {
    isaVersion: ISA_VERSION,
    name: draft.name,
    cores: instructions,
    tensors,
    arrays,
    semaphores: semaphores.map(({ core, index, initial, producer, consumer }) => ({
      core,
      index,
      initial,
      producer,
      consumer,
    })),
    constants: draft.constants.map(({ address, bytes }) => ({ address, bytes })),
    io: draft.io.map(({ name, direction, tensor, shape }) => ({ name, direction, tensor, shape })),
    ...layout(draft, instructions),
    symbols: {
      tensorNames: draft.tensors.map((t) => t.symbol),
      arrayNames: draft.arrays.map((a) => a.symbol),
      layers: draft.layers,
      layerOf: cores.map((code) => code.map((x) => x.syntax.layer)),
      lineOf: cores.map((code) => code.map((x) => source.lineOf(x.syntax.span.start))),
      sourceFile: source.fileName,
    },
  };
  return { program, spans: cores.map((code) => code.map((x) => x.syntax.mnemonic)) };
}

/** Code and descriptors lie behind all declared data, on a line of 64 bytes, unless `.dram` places them. */
function layout(
  draft: ProgramDraft,
  cores: readonly { readonly instructions: readonly Instruction[] }[],
): Pick<Program, 'dramBytes' | 'codeAddress'> {
  const inDram = draft.tensors.map((t) => t.value.descriptor).filter((t) => t.space === 'dram');
  const ends = [
    ...inDram.map((t) => walkBytes(t)?.end ?? 0),
    ...draft.constants.map((s) => s.address + s.bytes.length),
  ];
  const dataEnd = ends.reduce((most, end) => Math.max(most, end), 0);
  const codeBytes =
    cores.reduce((n, c) => n + c.instructions.length * instructionBytes, 0) +
    draft.tensors.reduce((n, t) => n + tensorDescriptorBytes(t.value.descriptor), 0) +
    draft.arrays.length * arrayDescriptorBytes;
  const codeAddress = draft.layout.codeAddress ?? roundUp(dataEnd, 64);
  return { dramBytes: draft.layout.sizeBytes ?? codeAddress + roundUp(codeBytes, 64), codeAddress };
}

function spanOfPlace(place: Place, draft: ProgramDraft, spans: Spans): Span {
  const start: Span = { start: 0, end: 0 };
  switch (place.kind) {
    case 'instruction':
      return spans[place.core]?.[place.index] ?? start;
    case 'tensor':
      return draft.tensors[place.index]?.span ?? start;
    case 'array':
      return draft.arrays[place.index]?.span ?? start;
    case 'semaphore':
      return draft.semaphores[place.index]?.span ?? start;
    case 'constant':
      return draft.constants[place.index]?.span ?? start;
    case 'io':
      return draft.io[place.index]?.span ?? start;
    case 'program':
      return start;
  }
}
