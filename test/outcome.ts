/** What a stage of `make test` came to: how many passed, and the names of what did not. Pure. */
export interface Outcome {
  readonly passed: number;
  readonly failed: readonly string[];
  readonly skipped: readonly string[];
}

interface VitestReport {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

/** @param text vitest's JSON report; `root` is cut from the files in it */
export function outcomeOfTests(text: string, root: string): Outcome {
  const files = (JSON.parse(text) as VitestReport).testResults.map(({ name, ...rest }) => ({
    file: name.startsWith(`${root}/`) ? name.slice(root.length + 1) : name,
    ...rest,
  }));
  const tests = files.flatMap(({ file, assertionResults }) =>
    assertionResults.map(({ status, fullName }) => ({ status, name: `${file}: ${fullName}` })),
  );
  const named = (...statuses: readonly string[]): string[] =>
    tests.filter(({ status }) => statuses.includes(status)).map(({ name }) => name);
  // A file that cannot be loaded has failed without a test in it that could say so.
  const unloaded = files.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && !assertionResults.some((each) => each.status === 'failed'),
  );
  return {
    passed: named('passed').length,
    failed: [...named('failed'), ...unloaded.map(({ file }) => file)],
    skipped: named('pending', 'skipped', 'todo', 'disabled'),
  };
}

type Run = Readonly<Record<string, unknown>> & { readonly ok: boolean; readonly skipped?: string };

/** What a row of any exercise is called there. */
const NAMES = ['scenario', 'exercise', 'variant', 'check', 'cause', 'trial', 'fault'] as const;

/** @param text the JSON report of a lab or of booted hosts, with its `runs` */
export function outcomeOfRuns(text: string): Outcome {
  const { runs } = JSON.parse(text) as { readonly runs: readonly Run[] };
  const nameOf = (run: Run, index: number): string => {
    const words = NAMES.map((key) => run[key]).filter((word) => typeof word === 'string');
    return words.length > 0 ? words.join(' ') : `run ${index + 1}`;
  };
  const named = runs.map((run, index) => ({ run, name: nameOf(run, index) }));
  return {
    passed: runs.filter(({ ok, skipped }) => ok && skipped === undefined).length,
    failed: named
      .filter(({ run: { ok, skipped } }) => !ok && skipped === undefined)
      .map(({ name, run: { error } }) =>
        typeof error === 'string' ? `${name}: ${error.split('\n')[0]}` : name,
      ),
    skipped: named
      .filter(({ run }) => run.skipped !== undefined)
      .map(({ name, run: { skipped } }) => `${name}: ${skipped ?? ''}`),
  };
}
