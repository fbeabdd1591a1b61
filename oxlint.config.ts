/**
 * Lint rules. oxlint's overrides replace a rule instead of adding to it, so the forbidden imports of a
 * folder are put together here, once, from the zones a file lies in; test/check/fixtures.ts shows that
 * each of them can fail.
 */
import { defineConfig, type OxlintConfig } from 'oxlint';

type Ban = { group: string[]; message: string } | { regex: string; message: string };

const direction = (from: string, ...to: string[]): Ban => ({
  group: to.map((folder) => `**/${folder}/**`),
  message: `${from}/ may not import ${to.join(' or ')}/: imports run sidecar → health and sidecar → bgp`,
});

const HEALTH = direction('health', 'bgp', 'sidecar');
const BGP = direction('bgp', 'health', 'sidecar');
const PURE: Ban = {
  group: [
    'node:fs',
    'node:fs/**',
    'node:net',
    'node:dgram',
    'node:http',
    'node:child_process',
    'node:timers',
    'node:timers/**',
    'node:process',
    'pino',
    '**/log.ts',
  ],
  message: 'a pure file does no I/O: hand the value in, or move the code to the edge',
};
const NODE_ONLY: Ban = {
  // Everything that begins with a letter or @, but node: (the engine knows no look-ahead).
  regex: '^([@a-mo-z]|n([^o]|o([^d]|d([^e]|e[^:]))))',
  message: 'this folder ships on its own and imports node: and its own files only',
};
const CONVICT: Ban = { group: ['convict'], message: 'only sidecar/config/ may import convict' };
const OUTSIDE_VICI: Ban = {
  group: ['../*', '!../vici'],
  message: 'health/vici/ is a package of its own: it imports node: and its own files only',
};

const imports = (files: string[], ...bans: Ban[]) => ({
  files,
  rules: { 'no-restricted-imports': ['error', { patterns: bans }] as ['error', { patterns: Ban[] }] },
});

/** Files whose signature promises purity; time and randomness come in as arguments. */
const PURE_HEALTH = [
  'health/{check,credentials,login-tally,down,family,hysteresis,limits,pools,rate,reason,registry,rekey-tally,sa-book,sa-event,sa-losses,strongswan,window,x509}.ts',
  'health/ike/sa-init.ts',
  'health/reach/{error-text,outcome}.ts',
  'health/canary/report.ts',
];
const PURE_VICI = ['health/vici/{framing,packet,message,errors,commands}.ts'];
const PURE_BGP = [
  'bgp/{address,announcement,backoff,command,exabgp-conf,lease,line-reader,log-line,reconcile,reply}.ts',
  'bgp/guard-{core,lease,replies,state}.ts',
];
const PURE_SIDECAR = [
  'sidecar/{ask,decision,force,intent,next-steps,order,policy,prefix,printable,reason,restart-grace,routing,status,step-all,trouble,under-drain,unit-status,verdict}.ts',
  'sidecar/config/{own-addresses,rules,rules-sessions}.ts',
  'sidecar/sessions/{drain,drain-intent,drain-order,evacuate,exodus,exodus-moves,look,machine,moves,notice,pace,part,path-news,pin,place,policy,progress,scene,sessions,stillness,sweep,traffic,watch}.ts',
  'sidecar/cli/drain-text.ts',
  'sidecar/fleet/{answer,ask-problem,better,drain-guard,drift,gate,report,view,word}.ts',
];
const CLOCKS = [
  'Date',
  'performance',
  'process',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
];
const NO_CLOCK: NonNullable<OxlintConfig['rules']> = {
  'no-restricted-globals': [
    'error',
    ...CLOCKS.map((name) => ({
      name,
      message: 'a pure file has no clock and no timer: take `now`, return `wakeAt`',
    })),
  ],
  'no-restricted-properties': [
    'error',
    { object: 'Math', property: 'random', message: 'take the random number as an argument' },
  ],
};

export default defineConfig({
  plugins: ['typescript', 'import', 'unicorn', 'oxc', 'promise', 'node', 'vitest'],
  categories: { correctness: 'error', suspicious: 'error' },
  env: { node: true, es2024: true },
  ignorePatterns: ['dist/**', 'node_modules/**', 'test/check/bad/**'],
  rules: {
    'no-console': 'error',
    eqeqeq: 'error',
    'max-lines': ['error', { max: 300 }],
    'typescript/no-explicit-any': 'error',
    'typescript/no-non-null-assertion': 'error',
    'typescript/no-floating-promises': 'error',
    'typescript/no-misused-promises': 'error',
    'typescript/strict-boolean-expressions': [
      'error',
      { allowNullableObject: true, allowString: false, allowNumber: false, allowNullableBoolean: true },
    ],
    'typescript/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    'typescript/consistent-type-imports': 'error',
    'import/no-cycle': 'error',
    'no-restricted-imports': ['error', { patterns: [CONVICT] }],
    // What they would change is a matter of taste here, or is said better by the type checker.
    'no-underscore-dangle': 'off',
    'unicorn/no-array-sort': 'off',
    'unicorn/consistent-function-scoping': 'off',
    'no-await-in-loop': 'off',
    'promise/always-return': 'off',
    'import/no-unassigned-import': 'off',
    'typescript/no-unsafe-type-assertion': 'off',
    'vitest/require-mock-type-parameters': 'off',
    'no-shadow': 'off',
    'unicorn/no-useless-spread': 'off',
    'unicorn/no-thenable': 'off',
    'no-unmodified-loop-condition': 'off',
    'typescript/no-misused-spread': 'off',
    'import/no-named-as-default-member': 'off',
    'unicorn/no-new-array': 'off',
    'vitest/no-conditional-expect': 'off',
    // tsc (noImplicitReturns) knows when a switch is exhaustive; this rule does not.
    'typescript/consistent-return': 'off',
  },
  overrides: [
    imports(['health/**/*.ts'], HEALTH, CONVICT),
    imports(PURE_HEALTH, HEALTH, CONVICT, PURE),
    imports(['health/vici/*.ts'], HEALTH, CONVICT, NODE_ONLY, OUTSIDE_VICI),
    imports(PURE_VICI, HEALTH, CONVICT, NODE_ONLY, OUTSIDE_VICI, PURE),
    imports(['bgp/**/*.ts'], BGP, CONVICT, NODE_ONLY),
    imports(PURE_BGP, BGP, CONVICT, NODE_ONLY, PURE),
    imports(PURE_SIDECAR, CONVICT, PURE),
    imports(['sidecar/config/*.ts'], {
      group: ['pino'],
      message: 'configuration does not log: it returns problems',
    }),
    { files: [...PURE_HEALTH, ...PURE_VICI, ...PURE_BGP, ...PURE_SIDECAR], rules: NO_CLOCK },
    { files: ['test/**/*.ts', 'deploy/**/*.ts', 'sidecar/cli/**/*.ts'], rules: { 'no-console': 'off' } },
  ],
});
