import tseslint from 'typescript-eslint';

// Only what needs types or folders; Biome has the rest.

/** Library code: the same bytes on every platform, in Node and in a browser. */
const LIBRARY = ['isa/**/*.ts', 'sim/**/*.ts', 'compiler/**/*.ts', 'src/**/*.ts'];
/** The parts of it that may touch the machine they run on. */
const EDGE = ['src/cli/**', 'src/io/**'];

/** Math functions whose last bit the language leaves to the engine. Square root, rounding and fround are exact. */
const INEXACT = [
  ['exp', 'expm1', 'log', 'log1p', 'log10', 'pow', 'cbrt', 'hypot'],
  ['sin', 'cos', 'tan', 'sinh', 'cosh', 'tanh', 'asin', 'acos', 'atan', 'atan2', 'asinh', 'acosh', 'atanh'],
].flat();

const random = { object: 'Math', property: 'random', message: 'take a Random (isa/base/random.ts) as an argument' };
const inexact = INEXACT.map((property) => ({
  object: 'Math',
  property,
  message: 'differs between platforms in the last bit; write it out of exact operations',
}));

export default tseslint.config(
  { ignores: ['dist/**', 'coverage/**', 'node_modules/**', '*.config.*'] },
  {
    files: ['**/*.ts'],
    languageOptions: { parser: tseslint.parser, parserOptions: { project: './tsconfig.json' } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    plugins: { '@typescript-eslint': tseslint.plugin },
    rules: {
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/no-for-in-array': 'error',
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/require-array-sort-compare': ['error', { ignoreStringArrays: true }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    },
  },
  { files: LIBRARY, rules: { 'no-restricted-properties': ['error', random] } },
  {
    files: ['isa/**/*.ts', 'sim/**/*.ts', 'compiler/**/*.ts'],
    rules: { 'no-restricted-properties': ['error', random, ...inexact] },
  },
  {
    files: LIBRARY,
    ignores: EDGE,
    rules: {
      'no-restricted-globals': [
        'error',
        ...['Buffer', 'process', 'global', 'require', '__dirname', '__filename', 'setImmediate'].map((name) => ({
          name,
          message: 'exists in Node only; this code also runs in a browser',
        })),
        ...['window', 'document'].map((name) => ({ name, message: 'exists in a browser only' })),
        ...['Date', 'performance'].map((name) => ({ name, message: 'results do not depend on the time of day' })),
      ],
    },
  },
);
