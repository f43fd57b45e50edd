/**
 * What the import rules cannot say about the tree: sizes, names, head comments, and permissions that nobody uses.
 * The import rules themselves are in .dependency-cruiser.json; import-rules.test.ts plants violations of them.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '..');
const LIBRARY = ['isa', 'compiler', 'sim', 'src'];
const SOURCES = [...LIBRARY, 'examples', 'test'];
/** Made by tools and ignored by git. */
const MADE = ['node_modules', 'dist', 'coverage'];
const MAX_LINES = 500;

/** Who may import what. The other direction is forbidden in .dependency-cruiser.json; here each permission must be in use. */
const PERMISSIONS = [
  ['compiler/', /^isa\//],
  ['sim/', /^isa\//],
  ['src/', /^isa\//],
  ['src/', /^compiler\//],
  ['src/', /^sim\//],
  ['src/cli/', /^node:/],
  ['src/io/', /^node:/],
] as const;

interface Source {
  readonly path: string;
  readonly text: string;
  /** Modules it imports: repository paths for relative ones, else as written. */
  readonly imports: readonly string[];
  readonly relative: readonly string[];
}

function sourcesUnder(folder: string): Source[] {
  if (!existsSync(join(ROOT, folder))) return [];
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readSource(posix.join(folder, name.replaceAll('\\', '/'))));
}

function readSource(path: string): Source {
  const text = readFileSync(join(ROOT, path), 'utf8');
  const written = [...text.matchAll(/^\s*(?:import|export)\b[^;'"]*?\bfrom\s+'([^']+)';|^import\s+'([^']+)';/gm)].map(
    (match) => (match[1] ?? match[2])!,
  );
  const relative = written.filter((name) => name.startsWith('.'));
  const imports = written.map((name) => (name.startsWith('.') ? posix.join(posix.dirname(path), name) : name));
  return { path, text, imports, relative };
}

const files = SOURCES.flatMap(sourcesUnder);
const library = files.filter((f) => LIBRARY.includes(f.path.split('/')[0]!));

describe('the tree', () => {
  it('is found', () => {
    expect(library.length).toBeGreaterThan(50);
  });

  it('keeps source in the folders of the design', () => {
    const folders = readdirSync(ROOT, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.') && !MADE.includes(entry.name))
      .map((entry) => entry.name);
    expect(folders.filter((name) => !SOURCES.includes(name) && sourcesUnder(name).length > 0)).toEqual([]);
  });

  it(`has no file above ${MAX_LINES} lines`, () => {
    const long = files
      .map((f) => ({ path: f.path, lines: f.text.split('\n').length - 1 }))
      .filter((f) => f.lines > MAX_LINES);
    expect(long).toEqual([]);
  });

  it('says at the head of each file what it is', () => {
    const silent = library.filter((f) => !/^(#!.*\n)?\/[*/]/.test(f.text)).map((f) => f.path);
    expect(silent).toEqual([]);
  });

  it('writes relative imports with the extension of the source', () => {
    const odd = files.flatMap((f) =>
      f.relative.filter((name) => !/\.(ts|json)$/.test(name)).map((name) => [f.path, name]),
    );
    expect(odd).toEqual([]);
  });
});

describe('permissions', () => {
  it.each(PERMISSIONS)('%s uses its permission to import %s', (folder, target) => {
    const users = library.filter((f) => f.path.startsWith(folder) && f.imports.some((name) => target.test(name)));
    expect(users.length).toBeGreaterThan(0);
  });
});
