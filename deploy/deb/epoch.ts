/** The one time that stands in a package, so that it can be made again with the same bytes. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Seconds since 1970: SOURCE_DATE_EPOCH (reproducible-builds.org), else of the last commit, else of the newest
 * release in CHANGELOG.md.
 */
export function sourceDateEpoch(root: string): number {
  const given = process.env['SOURCE_DATE_EPOCH'];
  if (given !== undefined) {
    if (/^\d{1,11}$/u.test(given)) return Number(given);
    throw new Error(`SOURCE_DATE_EPOCH=${given}: seconds since 1970 expected`);
  }
  const commit = spawnSync('git', ['log', '-1', '--format=%ct'], { cwd: root, encoding: 'utf8' });
  if (commit.status === 0) return Number(commit.stdout);
  const released = /^## \[[^\]]+\] - (\d{4}-\d\d-\d\d)$/mu.exec(
    readFileSync(join(root, 'CHANGELOG.md'), 'utf8'),
  );
  if (released?.[1] !== undefined) return Date.parse(`${released[1]}T00:00:00Z`) / 1000;
  throw new Error('no commit and no dated release to take the time from: set SOURCE_DATE_EPOCH (seconds)');
}
