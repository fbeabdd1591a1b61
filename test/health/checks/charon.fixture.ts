/** The check of charon on a link of its own, and a scripted charon behind a socket; both end with the test. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { CharonLink } from '../../../health/charon-link.ts';
import type { Check, Judgement } from '../../../health/check.ts';
import { create } from '../../../health/checks/charon.ts';
import { FakeCharon } from '../../fake/charon.ts';
import { firstRecorded, KeptLog } from '../fixture.ts';

export const LIMITS = { connectionsMinimum: 1 };

/** What the check says of the recorded charon. */
export const PASS = 'pass 5.9.8, 1 IKE_SA, 1 connection';

/** Says what a charon with one connection says. */
function script(charon: FakeCharon): FakeCharon {
  return charon
    .on('version', () => firstRecorded('version'))
    .on('stats', () => firstRecorded('stats'))
    .on('get-conns', () => firstRecorded('get-conns'))
    .on('get-counters', () => firstRecorded('get-counters'));
}

export async function socketPath(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'swancast-charon-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return join(directory, 'vici.sock');
}

export async function startCharon(path: string): Promise<FakeCharon> {
  const charon = script(await FakeCharon.listen(path));
  onTestFinished(() => charon.stop().catch(() => undefined));
  return charon;
}

export interface Watched {
  readonly link: CharonLink;
  readonly check: Check;
  readonly emitted: Judgement[];
  /** How often the link asked for a look. */
  looks: number;
  /** Resolves with the next judgement that is emitted. */
  emits: () => Promise<Judgement>;
  observe: () => Promise<string>;
}

/** The check on a link of its own. `timeoutMs` is short where a test waits for it to run out. */
export function watch(path: string, timeoutMs = 2000, now = (): number => performance.now()): Watched {
  const log = new KeptLog();
  const link = new CharonLink({ path, now, log, deadlineMs: timeoutMs * 0.9 });
  const check = create(
    {
      name: 'charon',
      dependsOn: [],
      triggeredBy: [],
      pace: { intervalMs: 1000, fastMs: 200, timeoutMs },
      limits: LIMITS,
    },
    { link, now, announced: () => false, log },
  );
  let wake: ((judgement: Judgement) => void) | undefined;
  const watched: Watched = {
    link,
    check,
    emitted: [],
    looks: 0,
    emits: () =>
      new Promise((resolve) => {
        wake = resolve;
      }),
    observe: async () => {
      const judgement = await check.observe(new AbortController().signal);
      return judgement.verdict === 'pass'
        ? `pass ${judgement.value ?? ''}`
        : `${judgement.verdict} ${judgement.reason}`;
    },
  };
  const unwatch = check.watch?.(
    (judgement) => {
      watched.emitted.push(judgement);
      wake?.(judgement);
    },
    () => {
      watched.looks += 1;
    },
  );
  onTestFinished(() => {
    unwatch?.();
    link.close();
  });
  return watched;
}
