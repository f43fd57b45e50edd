/** The import rules catch what they are for: a small tree with one planted violation each, cruised with the real configuration. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '..');

/** File, its text, and the rule that it must break; undefined for what is allowed. */
const PLANTED: readonly (readonly [path: string, text: string, rule?: string])[] = [
  ['isa/numerics/round.ts', 'export const round = 1;'],
  ['sim/leaf.ts', "export { round } from '../isa/numerics/round.ts';"],
  ['compiler/lower/leaf.ts', "export { round } from '../../isa/numerics/round.ts';"],
  ['src/cli/leaf.ts', "import 'node:fs';\nimport 'yargs';\nexport { round } from '../../sim/leaf.ts';"],
  ['src/io/leaf.ts', "import 'node:fs';\nexport const io = 1;"],
  ['test/leaf.test.ts', "import 'vitest';\nimport 'node:fs';\nimport '../src/cli/leaf.ts';"],
  ['isa/up.ts', "import '../sim/leaf.ts';", 'isa-imports-none-of-ours'],
  [
    'isa/up-type.ts',
    "import type { round } from '../sim/leaf.ts';\nexport type R = typeof round;",
    'isa-imports-none-of-ours',
  ],
  ['compiler/across.ts', "import '../sim/leaf.ts';", 'compiler-imports-only-isa'],
  ['compiler/graph/shared.ts', "import '../../isa/numerics/round.ts';", 'interpreter-shares-no-arithmetic'],
  ['sim/across.ts', "import '../compiler/lower/leaf.ts';", 'sim-imports-only-isa'],
  ['sim/node.ts', "import 'node:fs';", 'node-only-at-the-edge'],
  ['sim/bare.ts', "import 'fs';", 'node-only-at-the-edge'],
  ['src/report/node.ts', "import { readFileSync } from 'node:fs';\nreadFileSync('a');", 'node-only-at-the-edge'],
  ['src/report/back.ts', "import '../cli/leaf.ts';", 'edge-is-not-imported-back'],
  ['src/dev.ts', "import 'fast-check';", 'no-dev-packages-at-run-time'],
  ['src/absent.ts', "import 'no-such-package-of-qnpu';", 'no-unknown-packages'],
  ['src/lost.ts', "import './nowhere.ts';", 'no-unresolvable'],
  ['src/test.ts', "import '../test/leaf.test.ts';", 'src-imports-no-tests'],
  ['sim/egg.ts', "import { hen } from './hen.ts';\nexport const egg = () => hen;", 'no-cycles'],
  // The other half of that cycle: one report for both. And a cycle of types only, which is no cycle when the code runs.
  ['sim/hen.ts', "import { egg } from './egg.ts';\nexport const hen = () => egg;"],
  ['sim/chick.ts', "import type { nest } from './nest.ts';\nexport const chick = (n: typeof nest) => n;"],
  ['sim/nest.ts', "import { chick } from './chick.ts';\nexport const nest = () => chick;"],
];

interface Report {
  readonly summary: {
    readonly violations: readonly { readonly from: string; readonly rule: { readonly name: string } }[];
  };
}

let tree: string;
let broken: ReadonlyMap<string, ReadonlySet<string>>;

beforeAll(() => {
  tree = mkdtempSync(join(tmpdir(), 'qnpu-import-rules-'));
  for (const name of ['package.json', 'tsconfig.json', '.dependency-cruiser.json'])
    copyFileSync(join(ROOT, name), join(tree, name));
  symlinkSync(join(ROOT, 'node_modules'), join(tree, 'node_modules'), 'junction');
  for (const [path, text] of PLANTED) {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    writeFileSync(join(tree, path), `${text}\n`);
  }
  broken = cruise();
});

afterAll(() => rmSync(tree, { recursive: true, force: true }));

/** Rules broken, by file. The JSON reporter exits with 0 whatever it finds. */
function cruise(): Map<string, Set<string>> {
  const bin = join(ROOT, 'node_modules', 'dependency-cruiser', 'bin', 'dependency-cruise.mjs');
  const args = [bin, '.', '--config', '.dependency-cruiser.json', '--output-type', 'json'];
  const report = JSON.parse(execFileSync(process.execPath, args, { cwd: tree, encoding: 'utf8' })) as Report;
  const found = new Map<string, Set<string>>();
  for (const { from, rule } of report.summary.violations)
    found.set(from, (found.get(from) ?? new Set()).add(rule.name));
  return found;
}

describe('import rules', () => {
  const violations = PLANTED.flatMap(([path, , rule]) => (rule === undefined ? [] : [[path, rule] as const]));

  it.each(violations)('%s is caught by %s', (path, rule) => {
    expect([...(broken.get(path) ?? [])]).toContain(rule);
  });

  it('every rule has a violation planted', () => {
    const rules = new Set<string>(violations.map(([, rule]) => rule));
    const configured = JSON.parse(readFileSync(join(ROOT, '.dependency-cruiser.json'), 'utf8')) as {
      readonly forbidden: readonly { readonly name: string }[];
    };
    expect([...rules].sort()).toEqual(configured.forbidden.map((rule) => rule.name).sort());
  });

  it('what is allowed stays allowed', () => {
    const allowed = PLANTED.filter(([, , rule]) => rule === undefined).map(([path]) => path);
    expect(allowed.filter((path) => broken.has(path))).toEqual([]);
  });
});
